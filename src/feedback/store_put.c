/* Reports put into the store, each once; and retention. */
#include "base/hex.h"
#include "crypto/digest.h"
#include "feedback/item_wire.h"
#include "feedback/store_internal.h"

enum {
    PACKED_MAX_BYTES = FEEDBACK_ARENA_MAX_BYTES, /* of one report, to be hashed */
    TEXT_BYTES = 4096,                           /* of a column made of several */
    ENTRY_MAX_BYTES = 2048,
    NAME_OCTETS = 16,
    PUT_ARENA_BYTES = 1024 * 1024
};

enum put_sql { PUT_FIND, PUT_REPORT, PUT_ROW, PUT_TLS, PUT_TLS_FAILURE, PUT_FAILURE, PUT_COUNT };
static const char *const texts[PUT_COUNT] = {
    [PUT_FIND] = "SELECT digest FROM report WHERE kind = ?1 AND org = ?2 AND report_id = ?3"
                 " AND domain = ?4 AND begin_s = ?5 AND end_s = ?6",
    [PUT_REPORT] =
        "INSERT INTO report (kind, org, report_id, domain, begin_s, end_s, received_s, digest,"
        " email, version, source, p, sp, np, adkim, aspf, fo, pct, testing, discovery, problems,"
        " messages, failed, passed, dkim_aligned, spf_aligned, quarantined, rejected) VALUES"
        " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
        " ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
    [PUT_ROW] = "INSERT INTO row VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                " ?14, ?15, ?16)",
    [PUT_TLS] = "INSERT INTO tls VALUES (?1, ?2, ?3, ?4, ?5)",
    [PUT_TLS_FAILURE] = "INSERT INTO tls_failure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [PUT_FAILURE] =
        "INSERT INTO failure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
};

struct putter {
    struct feedback_store *s;
    sqlite3_stmt *sql[PUT_COUNT];
    struct buf text;
    struct arena arena; /* lower-case names of one report */
    struct str source;
    int64_t now_s, report;
    struct mp_err *err;
};

/* What tells one report from another, and its sums. */
struct head {
    enum feedback_kind kind;
    struct str org, email, report_id, domain, version;
    const struct dmarc_published *published;
    int64_t begin_s, end_s;
    struct feedback_sums sums;
    uint64_t failed;
};

/* ---- heads ---- */

static bool row_passes(const struct dmarc_row *r)
{
    return r->dkim == ALIGNED_PASS || r->spf == ALIGNED_PASS;
}

static struct head aggregate_head(const struct dmarc_aggregate *r)
{
    struct head h = {.org = r->org_name,
                     .email = r->email,
                     .report_id = r->report_id,
                     .domain = r->published.domain,
                     .version = r->version,
                     .published = &r->published,
                     .begin_s = r->begin_s,
                     .end_s = r->end_s};
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct dmarc_row *row = &r->rows[i];
        h.sums.messages += row->count;
        h.sums.passed += row_passes(row) ? row->count : 0;
        h.sums.dkim_aligned += row->dkim == ALIGNED_PASS ? row->count : 0;
        h.sums.spf_aligned += row->spf == ALIGNED_PASS ? row->count : 0;
        h.sums.quarantined += row->disposition == DISPOSITION_QUARANTINE ? row->count : 0;
        h.sums.rejected += row->disposition == DISPOSITION_REJECT ? row->count : 0;
    }
    h.failed = h.sums.messages - h.sums.passed;
    return h;
}

static struct head tls_head(const struct tls_report *r)
{
    return (struct head){.org = r->org_name,
                         .email = r->contact,
                         .report_id = r->report_id,
                         .domain = r->n_results > 0 ? r->results[0].domain : STR(""),
                         .begin_s = r->begin_s,
                         .end_s = r->end_s,
                         .sums = {.messages = r->successful + r->failed},
                         .failed = r->failed};
}

static struct head failure_head(const struct failure_report *r)
{
    int64_t time_s = r->arrival_s != 0 ? r->arrival_s : r->reported_s;
    return (struct head){.org = r->reporter,
                         .report_id = r->report_id,
                         .domain = r->n_domains > 0 ? r->domains[0] : r->from_domain,
                         .version = r->version,
                         .begin_s = time_s,
                         .end_s = time_s,
                         .sums = {.messages = r->incidents},
                         .failed = r->incidents};
}

static struct head head_of(const struct feedback_item *item)
{
    struct head h = item->kind == FEEDBACK_AGGREGATE ? aggregate_head(item->aggregate)
                    : item->kind == FEEDBACK_TLS     ? tls_head(item->tls)
                                                     : failure_head(item->failure);
    h.kind = item->kind;
    return h;
}

static struct str lower(struct putter *p, struct str name)
{
    struct str s = arena_lower(&p->arena, name.p == NULL ? STR("") : name);
    return s.n > 0 && s.p[s.n - 1] == '.' ? str_slice(s, 0, s.n - 1) : s;
}

/* ---- what stands in columns ---- */

/* One more of a list, or the sign that there are more. False: it is full. */
static bool add_entry(struct buf *b, const struct str *pieces, size_t n, struct str separator)
{
    size_t need = separator.n;
    for (size_t i = 0; i < n; i++)
        need += pieces[i].n;
    if (need > ENTRY_MAX_BYTES || b->n + need > TEXT_BYTES) {
        buf_add(b, STR(" ..."));
        return false;
    }
    if (b->n > 0)
        buf_add(b, separator);
    for (size_t i = 0; i < n; i++)
        buf_add(b, pieces[i]);
    return true;
}

static struct str reasons_text(struct putter *p, const struct dmarc_row *r)
{
    buf_reset(&p->text);
    for (size_t i = 0; i < r->n_reasons; i++) {
        struct str colon = r->reasons[i].comment.n > 0 ? STR(": ") : STR("");
        if (!add_entry(&p->text, (struct str[]){r->reasons[i].type, colon, r->reasons[i].comment},
                       3, STR("; ")))
            break;
    }
    return buf_str(&p->text);
}

/* "example.org/s1=pass": no blank can stand in a name, so a blank parts them. */
static struct str results_text(struct putter *p, const struct dmarc_auth *results, size_t n)
{
    buf_reset(&p->text);
    for (size_t i = 0; i < n; i++) {
        const struct dmarc_auth *x = &results[i];
        struct str slash = x->selector.n > 0 ? STR("/") : STR("");
        if (!add_entry(&p->text, (struct str[]){x->domain, slash, x->selector, STR("="), x->result},
                       5, STR(" ")))
            break;
    }
    return buf_str(&p->text);
}

static const struct dmarc_auth *passed(const struct dmarc_auth *results, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(results[i].result, STR("pass")))
            return &results[i];
    return NULL;
}

/* ---- statements ---- */

static int put_report(struct putter *p, const struct head *h, struct str digest, uint64_t problems)
{
    static const struct dmarc_published nothing;
    const struct dmarc_published *pub = h->published != NULL ? h->published : &nothing;
    const struct feedback_sums *m = &h->sums;
    sqlite3_stmt *q = p->sql[PUT_REPORT];
    const struct str words[] = {pub->p,  pub->sp,  pub->np,      pub->adkim,           pub->aspf,
                                pub->fo, pub->pct, pub->testing, pub->discovery_method};
    const uint64_t sums[] = {problems,        m->messages,    h->failed,      m->passed,
                             m->dkim_aligned, m->spf_aligned, m->quarantined, m->rejected};
    sqlite3_bind_int64(q, 7, p->now_s);
    sqlite3_bind_blob(q, 8, digest.p, (int)digest.n, SQLITE_STATIC);
    feedback_bind(q, 9, h->email);
    feedback_bind(q, 10, h->version);
    feedback_bind(q, 11, p->source);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        feedback_bind(q, 12 + (int)i, words[i]);
    for (size_t i = 0; i < ARRAY_LEN(sums); i++)
        feedback_bind_u64(q, 21 + (int)i, sums[i]);
    int st = feedback_db_step(p->s, q, p->err);
    p->report = sqlite3_last_insert_rowid(p->s->db);
    return st;
}

static int put_row(struct putter *p, const struct dmarc_row *r)
{
    char room[IP_TEXT_MAX];
    sqlite3_stmt *q = p->sql[PUT_ROW];
    const struct dmarc_auth *dkim = passed(r->dkim_results, r->n_dkim);
    const struct dmarc_auth *spf = passed(r->spf_results, r->n_spf);
    const struct dmarc_auth *any_dkim = dkim == NULL && r->n_dkim > 0 ? r->dkim_results : dkim;
    const struct dmarc_auth *any_spf = spf == NULL && r->n_spf > 0 ? r->spf_results : spf;
    sqlite3_bind_int64(q, 1, p->report);
    feedback_bind(q, 2, feedback_ip_text(&r->source, room));
    feedback_bind_u64(q, 3, r->count);
    sqlite3_bind_int(q, 4, (int)r->disposition);
    sqlite3_bind_int(q, 5, (int)r->dkim);
    sqlite3_bind_int(q, 6, (int)r->spf);
    sqlite3_bind_int(q, 7, dkim != NULL);
    sqlite3_bind_int(q, 8, spf != NULL);
    feedback_bind(q, 9, lower(p, r->header_from));
    feedback_bind(q, 10, lower(p, r->envelope_from));
    feedback_bind(q, 11, lower(p, r->envelope_to));
    feedback_bind(q, 12, reasons_text(p, r));
    feedback_bind(q, 13, results_text(p, r->dkim_results, r->n_dkim));
    feedback_bind(q, 14, results_text(p, r->spf_results, r->n_spf));
    feedback_bind(q, 15, any_dkim != NULL ? any_dkim->domain : STR(""));
    feedback_bind(q, 16, any_spf != NULL ? any_spf->domain : STR(""));
    return feedback_db_step(p->s, q, p->err);
}

static int put_tls(struct putter *p, const struct tls_result *r)
{
    sqlite3_stmt *q = p->sql[PUT_TLS];
    struct str domain = lower(p, r->domain);
    sqlite3_bind_int64(q, 1, p->report);
    feedback_bind(q, 2, domain);
    feedback_bind(q, 3, r->policy_type);
    feedback_bind_u64(q, 4, r->successful);
    feedback_bind_u64(q, 5, r->failed);
    int st = feedback_db_step(p->s, q, p->err);
    q = p->sql[PUT_TLS_FAILURE];
    for (size_t i = 0; st == MP_OK && i < r->n_failures; i++) {
        const struct tls_failure *f = &r->failures[i];
        const struct str words[] = {f->result_type,  f->sending_ip, f->receiving_mx,
                                    f->receiving_ip, f->reason,     f->info};
        sqlite3_bind_int64(q, 1, p->report);
        feedback_bind(q, 2, domain);
        feedback_bind(q, 3, r->policy_type);
        feedback_bind_u64(q, 4, f->count);
        for (size_t k = 0; k < ARRAY_LEN(words); k++)
            feedback_bind(q, 5 + (int)k, words[k]);
        st = feedback_db_step(p->s, q, p->err);
    }
    return st;
}

/* Of the sender's address the domain alone: whose mail it was is nobody's business here. */
static struct str domain_part(struct str address)
{
    struct str s = str_trim(address);
    s = str_slice(s, str_rfind(s, '@') < s.n ? str_rfind(s, '@') + 1 : s.n, s.n);
    return str_slice(s, 0, str_find(s, '>'));
}

static int put_failure(struct putter *p, const struct failure_report *r, int64_t time_s)
{
    char room[IP_TEXT_MAX];
    sqlite3_stmt *q = p->sql[PUT_FAILURE];
    const struct str words[] = {r->feedback_type,
                                r->auth_failure,
                                r->delivery_result,
                                lower(p, domain_part(r->mail_from)),
                                lower(p, r->from_domain),
                                r->dkim_domain,
                                r->dkim_selector,
                                r->user_agent,
                                feedback_ip_text(&r->ip, room)};
    sqlite3_bind_int64(q, 1, p->report);
    sqlite3_bind_int64(q, 2, time_s);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        feedback_bind(q, 3 + (int)i, words[i]);
    feedback_bind_u64(q, 12, r->incidents);
    return feedback_db_step(p->s, q, p->err);
}

static int put_body(struct putter *p, const struct feedback_item *item, const struct head *h)
{
    int st = MP_OK;
    if (item->kind == FEEDBACK_AGGREGATE)
        for (size_t i = 0; st == MP_OK && i < item->aggregate->n_rows; i++) {
            arena_reset(&p->arena);
            st = put_row(p, &item->aggregate->rows[i]);
        }
    if (item->kind == FEEDBACK_TLS)
        for (size_t i = 0; st == MP_OK && i < item->tls->n_results; i++) {
            arena_reset(&p->arena);
            st = put_tls(p, &item->tls->results[i]);
        }
    if (item->kind == FEEDBACK_FAILURE)
        st = put_failure(p, item->failure, h->begin_s);
    return st;
}

/* Its content alone: neither where it stood nor how it came. */
static int digest_of(struct putter *p, const struct feedback_item *item,
                     unsigned char out[DIGEST_MAX_BYTES])
{
    struct feedback_item bare = *item;
    struct buf packed;
    bare.place = STR("");
    buf_init(&packed, PACKED_MAX_BYTES);
    feedback_item_pack(&packed, &bare);
    bool ok = !packed.failed && digest_once(DIGEST_SHA256, buf_str(&packed), out);
    buf_clear(&packed);
    return ok ? MP_OK : mp_fail(p->err, MP_E_NOMEM, 0, "no memory to hash a report");
}

static int put_item(struct putter *p, const struct feedback_item *item, uint64_t problems,
                    struct feedback_put *out)
{
    unsigned char digest[DIGEST_MAX_BYTES];
    struct head h = head_of(item);
    sqlite3_stmt *find = p->sql[PUT_FIND];
    int st = digest_of(p, item, digest);
    if (st != MP_OK)
        return st;
    arena_reset(&p->arena);
    struct str domain = lower(p, h.domain);
    if (h.report_id.n == 0) /* without a name of its own: named by its content */
        h.report_id = hex_encode(&p->arena, str_make((const char *)digest, NAME_OCTETS));
    for (int k = 0; k < 2; k++) { /* the same six name it when it is looked for and when kept */
        sqlite3_stmt *q = p->sql[k == 0 ? PUT_FIND : PUT_REPORT];
        sqlite3_bind_int(q, 1, (int)h.kind);
        feedback_bind(q, 2, h.org);
        feedback_bind(q, 3, h.report_id);
        feedback_bind(q, 4, domain);
        sqlite3_bind_int64(q, 5, h.begin_s);
        sqlite3_bind_int64(q, 6, h.end_s);
    }
    int rc = sqlite3_step(find);
    bool same = rc == SQLITE_ROW && sqlite3_column_bytes(find, 0) == (int)sizeof digest &&
                memcmp(sqlite3_column_blob(find, 0), digest, sizeof digest) == 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = feedback_db_fail(p->s, p->err);
    sqlite3_reset(find);
    if (rc == SQLITE_ROW) {
        out->known += same;
        out->conflicting += !same;
    }
    if (st != MP_OK || rc == SQLITE_ROW)
        return st;
    st = put_report(p, &h, str_make((const char *)digest, sizeof digest), problems);
    if (st == MP_OK)
        st = put_body(p, item, &h);
    out->added += st == MP_OK;
    return st;
}

int feedback_store_put(struct feedback_store *s, const struct feedback_content *content,
                       struct str source, int64_t now_s, struct feedback_put *out,
                       struct mp_err *err)
{
    struct putter p = {.s = s, .source = source, .now_s = now_s, .err = err};
    struct feedback_put got = *out;
    if (content->n == 0)
        return MP_OK;
    buf_init(&p.text, TEXT_BYTES + 8);
    arena_init(&p.arena, PUT_ARENA_BYTES);
    feedback_db_lock(s);
    int st = feedback_db_begin(s, err);
    if (st == MP_OK) {
        for (int i = 0; st == MP_OK && i < PUT_COUNT; i++)
            st = feedback_db_prepare(s, texts[i], &p.sql[i], err);
        for (size_t i = 0; st == MP_OK && i < content->n; i++)
            st = put_item(&p, &content->items[i], content->problems.n, &got);
        for (int i = 0; i < PUT_COUNT; i++)
            sqlite3_finalize(p.sql[i]);
        st = feedback_db_end(s, st, err);
    }
    feedback_db_unlock(s);
    arena_clear(&p.arena);
    buf_clear(&p.text);
    if (st == MP_OK)
        *out = got;
    return st;
}

/* ---- retention ---- */

static int64_t changed(struct feedback_store *s, const char *sql, int64_t a, int64_t b,
                       struct mp_err *err)
{
    sqlite3_stmt *q = NULL;
    if (feedback_db_prepare(s, sql, &q, err) != MP_OK)
        return -1;
    sqlite3_bind_int64(q, 1, a);
    sqlite3_bind_int64(q, 2, b);
    int st = feedback_db_step(s, q, err);
    sqlite3_finalize(q);
    return st == MP_OK ? sqlite3_changes64(s->db) : -1;
}

/* Reports with what belongs to them: first what belongs, by the ids that go. */
static int delete_some(struct feedback_store *s, int64_t before_s, int64_t *n, struct mp_err *err)
{
    static const char *const steps[] = {
        "CREATE TEMP TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY)",
        "DELETE FROM gone",
        "INSERT INTO gone SELECT id FROM report WHERE received_s < ?1"
        " ORDER BY received_s LIMIT 1000",
        "INSERT OR IGNORE INTO gone SELECT id FROM report ORDER BY received_s, id"
        " LIMIT min(1000, max(0, (SELECT count(*) FROM report) - ?2))",
        "DELETE FROM row WHERE report IN gone",
        "DELETE FROM tls WHERE report IN gone",
        "DELETE FROM tls_failure WHERE report IN gone",
        "DELETE FROM failure WHERE report IN gone",
        "DELETE FROM report WHERE id IN gone",
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if ((*n = changed(s, steps[i], before_s, (int64_t)s->max_reports, err)) < 0)
            return MP_E_IO;
    return MP_OK;
}

int feedback_store_sweep(struct feedback_store *s, int64_t now_s, uint64_t *deleted,
                         struct mp_err *err)
{
    int64_t n = 0, sum = 0;
    int st;
    feedback_db_lock(s);
    do { /* each commit is short: others write, too */
        st = feedback_db_begin(s, err);
        if (st != MP_OK)
            break;
        st = delete_some(s, now_s - s->keep_s, &n, err);
        st = feedback_db_end(s, st, err);
        sum += n;
    } while (st == MP_OK && n > 0);
    if (st == MP_OK)
        st = feedback_db_begin(s, err);
    if (st == MP_OK) {
        int64_t old = now_s - FEEDBACK_KEEP_SEEN_S;
        if (changed(s, "DELETE FROM seen WHERE day_s < ?1", old, 0, err) < 0 ||
            changed(s, "DELETE FROM seen_domain WHERE day_s < ?1", old, 0, err) < 0 ||
            changed(s, "DELETE FROM sent WHERE sent_s < ?1", now_s - FEEDBACK_SENT_KEEP_S, 0, err) <
                0)
            st = MP_E_IO;
        st = feedback_db_end(s, st, err);
    }
    feedback_db_unlock(s);
    if (st == MP_OK)
        *deleted = (uint64_t)sum;
    return st;
}
