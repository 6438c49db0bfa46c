/* What the files of the SMTP client share: the wire, its faults, and their sentences. */
#ifndef MP_IO_SMTP_CLIENT_INTERNAL_H
#define MP_IO_SMTP_CLIENT_INTERNAL_H

#include "io/smtp_client.h"

/* May something be said now? Forgets an earlier SMTP_FAULT_LOCAL of an argument. */
int client_begin(struct smtp_client *c, enum smtp_stage stage, struct mp_err *err);

/* Send; nothing is put into the transcript. */
int client_write(struct smtp_client *c, enum smtp_stage stage, struct str bytes,
                 struct mp_err *err);
/* The same, shown in the transcript; of a message (`abridge`) only the first bytes. */
int client_send(struct smtp_client *c, enum smtp_stage stage, struct str bytes, bool abridge,
                struct mp_err *err);
/* The next reply into client->last. */
int client_reply(struct smtp_client *c, enum smtp_stage stage, unsigned wait_ms,
                 struct mp_err *err);
/* When a write failed because the server hung up: its last words, if they have arrived. True: they
 * are in client->last and stand for the reply. */
bool client_last_words(struct smtp_client *c, enum smtp_stage stage);
/* A command and its reply. */
int client_talk(struct smtp_client *c, enum smtp_stage stage, struct str command,
                struct mp_err *err);
/* Handshake at SMTP_STAGE_TLS. */
int client_start_tls(struct smtp_client *c, struct mp_err *err);

/* The conversation ends here; `status` is returned. */
int client_fail(struct smtp_client *c, enum smtp_stage stage, enum smtp_fault fault, int status,
                struct mp_err *err, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* An argument was refused (`err` says why) or memory is spent. */
int client_fail_local(struct smtp_client *c, enum smtp_stage stage, int status);
/* "mx.test [192.0.2.1]:25" */
const char *client_peer(const struct smtp_client *c, char room[CONN_HOST_TEXT_MAX]);

int64_t client_deadline(const struct smtp_client *c, enum smtp_stage stage, unsigned wait_ms);
void client_note(struct smtp_client *c, enum transcript_kind kind, struct str text);
/* Secrets that a server sends back become asterisks. */
void client_blank(const struct smtp_client *c, char *p, size_t n);
void client_count(struct smtp_client *c, enum smtp_stage stage, int64_t since_us);
int64_t client_at(const struct smtp_client *c); /* for the transcript */

#endif
