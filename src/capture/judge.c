/* The verdict of `scan` on a delivery, made when it is asked for and kept for a while: the checks
 * are the same, the envelope is the one we saw ourselves. */
#include <pthread.h>
#include <stdlib.h>

#include "capture/capture_internal.h"
#include "report/report.h"

enum { JUDGE_TEXT_MAX_BYTES = 8 << 20 };

struct kept {
    char id[STORE_ID_BYTES];
    struct buf texts[3]; /* authentication, findings, verdict */
};
/* A ring: the oldest entry goes first. */
struct judge {
    pthread_mutex_t lock;
    struct kept ring[CAPTURE_VERDICT_CACHE];
    size_t next;
};

struct judge *judge_new(void)
{
    struct judge *g = calloc(1, sizeof *g);
    if (g != NULL && pthread_mutex_init(&g->lock, NULL) != 0) {
        free(g);
        g = NULL;
    }
    return g;
}

static void kept_clear(struct kept *k)
{
    for (size_t i = 0; i < ARRAY_LEN(k->texts); i++)
        buf_clear(&k->texts[i]);
    k->id[0] = '\0';
}

void judge_free(struct judge *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < CAPTURE_VERDICT_CACHE; i++)
        kept_clear(&g->ring[i]);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static bool copy_texts(struct arena *a, const struct kept *k, struct judgement *out)
{
    struct str *const to[] = {&out->authentication, &out->findings, &out->verdict};
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        *to[i] = arena_copy(a, buf_str(&k->texts[i]));
        if (to[i]->p == NULL)
            return false;
    }
    return true;
}

static bool find_kept(struct judge *g, const char *id, struct arena *a, struct judgement *out)
{
    bool found = false;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < CAPTURE_VERDICT_CACHE && !found; i++)
        if (strcmp(g->ring[i].id, id) == 0)
            found = copy_texts(a, &g->ring[i], out);
    pthread_mutex_unlock(&g->lock);
    return found;
}

static void keep(struct judge *g, const char *id, struct kept *made)
{
    pthread_mutex_lock(&g->lock);
    struct kept *slot = &g->ring[g->next];
    g->next = (g->next + 1) % CAPTURE_VERDICT_CACHE;
    kept_clear(slot);
    *slot = *made;
    memcpy(slot->id, id, sizeof slot->id);
    *made = (struct kept){0};
    pthread_mutex_unlock(&g->lock);
}

static void write_texts(const struct job *job, struct kept *made)
{
    void (*const write[])(struct json *, const struct job *) = {report_json_authentication,
                                                                report_json_findings,
                                                                report_json_verdict};
    for (size_t i = 0; i < ARRAY_LEN(write); i++) {
        struct json j;
        buf_init(&made->texts[i], JUDGE_TEXT_MAX_BYTES);
        json_init(&j, &made->texts[i], 0);
        write[i](&j, job);
    }
}

static int run(struct capture *c, const struct store_delivery *d, struct str raw, struct kept *made,
               bool *complete, struct mp_err *err)
{
    struct envelope e = {.helo = d->helo,
                         .mail_from = d->mail_from,
                         .has_mail_from = true,
                         .rcpt_to = d->rcpts,
                         .n_rcpt_to = d->n_rcpts};
    struct job job = {0};
    if (!ip_parse(d->client_ip, &e.client))
        e.client.family = IP_NONE; /* LMTP over a socket file */
    job_init(&job, c->c.job_config);
    int st = run_start(&job, c->c.dns_source, str_from(d->id), raw, &e, d->received_ms / 1000, err);
    if (st == MP_OK) {
        /* When it fails the verdict says so: it is not complete. */
        struct mp_err told = {0};
        run_job(&job, c->c.dns_source, &told);
        write_texts(&job, made);
        *complete = job.verdict.complete;
    }
    job_clear(&job);
    return st;
}

int judge_message(struct capture *c, const struct store_delivery *d, struct str raw,
                  struct arena *a, struct judgement *out, struct mp_err *err)
{
    struct kept made = {0};
    bool complete = false;
    *out = (struct judgement){.authentication = STR("null"),
                              .findings = STR("[]"),
                              .verdict = STR("null")};
    if (c->c.dns_source == NULL) {
        out->not_judged = STR("this server has no source of DNS (--no-dns)");
        return MP_OK;
    }
    if (find_kept(c->judge, d->id, a, out))
        return MP_OK;
    int st = run(c, d, raw, &made, &complete, err);
    if (st == MP_OK && !copy_texts(a, &made, out))
        st = mp_fail(err, MP_E_NOMEM, 0, "the message needs more memory than allowed");
    if (st == MP_OK && complete) /* what is undecided is tried again the next time */
        keep(c->judge, d->id, &made);
    kept_clear(&made);
    return st;
}
