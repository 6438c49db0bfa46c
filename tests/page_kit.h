/* What must hold of every embedded page: whole, of sane size, without anything from elsewhere, and
 * its policy fits. */
#ifndef MP_TESTS_PAGE_KIT_H
#define MP_TESTS_PAGE_KIT_H

#include "base/base64.h"
#include "crypto/digest.h"
#include "tests/tap.h"

static inline size_t page_count(struct str in, struct str needle)
{
    size_t n = 0;
    for (size_t at; (at = str_search(in, needle)) < in.n; n++)
        in = str_slice(in, at + needle.n, in.n);
    return n;
}

/* What stands between the two, the first time. */
static inline struct str page_between(struct str in, struct str open, struct str close)
{
    size_t at = str_search(in, open);
    struct str rest = str_slice(in, at + open.n, in.n);
    return str_slice(rest, 0, str_search(rest, close));
}

static inline void page_policy_allows(struct str csp, struct str directive, struct str content)
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
    tap_int(page_count(csp, buf_str(&want)), 1);
    buf_clear(&want);
}

static inline void page_is_sound(struct str page, struct str csp, size_t max_bytes)
{
    tap_case("page: whole and not large");
    tap_ok(page.n > 1000 && page.n < max_bytes);
    tap_ok(str_istarts(page, STR("<!doctype html>")));
    tap_ok(str_ends(str_trim(page), STR("</html>")));
    tap_ok(!str_has(page, '\0') && !str_has(page, '\r'));

    tap_case("page: one script and one style sheet, inside, which the policy allows");
    tap_int(page_count(page, STR("<script")), 1);
    tap_int(page_count(page, STR("<style")), 1);
    page_policy_allows(csp, STR("script-src"),
                       page_between(page, STR("<script type=\"module\">"), STR("</script>")));
    page_policy_allows(csp, STR("style-src"), page_between(page, STR("<style>"), STR("</style>")));

    tap_case("page: names of other places are those of XML namespaces only");
    tap_int(page_count(page, STR("https://")), 0);
    tap_int(page_count(page, STR("http://")), page_count(page, STR("http://www.w3.org/")));
    tap_int(page_count(page, STR("@import")), 0);

    tap_case("page: policy is one line and closed but for what it names");
    tap_ok(csp.n > 0 && !str_has(csp, '\n') && !str_has(csp, '\r') && !str_has(csp, '\0'));
    tap_ok(str_starts(csp, STR("default-src 'none';")));
    tap_int(page_count(csp, STR("unsafe")), 0);
    tap_int(page_count(csp, STR("*")), 0);
    tap_int(page_count(csp, STR("frame-ancestors 'none'")), 1);
}

#endif
