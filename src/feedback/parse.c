/* Both sides of reading a report in a worker. */
#include "feedback/parse.h"

#include "feedback/item_wire.h"
#include "sandbox/task.h"

enum { ANSWER_MAX_BYTES = FEEDBACK_ARENA_MAX_BYTES / 2 };

/* ---- the parent ---- */

struct sandbox_config feedback_sandbox_config(char *const *argv)
{
    return (struct sandbox_config){.argv = argv,
                                   .wall_ms = FEEDBACK_WORKER_WALL_MS,
                                   .cpu_s = FEEDBACK_WORKER_CPU_S,
                                   .memory_bytes = (uint64_t)FEEDBACK_WORKER_MEMORY_MB << 20};
}

static int lost(struct arena *arena, struct str why, struct feedback_content *out,
                struct mp_err *err)
{
    struct feedback_content c = {.problems.arena = arena};
    feedback_problem(&c.problems, PROBLEM_WORKER, GRAVITY_REFUSED, STR(""), STR_FMT, STR_ARG(why));
    if (c.problems.failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    *out = c;
    return MP_OK;
}

int feedback_parse(struct arena *arena, struct sandbox *sb, struct str bytes, int64_t deadline_us,
                   struct feedback_content *out, struct mp_err *err)
{
    struct sandbox_task task = {.bytes = bytes,
                                .max_answer_bytes = ANSWER_MAX_BYTES,
                                .deadline_us = deadline_us};
    struct sandbox_answer answer;
    struct mp_err why = {0};
    int st = sandbox_task_run(arena, sb, &task, &answer, err);
    if (st != MP_OK)
        return st;
    if (answer.outcome != SANDBOX_OK)
        return lost(arena, answer.reason, out, err);
    st = feedback_content_unpack(arena, answer.body, out, &why);
    return st == MP_E_SYNTAX ? lost(arena, str_from(why.text), out, err)
           : st == MP_OK     ? MP_OK
                             : mp_fail(err, st, 0, "%s", why.text);
}

bool feedback_is_lost(const struct feedback_content *content)
{
    for (size_t i = 0; i < content->problems.n; i++)
        if (content->problems.items[i].kind == PROBLEM_WORKER)
            return true;
    return false;
}

/* ---- the worker ---- */

static int work(void *data, struct arena *arena, struct str request, struct str bytes,
                struct str *head, struct str *body, struct mp_err *err)
{
    struct buf *answer = data;
    struct arena own;
    struct feedback_content content;
    (void)arena, (void)request; /* the request's own arena is as small as mail needs it */
    buf_reset(answer);
    arena_init(&own, FEEDBACK_ARENA_MAX_BYTES);
    int st = feedback_read(&own, bytes, &content, err);
    if (st == MP_OK) {
        feedback_content_pack(answer, &content);
        if (answer->failed)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer");
    }
    arena_clear(&own);
    *head = STR("");
    *body = buf_str(answer);
    return st;
}

/* What libraries load when they are first used is loaded while files can be opened. */
static int load(void *data, struct mp_err *err)
{
    static const struct str warm[] = {
        STR_INIT(
            "<feedback><record><row><source_ip>192.0.2.1</source_ip></row></record></feedback>"),
        STR_INIT("{\"organization-name\": \"a\", \"policies\": [{\"policy\": {}}]}"),
        STR_INIT("From: a@b.example\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
                 "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"),
    };
    int st = MP_OK;
    (void)data;
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(warm); i++) {
        struct arena own;
        struct feedback_content content;
        arena_init(&own, FEEDBACK_ARENA_MAX_BYTES);
        st = feedback_read(&own, warm[i], &content, err);
        if (st == MP_OK && content.n != 1)
            st = mp_fail(err, MP_E_INTERNAL, 0, "a report of our own is not read");
        arena_clear(&own);
    }
    return st;
}

int feedback_worker_main(void)
{
    struct buf answer;
    buf_init(&answer, ANSWER_MAX_BYTES);
    int code = sandbox_task_main(&(struct sandbox_task_worker){load, work, &answer});
    buf_clear(&answer);
    return code;
}
