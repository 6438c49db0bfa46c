/* Mailboxes of five kinds behind one face, and the messages in them that were looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arrival/mailbox_internal.h"
#include "base/clock.h"

enum { READER_ARENA_BYTES = 4 << 20, SEEN_FIRST_CAP = 256 };

/* ---- what was looked at ---- */

static uint64_t key_of(struct str folder, struct str id)
{
    uint64_t key = str_hash(folder) * 31 + str_hash(id); /* names that servers give, not senders */
    return key == 0 ? 1 : key;
}

static bool slot_of(const struct seen *s, uint64_t key, size_t *at)
{
    size_t i = (size_t)key & (s->cap - 1);
    while (s->slots[i] != 0 && s->slots[i] != key)
        i = (i + 1) & (s->cap - 1);
    *at = i;
    return s->slots[i] == key;
}

bool seen_has(const struct seen *s, struct str folder, struct str id)
{
    size_t at;
    return s->cap > 0 && slot_of(s, key_of(folder, id), &at);
}

static bool seen_grow(struct seen *s)
{
    struct seen bigger = {.cap = s->cap == 0 ? SEEN_FIRST_CAP : s->cap * 2, .n = s->n};
    size_t at;
    bigger.slots = calloc(bigger.cap, sizeof bigger.slots[0]);
    if (bigger.slots == NULL)
        return false;
    for (size_t i = 0; i < s->cap; i++)
        if (s->slots[i] != 0 && !slot_of(&bigger, s->slots[i], &at))
            bigger.slots[at] = s->slots[i];
    free(s->slots);
    *s = bigger;
    return true;
}

void seen_add(struct seen *s, struct str folder, struct str id)
{
    uint64_t key = key_of(folder, id);
    size_t at;
    if (s->n >= MAILBOX_SEEN_MAX || (2 * (s->n + 1) > s->cap && !seen_grow(s)) ||
        slot_of(s, key, &at))
        return;
    s->slots[at] = key;
    s->n++;
}

void seen_clear(struct seen *s)
{
    free(s->slots);
    *s = (struct seen){0};
}

/* ---- opening ---- */

static const struct {
    struct str scheme;
    const struct mailbox_kind *kind;
} kinds[] = {
    {STR_INIT("imap://"), &mailbox_imap},       {STR_INIT("imaps://"), &mailbox_imap},
    {STR_INIT("pop3://"), &mailbox_pop3},       {STR_INIT("pop3s://"), &mailbox_pop3},
    {STR_INIT("maildir:"), &mailbox_maildir},   {STR_INIT("http://"), &mailbox_sink_http},
    {STR_INIT("https://"), &mailbox_sink_http},
};

static const struct mailbox_kind *kind_of(const struct mailbox_config *c)
{
    if (c->url.n == 0)
        return c->store != NULL ? &mailbox_sink_local : NULL;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_istarts(c->url, kinds[i].scheme))
            return kinds[i].kind;
    return NULL;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

/* All texts are ours from here on; none may end a line. */
static int copy_config(struct mailbox_reader *m, const struct mailbox_config *c, struct mp_err *err)
{
    struct mailbox_config *own = &m->config;
    const struct str given[] = {c->url, c->user, c->password, c->token, c->inbox};
    struct str *texts[] = {&own->url, &own->user, &own->password, &own->token, &own->inbox};
    *own = *c;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = (struct str){0}; /* what is wiped at the end must be ours */
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (has_control(given[i]))
            return mp_fail(err, MP_E_USAGE, 0,
                           "a mailbox's URL, user, password, token or inbox holds control "
                           "characters");
        struct str copy = arena_copy(&m->arena, given[i].n > 0 ? given[i] : STR(""));
        if (copy.p == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
        *texts[i] = copy;
    }
    if (c->n_folders > ARRIVAL_MAX_FOLDERS)
        return mp_fail(err, MP_E_USAGE, ARRIVAL_MAX_FOLDERS, "more than %d folders",
                       ARRIVAL_MAX_FOLDERS);
    size_t n = c->n_folders > 0 ? c->n_folders : 1;
    struct str *folders = arena_new(&m->arena, struct str, n);
    for (size_t i = 0; folders != NULL && i < n; i++) {
        struct str name = c->n_folders > 0 ? c->folders[i] : STR("INBOX");
        if (has_control(name) || name.n == 0)
            return mp_fail(err, MP_E_USAGE, 0, "a folder's name is empty or holds controls");
        folders[i] = arena_copy(&m->arena, name);
        if (folders[i].p == NULL)
            folders = NULL;
    }
    own->folders = folders;
    own->n_folders = n;
    return folders != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
}

int mailbox_open(const struct mailbox_config *c, int64_t deadline_us, struct mailbox_reader **out,
                 struct mp_err *err)
{
    const struct mailbox_kind *kind = kind_of(c);
    (void)deadline_us;
    if (kind == NULL)
        return mp_fail(err, MP_E_USAGE, 0,
                       "mailbox '%.*s': expected imap://, imaps://, pop3://, pop3s://, maildir:, "
                       "http:// or https://",
                       STR_ARG(str_slice(c->url, 0, 200)));
    struct mailbox_reader *m = calloc(1, sizeof *m);
    if (m == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    arena_init(&m->arena, READER_ARENA_BYTES);
    arena_init(&m->scratch, MAILBOX_SCRATCH_BYTES);
    m->kind = kind;
    int st = copy_config(m, c, err);
    st = st == MP_OK ? kind->begin(m, err) : st;
    if (st != MP_OK) {
        mailbox_close(m);
        return st;
    }
    *out = m;
    return MP_OK;
}

static void wipe(struct str secret)
{
    if (secret.n > 0)
        explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
}

void mailbox_close(struct mailbox_reader *m)
{
    if (m == NULL)
        return;
    m->kind->close(m);
    wipe(m->config.password);
    wipe(m->config.token);
    seen_clear(&m->seen);
    arena_clear(&m->scratch);
    arena_clear(&m->arena);
    free(m);
}

/* ---- looking ---- */

bool mailbox_has_hit(const struct mailbox_hits *hits, struct str folder, struct str id)
{
    for (size_t i = 0; i < hits->n; i++)
        if (str_eq(hits->items[i].id, id) && str_eq(hits->items[i].folder, folder))
            return true;
    return false;
}

int mailbox_offer(struct mailbox_reader *m, struct mailbox_hits *hits,
                  const struct mailbox_hit *hit, struct mp_err *err)
{
    bool yes = false;
    arena_reset(&m->scratch);
    int st = mailbox_matches(&m->scratch, hits->match, hit->raw,
                             hit->has_delivery ? &hit->delivery : NULL, &yes, err);
    arena_reset(&m->scratch);
    if (st != MP_OK)
        return st;
    if (!yes) {
        seen_add(&m->seen, hit->folder, hit->id);
        return MP_OK;
    }
    if (hits->n == ARRIVAL_MAX_COPIES)
        return MP_OK;
    struct mailbox_hit kept = *hit;
    kept.folder = arena_copy(hits->arena, hit->folder);
    kept.id = arena_copy(hits->arena, hit->id);
    kept.raw = arena_copy(hits->arena, hit->raw.n > 0 ? hit->raw : STR(""));
    if (kept.folder.p == NULL || kept.id.p == NULL || kept.raw.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a message that arrived");
    hits->items[hits->n++] = kept;
    return MP_OK;
}

/* Another match: what did not fit the last one may fit this. */
static int note_match(struct mailbox_reader *m, const struct mailbox_match *x, struct mp_err *err)
{
    char text[4096];
    struct str bytes;
    int n =
        snprintf(text, sizeof text, "%d\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s", x->bounce, STR_ARG(x->tag),
                 STR_ARG(x->message_id), STR_ARG(x->to), STR_ARG(x->from), STR_ARG(x->subject));
    if (n < 0 || (size_t)n >= sizeof text)
        return mp_fail(err, MP_E_USAGE, (int64_t)sizeof text, "what is looked for is too long");
    bytes = str_make(text, (size_t)n);
    if (m->last_match.p != NULL && str_eq(m->last_match, bytes))
        return MP_OK;
    seen_clear(&m->seen);
    m->last_match = arena_copy(&m->arena, bytes);
    return m->last_match.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory");
}

int mailbox_find(struct mailbox_reader *m, const struct mailbox_match *match, struct arena *a,
                 int64_t deadline_us, struct mailbox_hit **out, size_t *n, struct mp_err *err)
{
    struct mailbox_hits hits = {.arena = a, .match = match};
    int st = note_match(m, match, err);
    if (st != MP_OK)
        return st;
    hits.items = arena_new(a, struct mailbox_hit, ARRIVAL_MAX_COPIES);
    if (hits.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for messages");
    st = m->kind->find(m, match, &hits, deadline_us, err);
    if (st != MP_OK)
        return st;
    *out = hits.items;
    *n = hits.n;
    return MP_OK;
}

struct str mailbox_missing(const struct mailbox_reader *m, struct arena *a)
{
    struct str names = {0};
    for (size_t i = 0; i < m->config.n_folders; i++)
        if (m->missing[i])
            names = arena_fmt(a, "%.*s%s%.*s", STR_ARG(names), names.n > 0 ? ", " : "",
                              STR_ARG(m->config.folders[i]));
    return names;
}

int mailbox_delete(struct mailbox_reader *m, const struct mailbox_hit *hit, int64_t deadline_us,
                   struct mp_err *err)
{
    return m->kind->remove(m, hit, deadline_us, err);
}

void mailbox_skip(struct mailbox_reader *m, const struct mailbox_hit *hit)
{
    seen_add(&m->seen, hit->folder, hit->id);
}

int mailbox_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err)
{
    return m->kind->wait(m, deadline_us, err);
}

void mailbox_pause(int64_t deadline_us)
{
    int64_t left = deadline_us - clock_mono_us(), most = (int64_t)ARRIVAL_POLL_MS * 1000;
    if (left > 0)
        usleep((useconds_t)(left < most ? left : most));
}
