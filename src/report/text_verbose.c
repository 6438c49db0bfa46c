/* The long half of the page for people: how each result came about. */
#include "auth/tag_list.h"
#include "base/hex.h"
#include "message/limits.h"
#include "report/text_internal.h"

enum { PARTS_SHOWN_MAX = 50 };

void text_heading(struct flow *f, const char *words)
{
    buf_addc(f->out, '\n');
    flow_line(f, INDENT_HEAD, INDENT);
    flow_putz(f, FLOW_BOLD, words);
    flow_end(f);
}

void text_pair(struct flow *f, const char *words, struct str value)
{
    if (value.n == 0)
        return;
    flow_putz(f, FLOW_DIM, words);
    flow_value(f, FLOW_PLAIN, value);
}

void text_counted(struct flow *f, const char *words, uint64_t n)
{
    flow_putz(f, FLOW_DIM, words);
    flow_num(f, FLOW_PLAIN, n);
}

static void time_pair(struct flow *f, const char *words, int64_t unix_s)
{
    char text[TIME_TEXT_MAX];
    if (time_text(unix_s, text))
        text_pair(f, words, str_from(text));
}

/* ---- SPF ---- */

static void spf_step(struct flow *f, const struct spf_step *s)
{
    unsigned depth = s->depth < SPF_MAX_DEPTH ? s->depth : SPF_MAX_DEPTH;
    unsigned indent = INDENT + STEP_INDENT * depth;
    flow_line(f, indent, indent + INDENT);
    flow_value(f, FLOW_DIM, s->domain);
    flow_putz(f, FLOW_PLAIN, "  ");
    flow_value(f, s->matched ? FLOW_BOLD : FLOW_PLAIN, s->term);
    if (s->lookups > 0)
        text_counted(f, "  lookups ", s->lookups);
    if (s->voids > 0)
        text_counted(f, ", void ", s->voids);
    if (s->result != SPF_NONE) {
        flow_putz(f, FLOW_PLAIN, "  -> ");
        flow_putz(f, result_style(spf_result_name(s->result)), spf_result_name(s->result));
    }
    if (s->matched)
        flow_putz(f, FLOW_GOOD, "  matched");
    if (s->note.n > 0) {
        flow_putz(f, FLOW_DIM, "  ");
        flow_put(f, FLOW_DIM, s->note);
    }
    flow_end(f);
}

static void spf_tree(struct flow *f, const struct spf_outcome *s, const char *title)
{
    text_heading(f, title);
    flow_line(f, INDENT, INDENT_HANG);
    text_counted(f, "lookups ", s->lookups);
    text_counted(f, " of ", SPF_MAX_LOOKUPS);
    text_counted(f, ", void ", s->void_lookups);
    text_counted(f, " of ", SPF_MAX_VOID_LOOKUPS);
    text_pair(f, ", sender ", s->sender);
    flow_end(f);
    for (size_t i = 0; i < s->n_trace && i < SPF_TRACE_MAX; i++)
        spf_step(f, &s->trace[i]);
}

/* ---- signatures ---- */

static const char *part_words(enum dkim_part p)
{
    static const char *const words[] = {"not checked", "ok", "differs"};
    return words[p];
}

static void part_state(struct flow *f, const char *what, enum dkim_part p)
{
    flow_putz(f, FLOW_DIM, what);
    flow_putz(f,
              p == DKIM_PART_OK         ? FLOW_GOOD
              : p == DKIM_PART_MISMATCH ? FLOW_BAD
                                        : FLOW_DIM,
              part_words(p));
}

static void signed_fields(struct flow *f, struct arena *scratch, const struct header *field)
{
    struct tag_list tags;
    if (field == NULL || tag_list_parse(scratch, field->value, &tags) != TAG_LIST_OK)
        return;
    const struct tag *h = tag_find(&tags, STR("h"));
    if (h == NULL)
        return;
    struct str rest = h->value, name;
    flow_line(f, INDENT_HANG, INDENT_HANG + INDENT);
    flow_putz(f, FLOW_DIM, "signs ");
    rest = str_slice(rest, 0, 4 * SHOWN_MAX_BYTES);
    for (bool first = true; colon_list_next(&rest, &name); first = false) {
        flow_putz(f, FLOW_PLAIN, first ? "" : ", ");
        flow_value(f, FLOW_PLAIN, name);
    }
    flow_end(f);
}

static void signature(struct flow *f, struct arena *scratch, const struct dkim_signature *s)
{
    flow_line(f, INDENT, INDENT_HANG);
    flow_value(f, FLOW_BOLD, s->domain);
    text_pair(f, " selector ", s->selector);
    text_pair(f, ", for ", s->identity);
    flow_end(f);
    flow_line(f, INDENT_HANG, INDENT_HANG + INDENT);
    text_pair(f, "algorithm ", s->algorithm.n > 0 ? s->algorithm : STR("?"));
    if (s->key_bits > 0)
        text_counted(f, ", key bits ", s->key_bits);
    text_pair(f, ", canonical form ", str_from(canon_name(s->header_canon)));
    text_pair(f, "/", str_from(canon_name(s->body_canon)));
    part_state(f, ", body hash ", s->body_hash);
    part_state(f, ", signature ", s->signature);
    flow_end(f);
    if (s->signed_at_s >= 0 || s->expires_at_s >= 0 || s->has_length) {
        flow_line(f, INDENT_HANG, INDENT_HANG + INDENT);
        if (s->signed_at_s >= 0)
            time_pair(f, "made ", s->signed_at_s);
        if (s->expires_at_s >= 0)
            time_pair(f, " expires ", s->expires_at_s);
        if (s->has_length) {
            text_counted(f, " covers ", s->length);
            text_counted(f, " of body bytes ", s->body_length);
        }
        flow_end(f);
    }
    signed_fields(f, scratch, s->field);
}

static void arc_sets(struct flow *f, const struct arc_outcome *a)
{
    text_heading(f, "ARC sets");
    for (unsigned i = 0; i < a->instances; i++) {
        flow_line(f, INDENT, INDENT_HANG);
        text_counted(f, "i=", i + 1);
        text_pair(f, "  ", a->sets[i].sealer);
        text_pair(f, " selector ", a->sets[i].selector);
        text_pair(f, ", cv=", a->sets[i].cv);
        part_state(f, ", seal ", a->sets[i].seal_ok);
        part_state(f, ", message signature ", a->sets[i].ams_ok);
        flow_end(f);
    }
    flow_line(f, INDENT, INDENT_HANG);
    text_counted(f, "oldest passing signature: ", a->oldest_pass);
    flow_end(f);
}

/* ---- hops ---- */

static void hop_line(struct flow *f, const struct received *hop, bool has_before, int64_t before_s)
{
    char ip[IP_TEXT_MAX];
    flow_line(f, INDENT, INDENT_HANG);
    text_pair(f, "by ", hop->by_name.n > 0 ? hop->by_name : STR("?"));
    text_pair(f, " from ", hop->from_name);
    if (hop->from_ip.family != IP_NONE) {
        text_pair(f, " [", str_make(ip, ip_write(&hop->from_ip, ip)));
        flow_putz(f, FLOW_DIM, "]");
    }
    text_pair(f, " with ", hop->with);
    if (hop->tls)
        text_pair(f, ", ", hop->tls_version.n > 0 ? hop->tls_version : STR("TLS"));
    else
        flow_putz(f, FLOW_WARN, ", no TLS noted");
    if (hop->has_date)
        time_pair(f, ", ", hop->date.unix_s);
    if (hop->has_date && has_before) {
        int64_t delay = hop->date.unix_s - before_s;
        flow_putz(f, FLOW_PLAIN, delay < 0 ? ", -" : ", +");
        flow_num(f, FLOW_PLAIN, (uint64_t)(delay < 0 ? -delay : delay));
        flow_putz(f, FLOW_PLAIN, " s");
    }
    flow_end(f);
}

/* Oldest first, as the mail travelled. All but the topmost field may be invented. */
static void hops(struct flow *f, const struct message *m)
{
    bool has_before = false;
    int64_t before_s = 0;
    size_t told = 0;
    for (size_t i = m->n_headers; i > 0 && told < RECEIVED_MAX_FIELDS; i--) {
        struct received hop;
        if (!str_ieq(m->headers[i - 1].name, STR("Received")))
            continue;
        if (told++ == 0)
            text_heading(f, "Hops, oldest first");
        received_parse(m->headers[i - 1].value, &hop);
        hop_line(f, &hop, has_before, before_s);
        if (hop.has_date) {
            has_before = true;
            before_s = hop.date.unix_s;
        }
    }
}

/* ---- parts ---- */

static void parts(struct flow *f, const struct mime_tree *mime)
{
    if (mime->n > 1)
        text_heading(f, "Parts");
    for (size_t i = 0; mime->n > 1 && i < mime->n && i < PARTS_SHOWN_MAX; i++) {
        const struct mime_part *p = &mime->parts[i];
        unsigned depth = p->depth < PARTS_DEPTH_SHOWN_MAX ? p->depth : PARTS_DEPTH_SHOWN_MAX;
        flow_line(f, INDENT + STEP_INDENT * depth, INDENT_HANG + STEP_INDENT * depth);
        text_pair(f, "", p->type);
        text_pair(f, "/", p->subtype);
        text_pair(f, " name ", p->filename);
        text_counted(f, ", bytes ", p->body_length);
        flow_end(f);
    }
    if (mime->n > PARTS_SHOWN_MAX) {
        flow_line(f, INDENT, INDENT_HANG);
        text_counted(f, "and more, in all ", mime->n);
        flow_end(f);
    }
}

/* ---- DNS ---- */

static void dns_line(struct flow *f, const struct dns_answer *a)
{
    static const char *const security[] = {"", ", not signed", ", DNSSEC secure"};
    flow_line(f, INDENT, INDENT_HANG);
    flow_value(f, FLOW_PLAIN, a->name);
    flow_putz(f, FLOW_PLAIN, " ");
    flow_putz(f, FLOW_PLAIN, dns_type_name(a->type));
    flow_putz(f, FLOW_PLAIN, "  ");
    bool answered = a->status == DNS_DATA || a->status == DNS_NODATA || a->status == DNS_NXDOMAIN;
    flow_putz(f, answered ? FLOW_PLAIN : FLOW_WARN, dns_status_name(a->status));
    if (a->status == DNS_DATA)
        text_counted(f, ", records ", a->n);
    text_counted(f, ", TTL ", a->ttl_s);
    flow_putz(f, FLOW_DIM, security[a->dnssec]);
    if (a->why.n > 0) {
        flow_putz(f, FLOW_DIM, ": ");
        flow_put(f, FLOW_PLAIN, a->why);
    }
    flow_end(f);
}

static void dns_answers(struct flow *f, const struct dns_view *view, const struct dns_lists *lists)
{
    size_t n = view == NULL ? 0 : dns_view_count(view);
    if (n > 0)
        text_heading(f, "DNS answers used");
    for (size_t i = 0; i < n; i++) {
        const struct dns_answer *a = dns_view_at(view, i);
        if (a != NULL && !dns_lists_have(lists, a->name))
            dns_line(f, a);
    }
}

void text_verbose(struct flow *f, struct arena *scratch, const struct job *job)
{
    if (job->spf_checked)
        spf_tree(f, &job->spf, "SPF");
    if (job->helo_checked)
        spf_tree(f, &job->helo, "SPF of the HELO name");
    if (job->dkim.n > 0)
        text_heading(f, "DKIM signatures");
    for (size_t i = 0; i < job->dkim.n; i++)
        signature(f, scratch, &job->dkim.sigs[i]);
    if (job->arc.instances > 0 && job->arc.sets != NULL)
        arc_sets(f, &job->arc);
    hops(f, &job->message);
    parts(f, &job->mime);
    text_content(f, scratch, &job->content);
    text_intel(f, scratch, &job->intel);
    dns_answers(f, job->dns, job_dns_lists(job));
    if (job->authentication_results.n > 0) {
        text_heading(f, "Authentication-Results");
        flow_line(f, INDENT, INDENT_HANG);
        for (struct str rest = job->authentication_results; rest.p != NULL;) {
            flow_put(f, FLOW_PLAIN, str_trim(str_cut(&rest, '\n')));
            flow_putz(f, FLOW_PLAIN, " ");
        }
        flow_end(f);
    }
}
