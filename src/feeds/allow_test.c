/* The allow list: which entries of feeds it takes away, and what it leaves of a range. */
#include "feeds/allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "tests/tap.h"

enum { ARENA_BYTES = 16 << 20 };

#define SHA256_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MD5_A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct arena arena;

static int list_of(const char *const *values, size_t n, struct allow_list **out, struct mp_err *err)
{
    struct str texts[16];
    struct intel_config config = {.allow = texts, .n_allow = n};
    for (size_t i = 0; i < n; i++)
        texts[i] = str_from(values[i]);
    return allow_list_new(&arena, &config, out, err);
}

static int write_rest(void *ctx, const struct indicator *i, struct mp_err *err)
{
    struct buf *out = ctx;
    char first[IP_TEXT_MAX], last[IP_TEXT_MAX];
    (void)err;
    if (out->n > 0)
        buf_addc(out, ' ');
    if (i->kind != INDICATOR_IP) {
        buf_addz(out, "kept");
        return MP_OK;
    }
    ip_write(&i->first, first);
    ip_write(&i->last, last);
    buf_addf(out, "%s-%s", first, last);
    return MP_OK;
}

static const char *const allowed[] = {
    "example.org",  "www.shop.example",     "192.0.2.7",
    "192.0.2.8/30", "198.51.100.0/24",      "2001:db8::1",
    SHA256_A,       "boss@partner.example", "https://cdn.example/lib/a.js"};

static const struct {
    enum indicator_kind kind;
    const char *value, *left; /* "" : nothing */
} rows[] = {
    {INDICATOR_DOMAIN, "example.org", ""},
    {INDICATOR_HOST, "example.org", ""},
    {INDICATOR_HOST, "mail.example.org", ""},
    {INDICATOR_DOMAIN, "a.b.example.org", ""},
    {INDICATOR_DOMAIN, "notexample.org", "kept"},
    {INDICATOR_DOMAIN, "example.org.evil.example", "kept"},
    {INDICATOR_DOMAIN, "shop.example", ""}, /* it would take www.shop.example along */
    {INDICATOR_HOST, "shop.example", "kept"},
    {INDICATOR_HOST, "evil.shop.example", "kept"},
    {INDICATOR_URL, "http://example.org/", ""},
    {INDICATOR_URL, "http://mail.example.org:8080/", ""},
    {INDICATOR_URL, "http://example.org/hacked/login", "kept"},
    {INDICATOR_URL, "http://evil.example/?example.org/", "kept"},
    {INDICATOR_URL, "http://cdn.example/lib/a.js", ""},
    {INDICATOR_URL, "http://cdn.example/lib/b.js", "kept"},
    {INDICATOR_EMAIL, "Boss@Partner.example", ""},
    {INDICATOR_EMAIL, "other@partner.example", "kept"},
    {INDICATOR_EMAIL, "who@example.org", "kept"},
    {INDICATOR_SHA256, SHA256_A, ""},
    {INDICATOR_MD5, MD5_A, "kept"},
    {INDICATOR_IP, "192.0.2.7", ""},
    {INDICATOR_IP, "192.0.2.6", "192.0.2.6-192.0.2.6"},
    {INDICATOR_IP, "192.0.2.0/24", "192.0.2.0-192.0.2.6 192.0.2.12-192.0.2.255"},
    {INDICATOR_IP, "192.0.2.7-192.0.2.12", "192.0.2.12-192.0.2.12"},
    {INDICATOR_IP, "192.0.2.0-192.0.2.9", "192.0.2.0-192.0.2.6"},
    {INDICATOR_IP, "198.51.100.0/24", ""},
    {INDICATOR_IP, "198.51.100.9", ""},
    {INDICATOR_IP, "198.51.0.0/16", "198.51.0.0-198.51.99.255 198.51.101.0-198.51.255.255"},
    {INDICATOR_IP, "2001:db8::/126", "2001:db8::-2001:db8:: 2001:db8::2-2001:db8::3"},
    {INDICATOR_IP, "2001:db8::2", "2001:db8::2-2001:db8::2"},
};

static void test_rows(void)
{
    struct allow_list *list;
    struct mp_err err = {0};
    if (list_of(allowed, ARRAY_LEN(allowed), &list, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct indicator entry = {.id = STR("x")};
        struct buf left;
        bool taken = false;
        buf_init(&left, 1000);
        tap_case("%s %s", indicator_kind_name(rows[i].kind), rows[i].value);
        tap_int(indicator_read(&arena, rows[i].kind, str_from(rows[i].value), &entry, &err), MP_OK);
        tap_int(allow_list_filter(list, &entry, write_rest, &left, &taken, &err), MP_OK);
        tap_str(buf_str(&left), str_from(rows[i].left));
        bool whole = strcmp(rows[i].left, "kept") == 0;
        if (entry.kind == INDICATOR_IP && left.n > 0) {
            char first[IP_TEXT_MAX];
            ip_write(&entry.first, first);
            whole = !str_has(buf_str(&left), ' ') && !taken;
            tap_ok(!whole || str_starts(buf_str(&left), str_from(first)));
        }
        tap_ok(taken == !whole);
        buf_clear(&left);
    }
}

static void test_ends(void)
{
    static const char *const all[] = {"0.0.0.0-0.0.0.5", "255.255.255.250-255.255.255.255"};
    struct allow_list *list;
    struct mp_err err = {0};
    struct indicator entry = {.kind = INDICATOR_IP};
    struct buf left;
    bool taken;
    buf_init(&left, 1000);
    tap_case("the first and the last address of all");
    tap_int(list_of(all, 2, &list, &err), MP_OK);
    ip_parse(STR("0.0.0.0"), &entry.first);
    ip_parse(STR("255.255.255.255"), &entry.last);
    tap_int(allow_list_filter(list, &entry, write_rest, &left, &taken, &err), MP_OK);
    tap_str(buf_str(&left), STR("0.0.0.6-255.255.255.249"));
    buf_clear(&left);

    tap_case("nothing is allowed");
    tap_int(list_of(all, 0, &list, &err), MP_OK);
    tap_int(allow_list_filter(list, &entry, write_rest, &left, &taken, &err), MP_OK);
    tap_ok(!taken);
    tap_str(buf_str(&left), STR("0.0.0.0-255.255.255.255"));
    buf_clear(&left);
}

static void test_files(void)
{
    char path[64] = "/tmp/mailproof-allow-XXXXXX", value[80];
    const char *values[] = {value, "other.example"};
    struct allow_list *list = NULL;
    struct mp_err err = {0};
    struct indicator entry = {.kind = INDICATOR_HOST, .key = STR("a.ours.example")};
    struct buf left;
    bool taken = false;
    int fd = mkstemp(path);
    if (fd < 0 || !fd_write(fd, STR("# ours\nours.example\n\n192.0.2.1 # the relay\n")))
        abort();
    close(fd);
    buf_init(&left, 100);
    snprintf(value, sizeof value, "file:%s", path);
    tap_case("a file of names");
    if (!tap_int(list_of(values, 2, &list, &err), MP_OK))
        tap_note("%s", err.text);
    else
        tap_int(allow_list_filter(list, &entry, write_rest, &left, &taken, &err), MP_OK);
    tap_ok(taken && left.n == 0);
    buf_clear(&left);
    unlink(path);

    tap_case("a file that is not there");
    tap_int(list_of(values, 2, &list, &err), MP_E_IO);
    tap_ok(strstr(err.text, path) != NULL);
    tap_case("a folder instead of a file");
    values[0] = "file:/tmp";
    tap_int(list_of(values, 2, &list, &err), MP_E_IO);
    tap_case("a value that is none");
    values[0] = "no value";
    tap_int(list_of(values, 2, &list, &err), MP_E_SYNTAX);
    tap_ok(strstr(err.text, "no value") != NULL);
}

static void test_memory(void)
{
    struct arena small;
    struct str texts[ARRAY_LEN(allowed)];
    struct intel_config config = {.allow = texts, .n_allow = ARRAY_LEN(allowed)};
    int last = MP_E_NOMEM;
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        texts[i] = str_from(allowed[i]);
    tap_case("memory that ends anywhere");
    for (size_t budget = 0; last != MP_OK && budget < 200000; budget += 500) {
        struct allow_list *list = NULL;
        struct mp_err err = {0};
        arena_init(&small, budget);
        last = allow_list_new(&small, &config, &list, &err);
        tap_ok(last == MP_OK ? list != NULL : last == MP_E_NOMEM);
        arena_clear(&small);
    }
    tap_int(last, MP_OK);
}

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    test_rows();
    test_ends();
    test_files();
    test_memory();
    arena_clear(&arena);
    return tap_done();
}
