/* What is taken for a password, and what is not. */
#include "content/inspect.h"
#include "tests/tap.h"

static const struct {
    const char *label, *text, *want; /* candidates between spaces, in this order */
} rows[] = {
    {"colon", "The password: infected\nBye", "infected"},
    {"case", "PASSWORD: Xy7!z", "Xy7!z"},
    {"German compound", "Das Zip-Passwort: geheim1", "geheim1"},
    {"Dutch", "Wachtwoord - fiets99", "fiets99"},
    {"French", "Mot de passe : soleil", "soleil"},
    {"Spanish",
     "la contrase\xc3\xb1"
     "a: verano22",
     "verano22"},
    {"Portuguese", "Senha: 4321", "4321"},
    {"Portuguese, words between", "SENHA DE ACESSO AO ARQUIVO: 123", "123"},
    {"French, words between", "le mot de passe pour ouvrir le pdf est soleil9", "soleil9"},
    {"Spanish, words between", "clave para abrir el documento adjunto: 8812", "8812"},
    {"Polish", "has\xc5\x82o: zamek", "zamek"},
    {"Russian", "\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c: 12ab", "12ab"},
    {"Chinese, wide colon",
     "\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a"
     "abc888\nx",
     "abc888"},
    {"words between", "The password for the attached file is: S3cret.", "S3cret S3cret."},
    {"quoted", "password: \"sesame\"", "sesame sesame\""},
    {"in markup", "<p>Password:&nbsp;<b>inv0ice</b></p>", "inv0ice inv0ice</b></p>"},
    {"a mark that may belong to it", "pin: #4711", "4711 #4711"},
    {"cut at 32", "password: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"password before pin", "pin: 1111\npassword: first\n", "first 1111"},
    {"distinct", "password: abc\npassword: abc\n", "abc"},
    {"numbers of a name", "invoice_20231_77.zip", "20231"},
    {"numbers of a text are none", "see invoice 20231\nand 555123\n", ""},
    {"too short", "password: ab\nx", ""},
    {"nothing between", "passwordless login is nice\nx", ""},
    {"within a word", "shipping: 12345678 boxes\nx", ""},
    {"too far away", "password              far\nx", ""},
    {"at the end", "password", ""},
    {"at the end, with a colon", "password:", ""},
};

static struct str join(struct arena *a, const struct str *s, size_t n)
{
    struct str all = STR("");
    for (size_t i = 0; i < n; i++)
        all = arena_join(a, (struct str[]){all, i > 0 ? STR(" ") : STR(""), s[i]}, 3);
    return all;
}

int main(void)
{
    struct arena arena;
    struct str out[CONTENT_MAX_PASSWORDS];
    arena_init(&arena, 16 * 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = str_from(rows[i].text);
        tap_case("password: %s", rows[i].label);
        size_t n = password_candidates(&text, 1, out, ARRAY_LEN(out));
        tap_str(join(&arena, out, n), str_from(rows[i].want));
    }
    tap_case("password: no more than asked for");
    struct str many = STR("password: aaa password: bbb password: ccc");
    tap_int(password_candidates(&many, 1, out, 2), 2);

    tap_case("password: text and name");
    struct str both[] = {STR("the password: inside\n"), STR("file-8812.zip")};
    tap_str(join(&arena, out, password_candidates(both, 2, out, ARRAY_LEN(out))),
            STR("inside 8812"));
    arena_clear(&arena);
    return tap_done();
}
