/* A stranger's HTML made harmless to look at, without taking it apart.
 *
 * What a browser may load or run is decided by the policy, which goes along as a header and, for
 * whoever puts the text into a frame, as the first element. What a policy does not cover
 * (refresh, prefetch, base addresses, frames) is covered here: wherever "<" and the name of such an
 * element stand, in markup, a comment or a script alike, the name gets "x-" before it. So no
 * disagreement about where markup begins can bring one back. Images of the message's own parts
 * become data: addresses: the preview makes no request at all. */
#include "base/base64.h"
#include "capture/capture_internal.h"
#include "httpd/query.h"

const char preview_policy[] =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; "
    "base-uri 'self'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/* Frame-ancestors and sandbox have no meaning in an element, so it does without them. */
static const char head[] =
    "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'\">"
    "<meta name=\"referrer\" content=\"no-referrer\"><base target=\"_blank\">"
    /* what was not for reading, such as JSON-LD, stays unseen under its new name */
    "<style>x-script,x-template{display:none}</style>\n";

static const struct str defused[] = {
    STR_INIT("meta"),     STR_INIT("link"),     STR_INIT("base"),        STR_INIT("script"),
    STR_INIT("iframe"),   STR_INIT("frame"),    STR_INIT("frameset"),    STR_INIT("object"),
    STR_INIT("embed"),    STR_INIT("applet"),   STR_INIT("form"),        STR_INIT("portal"),
    STR_INIT("noscript"), STR_INIT("template"), STR_INIT("fencedframe"),
};

/* The bytes at `s`, behind "<" and perhaps "/": is this one of those names? */
static bool is_defused(struct str s)
{
    for (size_t i = 0; i < ARRAY_LEN(defused); i++) {
        struct str name = defused[i];
        if (s.n < name.n || !str_istarts(s, name))
            continue;
        if (s.n == name.n || !(is_alnum(s.p[name.n]) || s.p[name.n] == '-'))
            return true;
    }
    return false;
}

/* A Content-ID ends where an attribute's value or url() does. */
static size_t cid_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (unsigned char)s.p[n] > ' ' && memchr("\"'<>)\\", s.p[n], 6) == NULL)
        n++;
    return n;
}

static bool begins_value(char before)
{
    return before == '"' || before == '\'' || before == '=' || before == '(' || is_fws(before);
}

void preview_clean(struct str html, struct str (*resolve)(void *ctx, struct str content_id),
                   void *ctx, struct buf *out)
{
    static const struct str cid = STR_INIT("cid:");
    buf_addz(out, head);
    for (size_t i = 0; i < html.n; i++) {
        char c = html.p[i];
        if (c == '<') {
            size_t name = i + 1 < html.n && html.p[i + 1] == '/' ? i + 2 : i + 1;
            buf_add(out, str_slice(html, i, name));
            if (is_defused(str_slice(html, name, html.n)))
                buf_addz(out, "x-");
            i = name - 1;
        } else if ((c == 'c' || c == 'C') && i > 0 && begins_value(html.p[i - 1]) &&
                   str_istarts(str_slice(html, i, html.n), cid)) {
            size_t n = cid_length(str_slice(html, i + cid.n, html.n));
            struct str url = resolve(ctx, str_slice(html, i + cid.n, i + cid.n + n));
            if (url.n == 0)
                url = str_slice(html, i, i + cid.n + n);
            buf_add(out, url);
            i += cid.n + n - 1;
        } else {
            buf_addc(out, c);
        }
    }
}

/* ---- the images of the message's own parts ---- */

static bool is_image(const struct mime_part *m)
{
    static const struct str kinds[] = {STR_INIT("png"), STR_INIT("jpeg"), STR_INIT("jpg"),
                                       STR_INIT("gif"), STR_INIT("webp"), STR_INIT("bmp")};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(m->type, STR("image")) && str_eq(m->subtype, kinds[i]))
            return true;
    return false;
}

static struct str data_url(void *ctx, struct str written)
{
    struct parsed *p = ctx;
    struct str id, url = STR_NONE;
    if (percent_decode(&p->arena, written, false, &id, NULL) != MP_OK || id.n == 0)
        return STR_NONE;
    for (size_t i = 0; i < p->mime.n; i++) {
        const struct parsed_part *part = &p->parts[i];
        struct buf b;
        if (!is_image(part->mime) || !str_eq(part->content_id, id))
            continue;
        buf_init(&b, CAPTURE_PREVIEW_MAX_BYTES);
        buf_addf(&b, "data:image/" STR_FMT ";base64,", STR_ARG(part->mime->subtype));
        base64_encode(&b, parsed_body(p, part, &p->arena));
        if (!b.failed)
            url = arena_copy(&p->arena, buf_str(&b));
        buf_clear(&b);
        break;
    }
    return url;
}

int preview_write(struct parsed *p, struct buf *out, struct mp_err *err)
{
    struct buf html;
    buf_init(&html, CAPTURE_PREVIEW_MAX_BYTES);
    parsed_text(p, p->html, &html);
    preview_clean(buf_str(&html), data_url, p, out);
    bool cut = html.failed;
    buf_clear(&html);
    if (cut || out->n > CAPTURE_PREVIEW_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, CAPTURE_PREVIEW_MAX_BYTES,
                       "the preview would be longer than %d bytes: read the part itself",
                       CAPTURE_PREVIEW_MAX_BYTES);
    return MP_OK;
}
