/* What is packed in URLs: targets of rewriters, URLs in URLs, addresses. */
#include "url/inside.h"

#include "tests/tap.h"

static const struct {
    const char *text, *target;
    unsigned n;
    bool protects, passes_on, opaque;
} wraps[] = {
    {"https://h.example/?url=https%3A%2F%2Fe.example",
     "https://h.example/?url=https%3A%2F%2Fe.example", 0, false, false, false},
    {"https://eur01.safelinks.protection.outlook.com/"
     "?url=https%3A%2F%2Fe.example%2Fa%3Fb%3Dc&data=05",
     "https://e.example/a?b=c", 1, true, false, false},
    {"https://eur01.safelinks.protection.outlook.com/?data=05&amp;url=http%3A%2F%2Fe.example",
     "http://e.example/", 1, true, false, false},
    {"https://safelinks.protection.outlook.com.e.example/?url=http%3A%2F%2Fx.example",
     "https://safelinks.protection.outlook.com.e.example/?url=http%3A%2F%2Fx.example", 0, false,
     false, false},
    {"https://urldefense.proofpoint.com/v1/url?u=http://e.example/&k=x", "http://e.example/", 1,
     true, false, false},
    {"https://urldefense.proofpoint.com/v2/url?u=http-3A__e.example_a-5Fb&d=x&c=y",
     "http://e.example/a_b", 1, true, false, false},
    {"https://urldefense.com/v3/__https://e.example/a__;!!x!y$", "https://e.example/a", 1, true,
     false, false},
    {"https://urldefense.com/v3/__https:/e.example/a*b?c=*__;IyM!!x!y$",
     "https://e.example/a#b?c=#", 1, true, false, false},
    {"https://urldefense.com/v3/__https://e.example/**Bx__;w6TDtsO8!!x$",
     "https://e.example/%C3%A4%C3%B6%C3%BCx", 1, true, false, false},
    {"https://urldefense.us/v3/__https://e.example/**A*__;MTIz!!x$", "https://e.example/123", 1,
     true, false, false},
    {"https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fe.example&c=E", "https://e.example/", 1,
     true, false, false},
    {"https://secure-web.cisco.com/1Abc/https%3A%2F%2Fe.example%2Fa", "https://e.example/a", 1,
     true, false, false},
    {"https://eu-west-1.protection.sophos.com/?d=e.example&u=aHR0cHM6Ly9lLmV4YW1wbGUvYQ==&i=x",
     "https://e.example/a", 1, true, false, false},
    {"https://url.avanan.click/v2/___https://e.example/a___.YXAz", "https://e.example/a", 1, true,
     false, false},
    {"https://protect-eu.mimecast.com/s/AbCd?domain=e.example",
     "https://protect-eu.mimecast.com/s/AbCd?domain=e.example", 0, true, false, true},
    {"https://url.us.m.mimecastprotect.com/s/AbCd", "https://url.us.m.mimecastprotect.com/s/AbCd",
     0, true, false, true},
    {"https://www.google.com/url?q=https://e.example/a&sa=D", "https://e.example/a", 1, false, true,
     false},
    {"https://www.google.co.uk/url?sa=t&url=https%3A%2F%2Fe.example", "https://e.example/", 1,
     false, true, false},
    {"https://google.de/amp/s/e.example/a", "https://e.example/a", 1, false, true, false},
    {"https://www.google.com/url?q=search+words", "https://www.google.com/url?q=search+words", 0,
     false, false, false},
    {"https://google.xyz/url?q=https://e.example/", "https://google.xyz/url?q=https://e.example/",
     0, false, false, false},
    {"https://notgoogle.com/url?q=https://e.example/",
     "https://notgoogle.com/url?q=https://e.example/", 0, false, false, false},
    {"https://e-example.translate.goog/a?_x_tr_sl=auto", "https://e.example/a", 1, false, true,
     false},
    {"https://www.bing.com/ck/a?!&&p=x&u=a1aHR0cHM6Ly9lLmV4YW1wbGUvYQ&ntb=1", "https://e.example/a",
     1, false, true, false},
    {"https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU=https%3a%2f%2fe.example%2fa/RK=2/RS=x",
     "https://e.example/a", 1, false, true, false},
    {"https://l.facebook.com/l.php?u=https%3A%2F%2Fe.example%2F&h=x", "https://e.example/", 1,
     false, true, false},
    {"https://www.linkedin.com/redir/redirect?url=https%3A%2F%2Fe%2Eexample", "https://e.example/",
     1, false, true, false},
    {"https://www.youtube.com/redirect?q=https%3A%2F%2Fe.example", "https://e.example/", 1, false,
     true, false},
    {"https://www.youtube.com/watch?v=x&q=https%3A%2F%2Fe.example",
     "https://www.youtube.com/watch?v=x&q=https%3A%2F%2Fe.example", 0, false, false, false},
    {"https://eur01.safelinks.protection.outlook.com/"
     "?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Fe.example",
     "https://e.example/", 2, true, true, false},
    {"https://www.google.com/url?q=javascript:x", "https://www.google.com/url?q=javascript:x", 0,
     false, false, false},
};

static void test_unwrap(void)
{
    struct arena a = {0};
    struct url u;
    struct url_unwrapped w;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(wraps); i++) {
        tap_case("unwrap: %s", wraps[i].text);
        url_parse(&a, str_from(wraps[i].text), NULL, &u, NULL);
        tap_int(url_unwrap(&a, &u, &w, NULL), MP_OK);
        tap_str(url_href(&a, &w.target), str_from(wraps[i].target));
        tap_int(w.n, wraps[i].n);
        tap_int(w.was[URL_WRAP_PROTECTS], wraps[i].protects);
        tap_int(w.was[URL_WRAP_PASSES_ON], wraps[i].passes_on);
        tap_int(w.opaque, wraps[i].opaque);
    }
    tap_case("unwrap: no more than %d layers", URL_MAX_UNWRAPS);
    struct str deep = STR("http://e.example/");
    for (int i = 0; i <= URL_MAX_UNWRAPS; i++) {
        struct str parts[] = {STR("http://google.de/amp/s/"), deep};
        deep = arena_join(&a, parts, 2);
    }
    url_parse(&a, deep, NULL, &u, NULL);
    tap_int(url_unwrap(&a, &u, &w, NULL), MP_OK);
    tap_int(w.n, URL_MAX_UNWRAPS);
    tap_str(w.target.host, STR("google.de"));
    arena_clear(&a);
}

static const struct {
    const char *text, *found;
} nests[] = {
    {"http://h.example/a?b=c#d", ""},
    {"http://h.example/?u=http://e.example/a&v=1", "http://e.example/a"},
    {"http://h.example/?u=https%3A%2F%2Fe.example%2Fa", "https://e.example/a"},
    {"http://h.example/?u=https%253A%252F%252Fe.example", "https://e.example/"},
    {"http://h.example/?u=https%25253A%25252F%25252Fe.example", "https://e.example/"},
    {"http://h.example/?u=https%2525253A%2525252F%2525252Fe.example", ""},
    {"http://h.example/?u=aHR0cHM6Ly9lLmV4YW1wbGUvYQ", "https://e.example/a"},
    {"http://h.example/?u=aHR0cHM6Ly9lLmV4YW1wbGUvYQ%3D%3D", "https://e.example/a"},
    {"http://h.example/?u=YUhSMGNITTZMeTlsTG1WNFlXMXdiR1V2WVE9PQ", "https://e.example/a"},
    {"http://h.example/web/2020/http://e.example/", "http://e.example/"},
    {"http://h.example/r/aHR0cDovL2UuZXhhbXBsZS8", "http://e.example/"},
    {"http://h.example/#https://e.example/", "https://e.example/"},
    {"http://h.example/#u=https%3a%2f%2fe.example", "https://e.example/"},
    {"http://h.example/?a=http://e.example&b=https://f.example",
     "http://e.example/ https://f.example/"},
    {"http://h.example/?u=//e.example/a", "http://e.example/a"},
    {"http://h.example/?u=/\\e.example/a", "http://e.example/a"},
    {"http://h.example/?u=/local/path.html", ""},
    {"http://h.example//e.example/", ""},
    {"http://h.example/?u=http:", ""},
    {"http://h.example/?u=xhttp://e.example", ""},
    {"http://h.example/?u=aHR0c", ""},
    {"http://h.example/?u=http%3A%2F%2F", ""},
};

static void test_nested(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(nests); i++) {
        struct url u, found[URL_MAX_NESTED];
        size_t n;
        struct str all = STR("");
        tap_case("nested: %s", nests[i].text);
        url_parse(&a, str_from(nests[i].text), NULL, &u, NULL);
        tap_int(url_nested(&a, &u, found, &n, NULL), MP_OK);
        for (size_t k = 0; k < n; k++) {
            struct str parts[] = {all, k == 0 ? STR("") : STR(" "), url_href(&a, &found[k])};
            all = arena_join(&a, parts, 3);
        }
        tap_str(all, str_from(nests[i].found));
    }
    arena_clear(&a);
}

static const struct {
    const char *text;
    enum url_address_form form;
    bool in_fragment;
} addresses[] = {
    {"http://h.example/?e=joe@corp.example", URL_ADDRESS_PLAIN, false},
    {"http://h.example/?e=JOE%40Corp.example&x=1", URL_ADDRESS_PLAIN, false},
    {"http://h.example/?e=joe%2540corp.example", URL_ADDRESS_PLAIN, false},
    {"http://h.example/joe@corp.example/x", URL_ADDRESS_PLAIN, false},
    {"http://h.example/#joe@corp.example", URL_ADDRESS_PLAIN, true},
    {"http://h.example/#/x/joe%40corp.example", URL_ADDRESS_PLAIN, true},
    {"http://h.example/?e=am9lQGNvcnAuZXhhbXBsZQ==", URL_ADDRESS_BASE64, false},
    {"http://h.example/?e=am9lQGNvcnAuZXhhbXBsZQ%3D%3D", URL_ADDRESS_BASE64, false},
    {"http://h.example/am9lQGNvcnAuZXhhbXBsZQ", URL_ADDRESS_BASE64, false},
    {"http://h.example/x/am9lQGNvcnAuZXhhbXBsZQ/y", URL_ADDRESS_BASE64, false},
    {"http://h.example/#am9lQGNvcnAuZXhhbXBsZQ", URL_ADDRESS_BASE64, true},
    {"http://h.example/?e=eyJ0byI6ImpvZUBjb3JwLmV4YW1wbGUifQ", URL_ADDRESS_BASE64, false},
    {"http://h.example/?e=Pmpvz"
     "UBjb3Jw",
     URL_ADDRESS_NONE, false},
    {"http://h.example/?e=IGpvZUBjb3JwLmV4YW1wbGU", URL_ADDRESS_BASE64, false},
    {"http://h.example/?e=Ojpqb2VAY29ycC5leGFtcGxl", URL_ADDRESS_BASE64, false},
    {"http://h.example/?e=6a6f6540636f72702e6578616d706c65", URL_ADDRESS_HEX, false},
    {"http://h.example/?e=a6a6f6540636f72702e6578616d706c65", URL_ADDRESS_HEX, false},
    {"http://h.example/?e=wbr@pbec.rknzcyr", URL_ADDRESS_ROT13, false},
    /* near misses */
    {"http://joe@corp.example/", URL_ADDRESS_NONE, false},
    {"http://h.example/?e=xjoe@corp.example", URL_ADDRESS_NONE, false},
    {"http://h.example/?e=joe@corp.examples", URL_ADDRESS_NONE, false},
    {"http://h.example/?e=joe@corp", URL_ADDRESS_NONE, false},
    {"http://h.example/?e=ann@corp.example", URL_ADDRESS_NONE, false},
    {"http://h.example/?e=joe&d=corp.example", URL_ADDRESS_NONE, false},
    {"http://h.example/?e=am9lQGNvcnAu", URL_ADDRESS_NONE, false},
    {"http://h.example/", URL_ADDRESS_NONE, false},
};

static void test_addresses(void)
{
    static const struct str whom[] = {STR_INIT("bob@corp.example"), STR_INIT("joe@corp.example")};
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct url u;
        struct url_address found;
        tap_case("address in: %s", addresses[i].text);
        url_parse(&a, str_from(addresses[i].text), NULL, &u, NULL);
        tap_int(url_find_address(&a, &u, whom, ARRAY_LEN(whom), &found, NULL), MP_OK);
        tap_int(found.form, addresses[i].form);
        tap_int(found.in_fragment, addresses[i].in_fragment);
        tap_int(found.index, addresses[i].form != URL_ADDRESS_NONE);
    }
    arena_clear(&a);
}

int main(void)
{
    test_unwrap();
    test_nested();
    test_addresses();
    return tap_done();
}
