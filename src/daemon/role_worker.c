/* A worker between its supervisor and its threads. */
#include "daemon/role_worker.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/worker.h"
#include "daemon/worker_status.h"

enum { EXIT_OK = 0, TICK_MS = 1000, STATUS_MAX_BYTES = 16 * 1024 - 1 };

static void tell_status(const struct judge_setup *setup)
{
    struct buf b;
    buf_init(&b, STATUS_MAX_BYTES);
    worker_status(&setup->source, &b);
    if (!b.failed)
        control_send(ROLE_CONTROL_FD, CONTROL_STATUS, 0, buf_str(&b));
    buf_clear(&b);
}

/* A store that was updated meanwhile is used from the next mail on. */
static void look_for_news(const struct intel_source *intel)
{
    struct mp_err err = {0};
    bool changed = false;
    if (intel == NULL || intel->vault == NULL)
        return;
    if (vault_reload(intel->vault, &changed, &err) != MP_OK)
        log_note(LOG_WARNING_LEVEL, "intel.reload", "%s", err.text);
    else if (changed)
        log_note(LOG_INFO_LEVEL, "intel.reload", "the store was updated");
}

/* Until the supervisor says so. Between its words the state is told. */
static void attend(const struct judge_setup *setup)
{
    int64_t next_ms = 0;
    for (;;) {
        struct pollfd p = {.fd = ROLE_CONTROL_FD, .events = POLLIN};
        int n = poll(&p, 1, TICK_MS);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && !role_obey())
            return;
        int64_t now_ms = clock_mono_us() / 1000;
        if (now_ms < next_ms)
            continue;
        next_ms = now_ms + WORKER_STATUS_EVERY_MS;
        look_for_news(setup->source.intel);
        tell_status(setup);
    }
}

static int serve(struct role *r, struct judge_setup *setup, struct mp_err *err)
{
    struct worker *w = NULL;
    struct str signer = role_socket_path(&r->arena, r->config, r->generation, ROLE_SIGNER_SOCKET);
    setup->signing = r->config->signing;
    setup->signer_path = signer.p;
    const struct worker_config config = {.setup = setup,
                                         .listen_fd = role_fd(r, ROLE_WORK_SOCKET),
                                         .threads = r->config->threads};
    if (config.listen_fd < 0 || signer.p == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "no socket was handed over for the worker");
    int st = worker_start(&config, &w, err);
    if (st != MP_OK)
        return st;
    role_ready();
    attend(setup);
    worker_stop(w);
    return MP_OK;
}

int worker_role_run(struct role *r, struct judge_setup *setup)
{
    struct mp_err err = {0};
    return serve(r, setup, &err) == MP_OK ? EXIT_OK : role_failed(&err);
}
