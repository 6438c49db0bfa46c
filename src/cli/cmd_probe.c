/* `mailproof probe`: options into probes, one target after the other, and their reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/probe_options.h"
#include "cli/secret.h"

const char probe_help[] =
    "A TARGET is a domain (all its MX hosts are probed), HOST:PORT, an address, or a URL:\n"
    "smtp://, smtp+starttls://, smtps://, submission://, submissions://, lmtp://, "
    "lmtp+unix:///PATH.\n"
    "No message is sent but with --send or --smuggle. Options of swaks work too: see "
    "mailproof-probe(1).\n"
    "Connection:\n"
    "  -s, --server HOST[:PORT] probe this host, without MX look-up\n"
    "  -p, --port PORT         other port than the target's\n"
    "  -4, -6                  only IPv4, only IPv6\n"
    "  --source-address IP     connect from this address\n"
    "  --helo NAME             our name in EHLO (default: host name)\n"
    "  --lmtp                  speak LMTP\n"
    "  --first                 the first address that answers is enough\n"
    "  --stage-timeout TIME    at each stage (default: RFC 5321 4.5.3.2)\n"
    "  --stop-after STAGE      CONNECT, FIRST-EHLO, TLS, AUTH, MAIL, RCPT, DATA\n"
    "  --xclient-addr ADDRESS, --xclient-name, --xclient-port, --xclient-proto, --xclient-helo,\n"
    "  --xclient-login, --xclient-destaddr, --xclient-destport, --xclient-reverse-name VALUE\n"
    "                          play another client (XCLIENT)\n"
    "  --proxy \"TCP4 SOURCE DEST SPORT DPORT\", --proxy-version 1|2, --proxy-source, "
    "--proxy-dest,\n"
    "  --proxy-source-port, --proxy-dest-port, --proxy-family VALUE\n"
    "                          PROXY protocol header before all else\n"
    "TLS:\n"
    "  --starttls              STARTTLS is required (default: used when offered)\n"
    "  --implicit-tls          TLS from the first byte\n"
    "  --no-tls                none\n"
    "  --tls-verify            a certificate that does not verify is of severity high\n"
    "  --verify-name NAME      the name it must be for (default: the host's)\n"
    "  --sni NAME              name to send (default: the host's)\n"
    "  --tls-version VERSION   TLSv1.2 alone; TLSv1.2+ and later\n"
    "  --tls-cipher LIST       OpenSSL cipher list, up to TLS 1.2\n"
    "  --tls-cert FILE, --tls-key FILE  client certificate\n"
    "  --show-cert FILE        write the server's chain there, PEM\n"
    "  --no-dane, --no-mta-sts, --no-ptr, --no-injection-test  leave that check out\n"
    "  --sts-cache DIR         keep MTA-STS policies there between runs\n"
    "Login:\n"
    "  --auth-user USER        log in; the secret comes from MAILPROOF_PASSWORD, a prompt, or\n"
    "  --auth-password-file FILE\n"
    "  --auth-mech LIST        PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, both -PLUS,\n"
    "                          XOAUTH2, OAUTHBEARER (default: the strongest offered)\n"
    "  --auth-optional         no fault when the login fails\n"
    "  --auth-plaintext        show the secret also without TLS\n"
    "Recipients and tests:\n"
    "  -t, --to ADDRESS        is this recipient accepted? repeatable, or with commas\n"
    "  -f, --from ADDRESS      reverse-path (default <>)\n"
    "  --retry-after TIME      try a 4xx again after so long: greylisting or not\n"
    "  --no-catch-all          do not try a random recipient beside\n"
    "  --vrfy                  ask VRFY too\n"
    "  --relay-test            does it relay to strangers? (RCPT only)\n"
    "  --relay-to ADDRESS      the stranger\n"
    "  --smuggle               SMTP smuggling: sends messages to the first recipient\n"
    "  --sequences LIST        only these ends of DATA, as LF.CRLF,LF.LF\n"
    "Message:\n"
    "  --send                  send a test message to the recipients\n"
    "  -d, --data TEXT|@FILE|- the message, with the tokens of swaks\n"
    "  --body TEXT|@FILE, --attach FILE, --header \"NAME: VALUE\", --h-NAME VALUE\n"
    "  --pipeline              MAIL, RCPT and DATA in one write\n"
    "  --chunking              BDAT instead of DATA\n"
    "  --8bitmime, --smtputf8, --requiretls, --size BYTES, --ret FULL|HDRS, --envid ID,\n"
    "  --dsn NEVER|SUCCESS,FAILURE,DELAY, --orcpt ADDRESS  ESMTP parameters\n"
    "  --hide-data             leave the message out of the transcript\n" SUBJECT_ANSWERS_HELP
        SUBJECT_OUTPUT_HELP;

static int parse_options(struct probe_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o; code == EXIT_PASSED && (o = getopt_long_only(argc, argv, probe_short_options,
                                                             probe_long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("probe", o, argv)
                                    : probe_option_set(c, o, optarg, argc, argv);
    return code;
}

static int find_secret(struct probe_command *c)
{
    struct sasl_credentials *who = &c->options.credentials;
    if (!c->options.has_credentials || who->password.n > 0)
        return EXIT_PASSED;
    return secret_find("probe", "--auth-password-file", who->user, &c->common.arena,
                       &who->password);
}

static void take_common(struct probe_command *c, struct subject_outputs *out)
{
    struct probe_options *o = &c->options;
    const struct subject_options *s = &c->common;
    o->dns = &s->source;
    o->tls = s->tls_client;
    o->ca_file = s->tls.ca_file;
    o->https_port = s->https_port;
    o->allow_private_https = s->allow_private;
    o->helo = s->helo;
    o->now_s = s->now_s;
    o->cert_warn_days = s->cert_warn_days;
    o->cert_high_days = s->cert_high_days;
    if (s->deadline_ms != 0)
        o->deadline_ms = s->deadline_ms;
    o->progress = subject_progress;
    o->progress_ctx = out;
}

static void add_pem(struct buf *out, struct str der)
{
    enum { PEM_LINE_BYTES = 48 }; /* 64 characters, RFC 7468 2 */
    buf_addz(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < der.n; at += PEM_LINE_BYTES) {
        base64_encode(out, str_slice(der, at, at + PEM_LINE_BYTES));
        buf_addc(out, '\n');
    }
    buf_addz(out, "-----END CERTIFICATE-----\n");
}

static int write_chain(const struct probe_command *c, const struct probe *p)
{
    struct mp_err err = {0};
    struct buf out;
    buf_init(&out, SUBJECT_REPORT_MAX_BYTES);
    for (size_t i = 0; i < p->n_servers; i++) {
        const struct tls_facts *t = &p->servers[i].client.tls;
        for (size_t k = 0; k < t->n_chain; k++)
            add_pem(&out, t->chain[k]);
    }
    int st = write_whole(c->show_certificate, out.n == 0 ? STR("") : buf_str(&out), &err);
    buf_clear(&out);
    return st == MP_OK ? EXIT_PASSED : report_failure("probe", &err);
}

/* The probes live until the report of all is written: Nagios wants one line over them. */
static int probe_all(struct probe_command *c)
{
    struct subject_outputs out;
    int code = subject_outputs_open(&out, &c->common, c->n_targets), extra = EXIT_PASSED;
    struct probe *probes = calloc(c->n_targets, sizeof *probes);
    take_common(c, &out);
    for (size_t i = 0; code == EXIT_PASSED && probes != NULL && i < c->n_targets; i++) {
        struct mp_err err = {0};
        struct subject s;
        if (probe_run(&probes[i], str_from(c->targets[i]), &c->options, &err) != MP_OK) {
            subject_outputs_error(&out, c->targets[i], &err);
            continue;
        }
        probe_subject(&probes[i], &s);
        subject_outputs_add(&out, &s);
        if (c->show_certificate != NULL)
            extra = write_chain(c, &probes[i]);
        if (out.kept == NULL)
            probe_clear(&probes[i]);
    }
    code = subject_outputs_close(&out);
    for (size_t i = 0; out.n_kept > 0 && i < c->n_targets; i++)
        probe_clear(&probes[i]);
    free(probes);
    return code == EXIT_PASSED ? extra : code;
}

int cmd_probe(int argc, char **argv)
{
    struct probe_command *c = calloc(1, sizeof *c);
    int n = 0;
    if (c == NULL)
        return usage_error("probe", "no memory");
    subject_options_init(&c->common, "probe");
    probe_options_init(&c->options);
    char **words = probe_rewrite_arguments(&c->common.arena, argc, argv, &n);
    int code = words == NULL ? usage_error("probe", "no memory") : parse_options(c, n, words);
    if (code == EXIT_PASSED)
        code = probe_options_finish(c, n - optind, words + optind);
    if (code == EXIT_PASSED)
        code = find_secret(c);
    if (code == EXIT_PASSED)
        code = subject_options_open(&c->common);
    if (code == EXIT_PASSED)
        code = probe_all(c);
    else
        code = exit_styled(c->common.exit_style, code);
    subject_options_clear(&c->common);
    free(c);
    return code;
}
