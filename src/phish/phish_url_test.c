/* The rules of links: what each is for, and what is only near it. */
#include "phish/phish_test_kit.h"

#include "url/url.h"

#define LINK(src, u, t)                                                                            \
    {                                                                                              \
        .source = (src), .url = STR_INIT(u), .text = STR_INIT(t)                                   \
    }
#define HREF(u)    LINK(LINK_HREF, u, "")
#define SHOW(u, t) LINK(LINK_HREF, u, t)
#define QR(u)      LINK(LINK_QR, u, "")

#define FROM_SHOP "From: Shop <news@shop.example>\r\nTo: <joe@contoso.example>\r\n"
#define NEWS      FROM_SHOP "List-Unsubscribe: <mailto:u@shop.example>\r\n"

enum { WANT_MAX = 4 };

static const struct row {
    const char *label;
    struct kit_mail mail;
    struct {
        enum finding_id id;
        enum severity severity;
    } want[WANT_MAX];
} rows[] = {
#include "phish/phish_url_rows.def"
};

/* What these rules are about; limits too. */
static bool is_ours(enum finding_id id)
{
    struct str name = finding_kind(id)->name;
    return str_starts(name, STR("url.")) || str_starts(name, STR("qr.")) ||
           str_starts(name, STR("limit.")) || id == FINDING_HTML_FORM_EXTERNAL;
}

static void check_row(const struct row *row)
{
    struct kit k;
    size_t n = 0;
    struct kit_mail mail = row->mail;
    mail.head = mail.head == NULL ? FROM_SHOP : mail.head;
    kit_check(&k, &mail);
    tap_case("%s", row->label);
    for (size_t i = 0; i < k.findings.n; i++) {
        const struct finding *f = &k.findings.items[i];
        if (!is_ours(f->id))
            continue;
        bool wanted = n < WANT_MAX && row->want[n].id != 0;
        tap_cstr(finding_kind(f->id)->name.p,
                 wanted ? finding_kind(row->want[n].id)->name.p : "nothing");
        tap_cstr(severity_name(f->severity), wanted ? severity_name(row->want[n].severity) : "");
        tap_ok(f->evidence.n > 0 && str_eq(f->where.part, STR("1")));
        tap_note(STR_FMT, STR_ARG(f->evidence));
        n++;
    }
    for (; n < WANT_MAX && row->want[n].id != 0; n++)
        tap_cstr("nothing", finding_kind(row->want[n].id)->name.p);
    kit_clear(&k);
}

/* The same link many times is one finding; different ones are not looked at without end. */
static void test_many(void)
{
    struct kit k;
    enum { MANY = 1500 };
    const struct kit_mail mail = {.head = FROM_SHOP};
    kit_check(&k, &mail);
    struct content_link *links = arena_new(&k.arena, struct content_link, MANY);
    char *long_path = arena_new(&k.arena, char, URL_MAX_BYTES);
    memset(long_path, 'a', URL_MAX_BYTES);
    for (size_t i = 0; i < MANY; i++)
        links[i] = (struct content_link){.source = LINK_HREF, .url = STR("http://1.1.1.1/a")};
    k.found.links = links;
    k.found.n_links = MANY;
    const struct phish_input in = {
        .message = &k.message, .author = &k.author, .found = &k.found, .lists = kit_lists()};
    tap_case("url: the same link is told once");
    tap_int(phish_check(&k.arena, &in, &k.findings, NULL), MP_OK);
    tap_str(kit_found(&k, STR("url.")), STR("url.ip:medium"));

    for (size_t i = 0; i < MANY; i++) {
        struct str parts[] = {arena_fmt(&k.arena, "http://h%zu.example/", i),
                              str_make(long_path, 4000)};
        links[i].url = arena_join(&k.arena, parts, 2);
    }
    finding_list_init(&k.findings, &k.arena);
    tap_case("url: too many bytes are said");
    tap_int(phish_check(&k.arena, &in, &k.findings, NULL), MP_OK);
    tap_ok(finding_has(&k.findings, FINDING_LIMIT_CONTENT));

    tap_case("url: no memory is said");
    struct arena small = {0};
    arena_init(&small, 4096);
    struct phish_input hungry = in;
    tap_int(phish_check(&small, &hungry, &k.findings, NULL), MP_E_NOMEM);
    arena_clear(&small);
    kit_clear(&k);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
    test_many();
    return tap_done();
}
