/* The rival: libopendkim, as a milter uses it, with its key lookups answered from memory.
 *
 * A shared library of its own: inside, dkim_verify() is libopendkim's, outside it is ours. */
#include <stdlib.h>
#include <sys/types.h>

#include <opendkim/dkim.h>

#include "bench/contest.h"
#include "message/message.h"

enum { NAME_MAX_BYTES = 512, HEAD_BUDGET_BYTES = 8 * 1024 * 1024 };

struct rival {
    const struct bench_set *set;
    DKIM_LIB *lib;
    struct arena arena;
};

static const struct bench_set *keys_of; /* the callback is given no argument of ours */

static DKIM_CBSTAT find_key(DKIM *dkim, DKIM_SIGINFO *sig, unsigned char *out, size_t out_bytes)
{
    struct buf name;
    (void)dkim;
    buf_init(&name, NAME_MAX_BYTES);
    buf_addf(&name, "%s._domainkey.%s", (const char *)dkim_sig_getselector(sig),
             (const char *)dkim_sig_getdomain(sig));
    struct str record = keys_of->txt(keys_of, buf_str(&name));
    buf_clear(&name);
    if (record.n == 0 || record.n >= out_bytes)
        return DKIM_CBSTAT_NOTFOUND;
    memcpy(out, record.p, record.n);
    out[record.n] = '\0';
    return DKIM_CBSTAT_CONTINUE;
}

static void *rival_open(const struct bench_set *set)
{
    struct rival *s = calloc(1, sizeof *s);
    keys_of = set;
    if (s == NULL)
        return NULL;
    s->lib = dkim_init(NULL, NULL);
    if (s->lib == NULL || dkim_set_key_lookup(s->lib, find_key) != DKIM_STAT_OK) {
        free(s);
        return NULL;
    }
    s->set = set;
    arena_init(&s->arena, HEAD_BUDGET_BYTES);
    return s;
}

static bool all_valid(DKIM *dkim)
{
    DKIM_SIGINFO **sigs;
    int n;
    if (dkim_getsiglist(dkim, &sigs, &n) != DKIM_STAT_OK || n == 0)
        return false;
    for (int i = 0; i < n; i++)
        if ((dkim_sig_getflags(sigs[i]) & DKIM_SIGFLAG_PASSED) == 0 ||
            dkim_sig_getbh(sigs[i]) != DKIM_SIGBH_MATCH)
            return false;
    return true;
}

static bool rival_verify(void *state, const struct bench_mail *mail)
{
    struct rival *s = state;
    struct message msg;
    DKIM_STAT status;
    arena_reset(&s->arena);
    if (message_parse(&s->arena, mail->raw, &msg, NULL) != MP_OK)
        return false;
    DKIM *dkim = dkim_verify(s->lib, (const unsigned char *)"bench", NULL, &status);
    if (dkim == NULL)
        return false;
    for (size_t i = 0; i < msg.n_headers; i++) {
        struct str field = msg.headers[i].raw;
        dkim_header(dkim, (unsigned char *)(uintptr_t)field.p, field.n - 2);
    }
    bool ok = dkim_eoh(dkim) == DKIM_STAT_OK &&
              dkim_body(dkim, (unsigned char *)(uintptr_t)msg.body.p, msg.body.n) == DKIM_STAT_OK &&
              dkim_eom(dkim, NULL) == DKIM_STAT_OK && all_valid(dkim);
    dkim_free(dkim);
    return ok;
}

static void rival_close(void *state)
{
    struct rival *s = state;
    dkim_close(s->lib);
    arena_clear(&s->arena);
    free(s);
}

__attribute__((visibility("default")))
const struct contestant contest_opendkim = {"libopendkim", rival_open, rival_verify, rival_close};
