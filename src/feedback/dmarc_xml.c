/* DMARC aggregate reports by expat: elements by their place in the tree, whatever their namespace
 * prefix; no DTD, hence no entity; what is unknown is passed over (RFC 9990 has extensions). */
#include <expat.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/grow.h"
#include "base/utf8.h"
#include "feedback/read_internal.h"

enum place {
    AT_ROOT,
    AT_FEEDBACK,
    AT_METADATA,
    AT_RANGE,
    AT_POLICY,
    AT_RECORD,
    AT_ROW,
    AT_EVALUATED,
    AT_REASON,
    AT_IDENTIFIERS,
    AT_RESULTS,
    AT_DKIM,
    AT_SPF,
    AT_TEXT,    /* the value of a leaf */
    AT_UNKNOWN, /* and all below */
    PLACE_COUNT
};

/* Where the text of a leaf goes: into one of the reader's texts, by its offset. */
enum { NOWHERE = -1 };

/* The texts of a record that need reading, beside its row. */
struct record_texts {
    struct str source_ip, count, disposition, dkim, spf;
};

struct dmarc_reader {
    struct arena *arena;
    struct feedback_problems *problems;
    XML_Parser parser;
    struct dmarc_aggregate report;
    size_t cap_rows;
    struct str begin, end;
    /* The record at hand. */
    struct dmarc_row row;
    struct record_texts texts;
    struct dmarc_reason reasons[FEEDBACK_MAX_REASONS];
    struct dmarc_auth dkim[FEEDBACK_MAX_RESULTS], spf[FEEDBACK_MAX_RESULTS];
    struct dmarc_reason reason;
    struct dmarc_auth auth;
    uint64_t n_records;
    size_t n_left_out; /* results and reasons of the record */
    enum place stack[FEEDBACK_MAX_DEPTH];
    unsigned depth;
    bool saw_feedback, whole, failed, rows_full;
    struct str *target; /* of the leaf */
    struct buf text;
};

#define OF(member) offsetof(struct dmarc_reader, member)
static const struct element {
    enum place parent;
    struct str name;
    enum place place;
    ptrdiff_t text; /* of a leaf */
} elements[] = {
    {AT_ROOT, STR_INIT("feedback"), AT_FEEDBACK, NOWHERE},
    {AT_FEEDBACK, STR_INIT("version"), AT_TEXT, OF(report.version)},
    {AT_FEEDBACK, STR_INIT("report_metadata"), AT_METADATA, NOWHERE},
    {AT_FEEDBACK, STR_INIT("policy_published"), AT_POLICY, NOWHERE},
    {AT_FEEDBACK, STR_INIT("record"), AT_RECORD, NOWHERE},
    {AT_METADATA, STR_INIT("org_name"), AT_TEXT, OF(report.org_name)},
    {AT_METADATA, STR_INIT("email"), AT_TEXT, OF(report.email)},
    {AT_METADATA, STR_INIT("extra_contact_info"), AT_TEXT, OF(report.extra_contact)},
    {AT_METADATA, STR_INIT("report_id"), AT_TEXT, OF(report.report_id)},
    {AT_METADATA, STR_INIT("generator"), AT_TEXT, OF(report.generator)},
    {AT_METADATA, STR_INIT("error"), AT_TEXT, OF(report.error)},
    {AT_METADATA, STR_INIT("date_range"), AT_RANGE, NOWHERE},
    {AT_RANGE, STR_INIT("begin"), AT_TEXT, OF(begin)},
    {AT_RANGE, STR_INIT("end"), AT_TEXT, OF(end)},
    {AT_POLICY, STR_INIT("domain"), AT_TEXT, OF(report.published.domain)},
    {AT_POLICY, STR_INIT("adkim"), AT_TEXT, OF(report.published.adkim)},
    {AT_POLICY, STR_INIT("aspf"), AT_TEXT, OF(report.published.aspf)},
    {AT_POLICY, STR_INIT("p"), AT_TEXT, OF(report.published.p)},
    {AT_POLICY, STR_INIT("sp"), AT_TEXT, OF(report.published.sp)},
    {AT_POLICY, STR_INIT("np"), AT_TEXT, OF(report.published.np)},
    {AT_POLICY, STR_INIT("fo"), AT_TEXT, OF(report.published.fo)},
    {AT_POLICY, STR_INIT("pct"), AT_TEXT, OF(report.published.pct)},
    {AT_POLICY, STR_INIT("testing"), AT_TEXT, OF(report.published.testing)},
    {AT_POLICY, STR_INIT("discovery_method"), AT_TEXT, OF(report.published.discovery_method)},
    {AT_RECORD, STR_INIT("row"), AT_ROW, NOWHERE},
    {AT_RECORD, STR_INIT("identifiers"), AT_IDENTIFIERS, NOWHERE},
    {AT_RECORD, STR_INIT("identities"), AT_IDENTIFIERS, NOWHERE}, /* of drafts */
    {AT_RECORD, STR_INIT("auth_results"), AT_RESULTS, NOWHERE},
    {AT_ROW, STR_INIT("source_ip"), AT_TEXT, OF(texts.source_ip)},
    {AT_ROW, STR_INIT("count"), AT_TEXT, OF(texts.count)},
    {AT_ROW, STR_INIT("policy_evaluated"), AT_EVALUATED, NOWHERE},
    {AT_EVALUATED, STR_INIT("disposition"), AT_TEXT, OF(texts.disposition)},
    {AT_EVALUATED, STR_INIT("dkim"), AT_TEXT, OF(texts.dkim)},
    {AT_EVALUATED, STR_INIT("spf"), AT_TEXT, OF(texts.spf)},
    {AT_EVALUATED, STR_INIT("reason"), AT_REASON, NOWHERE},
    {AT_REASON, STR_INIT("type"), AT_TEXT, OF(reason.type)},
    {AT_REASON, STR_INIT("comment"), AT_TEXT, OF(reason.comment)},
    {AT_IDENTIFIERS, STR_INIT("header_from"), AT_TEXT, OF(row.header_from)},
    {AT_IDENTIFIERS, STR_INIT("envelope_from"), AT_TEXT, OF(row.envelope_from)},
    {AT_IDENTIFIERS, STR_INIT("envelope_to"), AT_TEXT, OF(row.envelope_to)},
    {AT_RESULTS, STR_INIT("dkim"), AT_DKIM, NOWHERE},
    {AT_RESULTS, STR_INIT("spf"), AT_SPF, NOWHERE},
    {AT_DKIM, STR_INIT("domain"), AT_TEXT, OF(auth.domain)},
    {AT_DKIM, STR_INIT("selector"), AT_TEXT, OF(auth.selector)},
    {AT_DKIM, STR_INIT("result"), AT_TEXT, OF(auth.result)},
    {AT_DKIM, STR_INIT("human_result"), AT_TEXT, OF(auth.human_result)},
    {AT_SPF, STR_INIT("domain"), AT_TEXT, OF(auth.domain)},
    {AT_SPF, STR_INIT("scope"), AT_TEXT, OF(auth.scope)},
    {AT_SPF, STR_INIT("result"), AT_TEXT, OF(auth.result)},
    {AT_SPF, STR_INIT("human_result"), AT_TEXT, OF(auth.human_result)},
};

static const struct element *find_element(enum place parent, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(elements); i++)
        if (elements[i].parent == parent && str_ieq(elements[i].name, name))
            return &elements[i];
    return NULL;
}

/* ---- problems ---- */

enum { WHERE_BYTES = 120 };

static struct str where(const struct dmarc_reader *r, const char *what, char room[WHERE_BYTES])
{
    unsigned long line = XML_GetCurrentLineNumber(r->parser);
    int n =
        r->n_records > 0
            ? snprintf(room, WHERE_BYTES, "line %lu, record %llu%s%s", line,
                       (unsigned long long)r->n_records, what[0] != '\0' ? ", " : "", what)
            : snprintf(room, WHERE_BYTES, "line %lu%s%s", line, what[0] != '\0' ? ", " : "", what);
    return str_make(room, n > 0 && n < WHERE_BYTES ? (size_t)n : 0);
}

/* What stands there, as a problem shows it. */
#define SHOWN(s) STR_ARG(utf8_cut((s), 80))

static void note(struct dmarc_reader *r, enum feedback_problem_kind kind,
                 enum feedback_gravity gravity, const char *what, const char *sentence,
                 struct str shown)
{
    char room[WHERE_BYTES];
    if (shown.p != NULL)
        feedback_problem(r->problems, kind, gravity, where(r, what, room), "%s: '" STR_FMT "'",
                         sentence, SHOWN(shown));
    else
        feedback_problem(r->problems, kind, gravity, where(r, what, room), "%s", sentence);
}

static void stop(struct dmarc_reader *r, enum feedback_problem_kind kind, const char *sentence)
{
    if (r->failed)
        return;
    note(r, kind, GRAVITY_REFUSED, "", sentence, STR_NONE);
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static void no_memory(struct dmarc_reader *r)
{
    r->problems->failed = true;
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

/* ---- values ---- */

static enum feedback_disposition read_disposition(struct dmarc_reader *r, struct str s)
{
    for (unsigned d = DISPOSITION_NONE; d < DISPOSITION_COUNT; d++)
        if (str_ieq(s, str_from(feedback_disposition_name((enum feedback_disposition)d))))
            return (enum feedback_disposition)d;
    note(r, PROBLEM_WORD, GRAVITY_NOTE, "disposition", "no such disposition", s);
    return DISPOSITION_UNKNOWN;
}

/* Some write the result of SPF or DKIM itself, where pass or fail are the only words. */
static enum feedback_aligned read_aligned(struct dmarc_reader *r, const char *what, struct str s)
{
    static const struct str failures[] = {STR_INIT("none"),      STR_INIT("neutral"),
                                          STR_INIT("softfail"),  STR_INIT("hardfail"),
                                          STR_INIT("temperror"), STR_INIT("permerror"),
                                          STR_INIT("policy"),    STR_INIT("unknown")};
    if (str_ieq(s, STR("pass")))
        return ALIGNED_PASS;
    if (str_ieq(s, STR("fail")))
        return ALIGNED_FAIL;
    if (s.n == 0)
        return ALIGNED_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        if (str_ieq(s, failures[i])) {
            note(r, PROBLEM_WORD, GRAVITY_NOTE, what, "pass or fail is wanted", s);
            return ALIGNED_FAIL;
        }
    note(r, PROBLEM_WORD, GRAVITY_NOTE, what, "neither pass nor fail", s);
    return ALIGNED_UNKNOWN;
}

/* False: without it the record says nothing. */
static bool read_row_values(struct dmarc_reader *r)
{
    const struct record_texts *t = &r->texts;
    struct dmarc_row *row = &r->row;
    if (!ip_parse(t->source_ip, &row->source)) {
        note(r, PROBLEM_ADDRESS, GRAVITY_PARTIAL, "source_ip",
             "left out: this is no address of a source",
             t->source_ip.p == NULL ? STR("") : t->source_ip);
        return false;
    }
    if (!str_to_u64(t->count, FEEDBACK_COUNT_LIMIT, &row->count)) {
        note(r, PROBLEM_NUMBER, GRAVITY_PARTIAL, "count", "left out: this is no number of messages",
             t->count.p == NULL ? STR("") : t->count);
        return false;
    }
    row->disposition = read_disposition(r, t->disposition);
    row->dkim = read_aligned(r, "dkim", t->dkim);
    row->spf = read_aligned(r, "spf", t->spf);
    return true;
}

static void *copy_list(struct dmarc_reader *r, const void *items, size_t n, size_t size)
{
    void *own = arena_alloc(r->arena, n > 0 ? n : 1, size);
    if (own == NULL)
        no_memory(r);
    else if (n > 0)
        memcpy(own, items, n * size);
    return own;
}

static void end_record(struct dmarc_reader *r)
{
    struct dmarc_aggregate *report = &r->report;
    if (r->n_left_out > 0)
        note(r, PROBLEM_LIMIT, GRAVITY_NOTE, "auth_results",
             "more results or reasons than are kept: the rest is left out", STR_NONE);
    if (!read_row_values(r))
        return;
    if (report->n_rows == FEEDBACK_MAX_ROWS) {
        if (!r->rows_full)
            note(r, PROBLEM_LIMIT, GRAVITY_PARTIAL, "",
                 "more records than are read: the rest is left out", STR_NONE);
        r->rows_full = true;
        return;
    }
    struct dmarc_row *row = &r->row;
    row->reasons = copy_list(r, r->reasons, row->n_reasons, sizeof r->reasons[0]);
    row->dkim_results = copy_list(r, r->dkim, row->n_dkim, sizeof r->dkim[0]);
    row->spf_results = copy_list(r, r->spf, row->n_spf, sizeof r->spf[0]);
    struct dmarc_row *rows =
        list_room(r->arena, report->rows, report->n_rows, &r->cap_rows, sizeof rows[0]);
    if (rows == NULL) {
        no_memory(r);
        return;
    }
    report->rows = rows;
    rows[report->n_rows++] = *row;
    report->messages += row->count;
}

/* ---- elements ---- */

static void add_auth(struct dmarc_reader *r, struct dmarc_auth *list, size_t *n)
{
    if (*n < FEEDBACK_MAX_RESULTS)
        list[(*n)++] = r->auth;
    else
        r->n_left_out++;
}

static void begin_place(struct dmarc_reader *r, enum place p)
{
    if (p == AT_RECORD) {
        r->n_records++;
        r->row = (struct dmarc_row){0};
        r->texts = (struct record_texts){0};
        r->n_left_out = 0;
    }
    if (p == AT_REASON)
        r->reason = (struct dmarc_reason){0};
    if (p == AT_DKIM || p == AT_SPF)
        r->auth = (struct dmarc_auth){0};
    r->saw_feedback |= p == AT_FEEDBACK;
}

static void end_place(struct dmarc_reader *r, enum place p)
{
    if (p == AT_RECORD)
        end_record(r);
    if (p == AT_DKIM)
        add_auth(r, r->dkim, &r->row.n_dkim);
    if (p == AT_SPF)
        add_auth(r, r->spf, &r->row.n_spf);
    if (p == AT_REASON && r->row.n_reasons < FEEDBACK_MAX_REASONS)
        r->reasons[r->row.n_reasons++] = r->reason;
    else if (p == AT_REASON)
        r->n_left_out++;
    if (p == AT_FEEDBACK)
        r->whole = true;
}

/* The words of results are compared: "Pass" is pass. */
static bool is_word(const struct dmarc_reader *r, const struct str *target)
{
    const struct dmarc_published *p = &r->report.published;
    const struct str *const words[] = {
        &r->auth.result,     &r->auth.scope, &p->p,       &p->sp, &p->np,
        &p->adkim,           &p->aspf,       &p->testing, &p->fo, &r->reason.type,
        &p->discovery_method};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i] == target)
            return true;
    return false;
}

static void end_text(struct dmarc_reader *r)
{
    struct str text = feedback_text(r->arena, buf_str(&r->text));
    if (is_word(r, r->target))
        text = arena_lower(r->arena, text);
    if (text.p == NULL) {
        no_memory(r);
        return;
    }
    if (r->target->p == NULL)
        *r->target = text;
    else if (r->target != &r->report.error) /* RFC 9990: may stand more than once */
        note(r, PROBLEM_DUPLICATE, GRAVITY_NOTE, "", "stands twice, the first one counts", text);
    r->target = NULL;
}

/* "uri|name" or "prefix:name": the name. */
static struct str local_name(const char *name)
{
    struct str s = str_from(name);
    size_t colon = str_rfind(s, ':');
    return colon < s.n ? str_slice(s, colon + 1, s.n) : s;
}

/* xmlns="..." or xmlns:prefix="..." of the root that has this prefix. */
static void read_namespace(struct dmarc_reader *r, const char *name, const char **attributes)
{
    struct str s = str_from(name), prefix = STR("");
    size_t colon = str_find(s, ':');
    if (colon < s.n)
        prefix = str_slice(s, 0, colon);
    for (size_t i = 0; attributes[i] != NULL; i += 2) {
        struct str key = str_from(attributes[i]);
        bool is_it = prefix.n == 0 ? str_eq(key, STR("xmlns"))
                                   : str_starts(key, STR("xmlns:")) &&
                                         str_eq(str_slice(key, 6, key.n), prefix);
        if (is_it)
            r->report.ns = feedback_text(r->arena, str_from(attributes[i + 1]));
    }
}

static void on_start(void *data, const char *name, const char **attributes)
{
    struct dmarc_reader *r = data;
    if (r->failed)
        return;
    if (r->depth == FEEDBACK_MAX_DEPTH) {
        stop(r, PROBLEM_DEPTH, "more elements in each other than any report has");
        return;
    }
    enum place parent = r->depth == 0 ? AT_ROOT : r->stack[r->depth - 1];
    const struct element *e = find_element(parent, local_name(name));
    enum place p = e == NULL ? AT_UNKNOWN : e->place;
    if (parent == AT_ROOT && e == NULL) {
        stop(r, PROBLEM_NOT_A_REPORT, "XML, and no <feedback>");
        return;
    }
    if (p == AT_FEEDBACK)
        read_namespace(r, name, attributes);
    r->stack[r->depth++] = p;
    begin_place(r, p);
    if (p == AT_TEXT) {
        r->target = (struct str *)(void *)((char *)r + e->text);
        buf_reset(&r->text);
    }
}

static void on_end(void *data, const char *name)
{
    struct dmarc_reader *r = data;
    (void)name;
    if (r->failed || r->depth == 0)
        return;
    enum place p = r->stack[--r->depth];
    if (p == AT_TEXT)
        end_text(r);
    else
        end_place(r, p);
}

static void on_text(void *data, const char *s, int n)
{
    struct dmarc_reader *r = data;
    if (!r->failed && r->target != NULL && r->depth > 0 && r->stack[r->depth - 1] == AT_TEXT &&
        r->text.n <= 2 * FEEDBACK_MAX_TEXT_BYTES)
        buf_add(&r->text, str_make(s, (size_t)n));
}

static void on_doctype(void *data, const char *name, const char *system, const char *public,
                       int has_internal)
{
    (void)name, (void)system, (void)public, (void)has_internal;
    stop(data, PROBLEM_DOCTYPE, "a DTD: no report has one, and entities could be declared in it");
}

/* expat knows UTF-8, UTF-16, ISO-8859-1 and ASCII; some write windows-1252. */
static int on_encoding(void *data, const char *name, XML_Encoding *info)
{
    struct str s = str_from(name);
    (void)data;
    if (!str_ieq(s, STR("windows-1252")) && !str_ieq(s, STR("cp1252")))
        return XML_STATUS_ERROR;
    for (int c = 0; c < 256; c++) {
        int32_t code = c < 0x80 ? c : windows_1252((unsigned char)c);
        info->map[c] = c >= 0x80 && code == 0 ? -1 : code;
    }
    info->data = NULL;
    info->convert = NULL;
    info->release = NULL;
    return XML_STATUS_OK;
}

/* ---- the whole ---- */

/* A byte order mark and blanks before the declaration are no XML, and are sent. */
static struct str without_front(struct str xml)
{
    for (int i = 0; i < 2; i++) {
        if (str_starts(xml, STR("\xef\xbb\xbf")))
            xml = str_slice(xml, 3, xml.n);
        while (xml.n > 0 && is_fws(xml.p[0]))
            xml = str_slice(xml, 1, xml.n);
    }
    return xml;
}

static void parse(struct dmarc_reader *r, struct str xml)
{
    enum { CHUNK = 1 << 20 };
    enum XML_Status status = XML_STATUS_OK;
    bool is_final = false;
    while (status == XML_STATUS_OK && !is_final && !r->failed) {
        size_t n = xml.n < CHUNK ? xml.n : CHUNK;
        is_final = n == xml.n;
        status = XML_Parse(r->parser, xml.p, (int)n, is_final);
        xml = str_slice(xml, n, xml.n);
    }
    if (r->failed || status == XML_STATUS_OK)
        return;
    enum XML_Error code = XML_GetErrorCode(r->parser);
    if (code == XML_ERROR_NO_MEMORY) {
        r->problems->failed = true;
        r->failed = true;
    } else if (r->whole) {
        note(r, PROBLEM_DEVIATION, GRAVITY_NOTE, "", "something stands behind its end", STR_NONE);
    } else {
        char room[WHERE_BYTES];
        unsigned long column = XML_GetCurrentColumnNumber(r->parser);
        snprintf(room, sizeof room, "not well-formed XML: %s (column %lu)", XML_ErrorString(code),
                 column + 1);
        stop(r, PROBLEM_NOT_WELL_FORMED, room);
    }
}

static void check_range(struct dmarc_reader *r)
{
    struct dmarc_aggregate *x = &r->report;
    const struct {
        const char *what;
        struct str text;
        int64_t *out;
    } ends[] = {{"begin", r->begin, &x->begin_s}, {"end", r->end, &x->end_s}};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (!feedback_time_parse(ends[i].text, ends[i].out))
            note(r, ends[i].text.n == 0 ? PROBLEM_MISSING : PROBLEM_NUMBER, GRAVITY_NOTE,
                 ends[i].what, "no time of the range",
                 ends[i].text.p == NULL ? STR("") : ends[i].text);
    if (x->begin_s > x->end_s && x->end_s != 0)
        note(r, PROBLEM_RANGE, GRAVITY_NOTE, "date_range", "it ends before it begins", STR_NONE);
}

/* What a report must have and often lacks; what cannot be had is told. */
static void check_whole(struct dmarc_reader *r)
{
    struct dmarc_aggregate *x = &r->report;
    r->n_records = 0; /* of none of them */
    const struct {
        const char *what;
        struct str text;
    } needed[] = {{"org_name", x->org_name},
                  {"report_id", x->report_id},
                  {"domain", x->published.domain}};
    check_range(r);
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (needed[i].text.n == 0)
            note(r, PROBLEM_MISSING, GRAVITY_NOTE, needed[i].what, "not told", STR_NONE);
    if (x->published.domain.n == 0 && x->n_rows > 0)
        x->published.domain = x->rows[0].header_from;
    if (x->n_rows == 0)
        note(r, PROBLEM_MISSING, GRAVITY_PARTIAL, "record", "no record that can be used", STR_NONE);
}

/* An absent text is the empty one, with p. */
static void fill_texts(struct dmarc_reader *r)
{
    struct dmarc_aggregate *x = &r->report;
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        enum place parent = elements[i].parent;
        if (elements[i].text == NOWHERE ||
            (parent != AT_FEEDBACK && parent != AT_METADATA && parent != AT_POLICY))
            continue;
        struct str *s = (struct str *)(void *)((char *)r + elements[i].text);
        if (s->p == NULL)
            *s = STR("");
    }
    if (x->ns.p == NULL)
        x->ns = STR("");
}

int dmarc_xml_read(struct arena *arena, struct str xml, struct feedback_problems *problems,
                   struct dmarc_aggregate *out, struct mp_err *err)
{
    struct dmarc_reader *r = arena_new(arena, struct dmarc_reader, 1);
    XML_Parser parser = XML_ParserCreate(NULL);
    if (r == NULL || parser == NULL) {
        XML_ParserFree(parser);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to read a report");
    }
    r->arena = arena;
    r->problems = problems;
    r->parser = parser;
    buf_init(&r->text, 64 * 1024 * 1024);
    XML_SetUserData(parser, r);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    XML_SetUnknownEncodingHandler(parser, on_encoding, NULL);
    parse(r, without_front(xml));
    if (!r->failed) {
        check_whole(r);
        fill_texts(r);
    }
    buf_clear(&r->text);
    XML_ParserFree(parser);
    if (problems->failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    if (r->failed)
        return mp_fail(err, MP_E_SYNTAX, 0, STR_FMT,
                       STR_ARG(problems->items[problems->n - 1].text));
    *out = r->report;
    return MP_OK;
}
