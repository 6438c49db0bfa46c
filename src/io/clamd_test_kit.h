/* A clamd for tests, on tests/script_server.h, that does what each item tells it to do. */
#ifndef MP_IO_CLAMD_TEST_KIT_H
#define MP_IO_CLAMD_TEST_KIT_H

#include <stdio.h>

#include "base/buf.h"
#include "tests/script_server.h"

/* What an item begins with says what becomes of it:
 *   "=TEXT"  "<id>: stream: TEXT"      "!TEXT"  TEXT as it is, without id
 *   "_"      no answer                 "~"      the connection is closed
 *   "+"      the answer of another id  "#"      an answer that does not end */
struct fake {
    const char *version, *stats, *ping, *nested;
    size_t hold;    /* so many answers are gathered, and said in one piece, the last first */
    bool in_octets; /* each octet in a write of its own */
    size_t limit;   /* of a chunk; then "size limit exceeded", and the end. 0: none */
    size_t early;   /* a chunk so long is called clean before it is read. 0: none */
    bool refuses_files;
};

struct fake_session {
    struct script_peer *peer;
    const struct fake *fake;
    uint32_t id;
    struct buf held; /* gathered, the last first */
    size_t n_held;
};

static inline bool fake_say(struct fake_session *s, struct str answer)
{
    bool said = true;
    for (size_t i = 0; s->fake->in_octets && said && i < answer.n; i++)
        said = script_say(s->peer, str_slice(answer, i, i + 1));
    return s->fake->in_octets ? said : script_say(s->peer, answer);
}

static inline bool fake_answer(struct fake_session *s, struct str text)
{
    if (s->fake->hold < 2)
        return fake_say(s, text);
    struct buf all;
    buf_init(&all, 1 << 16);
    buf_add(&all, text);
    buf_add(&all, buf_str(&s->held));
    buf_reset(&s->held);
    buf_add(&s->held, buf_str(&all));
    buf_clear(&all);
    if (++s->n_held < s->fake->hold)
        return true;
    bool said = fake_say(s, buf_str(&s->held));
    buf_reset(&s->held);
    s->n_held = 0;
    return said;
}

static inline bool fake_answer_id(struct fake_session *s, uint32_t id, struct str label,
                                  struct str text)
{
    struct buf line;
    buf_init(&line, 1 << 16);
    buf_addf(&line, "%u: " STR_FMT STR_FMT, id, STR_ARG(label), STR_ARG(text));
    buf_addc(&line, '\0');
    bool said = fake_answer(s, buf_str(&line));
    buf_clear(&line);
    return said;
}

static inline bool fake_judge(struct fake_session *s, struct str item)
{
    static const char endless[4096] = {'x', 'x', 'x'};
    struct str rest = str_slice(item, 1, item.n);
    bool said = true;
    switch (item.n == 0 ? '=' : item.p[0]) {
    case '!':
        return script_say(s->peer, rest) && script_say(s->peer, str_make("", 1));
    case '_':
        return true;
    case '~':
        return false;
    case '+':
        return fake_answer_id(s, s->id + 7, STR("stream: "), STR("OK"));
    case '#':
        for (int i = 0; said && i < 64; i++)
            said = script_say(s->peer, str_make(endless, 3));
        while (said)
            said = script_say(s->peer, STR("never ends"));
        return false;
    case '\x1f':
        rest = str_from(s->fake->nested);
        break;
    default:
        break;
    }
    return fake_answer_id(s, s->id, STR("stream: "), item.n == 0 ? STR("OK") : rest);
}

static inline bool fake_hear_stream(struct fake_session *s)
{
    struct buf item;
    struct str head, chunk;
    bool goes_on = true, is_whole = false;
    buf_init(&item, 64 << 20);
    while (goes_on && !is_whole && (goes_on = script_take(s->peer, 4, &head))) {
        size_t n = 0;
        for (size_t i = 0; i < 4; i++)
            n = n << 8 | (unsigned char)head.p[i];
        is_whole = n == 0;
        if (s->fake->limit != 0 && n > s->fake->limit) {
            fake_answer_id(s, s->id, STR(""), STR("INSTREAM size limit exceeded. ERROR"));
            goes_on = false;
        } else if (s->fake->early != 0 && n > s->fake->early) {
            fake_answer_id(s, s->id, STR("stream: "), STR("OK"));
        }
        goes_on = goes_on && (n == 0 || script_take(s->peer, n, &chunk));
        if (goes_on && n > 0)
            buf_add(&item, chunk);
    }
    goes_on = goes_on && fake_judge(s, buf_str(&item));
    buf_clear(&item);
    return goes_on;
}

/* The kit does not take the descriptor, so nobody looks into it; tests/e2e has a real clamd. */
static inline bool fake_hear_file(struct fake_session *s)
{
    struct str octet;
    if (!script_take(s->peer, 1, &octet))
        return false;
    if (s->fake->refuses_files)
        return fake_answer_id(s, s->id, STR(""), STR("No file descriptor received. ERROR"));
    return fake_answer_id(s, s->id, STR("fd[9]: "), STR("OK"));
}

static inline bool fake_take_word(struct script_peer *p, char *word, size_t room)
{
    struct str octet;
    size_t n = 0;
    while (script_take(p, 1, &octet)) {
        if (n == room)
            return false;
        word[n++] = octet.p[0];
        if (octet.p[0] == '\0')
            return true;
    }
    return false;
}

static inline bool fake_play(struct script_peer *p, void *ctx)
{
    struct fake_session s = {.peer = p, .fake = ctx};
    char word[32];
    bool goes_on = fake_take_word(p, word, sizeof word) && strcmp(word, "zIDSESSION") == 0;
    buf_init(&s.held, 1 << 16);
    while (goes_on && fake_take_word(p, word, sizeof word)) {
        s.id++;
        if (strcmp(word, "zINSTREAM") == 0)
            goes_on = fake_hear_stream(&s);
        else if (strcmp(word, "zFILDES") == 0)
            goes_on = fake_hear_file(&s);
        else if (strcmp(word, "zVERSION") == 0)
            goes_on = fake_answer_id(&(struct fake_session){.peer = p, .fake = &(struct fake){0}},
                                     s.id, STR(""), str_from(s.fake->version));
        else if (strcmp(word, "zPING") == 0)
            goes_on = fake_answer_id(&s, s.id, STR(""), str_from(s.fake->ping));
        else if (strcmp(word, "zSTATS") == 0)
            goes_on = fake_answer_id(&s, s.id, STR(""), str_from(s.fake->stats));
        else
            goes_on = false; /* zEND */
    }
    buf_clear(&s.held);
    return true;
}

/* A server at an address. */
struct fake_clamd {
    struct script_step steps[2];
    const struct script_step *conversation[1];
    struct script_server *server;
    char address[200];
};

#define FAKE_DATED "ClamAV 1.4.6/27123/Mon Nov 23 10:00:00 2026"

static inline void fake_serve(struct fake_clamd *at, struct fake *fake, const char *ip,
                              const char *path)
{
    if (fake->version == NULL)
        fake->version = FAKE_DATED;
    at->steps[0] = (struct script_step)SCRIPT_CALL(fake_play, fake);
    at->steps[1] = (struct script_step)SCRIPT_CLOSE;
    at->conversation[0] = at->steps;
    struct script_options o = {
        .address = ip, .unix_path = path, .conversations = at->conversation, .n_conversations = 1};
    at->server = script_start(&o);
    if (at->server == NULL)
        return;
    if (path != NULL)
        snprintf(at->address, sizeof at->address, "unix:%s", path);
    else
        snprintf(at->address, sizeof at->address, ip != NULL ? "[%s]:%u" : "%s127.0.0.1:%u",
                 ip != NULL ? ip : "", script_port(at->server));
}

#endif
