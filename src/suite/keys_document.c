/* The table of keys, part one: the document, and a test. */
#include "suite/keys.h"

#define D(member) offsetof(struct raw_document, member)
#define S(member) offsetof(struct suite_schedule, member)
#define R(member) offsetof(struct suite_report, member)
#define F(member) offsetof(struct defaults, member)
#define T(member) offsetof(struct raw_test, member)

static const struct key retry_keys[] = {
    {STR_INIT("times"), &type_count, offsetof(struct suite_retry, times), .required = true,
     .max = SUITE_MAX_RETRIES,
     .doc = "How often a case that did not pass is tried again; not when something got through."},
    {STR_INIT("every"), &type_duration, offsetof(struct suite_retry, every_ms),
     .doc = "The pause before each."},
};
const struct context context_retry = {"retry", "a rule for further attempts", retry_keys,
                                      ARRAY_LEN(retry_keys)};

static const struct key defaults_keys[] = {
    {STR_INIT("timeout"), &type_duration, F(timeout_ms),
     .doc = "Of one conversation with a server (30s)."},
    {STR_INIT("within"), &type_duration, F(within_ms), .doc = "Until a message arrives (30s)."},
    {STR_INIT("warn"), &type_duration, F(warn_ms), .doc = "A later arrival is a warning."},
    {STR_INIT("retry"), &type_part, F(retry), .context = &context_retry,
     .doc = "Further attempts of a case."},
    {STR_INIT("in"), &type_hosts_later, F(in),
     .doc = "Where messages arrive; a host, as in `arrive`."},
    {STR_INIT("via"), &type_hosts_later, F(via),
     .doc = "Where messages are sent; a host, as in `send`."},
};
const struct context context_defaults = {"defaults", "the defaults", defaults_keys,
                                         ARRAY_LEN(defaults_keys)};

static const struct key schedule_keys[] = {
    {STR_INIT("every"), &type_duration, S(every_ms), .required = true, .doc = "How often."},
    {STR_INIT("jitter"), &type_duration, S(jitter_ms), .doc = "Up to so much later, by chance."},
    {STR_INIT("only-one"), &type_bool, S(only_one),
     .doc = "No run begins while the one before is not over."},
};
const struct context context_schedule = {"schedule", "a schedule", schedule_keys,
                                         ARRAY_LEN(schedule_keys)};

static const struct word on_words[] = {{"fail", SUITE_ON_FAIL},
                                       {"change", SUITE_ON_CHANGE},
                                       {"undecided", SUITE_ON_UNDECIDED},
                                       {"always", SUITE_ON_ALWAYS},
                                       {NULL, 0}};
static const struct key webhook_keys[] = {
    {STR_INIT("url"), &type_secret_url, R(webhook_url), .required = true, .doc = "Where to."},
    {STR_INIT("secret"), &type_secret, R(webhook_secret),
     .doc = "The key that signs, by reference."},
    {STR_INIT("on"), &type_mask, R(webhook_on), .words = on_words, .doc = "When."},
};
const struct context context_webhook = {"webhook", "a webhook", webhook_keys,
                                        ARRAY_LEN(webhook_keys)};

static const struct key report_keys[] = {
    {STR_INIT("prometheus"), &type_bool, R(prometheus), .doc = "Metrics of every case."},
    {STR_INIT("webhook"), &type_part, .context = &context_webhook, .doc = "Who is told."},
    {STR_INIT("keep"), &type_period, R(keep_s), .doc = "How long results are kept."},
};
const struct context context_report = {"report", "where results go", report_keys,
                                       ARRAY_LEN(report_keys)};

static const struct key document_keys[] = {
    {STR_INIT("mailproof"), &type_count, D(version), .required = true, .max = 1,
     .doc = "The version of the format: 1."},
    {STR_INIT("name"), &type_name, D(name),
     .doc = "Its name in reports; otherwise that of the file."},
    {STR_INIT("include"), &type_include,
     .doc = "Files to read first, relative, below this file's folder: their `vars`, `allow`, "
            "`hosts`, `sinks`, `defaults` and `tests` are as if they stood here."},
    {STR_INIT("vars"), &type_named, D(vars),
     .doc = "Values for `${vars.NAME}`; each may use those above it."},
    {STR_INIT("allow"), &type_allow, D(allow),
     .doc = "Where mail may be sent: domains with all below them, and networks. Without it: "
            "loopback, and sinks of the suite."},
    {STR_INIT("defaults"), &type_step, D(defaults), .context = &context_defaults,
     .doc = "What holds where a test says nothing."},
    {STR_INIT("hosts"), &type_named, D(hosts), .context = &context_host,
     .doc = "Servers and mailboxes by name."},
    {STR_INIT("sinks"), &type_named, D(sinks), .context = &context_sink,
     .doc = "Capture servers by name, which live as long as the run."},
    {STR_INIT("schedule"), &type_map, D(schedule), .context = &context_schedule,
     .doc = "For the monitor of the daemon, which runs it again and again."},
    {STR_INIT("report"), &type_map, D(report), .context = &context_report,
     .doc = "Where the results of these runs go."},
    {STR_INIT("tests"), &type_nodes, D(tests), .context = &context_test,
     .doc = "The tests, in order."},
};
const struct context context_document = {"suite", "a suite", document_keys,
                                         ARRAY_LEN(document_keys)};

static const struct word cleanup_words[] = {{"keep", SUITE_KEEP},
                                            {"delete", SUITE_DELETE},
                                            {NULL, 0}};

static const struct key test_keys[] = {
    {STR_INIT("name"), &type_name, T(name),
     .doc = "What must hold, in one sentence; unique. Of a row: what it has of its own."},
    {STR_INIT("skip"), &type_line, T(skip), .doc = "It is not run, and why."},
    {STR_INIT("matrix"), &type_matrix, T(matrix),
     .doc = "Lists of values: one case for each combination, `${matrix.NAME}` in it."},
    {STR_INIT("table"), &type_nodes, T(table),
     .doc = "One case a row: its keys are laid over the test, or over its verb."},
    {STR_INIT("sink"), &type_steps, T(verbs[SUITE_SCRIPT]), .context = &context_script,
     .doc = "How a sink answers in this test."},
    {STR_INIT("probe"), &type_step, T(verbs[SUITE_PROBE]), .context = &context_probe,
     .doc = "Talk to servers, send nothing."},
    {STR_INIT("send"), &type_step, T(verbs[SUITE_SEND]), .context = &context_send,
     .doc = "Send a message."},
    {STR_INIT("arrive"), &type_steps, T(verbs[SUITE_ARRIVE]), .context = &context_arrive,
     .doc = "It must arrive."},
    {STR_INIT("not-arrive"), &type_steps, T(verbs[SUITE_NOT_ARRIVE]),
     .context = &context_not_arrive, .doc = "It must not arrive."},
    {STR_INIT("relay-test"), &type_step, T(verbs[SUITE_RELAY_TEST]), .context = &context_relay,
     .doc = "Ask a server to relay, in all forms; no message is sent."},
    {STR_INIT("smuggle"), &type_step, T(verbs[SUITE_SMUGGLE]), .context = &context_smuggle,
     .doc = "Try to smuggle a second message into a server."},
    {STR_INIT("audit"), &type_step, T(verbs[SUITE_AUDIT]), .context = &context_audit,
     .doc = "Audit domains."},
    {STR_INIT("scan"), &type_step, T(verbs[SUITE_SCAN]), .context = &context_scan,
     .doc = "Scan a message."},
    {STR_INIT("expect"), &type_expect,
     .doc = "What must come out, of the verb of the test. With `send`: also what is expected of "
            "what arrives."},
    {STR_INIT("timeout"), &type_duration, T(timeout_ms), .doc = "Of one conversation."},
    {STR_INIT("retry"), &type_part, T(retry), .context = &context_retry,
     .doc = "Further attempts of each case."},
    {STR_INIT("cleanup"), &type_enum, T(cleanup), .words = cleanup_words,
     .doc = "`delete`: what arrived is removed once it was judged; `keep`."},
};
const struct context context_test = {"test", "a test", test_keys, ARRAY_LEN(test_keys)};
