/* What a configuration names, looked at on this machine: by the user who will need it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/config.h"
#include "dns/zone.h"
#include "hooks/hooks.h"
#include "intel/config.h"
#include "io/tls_server.h"
#include "run/content_files.h"
#include "run/read_file.h"
#include "signer/keys.h"
#include "suite/suite.h"

enum {
    PATH_BYTES = 4096,
    SECRET_MAX_BYTES = 4096,
    TOKEN_LEAST_BYTES = 16,
    ZONE_MAX_BYTES = 64 << 20,
    ANCHOR_MAX_BYTES = 1 << 20
};

/* The key before what is wrong with its value. */
static int at_key(const char *key, int st, const struct mp_err *why, struct mp_err *err)
{
    return st == MP_OK ? st : mp_fail(err, st, why->detail, "%s: %s", key, why->text);
}

static bool zero_ended(struct str s, char out[PATH_BYTES])
{
    if (s.n >= PATH_BYTES)
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

/* The whole of a file, in the arena. */
static int read_text(struct arena *arena, struct str path, size_t max, struct str *out,
                     struct mp_err *err)
{
    char name[PATH_BYTES];
    struct buf b;
    buf_init(&b, max);
    int st = zero_ended(path, name) ? read_file(name, &b, err)
                                    : mp_fail(err, MP_E_LIMIT, 0, "a path is too long");
    if (st == MP_OK) {
        *out = arena_copy(arena, buf_str(&b));
        st = out->p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", name) : MP_OK;
    }
    buf_clear(&b);
    return st;
}

/* The first line of a file that others must not read. */
static int read_secret(struct arena *arena, struct str path, struct str *out, struct mp_err *err)
{
    char name[PATH_BYTES];
    struct stat sb;
    struct str text;
    int st = read_text(arena, path, SECRET_MAX_BYTES, &text, err);
    if (st != MP_OK)
        return st;
    if (zero_ended(path, name) && stat(name, &sb) == 0 && (sb.st_mode & S_IROTH) != 0)
        return mp_fail(err, MP_E_USAGE, 0, "%s: everybody can read this secret: chmod o-rwx %s",
                       name, name);
    *out = str_trim(str_cut(&text, '\n'));
    return out->n > 0 ? MP_OK : mp_fail(err, MP_E_USAGE, 0, "%s: its first line is empty", name);
}

/* ---- one check for each section ---- */

static int check_policy(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    char name[PATH_BYTES];
    struct str text;
    struct mp_err why = {0};
    if (c->policy_file.n == 0)
        return MP_OK;
    struct policy *p = malloc(sizeof *p);
    int st = p == NULL ? mp_fail(&why, MP_E_NOMEM, 0, "no memory")
                       : read_text(arena, c->policy_file, POLICY_MAX_BYTES, &text, &why);
    if (st == MP_OK && zero_ended(c->policy_file, name))
        st = policy_load(arena, text, name, p, &why);
    free(p);
    return at_key("policy", st, &why, err);
}

static int check_dns(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    char name[PATH_BYTES];
    struct str text;
    struct mp_err why = {0};
    int st = MP_OK;
    if (c->dns.trust_anchor.n > 0)
        st = read_text(arena, c->dns.trust_anchor, ANCHOR_MAX_BYTES, &text, &why);
    if (st != MP_OK || c->dns.zone_file.n == 0)
        return at_key("dns: trust_anchor", st, &why, err);
    struct dns_zone *zone = dns_zone_new();
    st = zone == NULL ? mp_fail(&why, MP_E_NOMEM, 0, "no memory")
                      : read_text(arena, c->dns.zone_file, ZONE_MAX_BYTES, &text, &why);
    if (st == MP_OK && zero_ended(c->dns.zone_file, name))
        st = dns_zone_load(zone, text, name, &why);
    dns_zone_free(zone);
    return at_key("dns: zone_file", st, &why, err);
}

static int check_yara(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    struct yara_rules *rules = NULL;
    struct mp_err why = {0};
    const char *paths[SERVE_MAX_YARA];
    size_t n = c->content.n_yara;
    for (size_t i = 0; i < n; i++) {
        struct str copy = arena_copy(arena, c->content.yara[i]);
        if (copy.p == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "content: yara: no memory");
        paths[i] = copy.p;
    }
    int st = n == 0 ? MP_OK : content_files_yara(paths, n, &rules, &why);
    yara_rules_free(rules);
    return at_key("content: yara", st, &why, err);
}

static int check_content(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    char name[PATH_BYTES];
    struct content_lists *lists = NULL;
    struct mp_err why = {0};
    size_t n_files;
    int st = MP_OK;
    if (!c->content.enabled)
        return MP_OK;
    if (c->content.data_dir.n > 0 && zero_ended(c->content.data_dir, name))
        st = content_files_lists(arena, name, &lists, &n_files, &why);
    if (st != MP_OK)
        return at_key("content: data_dir", st, &why, err);
    return check_yara(arena, c, err);
}

static int check_intel(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    char name[PATH_BYTES];
    struct str text;
    struct intel_config intel;
    struct mp_err why = {0};
    if (!c->intel.enabled || c->intel.config_file.n == 0)
        return MP_OK;
    int st = read_text(arena, c->intel.config_file, INTEL_CONFIG_MAX_BYTES, &text, &why);
    if (st == MP_OK)
        st = intel_config_default(arena, &intel, &why);
    if (st == MP_OK && zero_ended(c->intel.config_file, name))
        st = intel_config_load(arena, text, name, &intel, &why);
    return at_key("intel: config", st, &why, err);
}

static bool is_loopback(const struct ip *ip)
{
    static const struct ip v4 = {IP_V4, {127}}, v6 = {IP_V6, {[15] = 1}};
    return ip_in_prefix(ip, &v4, 8) || ip_eq(ip, &v6);
}

static int check_tls(const struct serve_config *c, struct mp_err *err)
{
    char cert[PATH_BYTES], key[PATH_BYTES];
    struct tls_server *server = NULL;
    struct mp_err why = {0};
    if (c->http.cert_file.n == 0 || !zero_ended(c->http.cert_file, cert) ||
        !zero_ended(c->http.key_file, key))
        return MP_OK;
    struct tls_server_settings settings = {.cert_file = cert, .key_file = key};
    int st = tls_server_new(&settings, &server, &why);
    tls_server_free(server);
    return at_key("http: tls", st, &why, err);
}

static int check_http(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    const struct serve_http *h = &c->http;
    struct mp_err why = {0};
    int st = MP_OK;
    if (!h->enabled)
        return MP_OK;
    if (h->n_tokens == 0 && h->listen.kind == SERVE_INET && !is_loopback(&h->listen.ip))
        return mp_fail(err, MP_E_USAGE, 0,
                       "http: " STR_FMT " can be reached by others, and everybody would be let in: "
                       "'tokens', or listen at 127.0.0.1",
                       STR_ARG(h->listen.text));
    for (size_t i = 0; i < h->n_tokens && st == MP_OK; i++) {
        struct str token = STR_NONE;
        if (h->tokens[i].file.n == 0)
            continue;
        st = read_secret(arena, h->tokens[i].file, &token, &why);
        if (st == MP_OK && token.n < TOKEN_LEAST_BYTES)
            st = mp_fail(&why, MP_E_USAGE, 0,
                         STR_FMT ": a token has at least %d characters (openssl rand -hex 32)",
                         STR_ARG(h->tokens[i].file), TOKEN_LEAST_BYTES);
    }
    return st == MP_OK ? check_tls(c, err) : at_key("http: tokens", st, &why, err);
}

/* Its secret is there, and one; what else there is to a webhook room hooks knows. */
static int check_webhook(struct arena *arena, const struct serve_webhook *w, struct mp_err *err)
{
    char key[SERVE_MAX_NAME_BYTES + 20], name[PATH_BYTES];
    struct str secret = STR_NONE;
    struct mp_err why = {0};
    int st = MP_OK;
    snprintf(key, sizeof key, "webhook " STR_FMT, STR_ARG(w->name));
    if (w->secret_file.n > 0)
        st = read_secret(arena, w->secret_file, &secret, &why);
    else if (zero_ended(w->secret_env, name))
        secret = str_from(getenv(name));
    if (st != MP_OK)
        return at_key(key, st, &why, err);
    if (secret.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "%s: the variable " STR_FMT " is not set", key,
                       STR_ARG(w->secret_env));
    const struct hook_endpoint e = {.name = w->name,
                                    .url = w->url,
                                    .secrets = {secret},
                                    .n_secrets = 1,
                                    .types = {true},
                                    .allow_private = w->allow_private};
    return hook_endpoint_check(&e, err);
}

static int check_webhooks(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; i < c->n_webhooks && st == MP_OK; i++)
        st = check_webhook(arena, &c->webhooks[i], err);
    return st;
}

static int check_reports(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    struct str secret;
    struct mp_err why = {0};
    if (!c->reports.enabled || c->reports.imap_password_file.n == 0)
        return MP_OK;
    int st = read_secret(arena, c->reports.imap_password_file, &secret, &why);
    return at_key("reports: imap: password_file", st, &why, err);
}

/* ---- suites ---- */

static const char *suite_env(void *ctx, struct str name)
{
    (void)ctx;
    return getenv(name.p); /* a NUL is behind it */
}

static int suite_file(void *ctx, const char *path, struct buf *out, struct mp_err *err)
{
    (void)ctx;
    return read_file(path, out, err);
}

static bool suite_readable(void *ctx, const char *path)
{
    (void)ctx;
    return file_is_readable(path);
}

static const struct suite_outside suite_outside_here = {suite_env, suite_file, suite_readable,
                                                        NULL};

static int check_suite(struct str path, struct mp_err *err)
{
    char name[PATH_BYTES];
    struct suite suite = {.file = NULL};
    struct suite_options options = {.outside = &suite_outside_here, .unset_allowed = true};
    struct mp_err why = {0};
    if (!zero_ended(path, name))
        return MP_OK;
    int st = suite_read(name, &options, &suite, NULL, &why);
    if (st == MP_OK && suite.schedule.every_ms == 0)
        st = mp_fail(&why, MP_E_USAGE, 0,
                     "%s: it does not say when it is to be run: schedule: {every: 15m}", name);
    suite_clear(&suite);
    return at_key("monitor: suites", st, &why, err);
}

bool serve_suite_has_webhook(struct arena *arena, struct str path)
{
    struct suite suite = {.file = NULL};
    struct suite_options options = {.outside = &suite_outside_here, .unset_allowed = true};
    const char *name = arena_copy(arena, path).p;
    bool has = name != NULL && suite_read(name, &options, &suite, NULL, NULL) == MP_OK &&
               suite.report.webhook_url.n > 0;
    suite_clear(&suite);
    return has;
}

static int check_monitor(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    int st = MP_OK;
    (void)arena;
    for (size_t i = 0; i < c->monitor.n_suites && st == MP_OK; i++)
        st = check_suite(c->monitor.suites[i], err);
    return st;
}

static int check_all(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    static int (*const checks[])(struct arena *, const struct serve_config *,
                                 struct mp_err *) = {check_policy,  check_dns,    check_content,
                                                     check_intel,   check_http,   check_webhooks,
                                                     check_reports, check_monitor};
    int st = MP_OK;
    for (size_t i = 0; i < ARRAY_LEN(checks) && st == MP_OK; i++)
        st = checks[i](arena, c, err);
    return st;
}

/* By whoever starts us: the process of the keys reads them before it gives up that. */
static int check_signing(const struct serve_config *c, struct mp_err *err)
{
    struct signer_keys *keys = NULL;
    struct mp_err why = {0};
    size_t n = 0;
    if (c->signing == NULL)
        return MP_OK;
    int st = signer_keys_load(c->signing, &keys, &why);
    if (st == MP_OK) {
        const struct signer_key_info *infos = signer_keys_infos(keys, &n);
        st = signing_check_keys(c->signing, infos, n, &why);
    }
    signer_keys_free(keys);
    return at_key("signing", st, &why, err);
}

/* ---- as whom ---- */

static const struct passwd *find_user(const char *key, struct str user, struct mp_err *err)
{
    char name[PATH_BYTES];
    const struct passwd *found = zero_ended(user, name) ? getpwnam(name) : NULL;
    if (found == NULL)
        mp_fail(err, MP_E_USAGE, 0,
                "%s: there is no user '" STR_FMT "' (systemd-sysusers, or useradd --system " STR_FMT
                ")",
                key, STR_ARG(user), STR_ARG(user));
    return found;
}

static int check_accounts(const struct serve_config *c, struct mp_err *err)
{
    char name[PATH_BYTES];
    if (find_user("user", c->user, err) == NULL ||
        (c->signer_user.n > 0 && find_user("signer_user", c->signer_user, err) == NULL))
        return MP_E_USAGE;
    if (!zero_ended(c->group, name) || getgrnam(name) == NULL)
        return mp_fail(err, MP_E_USAGE, 0,
                       "group: there is no group '" STR_FMT "' (groupadd --system " STR_FMT ")",
                       STR_ARG(c->group), STR_ARG(c->group));
    return MP_OK;
}

/* What the other process found. */
struct found {
    int st;
    struct mp_err err;
};

static int become(const struct passwd *user, struct mp_err *err)
{
    if (user == NULL || user->pw_uid == geteuid())
        return MP_OK;
    if (initgroups(user->pw_name, user->pw_gid) == 0 &&
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0)
        return MP_OK;
    return mp_fail(err, MP_E_IO, errno, "cannot look as user %s: %s", user->pw_name,
                   strerror(errno));
}

static void check_in_child(struct arena *arena, const struct serve_config *c,
                           const struct passwd *user, int fd) __attribute__((noreturn));
static void check_in_child(struct arena *arena, const struct serve_config *c,
                           const struct passwd *user, int fd)
{
    struct found found = {0};
    found.st = check_signing(c, &found.err);
    if (found.st == MP_OK)
        found.st = become(user, &found.err);
    if (found.st == MP_OK)
        found.st = check_all(arena, c, &found.err);
    ssize_t n = write(fd, &found, sizeof found);
    _exit(n == sizeof found ? 0 : 1);
}

/* In a process of its own: it becomes the user, so that what root can read and the user cannot is
 * found now and not at the start; and no key stays in this one's memory. */
static int check_apart(struct arena *arena, const struct serve_config *c, const struct passwd *user,
                       struct mp_err *err)
{
    int pipes[2];
    struct found found = {0};
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return mp_fail(err, MP_E_IO, errno, "no process to look with: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        check_in_child(arena, c, user, pipes[1]);
    close(pipes[1]);
    ssize_t n = -1;
    do
        n = pid < 0 ? -1 : read(pipes[0], &found, sizeof found);
    while (n < 0 && pid > 0 && errno == EINTR);
    close(pipes[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (n != sizeof found)
        return mp_fail(err, MP_E_IO, 0, "the process that looks at the configuration ended early");
    return found.st == MP_OK ? MP_OK
                             : mp_fail(err, found.st, found.err.detail, "%s", found.err.text);
}

int serve_config_check(struct arena *arena, const struct serve_config *c, struct mp_err *err)
{
    const struct passwd *user = NULL;
    int st = MP_OK;
    if (geteuid() == 0) {
        st = check_accounts(c, err);
        user = st == MP_OK ? find_user("user", c->user, err) : NULL;
    }
    return st == MP_OK ? check_apart(arena, c, user, err) : st;
}
