/* The table of keys, part two: what a test does. */
#include "arrival/arrival.h"
#include "suite/keys.h"

/* ---- sink ---- */

static const struct key script_keys[] = {
    {STR_INIT("name"), &type_sink, offsetof(struct suite_script, sink), .required = true,
     .doc = "The sink."},
    {STR_INIT("script"), &type_script, offsetof(struct suite_script, script), .required = true,
     .doc = "How it answers the recipients of this test, rule by rule ([sink](sink.md))."},
};
const struct context context_script = {"script", "the script of a sink", script_keys,
                                       ARRAY_LEN(script_keys)};

/* ---- as ---- */

#define A(member) offsetof(struct raw_as, member)
static const struct key as_keys[] = {
    {STR_INIT("addr"), &type_ip, A(addr), .doc = "Address of the client."},
    {STR_INIT("name"), &type_line, A(name), .doc = "Its name in DNS."},
    {STR_INIT("helo"), &type_line, A(helo), .doc = "Its name in EHLO."},
    {STR_INIT("port"), &type_line, A(port), .doc = "Its port."},
    {STR_INIT("proto"), &type_line, A(proto), .doc = "`SMTP` or `ESMTP`."},
    {STR_INIT("login"), &type_line, A(login), .doc = "Who it logged in as."},
    {STR_INIT("dest-addr"), &type_ip, A(dest_addr), .doc = "Address that it came to."},
    {STR_INIT("dest-port"), &type_line, A(dest_port), .doc = "Port that it came to."},
};
const struct context context_as = {"as", "a client that we pretend to be", as_keys,
                                   ARRAY_LEN(as_keys)};
#define AS_DOC "The client that we pretend to be, by XCLIENT; the host must allow it."

/* ---- probe ---- */

#define P(member) offsetof(struct suite_probe, member)
static const struct key probe_keys[] = {
    {STR_INIT("mx-of"), &type_domain, P(target),
     .doc = "A domain, all of whose MX hosts are asked."},
    {STR_INIT("url"), &type_url, P(target), .doc = "One server: `smtp://host:port`."},
    {STR_INIT("host"), &type_host, P(host), .doc = "A server of the suite."},
    {STR_INIT("as"), &type_as, P(as), .context = &context_as, .doc = AS_DOC},
    {STR_INIT("helo"), &type_line, P(helo), .doc = "Our name in EHLO."},
    {STR_INIT("from"), &type_address, P(from), P(has_from), .doc = "Sender of the envelope."},
    {STR_INIT("to"), &type_addresses, P(to), P(n_to), .doc = "Recipients to ask for."},
    {STR_INIT("login"), &type_bool, P(login), .doc = "Log in, with the host's `auth`."},
    {STR_INIT("retry-after"), &type_duration, P(retry_after_ms),
     .doc = "Ask once more for a recipient that was deferred, after this."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_probe,
     .doc = "What must come out."},
};
const struct context context_probe = {"probe", "a probe", probe_keys, ARRAY_LEN(probe_keys)};

/* ---- send ---- */

#define S(member) offsetof(struct suite_send, member)
static const struct key dsn_keys[] = {
    {STR_INIT("notify"), &type_notify, S(rcpt_params.notify), .doc = "When to report."},
    {STR_INIT("ret"), &type_ret, S(mail_params.ret), .doc = "What to return."},
    {STR_INIT("envid"), &type_line, S(mail_params.envid), .doc = "Id of the envelope."},
    {STR_INIT("orcpt"), &type_address, S(rcpt_params.orcpt), .doc = "The original recipient."},
};
const struct context context_dsn = {"dsn", "what delivery reports are asked for", dsn_keys,
                                    ARRAY_LEN(dsn_keys)};

static const struct word body_words[] = {{"7bit", SMTP_BODY_7BIT},
                                         {"8bitmime", SMTP_BODY_8BITMIME},
                                         {"binarymime", SMTP_BODY_BINARYMIME},
                                         {NULL, 0}};

static const struct key send_keys[] = {
    {STR_INIT("via"), &type_host, S(via), .doc = "The server that it is given to."},
    {STR_INIT("auth"), &type_host, S(auth_of), .doc = "The host whose login is used there."},
    {STR_INIT("as"), &type_as, S(as), .context = &context_as, .doc = AS_DOC},
    {STR_INIT("helo"), &type_line, S(helo), .doc = "Our name in EHLO."},
    {STR_INIT("from"), &type_address, S(from), S(has_from),
     .doc = "Sender of the envelope; otherwise that of the kind, or the user who logs in."},
    {STR_INIT("to"), &type_addresses, S(to), S(n_to), .required = true, .doc = "Recipients."},
    {STR_INIT("from-header"), &type_line, S(from_header),
     .doc = "From of the message; otherwise as the sender. Of spoofing kinds: the victim."},
    {STR_INIT("subject"), &type_line, S(subject), .doc = "Its subject; the tag is put behind it."},
    {STR_INIT("body"), &type_text, S(body), .doc = "Its text."},
    {STR_INIT("headers"), &type_headers, S(headers), S(n_headers), .doc = "Further header fields."},
    {STR_INIT("attach"), &type_attachments, S(attach), S(n_attach),
     .doc = "Files; a word without dot and slash is a kind of `forge`: `eicar`, `macro`."},
    {STR_INIT("message"), &type_path_str, S(message_path), .doc = "A whole message instead."},
    {STR_INIT("keep-raw"), &type_bool, S(keep_raw), .doc = "Without our tag in it."},
    {STR_INIT("spoof"), &type_kind, S(kind), .doc = "A kind of `forge` that deceives."},
    {STR_INIT("kind"), &type_kind, S(kind), .doc = "Any kind of `forge`."},
    {STR_INIT("attacker"), &type_domain, S(attacker), .doc = "The domain that spoofs come from."},
    {STR_INIT("key"), &type_path, S(key_file), .doc = "A private key, PEM, to sign with."},
    {STR_INIT("selector"), &type_line, S(selector), .doc = "Its selector."},
    {STR_INIT("domain"), &type_domain, S(sign_domain),
     .doc = "Its domain; otherwise the sender's."},
    {STR_INIT("attacker-key"), &type_path, S(attacker_key_file),
     .doc = "The key of the attacker's domain."},
    {STR_INIT("attacker-selector"), &type_line, S(attacker_selector), .doc = "Its selector."},
    {STR_INIT("seed"), &type_number, S(seed), S(has_seed), .doc = "The same message each time."},
    {STR_INIT("dsn"), &type_part, .context = &context_dsn,
     .doc = "What delivery reports are asked for (RFC 3461)."},
    {STR_INIT("smtputf8"), &type_bool, S(mail_params.smtputf8), .doc = "RFC 6531."},
    {STR_INIT("requiretls"), &type_bool, S(mail_params.requiretls), .doc = "RFC 8689."},
    {STR_INIT("body-type"), &type_enum, S(mail_params.body), .words = body_words,
     .doc = "BODY= of RFC 6152."},
    {STR_INIT("chunking"), &type_bool, S(chunking), .doc = "BDAT instead of DATA (RFC 3030)."},
    {STR_INIT("as-is"), &type_bool, S(as_is), .doc = "Line ends stay as they are."},
    {STR_INIT("tls-verify"), &type_bool, S(tls_verify),
     .doc = "Send nothing unless the certificate verifies for the host."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_send,
     .doc = "What must become of it."},
};
const struct context context_send = {"send", "a message to send", send_keys, ARRAY_LEN(send_keys)};

/* ---- arrive, not-arrive ---- */

#define R(member) offsetof(struct suite_arrive, member)
static const struct key arrive_keys[] = {
    {STR_INIT("in"), &type_hosts, R(in), R(n_in),
     .doc = "A mailbox or a sink, or several: in one of them."},
    {STR_INIT("within"), &type_duration, R(within_ms), .doc = "The time it may take."},
    {STR_INIT("warn"), &type_duration, R(warn_ms), .doc = "Later is a warning."},
    {STR_INIT("crit"), &type_duration, R(crit_ms), .doc = "Later is a failure."},
    {STR_INIT("settle"), &type_duration, R(settle_ms),
     .doc = "Wait so long for further copies; 2s when `copies` are expected."},
    {STR_INIT("search"), &type_lines, R(search), R(n_search), .max = ARRIVAL_MAX_FOLDERS,
     .doc = "Folders to look into, instead of the host's."},
    {STR_INIT("bounce"), &type_bool, R(bounce), .doc = "A delivery report about it must arrive."},
    {STR_INIT("to"), &type_line, R(to), .doc = "Without `send`: its recipient."},
    {STR_INIT("from"), &type_line, R(from), .doc = "Without `send`: part of its sender."},
    {STR_INIT("subject"), &type_line, R(subject), .doc = "Without `send`: part of its subject."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_arrive,
     .doc = "What must hold of it."},
};
const struct context context_arrive = {"arrive", "an arrival", arrive_keys, ARRAY_LEN(arrive_keys)};

static const struct key not_arrive_keys[] = {
    {STR_INIT("in"), &type_hosts, R(in), R(n_in),
     .doc = "A mailbox or a sink, or several: in none."},
    {STR_INIT("within"), &type_duration, R(within_ms), .doc = "So long it is looked for."},
    {STR_INIT("search"), &type_lines, R(search), R(n_search), .max = ARRIVAL_MAX_FOLDERS,
     .doc = "Folders to look into, instead of the host's."},
    {STR_INIT("to"), &type_line, R(to), .doc = "Without `send`: its recipient."},
    {STR_INIT("from"), &type_line, R(from), .doc = "Without `send`: part of its sender."},
    {STR_INIT("subject"), &type_line, R(subject), .doc = "Without `send`: part of its subject."},
};
const struct context context_not_arrive = {"not-arrive", "an arrival that must not be",
                                           not_arrive_keys, ARRAY_LEN(not_arrive_keys)};

/* ---- relay-test, smuggle ---- */

#define Y(member) offsetof(struct suite_relay_test, member)
static const struct key relay_keys[] = {
    {STR_INIT("host"), &type_host, Y(host), .required = true, .doc = "The server."},
    {STR_INIT("as"), &type_as, Y(as), .context = &context_as, .doc = AS_DOC},
    {STR_INIT("to"), &type_address, Y(to),
     .doc = "Somebody elsewhere, in whose name is asked; never gets a message."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_relay,
     .doc = "What must come out."},
};
const struct context context_relay = {"relay-test", "a relay test", relay_keys,
                                      ARRAY_LEN(relay_keys)};

#define G(member) offsetof(struct suite_smuggle, member)
static const struct key smuggle_keys[] = {
    {STR_INIT("host"), &type_host, G(host), .required = true, .doc = "The server."},
    {STR_INIT("as"), &type_as, G(as), .context = &context_as, .doc = AS_DOC},
    {STR_INIT("from"), &type_address, G(from), .doc = "Sender of the envelope."},
    {STR_INIT("to"), &type_addresses, G(to), G(n_to), .required = true,
     .doc = "Who gets the messages that are taken."},
    {STR_INIT("sequences"), &type_sequences, G(sequences), G(n_sequences),
     .doc = "`all`, as without it, or names: `LF.LF` ([probe](probe.md))."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_smuggle,
     .doc = "What must come out."},
};
const struct context context_smuggle = {"smuggle", "a smuggling test", smuggle_keys,
                                        ARRAY_LEN(smuggle_keys)};

/* ---- audit ---- */

static const struct word profile_words[] = {{"auto", PROFILE_AUTO},
                                            {"sending", PROFILE_SENDING},
                                            {"receiving", PROFILE_RECEIVING},
                                            {"parked", PROFILE_PARKED},
                                            {NULL, 0}};
#define U(member)  offsetof(struct raw_audit, member)
#define UA(member) offsetof(struct raw_audit, audit.member)
static const struct key audit_keys[] = {
    {STR_INIT("domain"), &type_audit_domains, UA(domains), UA(n_domains), .words = profile_words,
     .max = 1, .doc = "A domain."},
    {STR_INIT("domains"), &type_audit_domains, UA(domains), UA(n_domains), .words = profile_words,
     .doc = "Several; `domain: profile` for one with its own profile."},
    {STR_INIT("profile"), &type_enum, U(profile), .words = profile_words,
     .doc = "What they are for; otherwise what they publish says it."},
    {STR_INIT("zone-file"), &type_path, UA(zone_file),
     .doc = "Audit this file, before it is published."},
    {STR_INIT("selectors"), &type_lines, UA(selectors), UA(n_selectors),
     .max = POSTURE_MAX_SELECTORS, .doc = "Selectors of DKIM."},
    {STR_INIT("dnsbl"), &type_domains, UA(dnsbl), UA(n_dnsbl), .max = POSTURE_MAX_DNSBL,
     .doc = "DNS lists to ask about the MX hosts."},
    {STR_INIT("connect"), &type_flag, U(connect), .doc = "Connect to the MX hosts."},
    {STR_INIT("https"), &type_flag, U(https), .doc = "Fetch policies over HTTPS."},
    {STR_INIT("every"), &type_period, UA(every_s), .doc = "A daemon does it so often only."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_audit,
     .doc = "What must come out."},
};
const struct context context_audit = {"audit", "an audit", audit_keys, ARRAY_LEN(audit_keys)};

/* ---- scan ---- */

#define N(member) offsetof(struct suite_scan, member)
static const struct key scan_keys[] = {
    {STR_INIT("file"), &type_path_str, N(path), .doc = "A message, or a world."},
    {STR_INIT("kind"), &type_kind, N(kind), .doc = "A message that `forge` makes instead."},
    {STR_INIT("from"), &type_address, N(from), .doc = "Of `kind`: its author, or the victim."},
    {STR_INIT("to"), &type_address, N(to), .doc = "Of `kind`: its recipient."},
    {STR_INIT("attacker"), &type_domain, N(attacker), .doc = "The domain that spoofs come from."},
    {STR_INIT("key"), &type_path, N(key_file), .doc = "A private key, PEM, to sign with."},
    {STR_INIT("selector"), &type_line, N(selector), .doc = "Its selector."},
    {STR_INIT("attacker-key"), &type_path, N(attacker_key_file),
     .doc = "The key of the attacker's domain."},
    {STR_INIT("attacker-selector"), &type_line, N(attacker_selector), .doc = "Its selector."},
    {STR_INIT("seed"), &type_number, N(seed), .doc = "The same message each time."},
    {STR_INIT("ip"), &type_ip, N(ip), .doc = "Address of the client that delivered it."},
    {STR_INIT("helo"), &type_line, N(helo), .doc = "Its name in EHLO."},
    {STR_INIT("mail-from"), &type_address, N(mail_from), N(has_mail_from),
     .doc = "Sender of the envelope."},
    {STR_INIT("zone-file"), &type_path, N(zone_file), .doc = "Answers come from this file alone."},
    {STR_INIT("time"), &type_time, N(time_s), N(has_time), .doc = "The time it is scanned at."},
    {STR_INIT("authserv-id"), &type_line, N(authserv_id), .doc = "Our name in results."},
    {STR_INIT("policy"), &type_path, N(policy_file), .doc = "A policy ([policy](policy.md))."},
    {STR_INIT("expect"), &type_expect, .context = &context_expect_scan,
     .doc = "What must come out."},
};
const struct context context_scan = {"scan", "a scan", scan_keys, ARRAY_LEN(scan_keys)};

/* ---- by verb ---- */

static const struct {
    const struct context *keys, *expect;
} verbs[SUITE_VERB_COUNT] = {
    [SUITE_SCRIPT] = {&context_script, NULL},
    [SUITE_PROBE] = {&context_probe, &context_expect_probe},
    [SUITE_SEND] = {&context_send, &context_expect_send},
    [SUITE_ARRIVE] = {&context_arrive, &context_expect_arrive},
    [SUITE_NOT_ARRIVE] = {&context_not_arrive, NULL},
    [SUITE_RELAY_TEST] = {&context_relay, &context_expect_relay},
    [SUITE_SMUGGLE] = {&context_smuggle, &context_expect_smuggle},
    [SUITE_AUDIT] = {&context_audit, &context_expect_audit},
    [SUITE_SCAN] = {&context_scan, &context_expect_scan},
};

const struct context *verb_context(enum suite_verb v)
{
    return verbs[v].keys;
}

const struct context *verb_expect_context(enum suite_verb v)
{
    return verbs[v].expect;
}

/* In the order of the documentation. */
const struct context *const contexts[] = {
    &context_document,      &context_defaults,     &context_retry,
    &context_host,          &context_auth,         &context_sink,
    &context_schedule,      &context_report,       &context_webhook,
    &context_test,          &context_script,       &context_probe,
    &context_expect_probe,  &context_send,         &context_as,
    &context_dsn,           &context_expect_send,  &context_arrive,
    &context_expect_arrive, &context_not_arrive,   &context_relay,
    &context_expect_relay,  &context_smuggle,      &context_expect_smuggle,
    &context_audit,         &context_expect_audit, &context_scan,
    &context_expect_scan,
};
const size_t n_contexts = ARRAY_LEN(contexts);
