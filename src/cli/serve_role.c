/* One process of the daemon: what the supervisor starts. Not for people, so it stands in no list of
 * commands. A worker opens here what `mailproof scan` would, by the configuration. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/check_options.h"
#include "cli/intel_options.h"
#include "cli/scan_content.h"
#include "cli/suite_outside.h"
#include "daemon/clerk.h"
#include "daemon/front.h"
#include "daemon/role_signer.h"
#include "daemon/role_worker.h"

static const char command[] = "serve";

struct worker_program {
    struct check_options check;
    struct content_options content;
    struct scan_content opened;
    struct intel_options intel;
    struct intel_source known;
    struct judge_setup setup;
};

static const char *text_of(struct role *r, struct str s)
{
    return s.n == 0 ? NULL : arena_copy(&r->arena, s).p;
}

static int set_check(struct role *r, struct worker_program *p)
{
    const struct serve_config *c = r->config;
    int code = EXIT_PASSED;
    check_options_init(&p->check, command);
    if (c->dns.server.n > 0)
        p->check.resolver.server = c->dns.server;
    if (c->dns.timeout_ms > 0)
        p->check.resolver.timeout_ms = c->dns.timeout_ms;
    p->check.resolver.trust_anchor = text_of(r, c->dns.trust_anchor);
    p->check.source.deadline_ms = c->deadline_ms;
    if (c->dns.zone_file.n > 0)
        code = check_options_set(&p->check, CHECK_ZONE, text_of(r, c->dns.zone_file));
    if (code == EXIT_PASSED && c->policy_file.n > 0)
        code = check_options_set(&p->check, CHECK_POLICY, text_of(r, c->policy_file));
    if (code == EXIT_PASSED && c->dns.discovery.n > 0)
        code = check_options_set(&p->check, CHECK_DISCOVERY, text_of(r, c->dns.discovery));
    if (p->check.policy.authserv_id.n == 0 && c->host_name.n > 0)
        p->check.auth.authserv_id = c->host_name;
    p->check.auth.receiver = c->host_name;
    return code;
}

static int set_each(struct role *r, struct worker_program *p, int option, const struct str *items,
                    size_t n)
{
    int code = EXIT_PASSED;
    for (size_t i = 0; code == EXIT_PASSED && i < n; i++)
        code = content_options_set(&p->content, option, text_of(r, items[i]));
    return code;
}

static int open_content(struct role *r, struct worker_program *p)
{
    const struct serve_content *c = &r->config->content;
    content_options_init(&p->content, command);
    int code = set_each(r, p, CONTENT_CLAMD, c->clamd, c->n_clamd);
    if (code == EXIT_PASSED)
        code = set_each(r, p, CONTENT_YARA, c->yara, c->n_yara);
    if (code == EXIT_PASSED)
        code = set_each(r, p, CONTENT_OWN_DOMAIN, c->own_domains, c->n_own_domains);
    p->content.data_dir = text_of(r, c->data_dir);
    if (code == EXIT_PASSED)
        code = content_options_open(&p->content);
    if (code == EXIT_PASSED)
        code = scan_content_open(&p->opened, &p->content, 0);
    if (code != EXIT_PASSED)
        return code;
    p->setup.job.content = &p->opened.settings;
    p->setup.source.scanners = &p->opened.scanners;
    return EXIT_PASSED;
}

static int open_intel(struct role *r, struct worker_program *p)
{
    const struct serve_intel *c = &r->config->intel;
    intel_options_init(&p->intel, command);
    p->intel.default_store = text_of(r, c->store_dir); /* used when it is there, or a feed is on */
    p->intel.config_file = text_of(r, c->config_file);
    p->intel.require = c->require;
    p->intel.send_urls = c->send_urls;
    int code = intel_options_read(&p->intel);
    if (code == EXIT_PASSED && p->check.source.zone != NULL)
        for (size_t i = 0; i < SERVICE_COUNT; i++)
            p->intel.config.services[i].enabled = false; /* nothing is asked of the network */
    if (code == EXIT_PASSED)
        code = intel_options_open(&p->intel, p->content.own_domains, p->content.n_own_domains,
                                  &p->known);
    if (code != EXIT_PASSED || !intel_source_is_any(&p->known))
        return code;
    p->setup.job.intel = &p->known.settings;
    p->setup.source.intel = &p->known;
    return EXIT_PASSED;
}

/* Files that the configuration leads to, by others than its own words. */
static int open_files(struct role *r, struct worker_program *p)
{
    int code = set_check(r, p);
    if (code == EXIT_PASSED && r->config->content.enabled)
        code = open_content(r, p);
    return code == EXIT_PASSED && r->config->intel.enabled ? open_intel(r, p) : code;
}

/* The resolver starts a thread: it comes when the rights are given up, which hold those threads
 * that are started afterwards. */
static int open_worker(struct role *r, struct worker_program *p, struct confine_facts *facts)
{
    struct mp_err err = {0};
    int code = open_files(r, p);
    if (code == EXIT_PASSED && role_confine(r, facts, &err) != MP_OK)
        code = report_failure(command, &err);
    if (code == EXIT_PASSED)
        code = check_options_open(&p->check);
    if (code != EXIT_PASSED)
        return code;
    p->check.source.scanners = p->setup.source.scanners;
    p->check.source.intel = p->setup.source.intel;
    p->setup.config = r->config;
    p->setup.source = p->check.source;
    p->setup.job.auth = p->check.auth;
    p->setup.job.policy = &p->check.policy;
    return code;
}

static int run_worker(struct role *r)
{
    struct mp_err err = {0};
    struct confine_facts facts;
    struct worker_program *p = calloc(1, sizeof *p);
    int code = EXIT_FAILED;
    if (p == NULL)
        return EXIT_FAILED;
    if (role_become(r, &facts, &err) != MP_OK)
        code = role_failed(&err);
    else if (open_worker(r, p, &facts) == EXIT_PASSED)
        code = worker_role_run(r, &p->setup);
    else { /* what is wrong was told on standard error, where the log goes */
        mp_fail(&err, MP_E_USAGE, 0, "the worker cannot use its configuration");
        code = role_failed(&err);
    }
    intel_source_clear(&p->known);
    intel_options_clear(&p->intel);
    scan_content_clear(&p->opened);
    content_options_clear(&p->content);
    check_options_clear(&p->check);
    free(p);
    return code;
}

int cmd_serve_role(int argc, char **argv)
{
    struct mp_err err = {0};
    struct role r;
    enum serve_role which;
    int code = EXIT_FAILED;
    if (argc != 2 || !serve_role_by_name(str_from(argv[1]), &which))
        return usage_error(SERVE_ROLE_COMMAND, "`mailproof serve` starts this itself");
    if (role_open(&r, which, getenv(ROLE_FDS_ENV), getenv(ROLE_ENV), getenv(ROLE_GENERATION_ENV),
                  &err) != MP_OK)
        code = usage_error(SERVE_ROLE_COMMAND, "%s", err.text);
    else if (r.env = getenv, which == ROLE_FRONT)
        code = front_run(&r);
    else if (which == ROLE_WORKER)
        code = run_worker(&r);
    else if (which == ROLE_SIGNER)
        code = signer_run(&r);
    else if (which == ROLE_CLERK)
        code = clerk_run(&r, &cli_outside);
    role_clear(&r);
    /* What a sanitizer would do at the end of a process (ptrace, /proc) is not allowed to this one.
     */
    _exit(code);
}
