/* Scripts from JSON: a table of keys, and an error that names the rule and the key. */
#include <jansson.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "sink/script_internal.h"

enum { SCRIPT_ARENA_BYTES = 4 * SCRIPT_MAX_BYTES, NEAR_MAX = 2 };

static const char *const stage_names[SCRIPT_STAGE_COUNT] = {
    [SCRIPT_CONNECT] = "connect", [SCRIPT_EHLO] = "ehlo", [SCRIPT_STARTTLS] = "starttls",
    [SCRIPT_AUTH] = "auth",       [SCRIPT_MAIL] = "mail", [SCRIPT_RCPT] = "rcpt",
    [SCRIPT_DATA] = "data",       [SCRIPT_END] = "end",   [SCRIPT_QUIT] = "quit",
};

const char *script_stage_name(enum script_stage s)
{
    return (size_t)s < ARRAY_LEN(stage_names) ? stage_names[s] : "?";
}

static bool stage_by_name(struct str name, enum script_stage *out)
{
    for (size_t i = 0; i < ARRAY_LEN(stage_names); i++)
        if (str_eq(name, str_from(stage_names[i]))) {
            *out = (enum script_stage)i;
            return true;
        }
    return false;
}

/* One rule in the making. */
struct reader {
    struct script *script;
    struct script_rule *rule;
    size_t number; /* from 1 */
    bool has_stage;
    struct str reply; /* judged when the stage is known */
    struct mp_err *err;
};

static int wrong(struct reader *r, const char *key, const char *why)
{
    return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->number, "rule %zu: '%s' %s", r->number, key,
                   why);
}

static int take_text(struct reader *r, const char *key, const json_t *v, struct str *out)
{
    if (!json_is_string(v) || json_string_length(v) == 0)
        return wrong(r, key, "needs a text");
    *out = arena_copy(&r->script->arena, str_make(json_string_value(v), json_string_length(v)));
    return out->p == NULL ? mp_fail(r->err, MP_E_NOMEM, 0, "no memory for a script") : MP_OK;
}

static int take_number(struct reader *r, const char *key, const json_t *v, uint64_t least,
                       uint64_t most, uint64_t *out)
{
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0 || (uint64_t)n < least || (uint64_t)n > most)
        return wrong(r, key,
                     least == 0 ? "needs a whole number, not too large"
                                : "needs a whole number from 1, not too large");
    *out = (uint64_t)n;
    return MP_OK;
}

/* "500ms", "3s", "2m": a number without a unit would be guessed wrong. */
static int take_duration(struct reader *r, const char *key, const json_t *v, unsigned *out)
{
    static const struct {
        struct str unit;
        uint64_t ms;
    } units[] = {{STR_INIT("ms"), 1}, {STR_INIT("s"), 1000}, {STR_INIT("m"), 60000}};
    struct str text = str_make(json_string_value(v), json_is_string(v) ? json_string_length(v) : 0);
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_ends(text, units[i].unit) &&
            str_to_u64(str_slice(text, 0, text.n - units[i].unit.n), SCRIPT_MAX_DELAY_MS, &n) &&
            n * units[i].ms <= SCRIPT_MAX_DELAY_MS) {
            *out = (unsigned)(n * units[i].ms);
            return MP_OK;
        }
    return wrong(r, key, "needs a time such as \"500ms\", \"3s\" or \"2m\", at most ten minutes");
}

static int set_stage(struct reader *r, const char *key, struct str name)
{
    if (r->has_stage)
        return wrong(r, key, "names the stage a second time");
    r->has_stage = true;
    if (!stage_by_name(name, &r->rule->stage))
        return wrong(r, key,
                     "names no stage: connect, ehlo, starttls, auth, mail, rcpt, data, end, quit");
    return MP_OK;
}

/* ---- keys ---- */

typedef int key_fn(struct reader *r, const char *key, const json_t *v);

static int key_at(struct reader *r, const char *key, const json_t *v)
{
    struct str name;
    int st = take_text(r, key, v, &name);
    return st == MP_OK ? set_stage(r, key, name) : st;
}

static int key_after(struct reader *r, const char *key, const json_t *v)
{
    struct str name;
    int st = take_text(r, key, v, &name);
    if (st == MP_OK && !str_eq(name, STR("data")))
        st = wrong(r, key, "can only be \"data\", which means \"at\": \"end\"");
    return st == MP_OK ? set_stage(r, key, STR("end")) : st;
}

static int key_from(struct reader *r, const char *key, const json_t *v)
{
    if (json_is_string(v) && json_string_length(v) == 0) { /* the null sender */
        r->rule->from = STR("");
        return MP_OK;
    }
    return take_text(r, key, v, &r->rule->from);
}

static int key_to(struct reader *r, const char *key, const json_t *v)
{
    return take_text(r, key, v, &r->rule->to);
}

static int key_client(struct reader *r, const char *key, const json_t *v)
{
    return take_text(r, key, v, &r->rule->client);
}

static int key_helo(struct reader *r, const char *key, const json_t *v)
{
    return take_text(r, key, v, &r->rule->helo);
}

static int key_times(struct reader *r, const char *key, const json_t *v)
{
    return take_number(r, key, v, 1, INT64_MAX, &r->rule->times);
}

static int key_attempt(struct reader *r, const char *key, const json_t *v)
{
    return take_number(r, key, v, 1, UINT32_MAX, &r->rule->attempt);
}

static int key_reply(struct reader *r, const char *key, const json_t *v)
{
    return r->reply.p == NULL ? take_text(r, key, v, &r->reply)
                              : wrong(r, key, "is a second reply");
}

static int key_delay(struct reader *r, const char *key, const json_t *v)
{
    return take_duration(r, key, v, &r->rule->action.delay_ms);
}

static int key_greylist(struct reader *r, const char *key, const json_t *v)
{
    return take_duration(r, key, v, &r->rule->greylist_ms);
}

static int key_drop(struct reader *r, const char *key, const json_t *v)
{
    r->rule->action.drop = json_is_true(v);
    return json_is_boolean(v) ? MP_OK : wrong(r, key, "is true or false");
}

static int key_accept(struct reader *r, const char *key, const json_t *v)
{
    r->rule->accept = json_is_true(v);
    return json_is_true(v) ? MP_OK : wrong(r, key, "can only be true");
}

static int key_throttle(struct reader *r, const char *key, const json_t *v)
{
    uint64_t n = 0;
    int st = take_number(r, key, v, 1, UINT32_MAX, &n);
    r->rule->action.throttle_bytes_s = (unsigned)n;
    return st;
}

static int key_cut(struct reader *r, const char *key, const json_t *v)
{
    uint64_t n = 0;
    int st = take_number(r, key, v, 0, SCRIPT_MAX_REPLY, &n);
    r->rule->action.cut = true;
    r->rule->action.cut_bytes = (size_t)n;
    return st;
}

static const struct {
    const char *name;
    key_fn *take;
} keys[] = {
    {"at", key_at},         {"after", key_after},       {"from", key_from},
    {"to", key_to},         {"client", key_client},     {"helo", key_helo},
    {"times", key_times},   {"attempt", key_attempt},   {"reply", key_reply},
    {"delay", key_delay},   {"greylist", key_greylist}, {"drop", key_drop},
    {"accept", key_accept}, {"throttle", key_throttle}, {"cut", key_cut},
};

static int unknown_key(struct reader *r, const char *key)
{
    struct nearest near = {.wanted = str_from(key), .most = NEAR_MAX};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        nearest_try(&near, str_from(keys[i].name));
    for (size_t i = 0; i < ARRAY_LEN(stage_names); i++)
        nearest_try(&near, str_from(stage_names[i]));
    if (near.best.p == NULL)
        return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->number, "rule %zu: unknown key '%s'",
                       r->number, key);
    return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->number,
                   "rule %zu: unknown key '%s', did you mean '%.*s'?", r->number, key,
                   STR_ARG(near.best));
}

static int take_key(struct reader *r, const char *key, const json_t *v)
{
    enum script_stage stage;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(key, keys[i].name) == 0)
            return keys[i].take(r, key, v);
    if (!stage_by_name(str_from(key), &stage))
        return unknown_key(r, key);
    int st = set_stage(r, key, str_from(key));
    return st == MP_OK ? key_reply(r, key, v) : st;
}

/* ---- rules ---- */

bool script_reply_read(struct str text, enum script_stage stage, struct script_action *out,
                       const char **why)
{
    uint64_t code;
    struct str rest = str_slice(text, 3, text.n);
    *why = "needs a code and a text, \"451 4.7.1 later\"";
    if (text.n < 3 || !str_to_u64(str_slice(text, 0, 3), 599, &code) || code < 200 ||
        (rest.n > 0 && rest.p[0] != ' '))
        return false;
    *why = "has a code that cannot stand there: 2xx, 4xx or 5xx; at \"data\" 354, 4xx or 5xx";
    bool go_on = stage == SCRIPT_DATA ? code == 354 : code < 300;
    if (!go_on && code < 400)
        return false;
    *why = "holds a control character, or is longer than 400 octets";
    if (text.n > SCRIPT_MAX_REPLY || !utf8_valid(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return false;
    out->reply_code = (unsigned)code;
    out->reply_text = rest.n > 0 ? str_slice(rest, 1, rest.n) : STR("scripted");
    return true;
}

static int finish_rule(struct reader *r)
{
    const char *why;
    struct script_rule *rule = r->rule;
    const struct script_action *a = &rule->action;
    bool does = r->reply.p != NULL || a->delay_ms > 0 || a->drop || a->throttle_bytes_s > 0 ||
                a->cut || rule->greylist_ms > 0;
    if (rule->accept == does)
        return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->number,
                       "rule %zu: it must say what to do: reply, delay, drop, throttle, cut, "
                       "greylist; or accept, and then nothing else",
                       r->number);
    if (!r->has_stage && does)
        return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->number,
                       "rule %zu: 'at' is missing: at which stage?", r->number);
    rule->any_stage = !r->has_stage;
    if (r->has_stage && rule->stage < SCRIPT_RCPT && rule->to.p != NULL)
        return wrong(r, "to", "cannot be known before RCPT");
    if (r->has_stage && rule->stage < SCRIPT_MAIL && rule->from.p != NULL)
        return wrong(r, "from", "cannot be known before MAIL");
    if (rule->greylist_ms > 0 && rule->stage != SCRIPT_RCPT)
        return wrong(r, "greylist", "belongs to \"at\": \"rcpt\"");
    if (r->reply.p != NULL && !script_reply_read(r->reply, rule->stage, &rule->action, &why))
        return wrong(r, "reply", why);
    return MP_OK;
}

static int read_rule(struct script *s, json_t *object, struct mp_err *err)
{
    const char *key;
    json_t *value;
    struct reader r = {.script = s, .rule = &s->rules[s->n], .number = s->n + 1, .err = err};
    int st = MP_OK;
    if (!json_is_object(object))
        return mp_fail(err, MP_E_SYNTAX, (int64_t)r.number, "rule %zu: it is no object {...}",
                       r.number);
    json_object_foreach(object, key, value)
    {
        st = take_key(&r, key, value);
        if (st != MP_OK)
            return st;
    }
    st = finish_rule(&r);
    s->n += st == MP_OK;
    return st;
}

static int read_rules(struct script *s, json_t *root, struct mp_err *err)
{
    bool one = json_is_object(root);
    size_t n = one ? 1 : json_array_size(root);
    if (!one && !json_is_array(root))
        return mp_fail(err, MP_E_SYNTAX, 0, "a script is a list of rules: [{...}, {...}]");
    if (n == 0 || n > SCRIPT_MAX_RULES)
        return mp_fail(err, n == 0 ? MP_E_SYNTAX : MP_E_LIMIT, SCRIPT_MAX_RULES,
                       "a script has 1 to %d rules", SCRIPT_MAX_RULES);
    s->rules = calloc(n, sizeof *s->rules);
    int st = s->rules == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a script") : MP_OK;
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = read_rule(s, one ? root : json_array_get(root, i), err);
    return st;
}

int script_parse(struct str json, struct script **out, struct mp_err *err)
{
    json_error_t problem;
    if (json.n > SCRIPT_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, SCRIPT_MAX_BYTES, "a script is longer than %d bytes",
                       SCRIPT_MAX_BYTES);
    json_t *root =
        json_loadb(json.p == NULL ? "" : json.p, json.n, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL)
        return mp_fail(err, MP_E_SYNTAX, problem.line, "line %d, column %d: %s", problem.line,
                       problem.column, problem.text);
    struct script *s = calloc(1, sizeof *s);
    int st = MP_OK;
    if (s == NULL) {
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a script");
    } else {
        arena_init(&s->arena, SCRIPT_ARENA_BYTES);
        st = read_rules(s, root, err);
    }
    json_decref(root);
    if (st != MP_OK) {
        script_done(s);
        return st;
    }
    *out = s;
    return MP_OK;
}

void script_done(struct script *s)
{
    if (s == NULL)
        return;
    free(s->rules);
    free(s->grey);
    arena_clear(&s->arena);
    free(s);
}
