/* What probe, relay-test and smuggle share (verb_probe.c), and certificates (judge_cert.c). */
#ifndef MP_SUITE_ASK_INTERNAL_H
#define MP_SUITE_ASK_INTERNAL_H

#include "flow/probe.h"
#include "suite/runner_internal.h"

/* A conversation with a host: options as its entry in the suite and `as` say. */
struct ask {
    struct probe_options options;
    struct str target;
    struct tls_client *own_tls;
    struct probe probe;
};
/* `h` may be NULL: then `target` is asked as it is. */
int ask_prepare(struct work *w, const struct suite_host *h, const struct suite_as *as,
                struct str helo, struct str target, struct ask **out, struct mp_err *err);
/* probe_run, and the conversations are kept. ask_clear always. */
int ask_run(struct work *w, struct ask *a, const char *what, struct mp_err *err);
void ask_clear(struct ask *a); /* accepts NULL */
/* For options.allowed: only where the suite may send. */
bool ask_allowed(void *ctx, struct str host, struct ip ip);

/* Why a server that does not answer does not; open: nobody knows (time-out, our own network). */
bool ask_is_open(const struct probe_server *s);
struct str ask_fault(struct work *w, const struct probe *p, const struct probe_server *s);

/* ---- judge_server.c ---- */

struct server_seen {
    const struct ask *ask;
    const struct probe_server *server;
    const struct suite_probe *asked;
};
bool judge_server_given(const struct suite_expect_server *e);
/* All that is expected of one server, as checks of `group`. */
void judge_server(struct work *w, struct str group, const struct suite_expect_server *e,
                  const struct server_seen *s);
/* The same, not told: JUDGE_MET, or the first that is not, with its name. */
struct judged judge_server_quietly(struct work *w, const struct suite_expect_server *e,
                                   const struct server_seen *s);
/* starttls: required needs a conversation of its own (verb_probe.c): MAIL before TLS. */
enum ask_plain { ASK_PLAIN_REFUSED, ASK_PLAIN_TAKEN, ASK_PLAIN_OPEN };
enum ask_plain ask_plain_mail(struct work *w, const struct ask *a, const struct probe_server *s,
                              struct str *got);

/* ---- judge_cert.c ---- */

struct cert_seen {
    const struct tls_facts *tls; /* NULL, or not established: there is none */
    struct str host;
    int64_t now_s;
    bool open;      /* why there is none is not known */
    struct str why; /* there is none */
};
extern const struct judge_row cert_rows[];
extern const size_t n_cert_rows;

#endif
