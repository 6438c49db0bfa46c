/* Relay forms and smuggling sequences, each spelt out. */
#include "smtp/forms.h"

#include "smtp/smuggle.h"
#include "tests/tap.h"

static struct arena arena;

static void test_smuggle(void)
{
    for (size_t i = 0; i < SMUGGLE_SEQUENCES; i++) {
        const struct smuggle_sequence *s = &smuggle_sequences[i];
        tap_case("smuggle: %s is its name spelt out", s->name);
        struct str name = str_from(s->name), out = STR("");
        while (name.n > 0) { /* the name is a list of words that each are some bytes */
            static const struct {
                struct str word, bytes;
            } words[] = {{STR_INIT("NUL"), STR_INIT("\0")},
                         {STR_INIT("CR"), STR_INIT("\r")},
                         {STR_INIT("LF"), STR_INIT("\n")},
                         {STR_INIT("SP"), STR_INIT(" ")},
                         {STR_INIT("."), STR_INIT(".")}};
            size_t w = 0;
            while (w < ARRAY_LEN(words) && !str_starts(name, words[w].word))
                w++;
            if (!tap_ok(w < ARRAY_LEN(words)))
                break;
            struct str parts[] = {out, words[w].bytes};
            out = arena_join(&arena, parts, 2);
            name = str_slice(name, words[w].word.n, name.n);
        }
        tap_str(s->bytes, out);
        tap_ok(!str_eq(s->bytes, STR("\r\n.\r\n")));
        tap_ok(smuggle_by_name(str_from(s->name)) == s);
    }
    tap_case("smuggle: unknown names; verdicts");
    tap_ok(smuggle_by_name(STR("CRLF.CRLF")) == NULL && smuggle_by_name(STR("")) == NULL);
    tap_ok(smuggle_by_name(STR("lf.lf")) == &smuggle_sequences[0]);
    tap_cstr(smuggle_verdict_name(SMUGGLE_CONTENT), "content");
    tap_cstr(smuggle_verdict_name(SMUGGLE_SMUGGLED), "smuggled");
    tap_cstr(smuggle_verdict_name((enum smuggle_verdict)99), "undecided");
}

static const struct {
    const char *name, *from, *to;
} forms[] = {
    {"plain", "s@s.test", "u@f.test"},
    {"null-sender", "", "u@f.test"},
    {"own-sender", "u@own.test", "u@f.test"},
    {"host-sender", "u@mx.own.test", "u@f.test"},
    {"literal-sender", "u@[192.0.2.1]", "u@f.test"},
    {"bare-sender", "u", "u@f.test"},
    {"percent-hack", "s@s.test", "u%f.test@own.test"},
    {"percent-host", "s@s.test", "u%f.test@mx.own.test"},
    {"percent-literal", "s@s.test", "u%f.test@[192.0.2.1]"},
    {"quoted", "s@s.test", "\"u@f.test\""},
    {"quoted-own", "s@s.test", "\"u@f.test\"@own.test"},
    {"quoted-literal", "s@s.test", "\"u@f.test\"@[192.0.2.1]"},
    {"trailing-own", "s@s.test", "u@f.test@own.test"},
    {"source-route", "s@s.test", "@own.test:u@f.test"},
    {"source-route-literal", "s@s.test", "@[192.0.2.1]:u@f.test"},
    {"source-route-two", "s@s.test", "@mx.own.test,@own.test:u@f.test"},
    {"bang-path", "s@s.test", "f.test!u"},
    {"bang-own", "s@s.test", "f.test!u@own.test"},
    {"bang-percent", "s@s.test", "own.test!u%f.test"},
};

static void test_forms(void)
{
    struct relay_form got[RELAY_FORMS_MAX];
    struct str own = STR("own.test"), host = STR("mx.own.test"), ip = STR("192.0.2.1");
    size_t n = relay_forms(&arena, STR("u@f.test"), own, host, ip, STR("s@s.test"), got);
    tap_case("forms: how many");
    tap_int(n, ARRAY_LEN(forms));
    for (size_t i = 0; i < ARRAY_LEN(forms) && i < n; i++) {
        tap_case("form: %s", forms[i].name);
        tap_cstr(got[i].name, forms[i].name);
        tap_str(got[i].from, str_from(forms[i].from));
        tap_str(got[i].to, str_from(forms[i].to));
    }
    tap_case("forms: IPv6 literals");
    relay_forms(&arena, STR("u@f.test"), own, host, STR("2001:db8::1"), STR("s@s.test"), got);
    tap_str(got[8].to, STR("u%f.test@[IPv6:2001:db8::1]"));
    tap_case("forms: quotes in the target are escaped");
    relay_forms(&arena, STR("\"a\\b\"@f.test"), own, host, ip, STR("s@s.test"), got);
    tap_str(got[9].to, STR("\"\\\"a\\\\b\\\"@f.test\""));
    tap_case("forms: those that need what is not known are left out");
    n = relay_forms(&arena, STR("u@f.test"), STR_NONE, STR_NONE, STR_NONE, STR_NONE, got);
    tap_int(n, 5);
    tap_str(got[0].from, STR(""));
    tap_cstr(got[4].name, "bang-path");
    tap_case("forms: no target, no forms");
    tap_int(relay_forms(&arena, STR("u"), own, host, ip, STR(""), got), 0);
    tap_int(relay_forms(&arena, STR("@f"), own, host, ip, STR(""), got), 0);
    tap_int(relay_forms(&arena, STR("u@"), own, host, ip, STR(""), got), 0);
    tap_int(relay_forms(&arena, STR(""), own, host, ip, STR(""), got), 0);
}

int main(void)
{
    arena_init(&arena, 1u << 20);
    test_smuggle();
    test_forms();
    arena_clear(&arena);
    return tap_done();
}
