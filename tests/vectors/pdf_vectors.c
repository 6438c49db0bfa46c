/* PDFs in mail that others collected: what is read of them, how many of those that are encrypted
 * open with a password of their mail, and how often each rule speaks. */
#include <stdlib.h>

#include "content/attach.h"
#include "content/inspect.h"
#include "content/lists.h"
#include "content/place.h"
#include "document/document.h"
#include "document/readers.h"
#include "tests/mail_corpora.h"

enum { PATH_BYTES = 4096, TEXTS_MAX = 16, ARENA_BYTES = 512 * 1024 * 1024 };

static struct arena arena, forever;
static struct content_lists *lists;
static unsigned n_pdfs, n_linked, n_encrypted, n_opened, n_opened_linked, n_cut;
static uint64_t n_bytes;

/* As the engine gathers them: the subject, and what is text. */
static size_t passwords_of(const struct message *m, const struct mime_union *u, struct str *out)
{
    struct str texts[TEXTS_MAX];
    size_t n = 0;
    const struct header *subject = header_first(m, STR("Subject"));
    if (subject != NULL)
        texts[n++] = subject->value;
    for (size_t i = 0; i < u->n && n < TEXTS_MAX; i++)
        if (str_eq(u->payloads[i].type, STR("text")))
            texts[n++] = u->payloads[i].bytes;
    return password_candidates(texts, n, out, CONTENT_MAX_PASSWORDS);
}

/* A payload in a report of its own, as a worker gets it. */
static void inspect(const struct mime_payload *payload, const struct str *passwords, size_t n,
                    struct content_report *report)
{
    static struct content_limits limits;
    limits = content_limits_default();
    struct content_budget budget = content_budget_of(&limits);
    struct content c = {.arena = &arena,
                        .lists = lists,
                        .limits = &limits,
                        .budget = &budget,
                        .passwords = passwords,
                        .n_passwords = n,
                        .report = report};
    *report = (struct content_report){.complete = true};
    finding_list_init(&report->findings, &arena);
    report->objects = arena_new(&arena, struct content_object, 1);
    report->n = report->cap = report->objects != NULL;
    if (tap_ok(report->objects != NULL)) {
        report->objects[0] = content_object_of(payload);
        tap_int(document_inspect(&c, NULL), MP_OK);
    }
}

static const struct finding *find(const struct content_report *r, enum finding_id id)
{
    for (size_t i = 0; i < r->findings.n; i++)
        if (r->findings.items[i].id == id)
            return &r->findings.items[i];
    return NULL;
}

static void count_pdf(const struct content_report *r)
{
    const struct finding *encrypted = find(r, FINDING_PDF_ENCRYPTED);
    bool opened = encrypted != NULL && str_starts(encrypted->evidence, STR("opens"));
    n_pdfs++;
    n_bytes += r->objects[0].bytes.n;
    n_linked += r->n_links > 0;
    n_encrypted += encrypted != NULL;
    n_opened += opened;
    n_opened_linked += opened && r->n_links > 0;
    n_cut += !r->complete;
}

static void show(const char *path, const struct content_report *r)
{
    if (getenv("MAILPROOF_PDF_SHOW") == NULL)
        return;
    for (size_t i = 0; i < r->findings.n; i++)
        tap_note("%s %s: " STR_FMT, strrchr(path, '/') + 1,
                 finding_kind(r->findings.items[i].id)->name.p,
                 STR_ARG(r->findings.items[i].evidence));
}

static void count_message(struct mail_corpus *corpus, const char *path)
{
    struct message m;
    struct mime_union u;
    struct finding_list unused;
    struct mp_err err = {0};
    struct str passwords[CONTENT_MAX_PASSWORDS];
    bool kinds[FINDING_COUNT] = {0};
    struct str raw = tap_read_file(path);
    arena_reset(&arena);
    finding_list_init(&unused, &arena);
    if (!tap_ok(raw.p != NULL && message_parse(&arena, raw, &m, &err) == MP_OK &&
                mime_union_read(&arena, &m, &unused, &u, &err) == MP_OK))
        return;
    size_t n = passwords_of(&m, &u, passwords);
    for (size_t i = 0; i < u.n; i++) {
        struct content_object o = content_object_of(&u.payloads[i]);
        struct content_report report;
        if (!object_is_pdf(&o))
            continue;
        inspect(&u.payloads[i], passwords, n, &report);
        count_pdf(&report);
        show(path, &report);
        for (size_t k = 0; k < report.findings.n; k++)
            kinds[report.findings.items[k].id] = true;
    }
    corpus->messages++;
    for (size_t i = 0; i < FINDING_COUNT; i++)
        corpus->kinds[i] += kinds[i];
    free((char *)(uintptr_t)raw.p);
}

static void test_rates(void)
{
    static struct mail_corpus ham = CORPUS_HAM, phish = CORPUS_PHISHING;
    tap_case("PDFs in mail: read, within the limits");
    if (!corpus_count(&ham, count_message) || !corpus_count(&phish, count_message)) {
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return;
    }
    tap_note("%u PDFs, %.1f MB, %u with links; %u encrypted: %u open, %u of these with links",
             n_pdfs, (double)n_bytes / 1e6, n_linked, n_encrypted, n_opened, n_opened_linked);
    tap_int(n_cut, 0);
    tap_ok(n_pdfs == 0 || n_linked * 10 >= n_pdfs * 8);
    tap_ok(n_opened * 10 >= n_encrypted * 9);
    tap_int(n_opened_linked, n_opened);
    tap_note("%-28s %-8s %5s %8s", "finding (messages)", "", ham.label, phish.label);
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *kind = finding_kind((enum finding_id)i);
        if (str_starts(kind->name, STR("pdf.")) || ham.kinds[i] + phish.kinds[i] > 0)
            tap_note("%-28s %-8s %5u %8u", kind->name.p, severity_name(kind->severity),
                     ham.kinds[i], phish.kinds[i]);
    }
}

/* rspamd's own cases: a script, an encrypted one, links. */
static void test_single(void)
{
    static const struct {
        const char *file;
        enum finding_id id;
    } files[] = {{"pdf_js.eml", FINDING_PDF_JAVASCRIPT},
                 {"pdf_encrypted.eml", FINDING_PDF_ENCRYPTED}};
    const char *folder = tap_shared_path("corpora/rspamd-messages");
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct mail_corpus one = {.label = "one"};
        char path[PATH_BYTES];
        tap_case("rspamd-messages: %s", files[i].file);
        snprintf(path, sizeof path, "%s/%s", folder == NULL ? "" : folder, files[i].file);
        struct str raw = folder == NULL ? STR_NONE : tap_read_file(path);
        if (raw.p == NULL) {
            tap_skip("not among the files here");
            continue;
        }
        free((char *)(uintptr_t)raw.p);
        count_message(&one, path);
        tap_int(one.kinds[files[i].id], 1);
    }
}

int main(void)
{
    struct mp_err err = {0};
    arena_init(&arena, ARENA_BYTES);
    arena_init(&forever, ARENA_BYTES);
    tap_case("lists");
    if (tap_int(content_lists_new(&forever, &lists, &err), MP_OK)) {
        test_rates();
        test_single();
    }
    arena_clear(&arena);
    arena_clear(&forever);
    return tap_done();
}
