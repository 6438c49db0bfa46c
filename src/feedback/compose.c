/* Aggregate reports as XML, packed, and as mails. */
#include "feedback/compose.h"

#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "message/address.h"
#include "message/date.h"

/* ---- XML ---- */

/* What XML 1.0 can hold (2.2); the rest, and broken UTF-8, as U+FFFD. */
static bool is_xml(int32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

static void add_text(struct buf *b, struct str s)
{
    while (s.n > 0) {
        int32_t c = utf8_next(&s);
        if (c == '&')
            buf_add(b, STR("&amp;"));
        else if (c == '<')
            buf_add(b, STR("&lt;"));
        else if (c == '>')
            buf_add(b, STR("&gt;"));
        else
            utf8_add(b, is_xml(c) ? c : 0xfffd);
    }
}

static void add_element(struct buf *b, unsigned depth, const char *name, struct str text)
{
    buf_addf(b, "%*s<%s>", (int)(2 * depth), "", name);
    add_text(b, text);
    buf_addf(b, "</%s>\n", name);
}

static void add_some(struct buf *b, unsigned depth, const char *name, struct str text)
{
    if (text.n > 0)
        add_element(b, depth, name, text);
}

static void begin(struct buf *b, unsigned depth, const char *name)
{
    buf_addf(b, "%*s<%s>\n", (int)(2 * depth), "", name);
}

static void end(struct buf *b, unsigned depth, const char *name)
{
    buf_addf(b, "%*s</%s>\n", (int)(2 * depth), "", name);
}

static void add_number(struct buf *b, unsigned depth, const char *name, int64_t v)
{
    buf_addf(b, "%*s<%s>%" PRId64 "</%s>\n", (int)(2 * depth), "", name, v, name);
}

static void write_metadata(struct buf *b, const struct dmarc_aggregate *r, enum report_form form)
{
    begin(b, 1, "report_metadata");
    add_element(b, 2, "org_name", r->org_name);
    add_element(b, 2, "email", r->email);
    add_some(b, 2, "extra_contact_info", r->extra_contact);
    add_element(b, 2, "report_id", r->report_id);
    begin(b, 2, "date_range");
    add_number(b, 3, "begin", r->begin_s);
    add_number(b, 3, "end", r->end_s);
    end(b, 2, "date_range");
    add_some(b, 2, "error", r->error);
    if (form == REPORT_FORM_9990)
        add_some(b, 2, "generator", r->generator);
    end(b, 1, "report_metadata");
}

static void write_policy(struct buf *b, const struct dmarc_published *p, enum report_form form)
{
    bool late = form == REPORT_FORM_9990;
    begin(b, 1, "policy_published");
    add_element(b, 2, "domain", p->domain);
    if (late)
        add_some(b, 2, "discovery_method", p->discovery_method);
    add_some(b, 2, "adkim", p->adkim);
    add_some(b, 2, "aspf", p->aspf);
    add_element(b, 2, "p", p->p.n > 0 ? p->p : STR("none"));
    add_some(b, 2, "sp", p->sp);
    if (late)
        add_some(b, 2, "np", p->np);
    add_some(b, 2, "fo", p->fo);
    if (late)
        add_some(b, 2, "testing", p->testing);
    else
        add_element(b, 2, "pct", STR("100"));
    end(b, 1, "policy_published");
}

static const char *disposition_of(const struct dmarc_row *r, enum report_form form)
{
    bool plain = r->disposition == DISPOSITION_UNKNOWN ||
                 (form == REPORT_FORM_7489 && r->disposition == DISPOSITION_PASS);
    return feedback_disposition_name(plain ? DISPOSITION_NONE : r->disposition);
}

static const char *aligned_of(enum feedback_aligned a)
{
    return feedback_aligned_name(a == ALIGNED_PASS ? ALIGNED_PASS : ALIGNED_FAIL);
}

static void write_evaluated(struct buf *b, const struct dmarc_row *r, enum report_form form)
{
    char ip[IP_TEXT_MAX];
    begin(b, 2, "row");
    add_element(b, 3, "source_ip",
                r->source.family == IP_NONE ? STR("0.0.0.0")
                                            : str_make(ip, ip_write(&r->source, ip)));
    add_number(b, 3, "count", (int64_t)r->count);
    begin(b, 3, "policy_evaluated");
    add_element(b, 4, "disposition", str_from(disposition_of(r, form)));
    add_element(b, 4, "dkim", str_from(aligned_of(r->dkim)));
    add_element(b, 4, "spf", str_from(aligned_of(r->spf)));
    for (size_t i = 0; i < r->n_reasons; i++) {
        begin(b, 4, "reason");
        add_element(b, 5, "type", r->reasons[i].type);
        add_some(b, 5, "comment", r->reasons[i].comment);
        end(b, 4, "reason");
    }
    end(b, 3, "policy_evaluated");
    end(b, 2, "row");
}

static void write_auth(struct buf *b, const char *name, const struct dmarc_auth *x)
{
    begin(b, 3, name);
    add_element(b, 4, "domain", x->domain);
    add_some(b, 4, "selector", x->selector);
    add_some(b, 4, "scope", x->scope);
    add_element(b, 4, "result", x->result.n > 0 ? x->result : STR("none"));
    add_some(b, 4, "human_result", x->human_result);
    end(b, 3, name);
}

static void write_record(struct buf *b, const struct dmarc_row *r, enum report_form form)
{
    begin(b, 1, "record");
    write_evaluated(b, r, form);
    begin(b, 2, "identifiers");
    add_some(b, 3, "envelope_to", r->envelope_to);
    add_some(b, 3, "envelope_from", r->envelope_from);
    add_element(b, 3, "header_from", r->header_from);
    end(b, 2, "identifiers");
    begin(b, 2, "auth_results");
    for (size_t i = 0; i < r->n_dkim; i++)
        write_auth(b, "dkim", &r->dkim_results[i]);
    for (size_t i = 0; i < r->n_spf; i++)
        write_auth(b, "spf", &r->spf_results[i]);
    end(b, 2, "auth_results");
    end(b, 1, "record");
}

void dmarc_xml_write(struct buf *out, const struct dmarc_aggregate *r, enum report_form form)
{
    buf_add(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    buf_add(out, form == REPORT_FORM_9990
                     ? STR("<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n")
                     : STR("<feedback>\n"));
    add_element(out, 1, "version", STR("1.0"));
    write_metadata(out, r, form);
    write_policy(out, &r->published, form);
    for (size_t i = 0; i < r->n_rows; i++)
        write_record(out, &r->rows[i], form);
    buf_add(out, STR("</feedback>\n"));
}

/* ---- gzip ---- */

int report_gzip(struct str bytes, struct buf *out, struct mp_err *err)
{
    enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };
    z_stream z = {0};
    if (bytes.n > UINT32_MAX)
        return mp_fail(err, MP_E_LIMIT, UINT32_MAX, "a report is too long to be packed");
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to pack a report");
    size_t room = deflateBound(&z, (uLong)bytes.n);
    char *p = buf_reserve(out, room);
    int st = MP_OK;
    if (p == NULL) {
        st = mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes, "a packed report is too long");
    } else {
        z.next_in = (Bytef *)(uintptr_t)bytes.p;
        z.avail_in = (uInt)bytes.n;
        z.next_out = (Bytef *)p;
        z.avail_out = (uInt)room;
        if (deflate(&z, Z_FINISH) == Z_STREAM_END)
            out->n += room - z.avail_out;
        else
            st = mp_fail(err, MP_E_INTERNAL, 0, "a report could not be packed");
    }
    deflateEnd(&z);
    return st;
}

/* ---- mails ---- */

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return true;
}

int report_sender_check(struct arena *a, const struct report_sender *s, struct mp_err *err)
{
    struct mailbox box;
    bool null_path;
    if (!domain_is_ldh(s->org))
        return mp_fail(err, MP_E_USAGE, 0,
                       "'" STR_FMT "' is no domain: who reports is named by one", STR_ARG(s->org));
    if (!is_plain(s->email) || !smtp_path_parse(a, s->email, &box, &null_path) || null_path ||
        str_has(s->email, '<'))
        return mp_fail(err, MP_E_USAGE, 0, "'" STR_FMT "' is no address", STR_ARG(s->email));
    return MP_OK;
}

/* The same for whoever asks twice: a receiver knows it again. */
static int make_id(struct arena *a, const struct report_sender *s, const struct dmarc_aggregate *r,
                   struct str *out, struct mp_err *err)
{
    enum { ID_OCTETS = 12 };
    unsigned char hash[DIGEST_MAX_BYTES];
    struct str text = arena_fmt(a, STR_FMT "|" STR_FMT "|%" PRId64, STR_ARG(s->org),
                                STR_ARG(r->published.domain), r->begin_s);
    if (text.p == NULL || !digest_once(DIGEST_SHA256, text, hash))
        return mp_fail(err, MP_E_CRYPTO, 0, "no id for a report");
    *out = hex_encode(a, str_make((const char *)hash, ID_OCTETS));
    return out->p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a report") : MP_OK;
}

static void add_base64(struct buf *b, struct str bytes)
{
    enum { LINE_OCTETS = 57 };
    while (bytes.n > 0) {
        base64_encode(b, str_slice(bytes, 0, LINE_OCTETS));
        buf_add(b, STR("\r\n"));
        bytes = str_slice(bytes, LINE_OCTETS, bytes.n);
    }
}

static void write_mail(struct buf *b, const struct report_sender *s,
                       const struct dmarc_aggregate *r, struct str to, int64_t now_s,
                       const struct report_mail *m, struct str packed)
{
    char date[DATE_TEXT_MAX], from[DATE_TEXT_MAX], until[DATE_TEXT_MAX];
    date_write(now_s, date);
    date_write(r->begin_s, from);
    date_write(r->end_s, until);
    buf_addf(b, "From: <" STR_FMT ">\r\nTo: <" STR_FMT ">\r\nDate: %s\r\n", STR_ARG(s->email),
             STR_ARG(to), date);
    buf_addf(b,
             "Subject: Report Domain: " STR_FMT "\r\n Submitter: " STR_FMT
             "\r\n Report-ID: <" STR_FMT ">\r\n",
             STR_ARG(r->published.domain), STR_ARG(s->org), STR_ARG(m->report_id));
    buf_addf(b, "Message-ID: <" STR_FMT ".%" PRId64 "@" STR_FMT ">\r\nMIME-Version: 1.0\r\n",
             STR_ARG(m->report_id), now_s, STR_ARG(s->org));
    buf_addf(b,
             "Auto-Submitted: auto-generated\r\nContent-Type: multipart/mixed;\r\n"
             " boundary=\"report-" STR_FMT "\"\r\n\r\n",
             STR_ARG(m->report_id));
    buf_addf(b,
             "--report-" STR_FMT "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
             "This is a DMARC aggregate report of " STR_FMT "\r\nabout mail of " STR_FMT
             "\r\nfrom %s to %s.\r\n\r\n",
             STR_ARG(m->report_id), STR_ARG(s->org), STR_ARG(r->published.domain), from, until);
    buf_addf(b,
             "--report-" STR_FMT "\r\nContent-Type: application/gzip;\r\n name=\"" STR_FMT "\"\r\n"
             "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
             " filename=\"" STR_FMT "\"\r\n\r\n",
             STR_ARG(m->report_id), STR_ARG(m->filename), STR_ARG(m->filename));
    add_base64(b, packed);
    buf_addf(b, "--report-" STR_FMT "--\r\n", STR_ARG(m->report_id));
}

int report_compose(struct arena *a, const struct report_sender *s, struct dmarc_aggregate *r,
                   struct str to, int64_t now_s, struct report_mail *out, struct mp_err *err)
{
    struct report_mail m = {0};
    struct buf packed;
    int st = make_id(a, s, r, &m.report_id, err);
    if (st != MP_OK)
        return st;
    r->org_name = s->org;
    r->email = s->email;
    r->extra_contact = s->contact;
    r->report_id = m.report_id;
    r->generator = STR("mailproof " MP_VERSION);
    m.filename = arena_fmt(a, STR_FMT "!" STR_FMT "!%" PRId64 "!%" PRId64 "!" STR_FMT ".xml.gz",
                           STR_ARG(s->org), STR_ARG(r->published.domain), r->begin_s, r->end_s,
                           STR_ARG(m.report_id));
    buf_init(&m.xml, REPORT_MAX_BYTES);
    buf_init(&m.bytes, REPORT_MAX_BYTES);
    buf_init(&packed, REPORT_MAX_BYTES);
    dmarc_xml_write(&m.xml, r, s->form);
    st = m.filename.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a report")
         : m.xml.failed       ? mp_fail(err, MP_E_LIMIT, REPORT_MAX_BYTES, "the report is too long")
                              : report_gzip(buf_str(&m.xml), &packed, err);
    if (st == MP_OK) {
        write_mail(&m.bytes, s, r, to, now_s, &m, buf_str(&packed));
        if (m.bytes.failed)
            st = mp_fail(err, MP_E_LIMIT, REPORT_MAX_BYTES, "the report is too long");
    }
    buf_clear(&packed);
    if (st == MP_OK)
        *out = m;
    else
        report_mail_clear(&m);
    return st;
}

void report_mail_clear(struct report_mail *m)
{
    buf_clear(&m->xml);
    buf_clear(&m->bytes);
}
