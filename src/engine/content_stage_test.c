/* The content stage: what it asks, when it waits, and what becomes of the answers. */
#include "engine/content_stage.h"

#include "content/lists.h"
#include "engine/job.h"
#include "tests/tap.h"

static struct arena lists_arena;
static struct policy policy;
static struct content_settings settings;
static struct job_config config;

#define PART(head, body) "--b\r\n" head "\r\n\r\n" body "\r\n"
#define MAIL                                                                                       \
    "From: a@good.example\r\nTo: b@good.example\r\nSubject: x\r\n"                                 \
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@good.example>\r\n"                    \
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
#define TEXT PART("Content-Type: text/plain", "the password: sesame7")
/* An empty ZIP: the end of a directory, and nothing else. */
#define EMPTY_ZIP "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="
#define ZIP                                                                                        \
    PART("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64",         \
         EMPTY_ZIP)
#define END "--b--\r\n"
/* A mail of its own, as another file carries it: a text, and run.exe attached. */
#define INNER                                                                                      \
    "From: a@good.example\r\nTo: b@good.example\r\nSubject: y\r\nMIME-Version: 1.0\r\n"            \
    "Content-Type: multipart/mixed; boundary=c\r\n\r\n"                                            \
    "--c\r\nContent-Type: text/plain\r\n\r\nsee\r\n"                                               \
    "--c\r\nContent-Type: application/octet-stream; name=run.exe\r\n\r\nMZ\r\n--c--\r\n"
#define INNER_BASE64                                                                               \
    "RnJvbTogYUBnb29kLmV4YW1wbGUNClRvOiBiQGdvb2QuZXhhbXBsZQ0KU3ViamVjdDogeQ0KTUlN\r\n"             \
    "RS1WZXJzaW9uOiAxLjANCkNvbnRlbnQtVHlwZTogbXVsdGlwYXJ0L21peGVkOyBib3VuZGFyeT1j\r\n"             \
    "DQoNCi0tYw0KQ29udGVudC1UeXBlOiB0ZXh0L3BsYWluDQoNCnNlZQ0KLS1jDQpDb250ZW50LVR5\r\n"             \
    "cGU6IGFwcGxpY2F0aW9uL29jdGV0LXN0cmVhbTsgbmFtZT1ydW4uZXhlDQoNCk1aDQotLWMtLQ0K"
#define MAIL_FILE(type)                                                                            \
    PART("Content-Type: " type "; name=mail.eml\r\nContent-Transfer-Encoding: base64", INNER_BASE64)

static void start(struct job *job, struct str raw)
{
    struct envelope e = {0};
    struct mp_err err = {0};
    tap_int(job_start(job, STR("row"), raw, &e, 1795392000, NULL, NULL, &err), MP_OK);
}

static const struct {
    const char *label;
    struct str raw;
    bool clamd, open_all;
    size_t worker_asks;
} rows[] = {
    {"text alone asks nobody", STR_INIT(MAIL TEXT END), false, false, 0},
    {"a container asks a worker", STR_INIT(MAIL TEXT ZIP END), false, false, 1},
    {"two containers", STR_INIT(MAIL ZIP TEXT ZIP END), false, false, 2},
    {"rules over everything ask for every payload", STR_INIT(MAIL TEXT ZIP END), false, true, 2},
    {"clamd is asked when all objects are known", STR_INIT(MAIL TEXT ZIP END), true, false, 1},
    {"clamd is asked about text too", STR_INIT(MAIL TEXT END), true, false, 0},
};

/* An answer: one member, one finding. */
static void answer(struct job *job, struct scan_ask *a, bool complete)
{
    struct content_report *r = &a->report;
    *r = (struct content_report){.complete = complete};
    finding_list_init(&r->findings, &job->arena);
    if (a->by == SCAN_BY_WORKER) {
        r->objects = arena_new(&job->arena, struct content_object, 2);
        r->objects[0] = a->objects[0];
        r->objects[1] = (struct content_object){.part = a->objects[0].part,
                                                .member = STR("m"),
                                                .parent = 0,
                                                .depth = 1,
                                                .bytes = STR("m"),
                                                .has_bytes = true};
        r->n = r->cap = 2;
    }
    finding_raise(finding_add(&r->findings, FINDING_ARCHIVE_ENCRYPTED, NOWHERE, "by %d", a->by),
                  SEV_HIGH);
    a->answered = true;
}

static size_t count_of(const struct job *job, enum finding_id id)
{
    size_t n = 0;
    for (size_t i = 0; i < job->findings.n; i++)
        n += job->findings.items[i].id == id;
    return n;
}

static void check_row(struct job *job, size_t i)
{
    struct content_stage *s = &job->content;
    settings.clamd = rows[i].clamd;
    settings.open_all = rows[i].open_all;
    start(job, rows[i].raw);
    size_t asks = rows[i].worker_asks;
    if (asks > 0) {
        tap_int(engine_run(job, NULL), MP_WAIT);
        tap_int((long long)s->n_asks, (long long)asks);
        tap_int((long long)count_of(job, FINDING_ARCHIVE_ENCRYPTED), 0);
        for (size_t k = 0; k < s->n_asks; k++)
            answer(job, &s->asks[k], true);
    }
    if (rows[i].clamd) {
        tap_int(engine_run(job, NULL), MP_WAIT);
        tap_int((long long)s->n_asks, (long long)++asks);
        tap_int(s->asks[asks - 1].by, SCAN_BY_CLAMD);
        tap_int((long long)s->asks[asks - 1].n_objects, (long long)s->found.n);
        answer(job, &s->asks[asks - 1], true);
    }
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)s->found.n, (long long)(s->payloads.n + rows[i].worker_asks));
    tap_int((long long)count_of(job, FINDING_ARCHIVE_ENCRYPTED), (long long)asks);
    tap_ok(job->verdict.complete);
}

static void check_parents(struct job *job)
{
    const struct content_stage *s = &job->content;
    tap_case("members know the payload they came from");
    settings.clamd = settings.open_all = false;
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_WAIT);
    answer(job, &job->content.asks[0], true);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)s->found.n, 3);
    tap_int(s->found.objects[2].parent, 1);
    tap_str(s->found.objects[2].part, STR("2"));
    tap_int(job->findings.items[job->findings.n - 1].severity, SEV_HIGH);
}

static void check_incomplete(struct job *job)
{
    tap_case("what was not seen whole is never complete");
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_WAIT);
    answer(job, &job->content.asks[0], false);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(!job->verdict.complete);
}

static void check_passwords(struct job *job)
{
    tap_case("the passwords of the text go with the question");
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_WAIT);
    bool found = false;
    for (size_t i = 0; i < job->content.n_passwords; i++)
        found |= str_eq(job->content.passwords[i], STR("sesame7"));
    tap_ok(found);
}

static const struct finding *first_of(const struct job *job, enum finding_id id)
{
    for (size_t i = 0; i < job->findings.n; i++)
        if (job->findings.items[i].id == id)
            return &job->findings.items[i];
    return NULL;
}

static void check_inner(const struct job *job, size_t mail, struct str part, struct str member)
{
    const struct content_report *r = &job->content.found;
    const struct finding *f = first_of(job, FINDING_ATTACH_EXTENSION_DANGEROUS);
    tap_ok(f != NULL);
    tap_int((long long)r->n, (long long)mail + 3);
    if (f == NULL || r->n != mail + 3)
        return;
    const struct content_object *exe = &r->objects[mail + 2];
    tap_str(f->where.part, part);
    tap_str(f->where.member, member);
    tap_str(exe->member, member);
    tap_int(exe->parent, (long long)mail);
    tap_int(exe->depth, r->objects[mail].depth + 1);
    tap_int(exe->message_depth, 1);
    tap_int((long long)exe->offset, (long long)r->objects[mail].offset);
    tap_ok(job->verdict.complete);
}

static void check_mail_files(struct job *job)
{
    static const struct str mails[] = {
        STR_INIT(MAIL TEXT MAIL_FILE("application/octet-stream") END),
        STR_INIT(MAIL TEXT MAIL_FILE("text/plain") END),
    };
    settings.clamd = settings.open_all = false;
    for (size_t i = 0; i < ARRAY_LEN(mails); i++) {
        tap_case("a mail that is attached as a file is opened, %zu", i);
        start(job, mails[i]);
        tap_int(engine_run(job, NULL), MP_OK);
        check_inner(job, 1, STR("2"), STR("mail.eml/2"));
    }
}

/* The answer of a worker whose member is a file of these bytes. */
static void answer_with(struct job *job, struct scan_ask *a, struct str bytes, unsigned depth)
{
    answer(job, a, true);
    struct content_object *o = &a->report.objects[1];
    o->member = STR("in.eml");
    o->bytes = bytes;
    o->kind = file_type_of(bytes);
    o->depth = depth;
}

static void check_mail_members(struct job *job)
{
    tap_case("a mail that was packed is opened");
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_WAIT);
    answer_with(job, &job->content.asks[0], STR(INNER), 1);
    tap_int(engine_run(job, NULL), MP_OK);
    check_inner(job, 2, STR("2"), STR("in.eml/2"));

    tap_case("an archive in a packed mail is asked for, once");
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_WAIT);
    answer_with(job, &job->content.asks[0], STR(MAIL ZIP END), 1);
    tap_int(engine_run(job, NULL), MP_WAIT);
    tap_int((long long)job->content.n_asks, 2);
    tap_int(job->content.asks[1].index, 3);
    tap_int(job->content.asks[1].objects[0].parent, -1);
    tap_str(job->content.asks[1].objects[0].member, STR("in.eml/1"));
    answer(job, &job->content.asks[1], true);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)job->content.found.n, 5);
    tap_int(job->content.found.objects[4].parent, 3);

    tap_case("what a worker opened is not asked for again");
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_WAIT);
    answer_with(job, &job->content.asks[0], job->content.asks[0].objects[0].bytes, 1);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)job->content.n_asks, 1);
}

static void check_mail_depth(struct job *job)
{
    for (unsigned depth = CONTENT_MAX_DEPTH - 1; depth <= CONTENT_MAX_DEPTH; depth++) {
        tap_case("a mail within %u others", depth);
        start(job, STR(MAIL TEXT ZIP END));
        tap_int(engine_run(job, NULL), MP_WAIT);
        answer_with(job, &job->content.asks[0], STR(INNER), depth);
        tap_int(engine_run(job, NULL), MP_OK);
        bool opened = depth < CONTENT_MAX_DEPTH;
        tap_int((long long)job->content.found.n, opened ? 5 : 3);
        tap_int((long long)count_of(job, FINDING_LIMIT_CONTENT), !opened);
        tap_int(job->verdict.complete, opened);
    }
}

static void check_off(struct job *job)
{
    tap_case("without settings nothing is inspected");
    config.content = NULL;
    start(job, STR(MAIL TEXT ZIP END));
    tap_int(engine_run(job, NULL), MP_OK);
    tap_int((long long)job->content.found.n, 0);
    config.content = &settings;
}

int main(void)
{
    struct mp_err err = {0};
    struct content_lists *lists = NULL;
    struct job job;
    arena_init(&lists_arena, 64u << 20);
    policy_default(&policy);
    tap_int(content_lists_new(&lists_arena, &lists, &err), MP_OK);
    settings = (struct content_settings){.lists = lists, .limits = content_limits_default()};
    config = (struct job_config){.policy = &policy, .content = &settings, .skip_auth = true};
    job_init(&job, &config);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("asks: %s", rows[i].label);
        check_row(&job, i);
    }
    check_parents(&job);
    check_incomplete(&job);
    check_passwords(&job);
    check_mail_files(&job);
    check_mail_members(&job);
    check_mail_depth(&job);
    check_off(&job);
    job_clear(&job);
    arena_clear(&lists_arena);
    return tap_done();
}
