/* Addresses of clamd, and the connections that wait for the next message. */
#include <stdlib.h>

#include "base/clock.h"
#include "io/clamd_internal.h"

/* ---- addresses ---- */

static int bad_address(const char *text, const char *why, struct mp_err *err)
{
    return mp_fail(err, MP_E_USAGE, 0,
                   "clamd address %.*s: %s; expected unix:/path, host:port or [v6]:port",
                   CLAMD_ADDRESS_MAX, text, why);
}

static int parse_unix(const char *text, struct str path, struct clamd_peer *out, struct mp_err *err)
{
    enum { PATH_MAX_OCTETS = 107 };
    if (path.n == 0 || path.n > PATH_MAX_OCTETS || path.p[0] != '/')
        return bad_address(text, "the path of a socket is absolute and has 2 to 107 octets", err);
    memcpy(out->host, path.p, path.n);
    out->is_unix = true;
    return MP_OK;
}

static bool is_host(struct str host, bool in_brackets)
{
    struct ip ip;
    if (in_brackets)
        return str_has(host, ':') && ip_parse(host, &ip);
    for (size_t i = 0; i < host.n; i++)
        if (!is_alnum(host.p[i]) && !str_has(STR("-._"), host.p[i]))
            return false;
    return host.n > 0;
}

int clamd_peer_parse(const char *text, struct clamd_peer *out, struct mp_err *err)
{
    struct clamd_peer p = {.is_unix = false};
    struct str all = str_from(text), local = STR("unix:");
    uint64_t port;
    int st = MP_OK;
    if (all.n >= sizeof p.text)
        return bad_address(text, "it is too long", err);
    memcpy(p.text, all.p, all.n);
    if (str_istarts(all, local) || str_starts(all, STR("/"))) {
        struct str path = str_istarts(all, local) ? str_slice(all, local.n, all.n) : all;
        st = parse_unix(text, path, &p, err);
    } else {
        size_t colon = str_rfind(all, ':');
        struct str host = str_slice(all, 0, colon);
        bool in_brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
        if (in_brackets)
            host = str_slice(host, 1, host.n - 1);
        if (!str_to_u64(str_slice(all, colon + 1, all.n), UINT16_MAX, &port) || port == 0)
            return bad_address(text, "it has no port from 1 to 65535", err);
        if (!is_host(host, in_brackets))
            return bad_address(text, "the host is none", err);
        memcpy(p.host, host.p, host.n);
        p.port = (uint16_t)port;
    }
    if (st == MP_OK)
        *out = p;
    return st;
}

/* ---- life ---- */

int clamd_new(const struct clamd_config *config, struct clamd **out, struct mp_err *err)
{
    int st = MP_OK;
    if (config->n_addresses == 0 || config->n_addresses > CLAMD_MAX_ADDRESSES)
        return mp_fail(err, MP_E_USAGE, CLAMD_MAX_ADDRESSES, "clamd: give 1 to %d addresses",
                       CLAMD_MAX_ADDRESSES);
    struct clamd *c = calloc(1, sizeof *c);
    if (c == NULL || pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the client of clamd");
    }
    c->deadline_ms = config->deadline_ms != 0 ? config->deadline_ms : CLAMD_DEADLINE_MS;
    c->no_file_passing = config->no_file_passing;
    for (; st == MP_OK && c->n_peers < config->n_addresses; c->n_peers += st == MP_OK)
        st = clamd_peer_parse(config->addresses[c->n_peers], &c->peers[c->n_peers], err);
    if (st == MP_OK && !config->no_cache) {
        c->cache = clamd_cache_new(CLAMD_CACHE_ENTRIES);
        if (c->cache == NULL)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for what clamd has said");
    }
    if (st != MP_OK)
        clamd_free(c);
    else
        *out = c;
    return st;
}

void clamd_free(struct clamd *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_peers; i++)
        while (c->peers[i].n_idle > 0)
            clamd_session_close(c->peers[i].idle[--c->peers[i].n_idle]);
    clamd_cache_free(c->cache);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

size_t clamd_addresses(const struct clamd *c)
{
    return c->n_peers;
}

const char *clamd_address(const struct clamd *c, size_t i)
{
    return c->peers[i].text;
}

/* ---- connections ---- */

/* The idle one that was used last, so that those that are too many grow old. */
static struct clamd_session *pop_idle(struct clamd *c, struct clamd_peer *p)
{
    struct clamd_session *s = NULL;
    pthread_mutex_lock(&c->lock);
    if (p->n_idle > 0)
        s = p->idle[--p->n_idle];
    pthread_mutex_unlock(&c->lock);
    return s;
}

int clamd_take(struct clamd *c, struct clamd_peer *p, int64_t deadline_us,
               struct clamd_session **out, struct mp_err *err)
{
    int64_t now_us = clock_mono_us(), most_us = now_us + (int64_t)CLAMD_CONNECT_MS * 1000;
    struct clamd_session *s;
    while ((s = pop_idle(c, p)) != NULL) {
        int64_t idle_us = now_us - *clamd_session_idle_since_us(s);
        if (idle_us < (int64_t)CLAMD_IDLE_S * 1000000 && clamd_session_is_alive(s)) {
            *out = s;
            return MP_OK;
        }
        clamd_session_close(s);
    }
    return clamd_session_open(p, deadline_us < most_us ? deadline_us : most_us, out, err);
}

void clamd_give(struct clamd *c, struct clamd_peer *p, struct clamd_session *s)
{
    *clamd_session_idle_since_us(s) = clock_mono_us();
    pthread_mutex_lock(&c->lock);
    if (p->n_idle < CLAMD_IDLE_MAX) {
        p->idle[p->n_idle++] = s;
        s = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    clamd_session_close(s);
}
