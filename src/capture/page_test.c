/* The embedded page: whole, of sane size, without anything from elsewhere, and its policy fits. */
#include "base/base64.h"
#include "capture/page.h"
#include "crypto/digest.h"
#include "tests/tap.h"

enum { PAGE_MAX_BYTES = 160 * 1024 }; /* some 50 kB compressed */

static size_t count(struct str in, struct str needle)
{
    size_t n = 0;
    for (size_t at; (at = str_search(in, needle)) < in.n; n++)
        in = str_slice(in, at + needle.n, in.n);
    return n;
}

/* What stands between the two, the first time. */
static struct str between(struct str in, struct str open, struct str close)
{
    size_t at = str_search(in, open);
    struct str rest = str_slice(in, at + open.n, in.n);
    return str_slice(rest, 0, str_search(rest, close));
}

static void policy_allows(struct str directive, struct str content)
{
    unsigned char sha[DIGEST_MAX_BYTES];
    struct buf want;
    buf_init(&want, 200);
    tap_ok(content.n > 0);
    tap_ok(digest_once(DIGEST_SHA256, content, sha));
    buf_add(&want, directive);
    buf_addz(&want, " 'sha256-");
    base64_encode(&want, str_make((const char *)sha, digest_bytes(DIGEST_SHA256)));
    buf_addz(&want, "';");
    tap_int(count(capture_page_csp(), buf_str(&want)), 1);
    buf_clear(&want);
}

int main(void)
{
    struct str page = capture_page(), csp = capture_page_csp();

    tap_case("page: whole and not large");
    tap_ok(page.n > 1000 && page.n < PAGE_MAX_BYTES);
    tap_ok(str_istarts(page, STR("<!doctype html>")));
    tap_ok(str_ends(str_trim(page), STR("</html>")));
    tap_ok(!str_has(page, '\0') && !str_has(page, '\r'));

    tap_case("page: one script and one style sheet, inside, which the policy allows");
    tap_int(count(page, STR("<script")), 1);
    tap_int(count(page, STR("<style")), 1);
    policy_allows(STR("script-src"),
                  between(page, STR("<script type=\"module\">"), STR("</script>")));
    policy_allows(STR("style-src"), between(page, STR("<style>"), STR("</style>")));

    tap_case("page: names of other places are those of XML namespaces only");
    tap_int(count(page, STR("https://")), 0);
    tap_int(count(page, STR("http://")), count(page, STR("http://www.w3.org/")));
    tap_int(count(page, STR("@import")), 0);

    tap_case("page: policy is one line and closed but for what it names");
    tap_ok(csp.n > 0 && !str_has(csp, '\n') && !str_has(csp, '\r') && !str_has(csp, '\0'));
    tap_ok(str_starts(csp, STR("default-src 'none';")));
    tap_int(count(csp, STR("unsafe")), 0);
    tap_int(count(csp, STR("*")), 0);
    tap_int(count(csp, STR("frame-ancestors 'none'")), 1);
    return tap_done();
}
