/* Packets of the milter protocol, version 6, as libmilter 8.17 and Postfix 3.7 speak it: four
 * octets of length, one of command, what belongs to it. Both directions, as bytes; no meaning. */
#ifndef MP_MILTER_PACKET_H
#define MP_MILTER_PACKET_H

#include "base/buf.h"
#include "base/err.h"

enum {
    MILTER_VERSION = 6,
    MILTER_VERSION_MIN = 2,            /* what libmilter takes, too */
    MILTER_HEAD_BYTES = 5,             /* length, which counts the command, and the command */
    MILTER_CHUNK_BYTES = 65535,        /* of a body, from an MTA (MILTER_CHUNK_SIZE) */
    MILTER_PACKET_MAX_BYTES = 1 << 20, /* taken from an MTA; Postfix sends fields of 100 KiB */
    MILTER_ANSWER_MAX_BYTES = 65534    /* payload of ours: an MTA takes no longer packets */
};

/* What the MTA says (SMFIC_). */
enum milter_command {
    MILTER_ABORT = 'A',
    MILTER_BODY = 'B',
    MILTER_CONNECT = 'C',
    MILTER_MACRO = 'D',
    MILTER_BODY_END = 'E',
    MILTER_HELO = 'H',
    MILTER_QUIT_NEW = 'K', /* another connection follows on this socket */
    MILTER_HEADER = 'L',
    MILTER_MAIL = 'M',
    MILTER_HEADER_END = 'N',
    MILTER_OPTIONS = 'O', /* also the filter's answer */
    MILTER_QUIT = 'Q',
    MILTER_RCPT = 'R',
    MILTER_DATA = 'T',
    MILTER_UNKNOWN = 'U'
};

/* What the filter says (SMFIR_). */
enum milter_reply {
    MILTER_ADD_RCPT = '+',
    MILTER_DELETE_RCPT = '-',
    MILTER_ADD_RCPT_PARAMS = '2',
    MILTER_SHUTDOWN = '4',
    MILTER_ACCEPT = 'a',
    MILTER_REPLACE_BODY = 'b',
    MILTER_CONTINUE = 'c',
    MILTER_DISCARD = 'd',
    MILTER_CHANGE_FROM = 'e',
    MILTER_FAIL_CONNECTION = 'f',
    MILTER_ADD_HEADER = 'h',
    MILTER_INSERT_HEADER = 'i',
    MILTER_CHANGE_HEADER = 'm',
    MILTER_PROGRESS = 'p',
    MILTER_QUARANTINE = 'q',
    MILTER_REJECT = 'r',
    MILTER_SKIP = 's',
    MILTER_TEMPFAIL = 't',
    MILTER_REPLY_CODE = 'y'
};

/* What a filter may do when the MTA offers it (SMFIF_). */
enum {
    MILTER_CAN_ADD_HEADERS = 0x1, /* add and insert */
    MILTER_CAN_CHANGE_BODY = 0x2,
    MILTER_CAN_ADD_RCPT = 0x4,
    MILTER_CAN_DELETE_RCPT = 0x8,
    MILTER_CAN_CHANGE_HEADERS = 0x10, /* change and delete */
    MILTER_CAN_QUARANTINE = 0x20,
    MILTER_CAN_CHANGE_FROM = 0x40,
    MILTER_CAN_ADD_RCPT_PARAMS = 0x80,
    MILTER_CAN_SET_MACROS = 0x100, /* say in the negotiation which macros it wants */
    MILTER_CAN_ALL = 0x1ff
};

/* Steps of the protocol that a filter may leave out, and ways to speak (SMFIP_). */
enum {
    MILTER_NO_CONNECT = 0x1,
    MILTER_NO_HELO = 0x2,
    MILTER_NO_MAIL = 0x4,
    MILTER_NO_RCPT = 0x8,
    MILTER_NO_BODY = 0x10,
    MILTER_NO_HEADERS = 0x20,
    MILTER_NO_HEADER_END = 0x40,
    MILTER_NO_REPLY_HEADER = 0x80, /* the filter does not answer these */
    MILTER_NO_UNKNOWN = 0x100,
    MILTER_NO_DATA = 0x200,
    MILTER_CAN_SKIP = 0x400,      /* the MTA knows MILTER_SKIP: send no more of the body */
    MILTER_REJECTED_RCPT = 0x800, /* it sends recipients that it refused, too */
    MILTER_NO_REPLY_CONNECT = 0x1000,
    MILTER_NO_REPLY_HELO = 0x2000,
    MILTER_NO_REPLY_MAIL = 0x4000,
    MILTER_NO_REPLY_RCPT = 0x8000,
    MILTER_NO_REPLY_DATA = 0x10000,
    MILTER_NO_REPLY_UNKNOWN = 0x20000,
    MILTER_NO_REPLY_HEADER_END = 0x40000,
    MILTER_NO_REPLY_BODY = 0x80000,
    MILTER_LEADING_SPACE = 0x100000, /* values of fields keep it, in both directions */
    MILTER_STEPS_ALL = 0x1fffff
};

/* When macros are told (SMFIM_): the numbers of the list in the negotiation. */
enum milter_stage {
    MILTER_AT_CONNECT,
    MILTER_AT_HELO,
    MILTER_AT_MAIL,
    MILTER_AT_RCPT,
    MILTER_AT_DATA,
    MILTER_AT_END, /* of the message */
    MILTER_AT_HEADER_END,
    MILTER_STAGES
};

/* ---- reading ------------------------------------------------------------------------------- */

struct milter_packet {
    char command;
    struct str payload;
};

/* The next whole packet off the front of `in`, which moves behind it. MP_OK; MP_WAIT: more bytes
 * are needed, `in` stays; MP_E_LIMIT: longer than `max_bytes` (of the payload), MP_E_SYNTAX: no
 * packet has this length. */
int milter_packet_next(struct str *in, size_t max_bytes, struct milter_packet *out,
                       struct mp_err *err);

/* The same of its first five bytes: `length` counts the command. */
int milter_packet_head(struct str in, size_t max_bytes, size_t *length, char *command,
                       struct mp_err *err);

struct milter_options {
    uint32_t version, actions, steps;
    struct str macros; /* the filter's answer: stages and lists, see milter_options_next */
};
/* Each of these: MP_E_SYNTAX unless the payload is whole and nothing follows. */
int milter_options_parse(struct str payload, struct milter_options *out, struct mp_err *err);

/* The next stage and its list of macros off the front of `macros`; false at the end, or when the
 * rest is broken: then it is not empty. */
bool milter_options_next(struct str *macros, uint32_t *stage, struct str *list);

enum milter_family {
    MILTER_FAMILY_UNKNOWN = 'U',
    MILTER_FAMILY_UNIX = 'L',
    MILTER_FAMILY_INET = '4',
    MILTER_FAMILY_INET6 = '6'
};
struct milter_connect {
    struct str name; /* as the MTA has it: Sendmail "[192.0.2.1]", Postfix "unknown" without PTR */
    enum milter_family family;
    uint16_t port;
    struct str address; /* text, "IPv6:" of Sendmail taken off; a path; empty when unknown */
};
int milter_connect_parse(struct str payload, struct milter_connect *out, struct mp_err *err);

/* Strings that each end in NUL, of MAIL, RCPT, HELO. The next one off the front; false at the end,
 * and when the last one has no NUL: then `words` is not empty. */
bool milter_word_next(struct str *words, struct str *out);

/* Are they whole: not empty, and a NUL at the end? */
bool milter_words_ok(struct str words);

/* A field or a macro: two strings and nothing behind them. */
int milter_pair_parse(struct str payload, struct str *name, struct str *value, struct mp_err *err);

/* ---- writing ------------------------------------------------------------------------------- */

/* All append one packet to `out`; no memory shows in out->failed. */
void milter_packet_write(struct buf *out, char command, struct str payload);

/* The same with the payload of parts, each with a NUL behind it where `ends` says so. */
struct milter_part {
    struct str text;
    bool end;
};
void milter_parts_write(struct buf *out, char command, const struct milter_part *parts, size_t n);

void milter_number_write(struct buf *out, uint32_t n); /* bare: four octets */
uint32_t milter_number_at(struct str s, size_t at);    /* the caller has seen that they are there */

/* `lists`: a list of macros for each stage, or NULL; those that are NULL are left out. */
void milter_options_write(struct buf *out, const struct milter_options *o,
                          const char *const lists[MILTER_STAGES]);

#endif
