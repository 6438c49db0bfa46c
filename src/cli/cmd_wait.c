/* `mailproof wait`: a message is sent, or was; it arrives as expected, or must not. */
#include <signal.h>
#include <stdlib.h>

#include "cli/wait_output.h"

const char wait_help[] =
    "Waits until a message is in MAILBOX: imaps://HOST, imap://HOST, pop3s://HOST, pop3://HOST,\n"
    "maildir:/PATH; or in a running sink; and says how it came. With --via it is sent first.\n"
    "Mailbox:\n"
    "  --sink URL              a running `mailproof sink`, like http://127.0.0.1:8025\n"
    "  --inbox NAME            its disposable inbox (default: the common one)\n"
    "  --token-env VAR, --token-file FILE  token of the sink or inbox; IMAP: of XOAUTH2\n"
    "  --user USER             log in to IMAP or POP3; the password comes from\n"
    "                          MAILPROOF_PASSWORD, a prompt, or\n"
    "  --password-env VAR, --password-file FILE\n"
    "  --folder NAME           look there (default INBOX); repeatable\n"
    "  --require-tls           STARTTLS for imap:// and pop3:// on this machine too\n"
    "  --insecure              do not verify the mailbox's certificate (tests)\n"
    "Which message (all that is given must fit):\n"
    "  --tag TAG               in X-Mailproof-Tag, Message-ID or subject\n"
    "  --message-id ID\n"
    "  -t, --to ADDRESS        a recipient; with --via: of what is sent\n"
    "  -f, --from TEXT         part of the author or sender; with --via: the author's address\n"
    "  --subject TEXT          part of the subject; with --via: the subject\n"
    "What is expected:\n"
    "  --within TIME           it is there (default 30s)\n"
    "  --warn TIME, --crit TIME  later than this is medium, is high\n"
    "  --must-not-arrive       it does not come within the time\n"
    "  --bounce                a delivery report that returns it comes\n"
    "  --status STATUS         the same, with this status: 5.1.1, 5.7.*\n"
    "  --copies N              so many, and no more\n"
    "  --settle TIME           how long to look for more (with --copies: 3s)\n"
    "  --expect-folder NAME    it is there and nowhere else that --folder names\n"
    "  --slow-hop TIME         no hop took longer\n"
    "  --hops-tls              every hop between hosts was encrypted\n"
    "  --authentic             DMARC passes\n"
    "  --authserv-id ID        by the receiver's Authentication-Results of this name\n"
    "  --sent FILE             this is what was sent: tell what was altered\n"
    "Result:\n"
    "  --extract LIST          print link, links, otp, otps, one a line; link=TEXT: one with TEXT\n"
    "  --write-message FILE    the message as it arrived\n"
    "  --delete                delete it, all copies\n"
    "Sending:\n"
    "  -s, --via SERVER        send a tagged message first: smtp+starttls://HOST, smtps://HOST,\n"
    "                          submission://HOST, lmtp://HOST, or a domain\n"
    "  --mail-from ADDRESS     reverse-path (default --from)\n"
    "  --rcpt ADDRESS          recipient (default --to); repeatable\n"
    "  --message FILE          this message, with a field X-Mailproof-Tag on top\n"
    "  --keep-message          every byte of it as it is; its Message-ID is looked for\n"
    "  --body TEXT|@FILE, --attach FILE, --header \"NAME: VALUE\"\n"
    "  --auth-user USER        log in; the secret comes from MAILPROOF_PASSWORD, a prompt, or\n"
    "  --auth-password-env VAR, --auth-password-file FILE\n"
    "  --auth-mech LIST        mechanisms (default: the strongest offered)\n"
    "  --auth-plaintext        show the secret also without TLS\n"
    "  --no-tls                without STARTTLS, also when it is offered\n"
    "  --tls-verify            send nothing when the certificate does not verify\n"
    "  --tls-cert FILE, --tls-key FILE  client certificate\n"
    "  --helo NAME, --source-address IP, --stage-timeout TIME\n"
    "  --chunking, --8bitmime, --smtputf8, --requiretls, --ret FULL|HDRS, --envid ID,\n"
    "  --dsn NEVER|SUCCESS,FAILURE,DELAY, --orcpt ADDRESS  ESMTP parameters\n"
    "  --xclient-addr ADDRESS, --xclient-name, --xclient-port, --xclient-proto, --xclient-helo,\n"
    "  --xclient-login, --xclient-destaddr, --xclient-destport, --xclient-reverse-name VALUE\n"
    "                          play another client (XCLIENT)\n"
    "  --proxy \"TCP4 SOURCE DEST SPORT DPORT\"  PROXY protocol header\n"
    "Answers and trust:\n"
    "  --resolver HOST[:PORT]  ask this DNS server instead of those of /etc/resolv.conf\n"
    "  --trust-anchor FILE     DNSSEC root key: validate answers with it\n"
    "  --zone FILE             answer from this zone file, no DNS at all; repeatable\n"
    "  --ca-file FILE          trust these certificate authorities (PEM), not the system's\n"
    "  --timeout TIME          deadline for sending (default 60s)\n"
    "Output:\n"
    "  --json                  the same as --format json\n" SUBJECT_FORMATS_HELP;

static int parse_options(struct wait_command *c, int argc, char **argv)
{
    int code = EXIT_PASSED;
    for (int o; code == EXIT_PASSED &&
                (o = getopt_long(argc, argv, wait_short_options, wait_long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option("wait", o, argv)
                                    : wait_option_set(c, o, optarg, argc, argv);
    return code;
}

static void take_progress(struct wait_command *c, struct subject_outputs *out)
{
    c->proof.wait.progress = subject_progress;
    c->proof.wait.progress_ctx = out;
    c->deliver.progress = subject_progress;
    c->deliver.progress_ctx = out;
}

/* The values, and the message itself. */
static int write_results(const struct wait_command *c, const struct arrival *x)
{
    struct mp_err err = {0};
    const struct subject_options *s = &c->send.common;
    bool in_report = s->output == NULL && !s->on_stderr;
    struct buf values;
    int st = MP_OK;
    if (!x->arrived)
        return EXIT_PASSED;
    buf_init(&values, SUBJECT_REPORT_MAX_BYTES);
    wait_extract(c, x, &values);
    if (!in_report && values.n > 0)
        st = write_whole(NULL, buf_str(&values), &err);
    if (st == MP_OK && values.failed)
        st = mp_fail(&err, MP_E_NOMEM, 0, "no memory for the values");
    if (st == MP_OK && c->write_message != NULL)
        st = write_whole(c->write_message, x->copies[0].raw, &err);
    buf_clear(&values);
    return st == MP_OK ? EXIT_PASSED : report_failure("wait", &err);
}

static int prove(struct wait_command *c)
{
    struct subject_outputs out;
    struct mp_err err = {0};
    int code = subject_outputs_open(&out, &c->send.common, 1), extra = EXIT_PASSED;
    struct proof *p = calloc(1, sizeof *p);
    take_progress(c, &out);
    if (code == EXIT_PASSED && p == NULL) {
        mp_fail(&err, MP_E_NOMEM, 0, "no memory");
        subject_outputs_error(&out, c->proof.mailbox.url.p, &err);
    } else if (code == EXIT_PASSED && proof_run(p, &c->proof, &err) != MP_OK) {
        subject_outputs_error(&out, c->proof.mailbox.url.p, &err);
    } else if (code == EXIT_PASSED) {
        struct subject s;
        proof_subject(p, &s);
        subject_outputs_add(&out, &s);
        extra = write_results(c, &p->arrival);
    }
    code = subject_outputs_close(&out);
    if (p != NULL)
        proof_clear(p);
    free(p);
    return code == EXIT_PASSED ? extra : code;
}

int cmd_wait(int argc, char **argv)
{
    struct wait_command *c = calloc(1, sizeof *c);
    if (c == NULL)
        return usage_error("wait", "no memory");
    signal(SIGPIPE, SIG_IGN);
    wait_command_init(c);
    int code = parse_options(c, argc, argv);
    if (code == EXIT_PASSED)
        code = wait_options_finish(c, argc - optind, argv + optind);
    if (code == EXIT_PASSED)
        code = prove(c);
    else
        code = exit_styled(c->send.common.exit_style, code);
    wait_command_clear(c);
    free(c);
    return code;
}
