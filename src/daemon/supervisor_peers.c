/* What the front shows of the daemon's processes: the supervisor's view, as JSON a line. */
#include <unistd.h>

#include "base/json.h"
#include "daemon/supervisor_internal.h"

static const char *state_word(enum child_state s)
{
    static const char *const words[] = {[CHILD_WAITING] = "waiting",
                                        [CHILD_STARTING] = "starting",
                                        [CHILD_RUNNING] = "running",
                                        [CHILD_STOPPING] = "stopping",
                                        [CHILD_GONE] = "stopping"};
    return words[s];
}

static void write_child(struct json *j, const struct generation *g, const struct child *c)
{
    json_object_begin(j);
    json_kword(j, "role", serve_role_name(c->role));
    json_kint(j, "number", c->number);
    json_kint(j, "pid", c->pid);
    json_kword(j, "state", state_word(c->state));
    json_kint(j, "generation", g->number);
    json_ktime_ms(j, "started", c->started_wall_ms);
    json_kint(j, "restarts", c->restarts);
    json_kopt(j, "last_exit", str_from(c->last_exit));
    json_object_end(j);
}

static void write_self(const struct supervisor *s, struct json *j)
{
    json_object_begin(j);
    json_kword(j, "role", serve_role_name(ROLE_SUPERVISOR));
    json_kint(j, "number", 0);
    json_kint(j, "pid", getpid());
    json_kword(j, "state", s->stopping ? "stopping" : "running");
    json_kint(j, "generation", s->last_number);
    json_ktime_ms(j, "started", s->started_wall_ms);
    json_kint(j, "restarts", 0);
    json_kword(j, "last_exit", NULL);
    json_object_end(j);
}

static void write_roles(const struct supervisor *s, struct buf *out)
{
    struct json j;
    json_init(&j, out, 0);
    json_array_begin(&j);
    write_self(s, &j);
    for (const struct generation *g = s->generations; g != NULL; g = g->next)
        for (size_t i = 0; i < g->n_children; i++)
            if (g->children[i].state != CHILD_GONE)
                write_child(&j, g, &g->children[i]);
    json_array_end(&j);
}

static void tell_front(struct supervisor *s, struct child *front, struct str peers)
{
    child_word(front, CONTROL_PEERS, 0, peers);
    if (s->schedules_bytes > 0)
        child_word(front, CONTROL_SCHEDULES, 0, str_make(s->schedules, s->schedules_bytes));
}

void supervisor_tell_peers(struct supervisor *s)
{
    struct buf b;
    if (!s->peers_changed)
        return;
    s->peers_changed = false;
    buf_init(&b, CONTROL_TEXT_BYTES);
    write_roles(s, &b);
    buf_addc(&b, '\n');
    buf_addz(&b, s->worker_status[0] == '\0' ? "\n\n" : s->worker_status);
    buf_addc(&b, '\n');
    buf_addz(&b, s->signer_status);
    for (struct generation *g = s->generations; !b.failed && g != NULL; g = g->next)
        tell_front(s, generation_child(g, ROLE_FRONT), buf_str(&b));
    buf_clear(&b);
}
