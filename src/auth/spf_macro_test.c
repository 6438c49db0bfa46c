/* SPF macros: letters, transformers, escapes, and the cut to 253 octets. */
#include <stdio.h>

#include "auth/spf_internal.h"
#include "tests/tap.h"

enum { BUDGET_BYTES = 4 * 1024 * 1024, LONG_BYTES = 20000 };

static const struct {
    const char *text, *name, *explanation; /* NULL name: only as an explanation */
} macro_rows[] = {
    {"%{s}", "strong-bad@email.example.com", "strong-bad@email.example.com"},
    {"%{o}.%{d}", "email.example.com.mail.example.com", "email.example.com.mail.example.com"},
    {"%{d4}", "mail.example.com", "mail.example.com"},
    {"%{d3}|%{d2}|%{d1}", "mail.example.com|example.com|com", "mail.example.com|example.com|com"},
    {"%{dr}", "com.example.mail", "com.example.mail"},
    {"%{d2r}", "example.mail", "example.mail"},
    {"%{d1R}", "mail", "mail"},
    {"%{l}", "strong-bad", "strong-bad"},
    {"%{l-}", "strong.bad", "strong.bad"},
    {"%{lr}", "strong-bad", "strong-bad"},
    {"%{lr-}", "bad.strong", "bad.strong"},
    {"%{l1r-}", "strong", "strong"},
    {"%{l1-}", "bad", "bad"},
    {"%{s.-@}", NULL, NULL}, /* "@" is no delimiter */
    {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com",
     "3.2.0.192.in-addr._spf.example.com"},
    {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", "bad.strong.lp._spf.example.com"},
    {"%{d2}.trusted-domains.example.net.", "example.com.trusted-domains.example.net",
     "example.com.trusted-domains.example.net."},
    {"%{S}", "strong-bad%40email.example.com", "strong-bad%40email.example.com"},
    {"%{H}", "he%20%22%20lo", "he%20%22%20lo"},
    {"%{h}", "he \" lo", "he \" lo"},
    {"%{p}", "mx.example.org", "mx.example.org"},
    {"a%%b%_c%-d", "a%b c%20d", "a%b c%20d"},
    {"%{d99999999999999999999}", "mail.example.com", "mail.example.com"},
    {"%{i+}%{i,}%{i/}%{i_}%{i=}", "192.0.2.3192.0.2.3192.0.2.3192.0.2.3192.0.2.3",
     "192.0.2.3192.0.2.3192.0.2.3192.0.2.3192.0.2.3"},
    {"%{c} %{r} %{t}", NULL, "192.0.2.3 mx.here.test 1234567890"},
    {"", "", ""},
};

static struct spf_env sample_env(void)
{
    return (struct spf_env){.client = {IP_V4, {192, 0, 2, 3}},
                            .sender = STR("strong-bad@email.example.com"),
                            .local = STR("strong-bad"),
                            .sender_domain = STR("email.example.com"),
                            .helo = STR("he \" lo"),
                            .receiver = STR("mx.here.test"),
                            .domain = STR("mail.example.com"),
                            .validated = STR("mx.example.org"),
                            .now_s = 1234567890};
}

/* The text after expansion, p == NULL when it is no macro-string in that place. */
static struct str expand(struct arena *a, struct spf_env *env, struct str text, bool explanation)
{
    struct spf_macro m = {0};
    size_t tail;
    const char *why = "";
    struct spf_piece *pieces = arena_new(a, struct spf_piece, spf_macro_max_pieces(text));
    enum spf_macro_place place = explanation ? SPF_IN_EXPLANATION : SPF_IN_DOMAIN_SPEC;
    if (!spf_macro_parse(text, place, pieces, &m.n, &tail, &why))
        return STR_NONE;
    m.pieces = pieces;
    return explanation ? spf_expand_text(a, env, &m) : spf_expand_name(a, env, &m);
}

static void check_macro(size_t i)
{
    struct arena a;
    struct spf_env env = sample_env();
    struct str text = str_from(macro_rows[i].text);
    arena_init(&a, BUDGET_BYTES);
    tap_case("macro: %s", macro_rows[i].text);
    struct str name = expand(&a, &env, text, false), said = expand(&a, &env, text, true);
    tap_ok((name.p == NULL) == (macro_rows[i].name == NULL));
    tap_str(name, str_from(macro_rows[i].name));
    tap_ok((said.p == NULL) == (macro_rows[i].explanation == NULL));
    tap_str(said, str_from(macro_rows[i].explanation));
    arena_clear(&a);
}

static void check_macro_ip6(void)
{
    struct arena a;
    struct spf_env env = sample_env();
    arena_init(&a, BUDGET_BYTES);
    ip_parse(STR("2001:DB8::CB01"), &env.client);
    tap_case("macro: IPv6 forms");
    tap_str(expand(&a, &env, STR("%{ir}.%{v}"), false),
            STR("1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6"));
    tap_str(expand(&a, &env, STR("%{c}"), true), STR("2001:db8::cb01"));
    arena_clear(&a);
}

/* Whatever the values are: the name is what dropping whole labels from the left of the full
 * expansion gives (7.3), and at most 253 octets. */
static void check_macro_truncation(void)
{
    static char local[LONG_BYTES], want[2 * LONG_BYTES];
    struct arena a;
    struct spf_env env = sample_env();
    arena_init(&a, BUDGET_BYTES);
    tap_case("macro: names keep their last 253 octets");
    for (size_t n = 1; n < 700; n++) {
        for (size_t i = 0; i < n; i++)
            local[i] = i % 7 == 3 ? '.' : (char)('a' + i % 26);
        env.local = str_make(local, n);
        int length = snprintf(want, sizeof want, "%.*s.x.%.*s.test", (int)n, local, (int)n, local);
        struct str full = str_make(want, (size_t)length);
        while (full.n > 253)
            str_cut(&full, '.');
        if (!tap_str(expand(&a, &env, STR("%{l}.x.%{l}.test."), false), full))
            break;
        arena_reset(&a);
    }
    memset(local, 'a', sizeof local);
    env.local = str_make(local, sizeof local);
    tap_ok(!spf_can_be_asked(expand(&a, &env, STR("%{l}"), false)));
    tap_str(expand(&a, &env, STR("%{l}.example.com"), false), STR("example.com"));
    tap_int(expand(&a, &env, STR("%{l}%{L}"), true).n, SPF_EXPLANATION_MAX_BYTES);
    env.local = str_make("a\r\nb\0c\xff", 7);
    tap_str(expand(&a, &env, STR("%{l}"), true), STR("a??b?c?"));
    arena_clear(&a);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(macro_rows); i++)
        check_macro(i);
    check_macro_ip6();
    check_macro_truncation();
    return tap_done();
}
