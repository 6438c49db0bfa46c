/* The process of the keys. */
#include "daemon/role_signer.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/json.h"
#include "daemon/log.h"
#include "signer/serve.h"

enum { EXIT_OK = 0, STATUS_MAX_BYTES = 16 * 1024 - 1 };

struct serving {
    struct signer_serving config;
    struct mp_err err;
    int status;
};

static void *serve(void *arg)
{
    struct serving *s = arg;
    s->status = signer_serve(&s->config, &s->err);
    if (s->status != MP_OK) { /* the supervisor starts another one */
        log_note(LOG_ERROR_LEVEL, "signer.failed", "%s", s->err.text);
        _exit(1);
    }
    return NULL;
}

static const char *algorithm_of(const struct signer_keys *keys, struct str name)
{
    size_t n = 0;
    const struct signer_key_info *info = signer_keys_infos(keys, &n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(info[i].name, name))
            return info[i].type == KEY_RSA ? "rsa" : "ed25519";
    return "";
}

static void write_entry(const struct signing_domain *d, const struct signer_keys *keys,
                        struct json *j)
{
    for (size_t i = 0; i < d->n_selectors; i++) {
        json_object_begin(j);
        json_ktext(j, "domain", d->name);
        json_ktext(j, "selector", d->selectors[i].selector);
        json_kword(j, "algorithm", algorithm_of(keys, d->selectors[i].key));
        json_object_end(j);
    }
}

/* For the status page: who signs with what. Only the first of very many. */
static void tell_keys(const struct signing_table *t, const struct signer_keys *keys)
{
    struct buf b;
    struct json j;
    buf_init(&b, STATUS_MAX_BYTES);
    json_init(&j, &b, 0);
    json_object_begin(&j);
    json_kword(&j, "state", "ok");
    json_key(&j, "keys");
    json_array_begin(&j);
    for (size_t i = 0; i < t->n_domains && b.n < STATUS_MAX_BYTES / 2; i++)
        write_entry(&t->domains[i], keys, &j);
    json_array_end(&j);
    json_kword(&j, "error", NULL);
    json_object_end(&j);
    if (!b.failed)
        control_send(ROLE_CONTROL_FD, CONTROL_STATUS, 0, buf_str(&b));
    buf_clear(&b);
}

/* Keys are read by who may, then rights are given up. */
static int open_keys(struct role *r, struct signer_keys **keys, struct mp_err *err)
{
    int st = signer_keys_load(r->config->signing, keys, err);
    size_t n = 0;
    if (st != MP_OK)
        return st;
    const struct signer_key_info *info = signer_keys_infos(*keys, &n);
    return signing_check_keys(r->config->signing, info, n, err);
}

static int run(struct role *r, struct signer_keys *keys, uid_t uid, struct mp_err *err)
{
    static const uint64_t one = 1;
    struct confine_facts facts;
    struct serving s = {.config = {.listen_fd = role_fd(r, ROLE_SIGNER_SOCKET),
                                   .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                   .keys = keys,
                                   .uids = &uid,
                                   .n_uids = 1}};
    pthread_t thread;
    if (s.config.listen_fd < 0 || s.config.stop_fd < 0)
        return mp_fail(err, MP_E_USAGE, 0, "no socket was handed over for the signer");
    int st = role_become(r, &facts, err);
    if (st == MP_OK)
        st = role_confine(r, &facts, err);
    if (st == MP_OK && pthread_create(&thread, NULL, serve, &s) != 0)
        st = mp_fail(err, MP_E_NOMEM, 0, "cannot start a thread");
    if (st != MP_OK)
        return st;
    tell_keys(r->config->signing, keys);
    role_ready();
    while (role_obey())
        ;
    if (write(s.config.stop_fd, &one, sizeof one) < 0)
        log_note(LOG_ERROR_LEVEL, "signer.stop", "%s", strerror(errno));
    pthread_join(thread, NULL);
    return MP_OK;
}

int signer_run(struct role *r)
{
    struct mp_err err = {0};
    struct signer_keys *keys = NULL;
    uid_t uid; /* who may ask: what the workers become */
    gid_t gid;
    int st = role_account(r->config, &uid, &gid, &err);
    if (st == MP_OK)
        st = open_keys(r, &keys, &err);
    if (st == MP_OK)
        st = run(r, keys, uid, &err);
    signer_keys_free(keys);
    return st == MP_OK ? EXIT_OK : role_failed(&err);
}
