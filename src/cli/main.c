/* mailproof: the table of commands, and the way into each. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const struct command commands[] = {
    {"scan", "FILE|DIR|MBOX|MAILDIR|WORLD|-...",
     "check messages: SPF, DKIM, ARC, DMARC, and what they carry", cmd_scan, scan_help},
    {"probe", "DOMAIN|HOST[:PORT]|URL...",
     "test mail servers: routing, SMTP, TLS, DANE, MTA-STS, recipients, relaying", cmd_probe,
     probe_help},
    {"audit", "DOMAIN...", "audit what a domain publishes about its mail, with tried remedies",
     cmd_audit, audit_help},
    {"run", "SUITE...", "run suites of flow tests: send, arrive, refuse, audit, probe", cmd_run,
     run_help},
    {"check", "SUITE...", "run suites as a monitoring plugin", cmd_check, check_help},
    {"sink", "[-- COMMAND...]", "capture server: takes all mail, keeps it, passes none on",
     cmd_sink, sink_help},
    {"wait", "[MAILBOX]", "wait for a message and prove how it came; send it first with --via",
     cmd_wait, wait_help},
    {"sign", "[FILE]", "add DKIM signatures to a message", cmd_sign, sign_help},
    {"seal", "[FILE]", "add an ARC set to a message", cmd_seal, seal_help},
    {"keygen", "DOMAIN", "make a key pair and the DNS record that publishes it", cmd_keygen,
     keygen_help},
    {"forge", "KIND...", "make messages for tests: good, spoofed, broken, hostile", cmd_forge,
     forge_help},
    {"lint", "SUITE.yaml...", "check suites for mistakes, without running them", cmd_lint,
     lint_help},
    {"intel", "update|lookup|stats|export [options] [VALUE...]",
     "threat feeds into the local store, and what is known of a value", cmd_intel, intel_help},
    {"report", "[generate] [FILE|DIR|MBOX|MAILDIR|-...]",
     "reports of other receivers: DMARC, TLS, abuse; and our own", cmd_report, report_help},
    {"serve", "", "the daemon: milter, HTTP API, dashboard, webhooks, monitor", cmd_serve,
     serve_help},
    {"doctor", "", "check this installation and the scanners and servers that you name", cmd_doctor,
     doctor_help},
    {"explain", "[FINDING...]", "tell what a finding means and what to do about it", cmd_explain,
     explain_help},
    {"help", "[COMMAND]", "this list, or the options of one command", cmd_help, "  No options.\n"},
    {"version", "", "version and licence", cmd_version, "  No options.\n"},
};
const size_t n_commands = sizeof commands / sizeof commands[0];

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void list_commands(FILE *f)
{
    fprintf(f, "mailproof %s: proves that e-mail is routed, safe on its way and authentic\n\n",
            MP_VERSION);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(
        f, "\n`mailproof help COMMAND` lists its options. Exit codes: 0 passed, 1 a check failed,\n"
           "2 wrong usage or unreadable input, 3 undecided (never a pass).\n");
}

int cmd_help(int argc, char **argv)
{
    if (argc < 2) {
        list_commands(stdout);
        return EXIT_PASSED;
    }
    const struct command *c = find_command(argv[1]);
    if (c == NULL)
        return usage_error("help", "there is no command '%s'; `mailproof help` lists them",
                           argv[1]);
    bool says_where = strstr(c->arguments, "[options]") != NULL; /* not first: behind a verb */
    printf("usage: mailproof %s %s%s\n%s.\n\n%s", c->name, says_where ? "" : "[options] ",
           c->arguments, c->summary, c->help);
    return EXIT_PASSED;
}

int cmd_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("mailproof %s\nLicence Apache-2.0\n", MP_VERSION);
    return EXIT_PASSED;
}

int main(int argc, char **argv)
{
    char help_name[] = "help";
    if (argc < 2) {
        list_commands(stderr);
        return EXIT_USAGE_ERROR;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return cmd_help(1, argv);
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        return cmd_version(1, argv);
    if (strcmp(name, WORKER_COMMAND) == 0)
        return cmd_worker(argc - 1, argv + 1);
    if (strcmp(name, FEED_WORKER_COMMAND) == 0)
        return cmd_feed_worker(argc - 1, argv + 1);
    if (strcmp(name, REPORT_WORKER_COMMAND) == 0)
        return cmd_report_worker(argc - 1, argv + 1);
    if (strcmp(name, SERVE_ROLE_COMMAND) == 0)
        return cmd_serve_role(argc - 1, argv + 1);
    const struct command *c = find_command(name);
    if (c == NULL) {
        fprintf(stderr, "mailproof: there is no command '%s'; `mailproof help` lists them\n", name);
        return EXIT_USAGE_ERROR;
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        char *args[] = {help_name, argv[1], NULL};
        return cmd_help(2, args);
    }
    return c->run(argc - 1, argv + 1);
}
