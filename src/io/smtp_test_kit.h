/* A client and a scripted server face to face, for the tests of the SMTP client. */
#ifndef MP_IO_SMTP_TEST_KIT_H
#define MP_IO_SMTP_TEST_KIT_H

#include <stdlib.h>

#include "base/clock.h"
#include "io/smtp_client.h"
#include "tests/script_server.h"
#include "tests/tap.h"

enum { KIT_LONG_MS = 30000, KIT_ARENA_BYTES = 32 << 20 };

struct talk {
    struct arena arena;
    struct smtp_client client;
    struct smtp_client_config config;
    struct script_server *server;
    struct mp_err err;
};

/* TLS settings that trust the kit's CA; one for the process, freed by kit_tls_done. */
static struct tls_client *kit_client_tls;

static inline struct tls_client *kit_trust(void)
{
    struct tls_settings s = {.ca_file = kit_ca_file()};
    if (kit_client_tls == NULL && tls_client_new(&s, &kit_client_tls, NULL) != MP_OK)
        abort();
    return kit_client_tls;
}

static inline void kit_trust_done(void)
{
    tls_client_free(kit_client_tls);
    kit_client_tls = NULL;
}

/* Settings to change before smtp_open are in t->config. */
static inline void talk_begin(struct talk *t, const struct script_step *steps)
{
    *t = (struct talk){0};
    arena_init(&t->arena, KIT_ARENA_BYTES);
    t->server = script_play(steps);
    t->config = (struct smtp_client_config){
        .target = {.port = script_port(t->server)},
        .tls = kit_trust(),
        .sni = STR("mx.test"),
        .helo = STR("client.test"),
        .deadline_us = clock_mono_us() + (int64_t)KIT_LONG_MS * 1000,
        .stage_timeout_ms = KIT_LONG_MS,
        .now_s = clock_wall_s(),
    };
    ip_parse(STR("127.0.0.1"), &t->config.target.ip);
}

static inline int talk_open(struct talk *t)
{
    return smtp_open(&t->client, &t->config, &t->arena, &t->err);
}

/* QUIT, and the server's view of it all: it must have played to its end. */
static inline const struct script_log *talk_end(struct talk *t)
{
    smtp_quit(&t->client);
    script_stop(t->server);
    const struct script_log *log = script_log(t->server, 0);
    if (log != NULL)
        tap_cstr(log->problem, "");
    return log;
}

static inline void talk_clear(struct talk *t)
{
    smtp_close(&t->client);
    script_free(t->server);
    arena_clear(&t->arena);
}

static inline bool has_text(struct str in, const char *what)
{
    return what[0] == '\0' || str_search(in, str_from(what)) < in.n;
}

/* The transcript as text, in the arena. */
static inline struct str talk_transcript(struct talk *t)
{
    struct buf out;
    buf_init(&out, 8 << 20);
    transcript_write(&out, &t->client.transcript);
    struct str text = arena_copy(&t->arena, buf_str(&out));
    buf_clear(&out);
    return text;
}

#define GOOD_EHLO                                                                                  \
    "250-mx.test greets client.test\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-STARTTLS\r\n"     \
    "250-AUTH PLAIN LOGIN\r\n250-XCLIENT NAME ADDR\r\n250-CHUNKING\r\n250 8BITMIME\r\n"

#endif
