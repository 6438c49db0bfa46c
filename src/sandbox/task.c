/* Both sides of a task, over the frame that objects of mail go in: the bytes are the object, the
 * request is its name, head and body are two objects found in it. */
#include "sandbox/task.h"

#include "content/inspect.h"
#include "sandbox/worker.h"

enum { OBJECTS = 3 };

/* ---- the parent ---- */

static int take_answer(struct arena *arena, const struct sandbox_result *result,
                       const struct content_report *r, struct sandbox_answer *out,
                       struct mp_err *err)
{
    struct str reason = str_from(result->text);
    *out = (struct sandbox_answer){.outcome = result->outcome};
    if (result->outcome == SANDBOX_OK &&
        (r->n != OBJECTS || !r->objects[1].has_bytes || !r->objects[2].has_bytes)) {
        out->outcome = SANDBOX_BAD_ANSWER;
        reason = STR("answer of a worker: not what was asked for");
    }
    if (out->outcome == SANDBOX_OK) {
        out->head = r->objects[1].bytes;
        out->body = r->objects[2].bytes;
    }
    out->reason = arena_copy(arena, reason);
    return out->reason.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
}

int sandbox_task_run(struct arena *arena, struct sandbox *sb, const struct sandbox_task *task,
                     struct sandbox_answer *out, struct mp_err *err)
{
    struct content_limits limits = content_limits_default();
    struct content_object *objects = arena_new(arena, struct content_object, 1);
    struct content_report report = {.objects = objects, .n = 1, .cap = 1, .complete = true};
    struct mime_name name = {NAME_ENCODED, task->request, 0};
    struct sandbox_result result;
    if (objects == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a task");
    limits.max_decoded_bytes = task->max_answer_bytes;
    struct content_budget budget = content_budget_of(&limits);
    struct content c = {.arena = arena, .limits = &limits, .budget = &budget, .report = &report};
    objects[0] = (struct content_object){.parent = -1,
                                         .bytes = task->bytes,
                                         .has_bytes = true,
                                         .names = &name,
                                         .n_names = task->request.n > 0};
    finding_list_init(&report.findings, arena);
    int st = sandbox_inspect(sb, &c, 0, task->deadline_us, &result, err);
    return st == MP_OK ? take_answer(arena, &result, &report, out, err) : st;
}

/* ---- the worker ---- */

static int load(void *data, const struct content_lists **lists, struct mp_err *err)
{
    const struct sandbox_task_worker *w = data;
    *lists = NULL;
    archive_warm_up();
    return w->load == NULL ? MP_OK : w->load(w->data, err);
}

static int inspect(void *data, struct content *c, struct mp_err *err)
{
    const struct sandbox_task_worker *w = data;
    struct content_report *r = c->report;
    struct content_object *list = arena_new(c->arena, struct content_object, OBJECTS);
    struct str request = r->objects[0].n_names > 0 ? r->objects[0].names[0].text : STR("");
    struct str head = STR(""), body = STR("");
    if (list == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer");
    int st = w->work(w->data, c->arena, request, r->objects[0].bytes, &head, &body, err);
    if (st != MP_OK)
        return st;
    list[0] = r->objects[0];
    list[0].names = NULL; /* known where it came from */
    list[0].n_names = 0;
    list[1] = (struct content_object){.depth = 1, .bytes = head, .has_bytes = true};
    list[2] = (struct content_object){.depth = 1, .bytes = body, .has_bytes = true};
    r->objects = list;
    r->n = r->cap = OBJECTS;
    return MP_OK;
}

int sandbox_task_main(const struct sandbox_task_worker *w)
{
    struct sandbox_task_worker own = *w;
    return sandbox_worker_main(&(struct sandbox_worker){load, inspect, &own});
}
