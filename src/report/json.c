/* The result document mailproof/report/1 (docs/schema/report-1.schema.json), alone, as an array, or
 * one a line. */
#include "message/limits.h"
#include "report/subject_internal.h"

static const char schema_name[] = "mailproof/report/1";

enum { PARTS_SHOWN_MAX = MIME_MAX_PARTS, HOPS_SHOWN_MAX = RECEIVED_MAX_FIELDS };

static void ksize(struct json *j, const char *key, size_t v)
{
    json_key(j, key);
    json_uint(j, v);
}

static void write_count(struct json *j, bool known, size_t v)
{
    if (known)
        json_uint(j, v);
    else
        json_write_null(j);
}

static void ktime(struct json *j, const char *key, bool has, int64_t unix_s)
{
    char text[TIME_TEXT_MAX];
    bool known = has && time_text(unix_s, text);
    json_kstr(j, key, known ? str_from(text) : STR_NONE);
}

static void kip(struct json *j, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    json_kstr(j, key, ip->family == IP_NONE ? STR_NONE : str_make(text, ip_write(ip, text)));
}

/* A header value on one line: line ends go, tabs are spaces. */
static void kfolded(struct json *j, const char *key, struct arena *arena, struct str value)
{
    char *flat = value.n == 0 ? NULL : arena_new(arena, char, value.n);
    size_t n = 0;
    for (size_t i = 0; flat != NULL && i < value.n; i++)
        if (value.p[i] != '\r' && value.p[i] != '\n')
            flat[n++] = value.p[i] == '\t' ? ' ' : value.p[i];
    json_kstr(j, key, str_make(flat, n));
}

/* ---- the message and who brought it ---- */

static void write_message(struct json *j, const struct job *job, const struct facts *facts)
{
    json_key(j, "message");
    json_object_begin(j);
    ksize(j, "size", job->raw.n);
    json_kopt(j, "sha256", job->sha256_hex);
    json_kstr(j, "message_id", facts->message_id);
    json_key(j, "from");
    json_array_begin(j);
    for (size_t i = 0; i < facts->n_addresses; i++)
        json_str(j, facts->addresses[i]);
    json_array_end(j);
    json_kstr(j, "from_text", facts->from);
    json_kstr(j, "subject", facts->subject);
    ktime(j, "date", facts->has_date, facts->date_s);
    json_object_end(j);
}

static void write_envelope(struct json *j, const struct envelope *e)
{
    bool has_sender = e->has_mail_from || e->mail_from.n > 0;
    json_key(j, "envelope");
    json_object_begin(j);
    kip(j, "ip", &e->client);
    json_kopt(j, "helo", e->helo);
    json_kstr(j, "mail_from",
              !has_sender           ? STR_NONE
              : e->mail_from.n == 0 ? STR("")
                                    : e->mail_from);
    json_key(j, "rcpt_to");
    json_array_begin(j);
    for (size_t i = 0; i < e->n_rcpt_to; i++)
        json_str(j, e->rcpt_to[i]);
    json_array_end(j);
    json_object_end(j);
}

/* ---- authentication ---- */

static void write_spf(struct json *j, const char *key, const struct spf_outcome *s, bool checked)
{
    json_key(j, key);
    json_object_begin(j);
    json_kword(j, "result", spf_result_name(s->result));
    json_kopt(j, "domain", s->domain);
    json_kword(j, "identity", !checked ? NULL : s->identity == SPF_HELO ? "helo" : "mailfrom");
    json_kopt(j, "mechanism", s->mechanism);
    json_kint(j, "lookups", s->lookups);
    json_kint(j, "void_lookups", s->void_lookups);
    json_kopt(j, "explanation", s->explanation);
    json_kopt(j, "reason", s->reason);
    json_object_end(j);
}

static const char *part_name(enum dkim_part p)
{
    static const char *const names[] = {"unchecked", "ok", "mismatch"};
    return names[p];
}

static void write_signature(struct json *j, const struct dkim_signature *s)
{
    json_object_begin(j);
    json_kword(j, "result", dkim_result_name(s->result));
    json_kopt(j, "domain", s->domain);
    json_kopt(j, "selector", s->selector);
    json_kopt(j, "identity", s->identity);
    json_kopt(j, "algorithm", s->algorithm);
    json_key(j, "key_bits");
    write_count(j, s->key_bits != 0, s->key_bits);
    json_kbool(j, "aligned", s->aligned);
    json_kword(j, "body_hash", part_name(s->body_hash));
    json_kword(j, "signature", part_name(s->signature));
    json_kopt(j, "reason", s->reason);
    ktime(j, "signed_at", s->signed_at_s >= 0, s->signed_at_s);
    ktime(j, "expires_at", s->expires_at_s >= 0, s->expires_at_s);
    json_kbool(j, "testing", s->key_testing);
    json_kbool(j, "unsigned_tail", s->unsigned_tail);
    json_object_end(j);
}

static void write_dkim(struct json *j, const struct dkim_outcome *d)
{
    json_key(j, "dkim");
    json_array_begin(j);
    for (size_t i = 0; i < d->n; i++)
        write_signature(j, &d->sigs[i]);
    json_array_end(j);
}

static void write_arc(struct json *j, const struct arc_outcome *a)
{
    json_key(j, "arc");
    json_object_begin(j);
    json_kword(j, "result", arc_result_name(a->result));
    json_kint(j, "instances", a->instances);
    json_kint(j, "oldest_pass", a->oldest_pass);
    json_key(j, "sealers");
    json_array_begin(j);
    for (unsigned i = 0; a->sets != NULL && i < a->instances; i++)
        json_str(j, a->sets[i].sealer);
    json_array_end(j);
    json_kbool(j, "trusted", a->trusted);
    json_kopt(j, "untrusted_sealer", a->untrusted_sealer);
    json_kopt(j, "reason", a->reason);
    json_object_end(j);
}

static void kpolicy(struct json *j, const char *key, bool has, enum dmarc_policy p)
{
    json_kword(j, key, has && p != DMARC_P_UNSET ? dmarc_policy_name(p) : NULL);
}

static void write_dmarc(struct json *j, const struct dmarc_outcome *d)
{
    static const char *const applies[] = {"p", "sp", "np"};
    bool has_record = d->policy_domain.n > 0;
    json_key(j, "dmarc");
    json_object_begin(j);
    json_kword(j, "result", dmarc_result_name(d->result));
    json_kopt(j, "author_domain", d->author_domain);
    json_kopt(j, "organizational_domain", d->organizational_domain);
    json_kopt(j, "policy_domain", d->policy_domain);
    kpolicy(j, "policy", has_record, d->published);
    json_kword(j, "applies", has_record ? applies[d->applies] : NULL);
    json_kbool(j, "testing", d->testing);
    kpolicy(j, "disposition", has_record, d->disposition);
    json_kbool(j, "spf_aligned", d->spf_aligned);
    json_kbool(j, "dkim_aligned", d->dkim_aligned);
    json_kword(j, "discovery", d->discovery == DMARC_PSL ? "psl" : "treewalk");
    json_kopt(j, "override", d->override_reason);
    json_kopt(j, "reason", d->reason);
    json_object_end(j);
}

void report_json_authentication(struct json *j, const struct job *job)
{
    struct arena arena;
    arena_init(&arena, SCRATCH_BUDGET_BYTES);
    json_object_begin(j);
    write_spf(j, "spf", &job->spf, job->spf_checked);
    if (job->helo_checked)
        write_spf(j, "helo", &job->helo, true);
    write_dkim(j, &job->dkim);
    write_arc(j, &job->arc);
    write_dmarc(j, &job->dmarc);
    kfolded(j, "authentication_results", &arena, job->authentication_results);
    json_object_end(j);
    arena_clear(&arena);
}

/* ---- structure ---- */

static const char *encoding_name(enum mime_encoding e)
{
    static const char *const names[] = {"7bit",   "8bit",   "binary", "quoted-printable",
                                        "base64", "unknown"};
    return names[e];
}

static void write_part(struct json *j, struct arena *arena, const struct mime_part *p)
{
    json_object_begin(j);
    json_kstr(j, "path", p->path.p == NULL ? STR("") : p->path);
    json_kopt(j, "type",
              arena_fmt(arena, STR_FMT "/" STR_FMT, STR_ARG(p->type), STR_ARG(p->subtype)));
    json_kopt(j, "filename", p->filename);
    json_kopt(j, "disposition", p->disposition);
    json_kopt(j, "charset", p->charset);
    json_kword(j, "encoding", encoding_name(p->encoding));
    ksize(j, "size", p->body_length);
    ksize(j, "offset", p->body_offset);
    json_object_end(j);
}

static void write_parts(struct json *j, struct arena *arena, const struct mime_tree *mime)
{
    json_key(j, "parts");
    json_array_begin(j);
    for (size_t i = 0; i < mime->n && i < PARTS_SHOWN_MAX; i++)
        write_part(j, arena, &mime->parts[i]);
    json_array_end(j);
}

static void write_hop(struct json *j, const struct received *hop)
{
    json_object_begin(j);
    json_kopt(j, "from", hop->from_name);
    json_kopt(j, "rdns", hop->from_rdns);
    kip(j, "ip", &hop->from_ip);
    json_kopt(j, "by", hop->by_name);
    json_kopt(j, "with", hop->with);
    json_kbool(j, "tls", hop->tls);
    json_kopt(j, "tls_version", hop->tls_version);
    ktime(j, "date", hop->has_date, hop->date.unix_s);
    json_object_end(j);
}

/* Topmost first, as they stand in the message: every one but the first may be invented. */
static void write_hops(struct json *j, const struct message *m)
{
    size_t told = 0;
    json_key(j, "hops");
    json_array_begin(j);
    for (size_t i = 0; i < m->n_headers && told < HOPS_SHOWN_MAX; i++) {
        struct received hop;
        if (!str_ieq(m->headers[i].name, STR("Received")))
            continue;
        received_parse(m->headers[i].value, &hop);
        write_hop(j, &hop);
        told++;
    }
    json_array_end(j);
}

/* ---- findings and verdict ---- */

static void write_finding(struct json *j, const struct finding *f)
{
    const struct finding_kind *kind = finding_kind(f->id);
    json_object_begin(j);
    json_kstr(j, "id", kind->name);
    json_kword(j, "severity", severity_name(f->severity));
    json_kword(j, "title", kind->title);
    json_ktext(j, "evidence", f->evidence);
    json_key(j, "where");
    json_object_begin(j);
    json_kopt(j, "part", f->where.part);
    json_kopt(j, "member", f->where.member);
    json_key(j, "offset");
    write_count(j, f->where.has_offset, f->where.offset);
    json_key(j, "length");
    write_count(j, f->where.has_offset, f->where.length);
    json_kopt(j, "header", f->where.header);
    json_object_end(j);
    json_kword(j, "remedy", kind->remedy);
    json_kopt(j, "reference", str_from(kind->reference));
    json_object_end(j);
}

static void write_verdict(struct json *j, const struct verdict *v)
{
    json_object_begin(j);
    json_kword(j, "action", action_name(v->action));
    json_kbool(j, "complete", v->complete);
    json_key(j, "reasons");
    json_array_begin(j);
    for (size_t i = 0; i < v->n_reasons; i++)
        json_str(j, finding_kind(v->reasons[i])->name);
    json_array_end(j);
    json_object_end(j);
}

void report_json_findings(struct json *j, const struct job *job)
{
    json_array_begin(j);
    for (size_t i = 0; i < job->findings.n; i++)
        write_finding(j, &job->findings.items[i]);
    json_array_end(j);
}

void report_json_verdict(struct json *j, const struct job *job)
{
    write_verdict(j, &job->verdict);
}

void report_json_open(struct json *j, const struct job *job)
{
    struct arena arena;
    struct facts facts;
    arena_init(&arena, SCRATCH_BUDGET_BYTES);
    facts_of(&arena, job, &facts);
    json_object_begin(j);
    json_kword(j, "schema", schema_name);
    json_ktext(j, "source", job->source);
    write_message(j, job, &facts);
    write_envelope(j, &job->envelope);
    json_key(j, "authentication");
    report_json_authentication(j, job);
    write_parts(j, &arena, &job->mime);
    report_json_content(j, &arena, &job->content);
    report_json_intel(j, &arena, &job->intel);
    write_hops(j, &job->message);
    json_key(j, "findings");
    report_json_findings(j, job);
    json_key(j, "verdict");
    write_verdict(j, &job->verdict);
    json_kint(j, "elapsed_us", job->elapsed_us);
    arena_clear(&arena);
}

void report_json(struct json *j, const struct job *job)
{
    report_json_open(j, job);
    json_object_end(j);
}

/* An input that gave no message: it has a verdict all the same, so that a reader that looks only
 * there never takes it for clean. */
static void write_error(struct json *j, const struct report_error *e)
{
    static const struct verdict undecided = {.action = ACTION_TEMPFAIL};
    bool of_subject = e->kind != NULL;
    json_object_begin(j);
    if (of_subject)
        subject_json_schema(j, e->kind);
    else
        json_kword(j, "schema", schema_name);
    json_kstr(j, of_subject ? "subject" : "source", e->source.n == 0 ? STR("") : e->source);
    json_ktext(j, "error", e->text);
    if (of_subject) {
        json_kword(j, "result", outcome_name(EXIT_UNDECIDED));
    } else {
        json_key(j, "verdict");
        write_verdict(j, &undecided);
    }
    json_object_end(j);
}

/* ---- one document, or an array of them ---- */

enum { DOCUMENT_INDENT = 2 };

static void array_begin(struct report *r)
{
    if (r->expected != 1)
        buf_addz(r->out, "[");
}

/* The document stands in `side`. When one was expected it is held back there: should a second one
 * come, both go into an array, so the output is one JSON value in any case. */
static struct json *open_document(struct report *r)
{
    if (r->expected == 1 && r->entries == 2) {
        buf_addz(r->out, "[\n");
        buf_add(r->out, buf_str(&r->side));
    }
    buf_reset(&r->side);
    json_init(&r->json, &r->side, DOCUMENT_INDENT);
    return &r->json;
}

static void close_document(struct report *r)
{
    if (r->expected == 1 && r->entries == 1)
        return;
    buf_addz(r->out, r->entries == 1 ? "\n" : ",\n");
    buf_add(r->out, buf_str(&r->side));
}

static void array_message(struct report *r, const struct job *job, int outcome)
{
    (void)outcome;
    report_json(open_document(r), job);
    close_document(r);
}

static void array_subject(struct report *r, const struct subject *s, int outcome)
{
    report_subject_json(open_document(r), s, outcome);
    close_document(r);
}

static void array_error(struct report *r, const struct report_error *e)
{
    write_error(open_document(r), e);
    close_document(r);
}

static void array_end(struct report *r)
{
    if (r->expected == 1 && r->entries == 1)
        buf_add(r->out, buf_str(&r->side));
    else if (r->expected == 1 && r->entries == 0)
        buf_addz(r->out, "[]");
    else
        buf_addz(r->out, r->entries == 0 ? "]" : "\n]");
    buf_addc(r->out, '\n');
}

const struct report_ops report_json_ops = {array_begin, array_message, array_subject, array_error,
                                           array_end};

/* ---- one a line ---- */

static void lines_begin(struct report *r)
{
    (void)r;
}

static void lines_message(struct report *r, const struct job *job, int outcome)
{
    struct json j;
    (void)outcome;
    json_init(&j, r->out, 0);
    report_json(&j, job);
    buf_addc(r->out, '\n');
}

static void lines_subject(struct report *r, const struct subject *s, int outcome)
{
    struct json j;
    json_init(&j, r->out, 0);
    report_subject_json(&j, s, outcome);
    buf_addc(r->out, '\n');
}

static void lines_error(struct report *r, const struct report_error *e)
{
    struct json j;
    json_init(&j, r->out, 0);
    write_error(&j, e);
    buf_addc(r->out, '\n');
}

static void lines_end(struct report *r)
{
    (void)r;
}

const struct report_ops report_jsonl_ops = {lines_begin, lines_message, lines_subject, lines_error,
                                            lines_end};
