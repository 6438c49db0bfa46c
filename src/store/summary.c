/* The summary of a message: a few fields decoded, the begin of the text, attachments counted. */
#include "store/summary_internal.h"

#include "base/utf8.h"
#include "message/encoded_word.h"

/* On one line: runs of white space and controls are one space; bad UTF-8 becomes U+FFFD. */
static struct str one_line(struct arena *a, struct str text, size_t max)
{
    enum { LONGEST = 4 }; /* bytes of a code point */
    struct buf b;
    bool space = false;
    buf_init(&b, max + 2 * LONGEST);
    while (text.n > 0 && b.n < max) {
        int32_t c = utf8_next(&text);
        if (c == UTF8_BAD)
            c = 0xfffd;
        if (c <= ' ' || (c >= 0x7f && c <= 0xa0)) {
            space = b.n > 0;
            continue;
        }
        size_t before = b.n;
        if (space)
            buf_addc(&b, ' ');
        utf8_add(&b, c);
        space = false;
        if (b.n > max) {
            b.n = before;
            break;
        }
    }
    struct str out = b.failed ? STR_NONE : arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return out;
}

static struct str field(struct arena *a, const struct message *m, struct str name)
{
    enum { SOURCE_MAX = 4096 }; /* encoded bytes that a cut field is made of */
    const struct header *h = header_first(m, name);
    if (h == NULL)
        return STR_NONE;
    struct str value = str_slice(h->value, 0, SOURCE_MAX);
    value = header_unfold(a, value);
    if (value.p != NULL && has_encoded_word(value))
        value = encoded_word_decode(a, value, NULL);
    return one_line(a, value, SUMMARY_FIELD_MAX);
}

static bool is_attachment(const struct mime_part *p)
{
    if (p->is_multipart)
        return false;
    return str_ieq(p->disposition, STR("attachment")) || p->filename.n > 0 ||
           (p->is_message && p->parent >= 0);
}

/* Plain text is preferred; HTML when there is no other. */
static struct str snippet(struct arena *a, const struct message *m, const struct mime_tree *tree)
{
    const struct mime_part *best = NULL;
    for (size_t i = 0; i < tree->n; i++) {
        const struct mime_part *p = &tree->parts[i];
        if (!str_eq(p->type, STR("text")) || is_attachment(p))
            continue;
        if (best == NULL)
            best = p;
        if (str_eq(p->subtype, STR("plain"))) {
            best = p;
            break;
        }
    }
    if (best == NULL)
        return STR_NONE;
    return one_line(a, part_text(a, m, best, SUMMARY_SNIPPET_SOURCE), SUMMARY_SNIPPET_MAX);
}

/* The room `message` scans every octet for anomalies; here only the head is worth that. The tree
 * of parts hops from delimiter to delimiter. */
static bool parse(struct arena *a, struct str raw, struct message *m, struct mime_tree *tree)
{
    struct str head = str_slice(raw, 0, SUMMARY_HEAD_BYTES);
    size_t end = str_search(head, STR("\r\n\r\n"));
    head = end < head.n ? str_slice(head, 0, end + 4) : head;
    if (message_parse(a, head, m, NULL) != MP_OK)
        return false;
    if (m->raw.p == raw.p) {
        m->raw = str_slice(raw, 0, SUMMARY_BODY_BYTES);
        m->body = str_slice(m->raw, m->body_offset, m->raw.n);
    }
    return mime_parse(a, m, tree, NULL) == MP_OK;
}

void summary_make(struct arena *a, struct str raw, struct summary *out)
{
    struct message m;
    struct mime_tree tree = {0};
    *out = (struct summary){0};
    if (raw.n == 0 || !parse(a, raw, &m, &tree))
        return;
    out->message_id = field(a, &m, STR("Message-ID"));
    out->subject = field(a, &m, STR("Subject"));
    out->from = field(a, &m, STR("From"));
    out->to = field(a, &m, STR("To"));
    out->tag = field(a, &m, STR("X-Mailproof-Tag"));
    out->snippet = snippet(a, &m, &tree);
    for (size_t i = 0; i < tree.n; i++)
        out->n_attachments += is_attachment(&tree.parts[i]);
}
