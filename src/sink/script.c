/* Which rule fits an event; and local parts that are a rule by themselves. */
#include "sink/script.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "sink/script_internal.h"

static bool fits(const struct script_rule *r, const struct script_event *e)
{
    return (r->any_stage || r->stage == e->stage) && (r->times == 0 || r->used < r->times) &&
           (r->attempt == 0 || r->attempt == e->attempt) &&
           (r->from.p == NULL || str_glob(r->from, e->from, false)) &&
           (r->to.p == NULL || str_glob(r->to, e->rcpt, false)) &&
           (r->client.p == NULL || str_glob(r->client, e->client, false)) &&
           (r->helo.p == NULL || str_glob(r->helo, e->helo, false));
}

/* ---- greylisting ---- */

/* Sender, recipient, client and rule as one key: strangers choose the first two. */
static bool grey_key(const struct script_event *e, size_t rule, uint64_t out[2])
{
    const struct str parts[] = {e->from, e->rcpt, e->client};
    unsigned char hash[DIGEST_MAX_BYTES];
    struct digest d;
    if (!digest_start(&d, DIGEST_SHA256))
        return false;
    digest_update(&d, str_make((const char *)&rule, sizeof rule));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        digest_update(&d, parts[i]);
        digest_update(&d, STR("\n")); /* no address holds one */
    }
    bool ok = digest_final(&d, hash);
    memcpy(out, hash, 16);
    return ok;
}

/* Must it come later? Without memory nobody is turned away for ever. */
static bool is_early(struct script *s, size_t rule, const struct script_event *e)
{
    uint64_t key[2];
    if (s->grey == NULL)
        s->grey = calloc(SCRIPT_MAX_GREYLISTED, sizeof *s->grey);
    if (s->grey == NULL || !grey_key(e, rule, key))
        return false;
    for (size_t i = 0; i < s->n_grey; i++)
        if (memcmp(s->grey[i].key, key, sizeof key) == 0)
            return e->now_ms - s->grey[i].since_ms < (int64_t)s->rules[rule].greylist_ms;
    struct script_grey *g = &s->grey[s->next_grey];
    memcpy(g->key, key, sizeof key);
    g->since_ms = e->now_ms;
    s->next_grey = (s->next_grey + 1) % SCRIPT_MAX_GREYLISTED;
    s->n_grey += s->n_grey < SCRIPT_MAX_GREYLISTED;
    return true;
}

bool script_decide(struct script *s, const struct script_event *e, struct script_action *out)
{
    *out = (struct script_action){0};
    for (size_t i = 0; i < s->n; i++) {
        struct script_rule *r = &s->rules[i];
        if (!fits(r, e) || (r->greylist_ms > 0 && !is_early(s, i, e)))
            continue;
        r->used++;
        *out = r->action;
        if (r->greylist_ms > 0 && out->reply_code == 0 && !out->drop) {
            out->reply_code = 451;
            out->reply_text = STR("4.7.1 greylisted, come back later");
        }
        return true;
    }
    return false;
}

/* ---- magic local parts ---- */

static const struct {
    struct str name;
    enum script_stage stage;
} magic_stages[] = {
    {STR_INIT("mailfrom"), SCRIPT_MAIL},
    {STR_INIT("rcptto"), SCRIPT_RCPT},
    {STR_INIT("data"), SCRIPT_DATA},
    {STR_INIT("end"), SCRIPT_END},
};

/* d.ddd.ddd whose class is that of the code. */
static bool enhanced_ok(struct str s, char class_)
{
    unsigned dots = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.')
            dots++;
        else if (!is_digit(s.p[i]))
            return false;
    }
    return dots == 2 && s.n >= 5 && s.n <= 9 && s.p[0] == class_ && s.p[1] == '.' &&
           s.p[s.n - 1] != '.' && str_search(s, STR("..")) == s.n;
}

/* "451", "550-5.7.1" */
static bool magic_code(struct str text, char room[SCRIPT_MAGIC_ROOM], struct script_action *out)
{
    uint64_t code;
    struct str enhanced = text, digits = str_cut(&enhanced, '-');
    if (digits.n != 3 || !str_to_u64(digits, 599, &code) || code < 400)
        return false;
    if (enhanced.p != NULL && !enhanced_ok(enhanced, digits.p[0]))
        return false;
    if (enhanced.p == NULL)
        enhanced = code < 500 ? STR("4.0.0") : STR("5.0.0");
    int n = snprintf(room, SCRIPT_MAGIC_ROOM, "%.*s as the address asks for", STR_ARG(enhanced));
    out->reply_code = (unsigned)code;
    out->reply_text = str_make(room, (size_t)n);
    return true;
}

static bool magic_what(struct str what, enum script_stage stage, char room[SCRIPT_MAGIC_ROOM],
                       struct script_action *out)
{
    if (str_ieq(what, STR("drop"))) {
        out->drop = true;
    } else if (str_ieq(what, STR("timeout"))) {
        out->drop = true;
        out->delay_ms = SCRIPT_MAX_DELAY_MS;
    } else if (str_ieq(what, STR("slow"))) {
        out->delay_ms = SCRIPT_SLOW_DELAY_MS;
        if (stage == SCRIPT_DATA) {
            out->delay_ms = 0;
            out->throttle_bytes_s = SCRIPT_SLOW_BYTES_S;
        }
    } else {
        return magic_code(what, room, out);
    }
    return true;
}

bool script_magic(struct str address, enum script_stage stage, char room[SCRIPT_MAGIC_ROOM],
                  struct script_action *out)
{
    struct str local = str_slice(address, 0, str_rfind(address, '@'));
    size_t plus = str_rfind(local, '+');
    struct str word = plus < local.n ? str_slice(local, plus + 1, local.n) : local;
    *out = (struct script_action){0};
    if (plus < local.n && stage == SCRIPT_RCPT && magic_code(word, room, out))
        return true;
    struct str what = word, name = str_cut(&what, '-');
    for (size_t i = 0; i < ARRAY_LEN(magic_stages); i++)
        if (what.p != NULL && magic_stages[i].stage == stage && str_ieq(name, magic_stages[i].name))
            return magic_what(what, stage, room, out);
    return false;
}
