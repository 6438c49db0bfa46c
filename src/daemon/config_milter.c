/* The section `milters`: listeners for mail servers. */
#include "daemon/config_internal.h"

enum { CONNECTIONS_MOST = 100000, MESSAGE_LEAST = 1024 };

static const struct serve_word modes[] = {
    {"inbound", MAIL_INBOUND}, {"outbound", MAIL_OUTBOUND}, {"monitor", MAIL_MONITOR}, {NULL, 0}};

static int read_mode(struct yaml *y, void *into)
{
    int value;
    int st = serve_take_word(y, "mode", modes, &value);
    if (st == MP_OK)
        *(enum mail_mode *)into = (enum mail_mode)value;
    return st;
}

/* Of mail that nobody has judged: it never passes as if somebody had, unless that is asked for. */
static int read_on_failure(struct yaml *y, void *into)
{
    static const struct serve_word words[] = {{"tempfail", ACTION_TEMPFAIL},
                                              {"accept", ACTION_ACCEPT},
                                              {NULL, 0}};
    int value;
    int st = serve_take_word(y, "action on failure", words, &value);
    if (st == MP_OK)
        *(enum verdict_action *)into = (enum verdict_action)value;
    return st;
}

static int read_oversize(struct yaml *y, void *into)
{
    static const struct serve_word words[] = {{"tempfail", ACTION_TEMPFAIL},
                                              {"reject", ACTION_REJECT},
                                              {"accept", ACTION_ACCEPT},
                                              {NULL, 0}};
    int value;
    int st = serve_take_word(y, "action for what is too large", words, &value);
    if (st == MP_OK)
        *(enum verdict_action *)into = (enum verdict_action)value;
    return st;
}

static int read_network(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    const char *why = "";
    struct serve_milter *m = into;
    struct str text;
    int st = yaml_scalar(y, "a network (192.0.2.0/24)", &text);
    if (st != MP_OK)
        return st;
    if (m->n_networks == SERVE_MAX_NETWORKS)
        return yaml_fail(y, MP_E_LIMIT, "more than %d networks", SERVE_MAX_NETWORKS);
    if (!serve_network_parse(text, &m->networks[m->n_networks], &why))
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is no network (192.0.2.0/24): %s",
                         yaml_shown(text, word), why);
    m->n_networks++;
    return MP_OK;
}

static int read_networks(struct yaml *y, void *into)
{
    ((struct serve_milter *)into)->n_networks = 0;
    return yaml_next_list(y, "a list of networks", read_network, into);
}

static int read_max_message(struct yaml *y, void *into)
{
    return serve_take_bytes(
        y, (struct serve_range){"a size from 1k to 150M", MESSAGE_LEAST, UINT64_C(150) << 20},
        into);
}

static int read_max_connections(struct yaml *y, void *into)
{
    return serve_take_count(y,
                            (struct serve_range){"a number from 1 to 100000", 1, CONNECTIONS_MOST},
                            into);
}

/* It goes into a header: short, and no empty one. */
static int read_subject_tag(struct yaml *y, void *into)
{
    enum { TAG_BYTES = 64 };
    struct str tag;
    int st = serve_read_text(y, &tag);
    if (st == MP_OK && tag.n > TAG_BYTES)
        return yaml_fail(y, MP_E_LIMIT, "a tag of subjects has at most %d bytes", TAG_BYTES);
    for (size_t i = 0; st == MP_OK && i < tag.n; i++)
        if ((unsigned char)tag.p[i] >= 0x7f)
            return yaml_fail(y, MP_E_SYNTAX, "a tag of subjects is ASCII text");
    if (st == MP_OK)
        *(struct str *)into = tag;
    return st;
}

#define AT(field) offsetof(struct serve_milter, field)
enum { KEY_NAME, KEY_LISTEN, KEY_MODE, KEY_AUTHENTICATED, KEY_LOCAL };
static const struct yaml_key keys[] = {
    [KEY_NAME] = {STR_INIT("name"), serve_read_name, AT(name)},
    [KEY_LISTEN] = {STR_INIT("listen"), serve_read_address, AT(listen)},
    [KEY_MODE] = {STR_INIT("mode"), read_mode, AT(mode)},
    [KEY_AUTHENTICATED] = {STR_INIT("authenticated"), read_mode, AT(authenticated)},
    [KEY_LOCAL] = {STR_INIT("local"), read_mode, AT(local)},
    {STR_INIT("networks"), read_networks, 0},
    {STR_INIT("on_failure"), read_on_failure, AT(on_failure)},
    {STR_INIT("oversize"), read_oversize, AT(oversize)},
    {STR_INIT("max_message"), read_max_message, AT(max_message_bytes)},
    {STR_INIT("max_connections"), read_max_connections, AT(max_connections)},
    {STR_INIT("early_reject"), yaml_read_bool, AT(early_reject)},
    {STR_INIT("warm"), yaml_read_bool, AT(warm)},
    {STR_INIT("quarantine"), yaml_read_bool, AT(quarantine)},
    {STR_INIT("subject_tag"), read_subject_tag, AT(subject_tag)},
    {STR_INIT("add_headers"), yaml_read_bool, AT(add_headers)},
    {STR_INIT("strip_results"), yaml_read_bool, AT(strip_results)},
    {STR_INIT("seal"), yaml_read_bool, AT(seal)},
};

static void set_defaults(struct serve_milter *m)
{
    const char *why;
    *m = (struct serve_milter){
        .mode = MAIL_INBOUND,
        .on_failure = ACTION_TEMPFAIL,
        .oversize = ACTION_TEMPFAIL,
        .max_message_bytes = SERVE_MAX_MESSAGE_BYTES,
        .max_connections = SERVE_MAX_CONNECTIONS,
        .warm = true,
        .quarantine = true,
        .add_headers = true,
        .strip_results = true,
        .n_networks = 2,
    };
    serve_network_parse(STR("127.0.0.0/8"), &m->networks[0], &why);
    serve_network_parse(STR("::1"), &m->networks[1], &why);
}

static int check_milter(struct yaml *y, const struct serve_config *c, const struct serve_milter *m,
                        uint32_t seen)
{
    if (!(seen >> KEY_NAME & 1) || !(seen >> KEY_LISTEN & 1))
        return yaml_fail(y, MP_E_SYNTAX, "the listener that ends here has no '%s'",
                         seen >> KEY_NAME & 1 ? "listen" : "name");
    for (size_t i = 0; i < c->n_milters; i++)
        if (str_eq(c->milters[i].name, m->name))
            return yaml_fail(y, MP_E_SYNTAX,
                             "the listener that ends here has the name of another, '" STR_FMT "'",
                             STR_ARG(m->name));
    return MP_OK;
}

static int read_milter(struct yaml *y, void *into)
{
    uint32_t seen = 0;
    struct serve_config *c = into;
    int st = yaml_expect(y, YAML_MAP, "a listener (name, listen, mode, ...)");
    if (st == MP_OK && c->n_milters == SERVE_MAX_MILTERS)
        return yaml_fail(y, MP_E_LIMIT, "more than %d listeners", SERVE_MAX_MILTERS);
    if (st != MP_OK)
        return st;
    struct serve_milter *m = &c->milters[c->n_milters];
    set_defaults(m);
    st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, m);
    if (st == MP_OK)
        st = check_milter(y, c, m, seen);
    if (st != MP_OK)
        return st;
    enum mail_mode ours = m->mode == MAIL_INBOUND ? MAIL_OUTBOUND : m->mode;
    if (!(seen >> KEY_AUTHENTICATED & 1))
        m->authenticated = ours;
    if (!(seen >> KEY_LOCAL & 1))
        m->local = ours;
    c->n_milters++;
    return MP_OK;
}

int serve_read_milters(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of listeners", read_milter, into);
}
