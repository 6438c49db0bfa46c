/* Batch lines: jansson reads the JSON, each key is checked. */
#include "run/batch.h"

#include <jansson.h>

static bool fail(struct mp_err *err, const char *path, unsigned number, const char *what)
{
    mp_fail(err, MP_E_SYNTAX, number, "%s:%u: %s", path, number, what);
    return false;
}

static struct str text_of(struct arena *arena, const json_t *v)
{
    return arena_copy(arena, str_make(json_string_value(v), json_string_length(v)));
}

static bool read_rcpts(struct arena *arena, const json_t *v, struct envelope *e)
{
    size_t n = json_is_string(v) ? 1 : json_array_size(v);
    struct str *list = arena_new(arena, struct str, n);
    if ((!json_is_string(v) && !json_is_array(v)) || n > BATCH_MAX_RCPTS || list == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_string(v) ? v : json_array_get(v, i);
        if (!json_is_string(item))
            return false;
        list[i] = text_of(arena, item);
    }
    e->rcpt_to = list;
    e->n_rcpt_to = n;
    return true;
}

/* NULL when the pair was taken, otherwise what is wrong with it. */
static const char *take(struct arena *arena, const char *key, const json_t *v,
                        struct batch_entry *out)
{
    bool text = json_is_string(v);
    if (json_is_null(v))
        return NULL;
    if (strcmp(key, "file") == 0) {
        if (!text || strlen(json_string_value(v)) != json_string_length(v))
            return "\"file\" must be a path";
        out->file = text_of(arena, v);
    } else if (strcmp(key, "ip") == 0) {
        struct str ip = text ? text_of(arena, v) : STR_NONE;
        if (ip.n != 0 && !ip_parse(ip, &out->envelope.client))
            return "\"ip\" must be an IPv4 or IPv6 address";
    } else if (strcmp(key, "helo") == 0 && text) {
        out->envelope.helo = text_of(arena, v);
    } else if (strcmp(key, "mail_from") == 0 && text) {
        out->envelope.mail_from = text_of(arena, v);
        out->envelope.has_mail_from = true;
    } else if (strcmp(key, "rcpt_to") == 0) {
        if (!read_rcpts(arena, v, &out->envelope))
            return "\"rcpt_to\" must be an address or a list of addresses";
    } else if (strcmp(key, "time") == 0) {
        if (!json_is_number(v) || json_number_value(v) < 0)
            return "\"time\" must be Unix seconds";
        out->time_s = (int64_t)json_number_value(v);
        out->has_time = true;
    } else {
        return "unknown key, or a value that is no string: known are file, ip, helo, mail_from, "
               "rcpt_to, time";
    }
    return NULL;
}

bool batch_parse(struct arena *arena, struct str line, const char *path, unsigned number,
                 struct batch_entry *out, struct mp_err *err)
{
    json_error_t problem;
    json_t *root = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    *out = (struct batch_entry){0};
    if (root == NULL) {
        mp_fail(err, MP_E_SYNTAX, number, "%s:%u:%d: %s", path, number, problem.column,
                problem.text);
        return false;
    }
    const char *wrong = json_is_object(root) ? NULL : "a batch line must be a JSON object";
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (wrong == NULL)
            wrong = take(arena, key, value, out);
    }
    if (wrong == NULL && out->file.n == 0)
        wrong = "\"file\" is missing";
    json_decref(root);
    return wrong == NULL || fail(err, path, number, wrong);
}
