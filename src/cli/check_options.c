/* Envelope, source of answers and judgement from the command line. */
#include "cli/check_options.h"

#include <unistd.h>

#include "base/buf.h"
#include "dns/zone.h"

enum { OPTIONS_ARENA_BYTES = 16 * 1024 * 1024, TIMEOUT_MAX_S = 3600 };

void check_options_init(struct check_options *c, const char *command)
{
    *c = (struct check_options){.command = command};
    auth_config_init(&c->auth);
    policy_default(&c->policy);
    resolver_config_init(&c->resolver);
    arena_init(&c->arena, OPTIONS_ARENA_BYTES);
    c->source.deadline_ms = RUN_DEADLINE_MS;
    if (gethostname(c->host_name, sizeof c->host_name - 1) != 0)
        c->host_name[0] = '\0';
}

void check_options_clear(struct check_options *c)
{
    resolver_free(c->source.resolver);
    dns_zone_free(c->source.zone);
    arena_clear(&c->arena);
}

static int load_zone(struct check_options *c, const char *path)
{
    struct mp_err err = {0};
    struct buf text;
    int st = read_whole(path, ZONE_FILE_MAX_BYTES, &text, &err);
    if (st == MP_OK && c->source.zone == NULL && (c->source.zone = dns_zone_new()) == NULL)
        st = mp_fail(&err, MP_E_NOMEM, 0, "no memory for a zone");
    if (st == MP_OK)
        st = dns_zone_load(c->source.zone, buf_str(&text), path, &err);
    buf_clear(&text);
    return st == MP_OK ? EXIT_PASSED : report_failure(c->command, &err);
}

static int load_policy(struct check_options *c, const char *path)
{
    struct mp_err err = {0};
    struct buf text;
    int st = read_whole(path, POLICY_MAX_BYTES, &text, &err);
    if (st == MP_OK)
        st = policy_load(&c->arena, buf_str(&text), path, &c->policy, &err);
    buf_clear(&text);
    return st == MP_OK ? EXIT_PASSED : report_failure(c->command, &err);
}

static int set_envelope(struct check_options *c, int option, const char *arg)
{
    struct envelope *e = &c->envelope;
    switch (option) {
    case CHECK_IP:
        if (!ip_parse(str_from(arg), &e->client))
            return usage_error(c->command, "--ip %s: not an IPv4 or IPv6 address", arg);
        break;
    case CHECK_HELO:
        e->helo = str_from(arg);
        break;
    case CHECK_MAIL_FROM:
        e->mail_from = str_from(arg);
        e->has_mail_from = true;
        break;
    default:
        if (e->n_rcpt_to == CHECK_MAX_RCPTS)
            return usage_error(c->command, "--rcpt: more than %d recipients", CHECK_MAX_RCPTS);
        c->rcpts[e->n_rcpt_to++] = str_from(arg);
        e->rcpt_to = c->rcpts;
        break;
    }
    return EXIT_PASSED;
}

static int set_source(struct check_options *c, int option, const char *arg)
{
    uint64_t seconds = 0;
    switch (option) {
    case CHECK_ZONE:
        return load_zone(c, arg);
    case CHECK_RESOLVER:
        c->resolver.server = str_from(arg);
        break;
    case CHECK_ANCHOR:
        c->resolver.trust_anchor = arg;
        break;
    default:
        if (!str_to_u64(str_from(arg), TIMEOUT_MAX_S, &seconds) || seconds == 0)
            return usage_error(c->command, "--timeout %s: expected 1 to %d seconds", arg,
                               TIMEOUT_MAX_S);
        c->source.deadline_ms = (unsigned)seconds * 1000;
        if (c->resolver.timeout_ms > c->source.deadline_ms)
            c->resolver.timeout_ms = c->source.deadline_ms;
        break;
    }
    return EXIT_PASSED;
}

static int set_judgement(struct check_options *c, int option, const char *arg)
{
    struct str word = str_from(arg);
    switch (option) {
    case CHECK_AUTHSERV_ID:
        c->auth.authserv_id = word;
        break;
    case CHECK_SEALER:
        if (c->auth.n_trusted_sealers == CHECK_MAX_SEALERS)
            return usage_error(c->command, "--trust-sealer: more than %d domains",
                               CHECK_MAX_SEALERS);
        c->sealers[c->auth.n_trusted_sealers++] = word;
        break;
    case CHECK_L_TAG:
        c->auth.l_tag = L_TAG_ACCEPT;
        break;
    default:
        c->auth.discovery = str_eq(word, STR("psl")) ? DMARC_PSL : DMARC_TREE_WALK;
        if (c->auth.discovery == DMARC_TREE_WALK && !str_eq(word, STR("tree-walk")))
            return usage_error(c->command, "--dmarc-discovery %s: expected tree-walk or psl", arg);
        break;
    }
    return EXIT_PASSED;
}

int check_options_set(struct check_options *c, int option, const char *arg)
{
    switch (option) {
    case CHECK_IP:
    case CHECK_HELO:
    case CHECK_MAIL_FROM:
    case CHECK_RCPT:
        return set_envelope(c, option, arg);
    case CHECK_RESOLVER:
    case CHECK_ZONE:
    case CHECK_TIMEOUT:
    case CHECK_ANCHOR:
        return set_source(c, option, arg);
    case CHECK_POLICY:
        return load_policy(c, arg);
    default:
        return set_judgement(c, option, arg);
    }
}

int check_options_open(struct check_options *c)
{
    struct mp_err err = {0};
    struct str host = str_from(c->host_name[0] == '\0' ? "localhost" : c->host_name);
    if (c->auth.authserv_id.n == 0)
        c->auth.authserv_id = c->policy.authserv_id.n != 0 ? c->policy.authserv_id : host;
    if (c->auth.receiver.n == 0)
        c->auth.receiver = c->auth.authserv_id;
    for (size_t i = 0; i < c->policy.n_trusted_sealers; i++)
        if (c->auth.n_trusted_sealers < CHECK_MAX_SEALERS)
            c->sealers[c->auth.n_trusted_sealers++] = c->policy.trusted_sealers[i];
    c->auth.trusted_sealers = c->sealers;
    if (c->no_dns && c->source.zone == NULL && (c->source.zone = dns_zone_new()) == NULL)
        return usage_error(c->command, "no memory");
    if (c->source.zone == NULL && resolver_new(&c->resolver, &c->source.resolver, &err) != MP_OK)
        return report_failure(c->command, &err);
    return EXIT_PASSED;
}
