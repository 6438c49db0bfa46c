/* The table of disposable inboxes: sorted by id, read by the SMTP thread, changed by the API. */
#include "sink/inbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"

enum {
    ENTRY_ARENA_BYTES = SCRIPT_MAX_BYTES + 8192,
    NAME_MAX_BYTES = 200,
    MADE_ID_CHARS = 20, /* of 5 bits each */
    TOKEN_BYTES = 24,
    TOKEN_ROOM = 40,
    LIST_ARENA_BYTES = 256 << 20
};

struct entry {
    struct arena arena;
    struct store_inbox inbox;
    struct script *script; /* NULL: none */
};

struct inboxes {
    struct store *store;
    struct arena arena;
    struct str domain;
    pthread_mutex_t writer; /* one change at a time: held while the store writes */
    pthread_mutex_t lock;   /* of what follows: never held while anything waits */
    struct entry **items;   /* by id */
    size_t n, cap;
    struct script *common;
    atomic_bool any_inbox, any_script; /* hints, so that the usual case takes no lock */
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for an inbox");
}

/* ---- entries ---- */

static void entry_free(struct entry *e)
{
    if (e == NULL)
        return;
    script_done(e->script);
    arena_clear(&e->arena);
    free(e);
}

/* A copy with its script read. MP_E_SYNTAX: the script. */
static int entry_new(const struct store_inbox *from, struct entry **out, struct mp_err *err)
{
    struct entry *e = calloc(1, sizeof *e);
    int st = MP_OK;
    if (e == NULL)
        return no_memory(err);
    arena_init(&e->arena, ENTRY_ARENA_BYTES);
    e->inbox = *from;
    struct str *const texts[] = {&e->inbox.id, &e->inbox.name, &e->inbox.token_hash,
                                 &e->inbox.script};
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(texts); i++) {
        *texts[i] = arena_copy(&e->arena, *texts[i]);
        st = texts[i]->p == NULL ? no_memory(err) : MP_OK;
    }
    if (st == MP_OK && e->inbox.script.n > 0)
        st = script_parse(e->inbox.script, &e->script, err);
    if (st != MP_OK) {
        entry_free(e);
        return st;
    }
    *out = e;
    return MP_OK;
}

static bool is_over(const struct entry *e, int64_t now_ms)
{
    return e->inbox.expires_ms > 0 && e->inbox.expires_ms <= now_ms;
}

/* Where `id` is or would be. Ids are lower-case; what is looked up may not be. */
static bool find(const struct inboxes *in, struct str id, size_t *at)
{
    size_t low = 0, high = in->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_icmp(in->items[middle]->inbox.id, id);
        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

static void note_hints(struct inboxes *in)
{
    bool any = in->common != NULL;
    for (size_t i = 0; !any && i < in->n; i++)
        any = in->items[i]->script != NULL;
    atomic_store(&in->any_script, any);
    atomic_store(&in->any_inbox, in->n > 0);
}

/* Put in, or in the place of the one with the same id, which is returned. */
static int insert(struct inboxes *in, struct entry *e, struct entry **old, struct mp_err *err)
{
    size_t at;
    *old = NULL;
    if (find(in, e->inbox.id, &at)) {
        *old = in->items[at];
        in->items[at] = e;
        return MP_OK;
    }
    if (in->n == INBOX_MAX)
        return mp_fail(err, MP_E_LIMIT, INBOX_MAX, "there are %d inboxes already", INBOX_MAX);
    if (in->n == in->cap) {
        size_t cap = in->cap == 0 ? 64 : in->cap * 2;
        struct entry **p = realloc(in->items, cap * sizeof *p);
        if (p == NULL)
            return no_memory(err);
        in->items = p;
        in->cap = cap;
    }
    memmove(in->items + at + 1, in->items + at, (in->n - at) * sizeof *in->items);
    in->items[at] = e;
    in->n++;
    return MP_OK;
}

static struct entry *take_out(struct inboxes *in, struct str id)
{
    size_t at;
    if (!find(in, id, &at))
        return NULL;
    struct entry *e = in->items[at];
    in->n--;
    memmove(in->items + at, in->items + at + 1, (in->n - at) * sizeof *in->items);
    return e;
}

/* ---- life ---- */

static int load(struct inboxes *in, struct mp_err *err)
{
    struct arena a;
    struct store_inbox *stored;
    size_t n = 0;
    arena_init(&a, LIST_ARENA_BYTES);
    int st = store_inboxes(in->store, &a, &stored, &n, err);
    for (size_t i = 0; st == MP_OK && i < n; i++) {
        struct entry *e, *old;
        st = entry_new(&stored[i], &e, err);
        if (st == MP_OK)
            st = insert(in, e, &old, err);
    }
    note_hints(in);
    arena_clear(&a);
    return st;
}

int inboxes_new(struct store *store, struct str domain, struct inboxes **out, struct mp_err *err)
{
    struct inboxes *in = calloc(1, sizeof *in);
    if (in == NULL)
        return no_memory(err);
    in->store = store;
    pthread_mutex_init(&in->writer, NULL);
    pthread_mutex_init(&in->lock, NULL);
    arena_init(&in->arena, 4096);
    in->domain = arena_copy(&in->arena, domain);
    int st = in->domain.p == NULL ? no_memory(err) : load(in, err);
    if (st != MP_OK) {
        inboxes_free(in);
        return st;
    }
    *out = in;
    return MP_OK;
}

void inboxes_free(struct inboxes *in)
{
    if (in == NULL)
        return;
    for (size_t i = 0; i < in->n; i++)
        entry_free(in->items[i]);
    script_done(in->common);
    free(in->items);
    arena_clear(&in->arena);
    pthread_mutex_destroy(&in->writer);
    pthread_mutex_destroy(&in->lock);
    free(in);
}

/* ---- making ---- */

/* A dot-string in lower case without "+", so that it can stand before the @ and before a detail. */
static bool id_ok(struct str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool border = i == 0 || i + 1 == id.n || id.p[i - 1] == '.';
        bool word = is_digit(c) || (c >= 'a' && c <= 'z');
        if (!word && (border || (c != '-' && c != '_' && c != '.')))
            return false;
    }
    return id.n > 0 && id.n <= INBOX_ID_MAX;
}

/* "t-" and letters that are not mixed up when read aloud. */
static struct str make_id(struct arena *a)
{
    static const char letters[33] = "abcdefghijkmnpqrstuvwxyz23456789";
    unsigned char octets[MADE_ID_CHARS];
    char text[2 + MADE_ID_CHARS] = "t-";
    if (!crypto_random(octets, sizeof octets))
        return STR_NONE;
    for (size_t i = 0; i < sizeof octets; i++)
        text[2 + i] = letters[octets[i] % 32];
    return arena_copy(a, str_make(text, sizeof text));
}

static struct str make_token(struct arena *a)
{
    unsigned char octets[TOKEN_BYTES];
    struct buf b;
    if (!crypto_random(octets, sizeof octets))
        return STR_NONE;
    buf_init(&b, TOKEN_ROOM);
    base64_encode(&b, str_make((char *)octets, sizeof octets));
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = b.p[i] == '+' ? '-' : b.p[i] == '/' ? '_' : b.p[i];
    struct str token = b.failed ? STR_NONE : arena_copy(a, buf_str(&b));
    crypto_wipe(octets, sizeof octets);
    buf_clear(&b);
    return token;
}

static struct str hash_of(struct arena *a, struct str token)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    return digest_once(DIGEST_SHA256, token, hash)
               ? hex_encode(a, str_make((char *)hash, sizeof hash))
               : STR_NONE;
}

static int check_request(const struct inbox_request *r, struct mp_err *err)
{
    if (r->id.n > 0 && !id_ok(r->id))
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "an inbox's id has 1 to %d of a-z, 0-9, and inside also - _ .",
                       INBOX_ID_MAX);
    if (r->name.n > NAME_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, NAME_MAX_BYTES, "a name is longer than %d bytes",
                       NAME_MAX_BYTES);
    return MP_OK;
}

static bool exists(struct inboxes *in, struct str id)
{
    size_t at;
    pthread_mutex_lock(&in->lock);
    bool is = find(in, id, &at) && !is_over(in->items[at], clock_wall_ms());
    pthread_mutex_unlock(&in->lock);
    return is;
}

/* Stored first, then seen by the SMTP thread. */
static int publish(struct inboxes *in, const struct store_inbox *inbox, struct mp_err *err)
{
    struct entry *e = NULL, *old = NULL;
    int st = entry_new(inbox, &e, err);
    if (st == MP_OK)
        st = store_inbox_put(in->store, &e->inbox, err);
    if (st != MP_OK) {
        entry_free(e);
        return st;
    }
    pthread_mutex_lock(&in->lock);
    st = insert(in, e, &old, err);
    note_hints(in);
    pthread_mutex_unlock(&in->lock);
    entry_free(st == MP_OK ? old : e);
    return st;
}

int inboxes_create(struct inboxes *in, const struct inbox_request *r, struct arena *a,
                   struct store_inbox *out, struct str *address, struct str *token,
                   struct mp_err *err)
{
    int st = check_request(r, err);
    if (st != MP_OK)
        return st;
    uint32_t ttl_s = r->ttl_s == 0 ? INBOX_DEFAULT_TTL_S : r->ttl_s;
    struct store_inbox inbox = {.id = r->id.n > 0 ? arena_copy(a, r->id) : make_id(a),
                                .name = arena_copy(a, r->name),
                                .created_ms = clock_wall_ms(),
                                .max_messages = r->max_messages,
                                .script = arena_copy(a, r->script)};
    struct str made = make_token(a);
    inbox.expires_ms = ttl_s == UINT32_MAX ? 0 : inbox.created_ms + (int64_t)ttl_s * 1000;
    inbox.token_hash = made.p == NULL ? STR_NONE : hash_of(a, made);
    struct str parts[] = {inbox.id, STR("@"), in->domain};
    struct str whole = arena_join(a, parts, ARRAY_LEN(parts));
    if (inbox.id.p == NULL || inbox.name.p == NULL || inbox.script.p == NULL ||
        inbox.token_hash.p == NULL || whole.p == NULL)
        return no_memory(err);
    pthread_mutex_lock(&in->writer);
    if (exists(in, inbox.id))
        st = mp_fail(err, MP_E_SYNTAX, 0, "there is an inbox '%.*s' already", STR_ARG(inbox.id));
    else
        st = publish(in, &inbox, err);
    pthread_mutex_unlock(&in->writer);
    if (st != MP_OK)
        return st;
    *out = inbox;
    *address = whole;
    *token = made;
    return MP_OK;
}

/* ---- reading ---- */

static bool copy_inbox(struct arena *a, const struct store_inbox *from, struct store_inbox *out)
{
    *out = *from;
    out->id = arena_copy(a, from->id);
    out->name = arena_copy(a, from->name);
    out->token_hash = arena_copy(a, from->token_hash);
    out->script = arena_copy(a, from->script);
    return out->id.p != NULL && out->name.p != NULL && out->token_hash.p != NULL &&
           out->script.p != NULL;
}

int inboxes_get(struct inboxes *in, struct str id, struct arena *a, struct store_inbox *out,
                bool *found, struct mp_err *err)
{
    size_t at;
    bool copied = true;
    pthread_mutex_lock(&in->lock);
    *found = find(in, id, &at) && !is_over(in->items[at], clock_wall_ms());
    if (*found)
        copied = copy_inbox(a, &in->items[at]->inbox, out);
    pthread_mutex_unlock(&in->lock);
    return copied ? MP_OK : no_memory(err);
}

int inboxes_list(struct inboxes *in, struct arena *a, struct store_inbox **out, size_t *n,
                 struct mp_err *err)
{
    int64_t now_ms = clock_wall_ms();
    size_t count = 0;
    bool copied;
    pthread_mutex_lock(&in->lock);
    struct store_inbox *list = arena_new(a, struct store_inbox, in->n + 1);
    copied = list != NULL;
    for (size_t i = 0; copied && i < in->n; i++)
        if (!is_over(in->items[i], now_ms))
            copied = copy_inbox(a, &in->items[i]->inbox, &list[count++]);
    pthread_mutex_unlock(&in->lock);
    if (!copied)
        return no_memory(err);
    *out = list;
    *n = count;
    return MP_OK;
}

bool inboxes_token_ok(struct inboxes *in, struct str id, struct str token)
{
    struct arena a;
    size_t at;
    arena_init(&a, 4096);
    struct str hash = hash_of(&a, token);
    pthread_mutex_lock(&in->lock);
    bool ok = hash.p != NULL && find(in, id, &at) && !is_over(in->items[at], clock_wall_ms()) &&
              digest_equal(hash, in->items[at]->inbox.token_hash);
    pthread_mutex_unlock(&in->lock);
    arena_clear(&a);
    return ok;
}

bool inboxes_by_token(struct inboxes *in, struct str token, struct arena *a, struct str *id)
{
    int64_t now_ms = clock_wall_ms();
    struct str hash = hash_of(a, token), found = STR_NONE;
    if (hash.p == NULL || token.n == 0)
        return false;
    pthread_mutex_lock(&in->lock);
    for (size_t i = 0; i < in->n; i++) /* all of them: the time tells nothing */
        if (digest_equal(hash, in->items[i]->inbox.token_hash) && !is_over(in->items[i], now_ms))
            found = in->items[i]->inbox.id;
    found = found.p == NULL ? found : arena_copy(a, found);
    pthread_mutex_unlock(&in->lock);
    *id = found;
    return found.p != NULL;
}

/* ---- changing ---- */

static int set_common(struct inboxes *in, struct str json, struct mp_err *err)
{
    struct script *script = NULL;
    int st = json.n == 0 ? MP_OK : script_parse(json, &script, err);
    if (st != MP_OK)
        return st;
    pthread_mutex_lock(&in->lock);
    struct script *old = in->common;
    in->common = script;
    note_hints(in);
    pthread_mutex_unlock(&in->lock);
    script_done(old);
    return MP_OK;
}

int inboxes_script(struct inboxes *in, struct str id, struct str json, bool *found,
                   struct mp_err *err)
{
    struct arena a;
    struct store_inbox inbox;
    *found = true;
    if (id.n == 0)
        return set_common(in, json, err);
    arena_init(&a, ENTRY_ARENA_BYTES);
    pthread_mutex_lock(&in->writer);
    int st = inboxes_get(in, id, &a, &inbox, found, err);
    if (st == MP_OK && *found) {
        inbox.script = json;
        st = publish(in, &inbox, err);
    }
    pthread_mutex_unlock(&in->writer);
    arena_clear(&a);
    return st;
}

/* Out of sight first, so that no mail comes in while the store deletes. Writer is held. */
static int delete_one(struct inboxes *in, struct str id, bool *found, struct mp_err *err)
{
    pthread_mutex_lock(&in->lock);
    struct entry *e = take_out(in, id);
    note_hints(in);
    pthread_mutex_unlock(&in->lock);
    *found = e != NULL;
    int st = e == NULL ? MP_OK : store_inbox_delete(in->store, e->inbox.id, err);
    entry_free(e);
    return st;
}

int inboxes_delete(struct inboxes *in, struct str id, bool *found, struct mp_err *err)
{
    pthread_mutex_lock(&in->writer);
    int st = delete_one(in, id, found, err);
    pthread_mutex_unlock(&in->writer);
    return st;
}

/* The next one from *at on; writer is held, so nothing moves but by us. */
static bool next_over(struct inboxes *in, int64_t now_ms, size_t *at, char id[INBOX_ID_MAX + 1])
{
    bool any = false;
    pthread_mutex_lock(&in->lock);
    while (*at < in->n && !(any = is_over(in->items[*at], now_ms)))
        ++*at;
    if (any) {
        struct str over = in->items[*at]->inbox.id;
        memcpy(id, over.p, over.n);
        id[over.n] = '\0';
    }
    pthread_mutex_unlock(&in->lock);
    return any;
}

int inboxes_expire(struct inboxes *in, int64_t now_ms, size_t *deleted, struct mp_err *err)
{
    char id[INBOX_ID_MAX + 1];
    bool found;
    int st = MP_OK;
    size_t n = 0, at = 0;
    pthread_mutex_lock(&in->writer);
    while (st == MP_OK && next_over(in, now_ms, &at, id)) {
        st = delete_one(in, str_from(id), &found, err);
        n++;
    }
    pthread_mutex_unlock(&in->writer);
    *deleted = n;
    return st;
}

/* ---- for the SMTP server ---- */

bool inboxes_route(struct inboxes *in, struct str rcpt, int64_t now_ms, char id[INBOX_ID_MAX + 1])
{
    size_t at;
    struct str local = str_slice(rcpt, 0, str_rfind(rcpt, '@'));
    local = str_slice(local, 0, str_find(local, '+'));
    id[0] = '\0';
    if (!atomic_load(&in->any_inbox) || local.n > INBOX_ID_MAX)
        return false;
    pthread_mutex_lock(&in->lock);
    bool found = find(in, local, &at) && !is_over(in->items[at], now_ms);
    if (found) {
        memcpy(id, in->items[at]->inbox.id.p, local.n);
        id[local.n] = '\0';
    }
    pthread_mutex_unlock(&in->lock);
    return found;
}

static bool by_script(struct inboxes *in, struct str id, const struct script_event *e,
                      struct inbox_decision *out)
{
    size_t at;
    bool decided = false;
    pthread_mutex_lock(&in->lock);
    if (e->stage >= SCRIPT_RCPT && id.n > 0 && find(in, id, &at) && in->items[at]->script != NULL)
        decided = script_decide(in->items[at]->script, e, &out->action);
    if (!decided && in->common != NULL)
        decided = script_decide(in->common, e, &out->action);
    if (decided && out->action.reply_text.n > 0) {
        memcpy(out->text, out->action.reply_text.p, out->action.reply_text.n);
        out->action.reply_text = str_make(out->text, out->action.reply_text.n);
    }
    pthread_mutex_unlock(&in->lock);
    return decided;
}

bool inboxes_decide(struct inboxes *in, struct str id, const struct script_event *e,
                    struct inbox_decision *out)
{
    out->action = (struct script_action){0};
    if (atomic_load(&in->any_script) && by_script(in, id, e, out))
        return true;
    return script_magic(e->stage == SCRIPT_MAIL ? e->from : e->rcpt, e->stage, out->text,
                        &out->action);
}
