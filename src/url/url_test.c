/* URLs as browsers read them: one row a URL, its one spelling, and what is odd about its writing.
 */
#include "url/url.h"

#include "tests/tap.h"

enum {
    G = URL_GUESSED,
    M = URL_SLASHES_MISSING,
    X = URL_SLASHES_EXTRA,
    B = URL_BACKSLASH,
    C = URL_CONTROL,
    U = URL_USERINFO,
    I = URL_INVISIBLE,
    BI = URL_INVISIBLE | URL_BIDI,
    D = URL_UNICODE_DELIMITER,
    E = URL_IP_ENCODED,
    P6 = URL_IP_MAPPED,
    HP = URL_HOST_PERCENT,
    HU = URL_HOST_UNICODE,
    BAD = URL_HOST_BAD,
    PB = URL_PORT_BAD
};

static const struct {
    const char *text, *href;
    unsigned flags;
} absolute[] = {
#include "url/url_test_rows.def"
};

static void test_absolute(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(absolute); i++) {
        struct url u;
        tap_case("url: %s", absolute[i].text);
        tap_int(url_parse(&a, str_from(absolute[i].text), NULL, &u, NULL), MP_OK);
        if (absolute[i].href == NULL) {
            tap_int(u.kind, URL_NONE);
            continue;
        }
        tap_str(url_href(&a, &u), str_from(absolute[i].href));
        tap_int(u.flags, absolute[i].flags);
        arena_reset(&a);
    }
    arena_clear(&a);
}

static const struct {
    const char *text, *base, *href;
} relative[] = {
    {"", "http://h.example/a/b?q#f", "http://h.example/a/b?q"},
    {"c", "http://h.example/a/b?q#f", "http://h.example/a/c"},
    {"./c", "http://h.example/a/b", "http://h.example/a/c"},
    {"../c", "http://h.example/a/b/d", "http://h.example/a/c"},
    {"../../../c", "http://h.example/a/b", "http://h.example/c"},
    {"/c", "http://h.example/a/b", "http://h.example/c"},
    {"\\c", "http://h.example/a/b", "http://h.example/c"},
    {"//other.example/x", "http://h.example/a", "http://other.example/x"},
    {"//other.example/x", "https://h.example/a", "https://other.example/x"},
    {"\\\\other.example\\x", "https://h.example/a", "https://other.example/x"},
    {"/\\other.example/x", "https://h.example/a", "https://other.example/x"},
    {"?x", "http://h.example/a/b?q#f", "http://h.example/a/b?x"},
    {"#x", "http://h.example/a/b?q#f", "http://h.example/a/b?q#x"},
    {"http:c", "http://h.example/a/b", "http://h.example/a/c"},
    {"http:/c", "http://h.example/a/b", "http://h.example/c"},
    {"https:c", "http://h.example/a/b", "https://c/"},
    {"http://c", "http://h.example/a/b", "http://c/"},
    {"mailto:a@b.example", "http://h.example/a/b", "mailto:a@b.example"},
    {"javascript:x()", "http://h.example/", "javascript:x()"},
    {"c", "http://h.example", "http://h.example/c"},
    {"c", "http://h.example?q", "http://h.example/c"},
    {"www.other.example", "http://h.example/", "http://h.example/www.other.example"},
    {"  c  ", "http://h.example/a/", "http://h.example/a/c"},
    {"c d", "http://h.example/", "http://h.example/c%20d"},
    {"#x", "mailto:a@b.example", "mailto:a@b.example#x"},
};

static void test_relative(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(relative); i++) {
        struct url base, u;
        tap_case("url: \"%s\" below %s", relative[i].text, relative[i].base);
        tap_int(url_parse(&a, str_from(relative[i].base), NULL, &base, NULL), MP_OK);
        tap_int(url_parse(&a, str_from(relative[i].text), &base, &u, NULL), MP_OK);
        tap_str(url_href(&a, &u), str_from(relative[i].href));
    }
    arena_clear(&a);
}

static void test_parts(void)
{
    struct arena a = {0};
    struct url u;
    arena_init(&a, 1 << 20);
    tap_case("url: the parts are views as written");
    url_parse(&a, STR(" HTTPS://Us%65r:pw@WWW.Example.CO.UK:8443/a%20b/?q=1?2#f#g "), NULL, &u,
              NULL);
    tap_int(u.kind, URL_HTTPS);
    tap_str(u.scheme, STR("https"));
    tap_str(u.userinfo, STR("Us%65r:pw"));
    tap_str(u.host, STR("www.example.co.uk"));
    tap_int(u.port, 8443);
    tap_str(u.path, STR("/a%20b/"));
    tap_str(u.query, STR("q=1?2"));
    tap_str(u.fragment, STR("f#g"));
    tap_str(url_site(&a, &u), STR("example.co.uk"));

    tap_case("url: no query is not an empty query");
    url_parse(&a, STR("http://h.example/?"), NULL, &u, NULL);
    tap_ok(u.query.p != NULL && u.query.n == 0);
    tap_ok(u.fragment.p == NULL && u.userinfo.p == NULL);

    tap_case("url: an address has no site");
    url_parse(&a, STR("http://0x7f.1/"), NULL, &u, NULL);
    tap_str(u.host, STR("127.0.0.1"));
    tap_int(u.ip.family, IP_V4);
    tap_int(url_site(&a, &u).n, 0);

    tap_case("url: a mapped address is the IPv4 one");
    url_parse(&a, STR("http://[::ffff:192.0.2.1]/"), NULL, &u, NULL);
    tap_int(u.ip.family, IP_V4);
    tap_int(u.ip.octets[0], 192);

    tap_case("url: what is too long is cut, and says so");
    struct str parts[] = {STR("http://h.example/"), arena_copy(&a, STR(""))};
    char *many = arena_new(&a, char, URL_MAX_BYTES);
    memset(many, 'a', URL_MAX_BYTES);
    parts[1] = str_make(many, URL_MAX_BYTES);
    tap_int(url_parse(&a, arena_join(&a, parts, 2), NULL, &u, NULL), MP_OK);
    tap_int(u.flags, URL_CUT);
    tap_int(u.text.n, URL_MAX_BYTES);
    arena_clear(&a);

    tap_case("url: no memory is said");
    arena_init(&a, 4);
    tap_int(url_parse(&a, STR("http://h.example/"), NULL, &u, NULL), MP_E_NOMEM);
    arena_clear(&a);
}

static const struct {
    const char *text, *found; /* found: joined by blanks */
} texts[] = {
    {"see http://h.example/a.", "http://h.example/a"},
    {"(http://h.example/a)", "http://h.example/a"},
    {"http://h.example/a_(b) c", "http://h.example/a_(b)"},
    {"(see http://h.example/a_(b)).", "http://h.example/a_(b)"},
    {"<https://h.example/?x=1&y=2>", "https://h.example/?x=1&y=2"},
    {"\"http://h.example\"", "http://h.example"},
    {"HTTP://H.EXAMPLE/", "HTTP://H.EXAMPLE/"},
    {"two http://a.example, https://b.example!", "http://a.example https://b.example"},
    {"www.h.example/x", "www.h.example/x"},
    {"Www.h.example and WWW.b.example", "Www.h.example WWW.b.example"},
    {"ftp://h.example/f", "ftp://h.example/f"},
    {"http://www.h.example", "http://www.h.example"},
    {"http:\\\\h.example\\x", "http:\\\\h.example\\x"},
    {"xhttp://h.example", "http://h.example"},
    {"http://user@h.example:80/x", "http://user@h.example:80/x"},
    {"a@www.h.example", ""},
    {"wwww.h.example", ""},
    {"www. example", ""},
    {"www.", ""},
    {"http:// h.example", ""},
    {"http:/h.example", ""},
    {"http://", ""},
    {"http://...", ""},
    {"mailto:a@h.example", ""},
    {"example.com", ""},
    {"", ""},
    {"http://h.example/\xe2\x80\x9d.", "http://h.example/"},
    {"http://h.example\xe3\x80\x82", "http://h.example"},
    {"http://h.example/\xe4\xbd\xa0\xe3\x80\x81", "http://h.example/\xe4\xbd\xa0"},
    {"http://h\xe3\x80\x82"
     "example/",
     "http://h\xe3\x80\x82"
     "example/"},
    {"http://h.example/\xc2\xa0x", "http://h.example/"},
    {"http://h.example/\xe2\x80\x8b", "http://h.example/"},
    {"http://h.exa\xe2\x80\x8bmple/", "http://h.exa\xe2\x80\x8bmple/"},
    {"http://h.example/a\nhttp://h.example/b", "http://h.example/a http://h.example/b"},
    {"http://h.example/*bold*", "http://h.example/*bold"},
    {"[http://h.example/[x]]", "http://h.example/[x]"},
    {"http://[::1]/x", "http://[::1]/x"},
    {"text.http://h.example", "http://h.example"},
    {"https://a.example/?u=https://b.example/", "https://a.example/?u=https://b.example/"},
    {"a:b.c:d www.h.example:8080/x:", "www.h.example:8080/x"},
};

static void test_find(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str link, all = STR("");
        tap_case("url: found in \"%s\"", texts[i].text);
        for (size_t at = 0; url_find(str_from(texts[i].text), &at, &link);) {
            struct str parts[] = {all, all.n == 0 ? STR("") : STR(" "), link};
            all = arena_join(&a, parts, 3);
        }
        tap_str(all, str_from(texts[i].found));
    }
    arena_clear(&a);
}

static const struct {
    const char *text;
    bool shown;
} shown[] = {
    {"http://h.example/", true},
    {"  www.h.example\r\n", true},
    {"https://h.example/a?b", true},
    {"http://h.example.", true},
    {"(http://h.example)", false},
    {"h.example", false},
    {"see http://h.example", false},
    {"http://a.example http://b.example", false},
    {"", false},
    {"www.h.example now", false},
};

static void test_shown(void)
{
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        tap_case("url: is shown: %s", shown[i].text);
        tap_int(url_is_shown(str_from(shown[i].text)), shown[i].shown);
    }
}

int main(void)
{
    test_absolute();
    test_relative();
    test_parts();
    test_find();
    test_shown();
    return tap_done();
}
