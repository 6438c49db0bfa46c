/* The table of keys, part three: what may be expected. */
#include "flow/probe.h"
#include "suite/keys.h"
#include "transport/mta_sts.h"

/* ---- shared parts ---- */

static const struct word alignment_words[] = {{"relaxed", SUITE_ALIGN_RELAXED},
                                              {"strict", SUITE_ALIGN_STRICT},
                                              {NULL, 0}};
static const struct word spf_words[] = {{"none", 0},      {"neutral", 0},  {"pass", 0},
                                        {"fail", 0},      {"softfail", 0}, {"temperror", 0},
                                        {"permerror", 0}, {NULL, 0}};
static const struct word dkim_words[] = {{"none", 0},      {"pass", 0},    {"fail", 0},
                                         {"policy", 0},    {"neutral", 0}, {"temperror", 0},
                                         {"permerror", 0}, {NULL, 0}};
static const struct word dmarc_words[] = {{"none", 0},      {"pass", 0},      {"fail", 0},
                                          {"temperror", 0}, {"permerror", 0}, {NULL, 0}};
static const struct word arc_words[] = {
    {"none", 0}, {"pass", 0}, {"fail", 0}, {"temperror", 0}, {NULL, 0}};

#define A(member) offsetof(struct suite_expect_auth, member)

static const struct key dkim_keys[] = {
    {STR_INIT("result"), &type_results, A(dkim), .words = dkim_words,
     .doc = "Word of RFC 8601, or several: one of them."},
    {STR_INIT("domain"), &type_glob, A(dkim_domain),
     .doc = "`d=` of a signature with that result."},
    {STR_INIT("selector"), &type_glob, A(dkim_selector), .doc = "Its `s=`."},
};
static const struct context context_expect_dkim = {"expect-dkim", "what DKIM says", dkim_keys,
                                                   ARRAY_LEN(dkim_keys)};

static const struct key dmarc_keys[] = {
    {STR_INIT("result"), &type_results, A(dmarc), .words = dmarc_words,
     .doc = "Word of RFC 8601, or several: one of them."},
    {STR_INIT("policy"), &type_glob, A(dmarc_policy),
     .doc = "The policy that is published: `none`, `quarantine`, `reject`."},
};
static const struct context context_expect_dmarc = {"expect-dmarc", "what DMARC says", dmarc_keys,
                                                    ARRAY_LEN(dmarc_keys)};

static const struct key auth_keys[] = {
    {STR_INIT("spf"), &type_results, A(spf), .words = spf_words,
     .doc = "Result of SPF; several: one of them."},
    {STR_INIT("dkim"), &type_result_or_map, A(dkim), .words = dkim_words,
     .context = &context_expect_dkim, .filled = true, .doc = "Result of DKIM, or a mapping."},
    {STR_INIT("dmarc"), &type_result_or_map, A(dmarc), .words = dmarc_words,
     .context = &context_expect_dmarc, .filled = true, .doc = "Result of DMARC, or a mapping."},
    {STR_INIT("arc"), &type_results, A(arc), .words = arc_words, .doc = "Result of ARC."},
    {STR_INIT("alignment"), &type_choice, A(alignment), .words = alignment_words,
     .doc = "How the domain that DMARC passes by is like the author's: `relaxed` or `strict`."},
};
static const struct context context_expect_auth = {"expect-auth", "what authentication says",
                                                   auth_keys, ARRAY_LEN(auth_keys)};

static const struct key days_keys[] = {
    {STR_INIT("warn"), &type_number, offsetof(struct suite_days, warn),
     offsetof(struct suite_days, has_warn), .max = 100000, .doc = "Fewer days are a warning."},
    {STR_INIT("crit"), &type_number, offsetof(struct suite_days, crit),
     offsetof(struct suite_days, has_crit), .max = 100000, .doc = "Fewer days are a failure."},
};
static const struct context context_days = {"days", "thresholds of days", days_keys,
                                            ARRAY_LEN(days_keys)};

#define C(member) offsetof(struct suite_expect_cert, member)
static const struct key cert_keys[] = {
    {STR_INIT("days-left"), &type_days, C(days_left), .context = &context_days, .filled = true,
     .doc = "Days until it ends: `\">14\"`, or `{warn: 21, crit: 7}`."},
    {STR_INIT("valid"), &type_flag, C(valid), .doc = "Do chain, dates and host name verify?"},
    {STR_INIT("names"), &type_globs, C(names), .filled = true, .doc = "Names that must be in it."},
    {STR_INIT("issuer"), &type_glob, C(issuer), .doc = "Who issued it."},
};
static const struct context context_expect_cert = {"expect-cert", "what a certificate is",
                                                   cert_keys, ARRAY_LEN(cert_keys)};

static const struct word sts_words[] = {
    {"none", MTA_STS_NONE}, {"testing", MTA_STS_TESTING}, {"enforce", MTA_STS_ENFORCE}, {NULL, 0}};
#define T(member) offsetof(struct suite_expect_sts, member)
static const struct key sts_keys[] = {
    {STR_INIT("mode"), &type_choice, T(mode), .words = sts_words, .doc = "Mode of the policy."},
    {STR_INIT("matches-mx"), &type_flag, T(matches_mx),
     .doc = "Does the policy name every MX host?"},
};
static const struct context context_expect_sts = {"expect-mta-sts", "what MTA-STS says", sts_keys,
                                                  ARRAY_LEN(sts_keys)};

static const struct word severity_words[] = {{"info", SEV_INFO},
                                             {"low", SEV_LOW},
                                             {"medium", SEV_MEDIUM},
                                             {"warning", SEV_MEDIUM},
                                             {"high", SEV_HIGH},
                                             {"critical", SEV_CRITICAL},
                                             {NULL, 0}};
#define F(member) offsetof(struct suite_expect_findings, member)
static const struct key findings_keys[] = {
    {STR_INIT("forbid"), &type_findings, F(forbid), .filled = true,
     .doc = "Findings that must not be there, whatever their severity: `posture.spf.*`."},
    {STR_INIT("require"), &type_findings, F(require), .filled = true,
     .doc = "Findings that must be there."},
    {STR_INIT("tolerate"), &type_findings, F(tolerate), .doc = "Findings that fail nothing."},
    {STR_INIT("fail-on"), &type_choice, F(fail_on), .words = severity_words,
     .doc = "No finding may be so severe, or more."},
};
static const struct context context_expect_findings = {"expect-findings", "what is found",
                                                       findings_keys, ARRAY_LEN(findings_keys)};

/* ---- probe ---- */

static const struct word starttls_words[] = {{"none", SUITE_STARTTLS_NONE},
                                             {"offered", SUITE_STARTTLS_OFFERED},
                                             {"required", SUITE_STARTTLS_REQUIRED},
                                             {NULL, 0}};
static const struct word dane_words[] = {{"none", DANE_NONE},
                                         {"verified", DANE_VERIFIED},
                                         {"mismatch", DANE_MISMATCH},
                                         {"no-starttls", DANE_NO_STARTTLS},
                                         {"unusable", DANE_UNUSABLE},
                                         {"failed", DANE_FAILED},
                                         {NULL, 0}};
static const struct word rcpt_words[] = {{"accepted", RCPT_ACCEPTED},
                                         {"refused", RCPT_REFUSED},
                                         {"deferred", RCPT_DEFERRED},
                                         {"greylisted", RCPT_GREYLISTED},
                                         {NULL, 0}};
static const struct word login_words[] = {{"accepted", SUITE_LOGIN_ACCEPTED},
                                          {"refused", SUITE_LOGIN_REFUSED},
                                          {NULL, 0}};

#define V(member) offsetof(struct suite_expect_server, member)
static const struct key server_keys[] = {
    {STR_INIT("answers"), &type_flag, V(answers), .doc = "Does it answer at all?"},
    {STR_INIT("banner"), &type_glob, V(banner), .doc = "Its first line."},
    {STR_INIT("tls"), &type_compare_tls, V(tls), .doc = "Version of TLS: `\">=1.2\"`, `none`."},
    {STR_INIT("starttls"), &type_choice, V(starttls), .words = starttls_words,
     .doc = "`required`: nothing is taken before it; `offered`; `none`."},
    {STR_INIT("auth-before-tls"), &type_globs, V(auth_before_tls),
     .doc = "Exactly these mechanisms are offered before TLS; `[]`: none."},
    {STR_INIT("auth"), &type_globs, V(auth), .doc = "Mechanisms that must be offered."},
    {STR_INIT("ehlo"), &type_globs, V(ehlo), .filled = true,
     .doc = "Extensions that must be offered."},
    {STR_INIT("ehlo-lacks"), &type_globs, V(ehlo_lacks), .filled = true,
     .doc = "Extensions that must not be offered."},
    {STR_INIT("size"), &type_compare_size, V(size), .doc = "SIZE: `\">=10M\"`."},
    {STR_INIT("time"), &type_compare_time, V(time), .doc = "Of the whole conversation: `\"<5s\"`."},
    {STR_INIT("cert"), &type_map, V(cert), .context = &context_expect_cert, .filled = true,
     .doc = "Its certificate."},
    {STR_INIT("dane"), &type_choice, V(dane), .words = dane_words, .doc = "What DANE says."},
    {STR_INIT("fcrdns"), &type_flag, V(fcrdns),
     .doc = "Does its address have a name that leads back?"},
    {STR_INIT("rcpt"), &type_choice, V(rcpt), .words = rcpt_words,
     .doc = "What becomes of each recipient of the probe."},
    {STR_INIT("code"), &type_globs, V(code), .doc = "Code of the reply to each: `550`, `5*`."},
    {STR_INIT("enhanced"), &type_globs, V(enhanced), .doc = "Its enhanced code: `5.7.*`."},
    {STR_INIT("catch-all"), &type_flag, V(catch_all),
     .doc = "Does it take a recipient that cannot exist?"},
    {STR_INIT("login"), &type_choice, V(login), .words = login_words,
     .doc = "What becomes of the login of the probe."},
};
static const struct context context_expect_server = {"expect-server", "what a server does",
                                                     server_keys, ARRAY_LEN(server_keys)};

#define P(member) offsetof(struct suite_expect_probe, member)
static const struct key probe_keys[] = {
    {STR_INIT("all-mx"), &type_map, P(all), .context = &context_expect_server, .filled = true,
     .doc = "What every server does; the same keys may stand without it."},
    {STR_INIT("any-mx"), &type_map, P(any), .context = &context_expect_server, .filled = true,
     .doc = "What at least one server does."},
    {STR_INIT("servers"), &type_compare_count, P(servers), .doc = "How many servers answer."},
    {STR_INIT("null-mx"), &type_flag, P(null_mx), .doc = "Does the domain take no mail?"},
    {STR_INIT("mta-sts"), &type_map, P(sts), .context = &context_expect_sts, .filled = true,
     .doc = "The policy that binds the domain."},
};
const struct context context_expect_probe = {"expect-probe",
                                             "what a probe sees",
                                             probe_keys,
                                             ARRAY_LEN(probe_keys),
                                             {{&context_expect_server, P(all)},
                                              {&context_expect_findings, P(findings)}}};

/* ---- send ---- */

#define STAGE(s) (1 << SMTP_STAGE_##s)
static const struct word stage_words[] = {{"connect", STAGE(CONNECT) | STAGE(BANNER)},
                                          {"ehlo", STAGE(EHLO) | STAGE(EHLO_TLS)},
                                          {"starttls", STAGE(STARTTLS) | STAGE(TLS)},
                                          {"xclient", STAGE(XCLIENT)},
                                          {"auth", STAGE(AUTH)},
                                          {"mail", STAGE(MAIL)},
                                          {"rcpt", STAGE(RCPT)},
                                          {"data", STAGE(DATA) | STAGE(BODY) | STAGE(END)},
                                          {NULL, 0}};

#define E(member) offsetof(struct suite_expect_send, member)
static const struct key refused_keys[] = {
    {STR_INIT("at"), &type_stages, E(stages), E(stages_at), .words = stage_words,
     .doc = "The stage, or one of these; `data` is all behind the recipients."},
    {STR_INIT("code"), &type_globs, E(code), .doc = "Code of the reply: `550`, `5*`."},
    {STR_INIT("enhanced"), &type_globs, E(enhanced), .doc = "Its enhanced code: `5.7.*`."},
    {STR_INIT("text"), &type_glob, E(text), .doc = "Its text."},
};
static const struct context context_expect_refused = {"expect-refused", "a refusal", refused_keys,
                                                      ARRAY_LEN(refused_keys)};

static const struct key sent_keys[] = {
    {STR_INIT("tls"), &type_compare_tls, E(tls), .doc = "Version of TLS it was sent with."},
    {STR_INIT("time"), &type_compare_time, E(time), .doc = "Of the conversation."},
};
static const struct context context_expect_sent = {"expect-sent", "how it was sent", sent_keys,
                                                   ARRAY_LEN(sent_keys)};

static const struct key send_keys[] = {
    {STR_INIT("accepted"), &type_outcome, .max = SUITE_ACCEPTED,
     .doc = "`true`, as without it; `any`: accepted or not."},
    {STR_INIT("refused"), &type_outcome, .max = SUITE_REFUSED, .context = &context_expect_refused,
     .doc = "A 5xx; a mapping says where and which."},
    {STR_INIT("deferred"), &type_outcome, .max = SUITE_DEFERRED, .context = &context_expect_refused,
     .doc = "A 4xx; a mapping says where and which."},
    {STR_INIT("sent"), &type_part, .context = &context_expect_sent, .filled = true,
     .doc = "The conversation that it was sent by."},
};
const struct context context_expect_send = {"expect-send", "what becomes of a message that is sent",
                                            send_keys, ARRAY_LEN(send_keys)};

/* ---- arrive ---- */

#define R(member) offsetof(struct suite_expect_arrival, member)

static const struct word hops_words[] = {{"all", SUITE_HOPS_ALL_TLS},
                                         {"none", SUITE_HOPS_NO_TLS},
                                         {NULL, 0}};
#define O(member) offsetof(struct suite_expect_hops, member)
static const struct key hops_keys[] = {
    {STR_INIT("count"), &type_compare_count, O(count), .doc = "How many hops."},
    {STR_INIT("slowest"), &type_compare_time, O(slowest), .doc = "The longest delay of one."},
    {STR_INIT("total"), &type_compare_time, O(total), .doc = "From the first to the last."},
    {STR_INIT("skew"), &type_compare_time, O(skew), .doc = "How far a clock is behind."},
    {STR_INIT("tls"), &type_choice, O(tls), .words = hops_words,
     .doc = "`all`: every hop between hosts has TLS; `none`."},
};
static const struct context context_expect_hops = {"expect-hops", "its way", hops_keys,
                                                   ARRAY_LEN(hops_keys)};

#define L(member) offsetof(struct suite_expect_altered, member)
static const struct key altered_keys[] = {
    {STR_INIT("body"), &type_set, L(body),
     .doc = "`none`; a list: only these may be (`line-ends`, `whitespace`, `encoding`, `appended`, "
            "`changed`)."},
    {STR_INIT("parts"), &type_set, L(parts),
     .doc = "`none`; a list: only these may be (`added`, `removed`, `changed`)."},
    {STR_INIT("headers-added"), &type_set, L(headers_added), .doc = "Only these may be new."},
    {STR_INIT("headers-removed"), &type_set, L(headers_removed), .doc = "Only these may lack."},
    {STR_INIT("headers-changed"), &type_set, L(headers_changed),
     .doc = "Only these may have other text."},
};
static const struct context context_expect_altered = {"expect-altered",
                                                      "what was altered on the way", altered_keys,
                                                      ARRAY_LEN(altered_keys)};

#define W(member) offsetof(struct suite_expect_client, member)
static const struct key dnsbl_keys[] = {
    {STR_INIT("lists"), &type_globs, W(dnsbl_lists), .required = true, .filled = true,
     .doc = "Zones to ask; one that does not list 127.0.0.2 proves nothing."},
    {STR_INIT("listed"), &type_flag, W(dnsbl_listed), .required = true,
     .doc = "Must one of them list the address?"},
};
static const struct context context_expect_dnsbl = {"expect-dnsbl", "what DNS lists say",
                                                    dnsbl_keys, ARRAY_LEN(dnsbl_keys)};

static const struct key client_keys[] = {
    {STR_INIT("fcrdns"), &type_flag, W(fcrdns), .doc = "Has its address a name that leads back?"},
    {STR_INIT("helo-matches"), &type_flag, W(helo_matches),
     .doc = "Does the name of its EHLO lead to its address?"},
    {STR_INIT("tls"), &type_compare_tls, W(tls), .doc = "Version of TLS it came with."},
    {STR_INIT("ip"), &type_glob, W(ip), .doc = "Its address."},
    {STR_INIT("helo"), &type_glob, W(helo), .doc = "Its name in EHLO."},
    {STR_INIT("dnsbl"), &type_part, .context = &context_expect_dnsbl, .filled = true,
     .doc = "Whether DNS lists name its address."},
};
static const struct context context_expect_client = {"expect-client", "the client that delivered",
                                                     client_keys, ARRAY_LEN(client_keys)};

#define B(member) offsetof(struct suite_expect_bounce, member)
static const struct key bounce_keys[] = {
    {STR_INIT("status"), &type_globs, B(status), .doc = "`5.1.1`, `5.7.*`."},
    {STR_INIT("action"), &type_glob, B(action), .doc = "`failed`, `delayed`, `relayed`, ..."},
    {STR_INIT("recipient"), &type_glob, B(recipient), .doc = "Whom it is about."},
    {STR_INIT("diagnostic"), &type_glob, B(diagnostic), .doc = "What the other server said."},
};
static const struct context context_expect_bounce = {"expect-bounce", "what a bounce says",
                                                     bounce_keys, ARRAY_LEN(bounce_keys)};

static const struct key arrive_keys[] = {
    {STR_INIT("folder"), &type_globs, R(folder), .doc = "The folder, or one of these."},
    {STR_INIT("time"), &type_compare_time, R(time), .doc = "From sending to arrival."},
    {STR_INIT("copies"), &type_compare_count, R(copies), .doc = "How many copies: `\"=1\"`."},
    {STR_INIT("attempts"), &type_compare_count, R(attempts),
     .doc = "How often delivery was tried; known to sinks alone."},
    {STR_INIT("auth"), &type_map, R(auth), .context = &context_expect_auth, .filled = true,
     .doc = "SPF, DKIM, DMARC and ARC of what arrived."},
    {STR_INIT("authserv-id"), &type_glob, R(authserv_id),
     .doc = "Take `auth` from the receiver's own field of this name."},
    {STR_INIT("hops"), &type_map, R(hops), .context = &context_expect_hops, .filled = true,
     .doc = "Its way."},
    {STR_INIT("altered"), &type_map, R(altered), .context = &context_expect_altered, .filled = true,
     .doc = "What may differ from what was sent."},
    {STR_INIT("client"), &type_map, R(client), .context = &context_expect_client, .filled = true,
     .doc = "Who delivered it; known to sinks alone."},
    {STR_INIT("bounce"), &type_map, R(bounce), .context = &context_expect_bounce,
     .doc = "What arrives is a delivery report that says this."},
    {STR_INIT("subject"), &type_glob, R(subject), .doc = "Its subject."},
    {STR_INIT("contains"), &type_texts, R(contains), .filled = true,
     .doc = "Texts that must be in it."},
    {STR_INIT("links"), &type_compare_count, R(links), .doc = "How many links it has."},
    {STR_INIT("codes"), &type_compare_count, R(codes), .doc = "How many one-time codes it has."},
    {STR_INIT("headers"), &type_expect_headers, R(headers), R(n_headers), .filled = true,
     .doc = "Header fields it must have; `null`: must not have."},
};
const struct context context_expect_arrive = {"expect-arrive",
                                              "what arrives",
                                              arrive_keys,
                                              ARRAY_LEN(arrive_keys),
                                              {{&context_expect_findings, R(findings)}}};

/* ---- the rest ---- */

static const struct word relay_words[] = {{"all", SUITE_RELAY_REFUSED_ALL},
                                          {"none", SUITE_RELAY_REFUSED_NONE},
                                          {NULL, 0}};
#define Y(member) offsetof(struct suite_expect_relay, member)
static const struct key relay_keys[] = {
    {STR_INIT("refused"), &type_choice, Y(refused), .words = relay_words,
     .doc = "`all`, as without it; `none`."},
    {STR_INIT("at"), &type_stages, Y(stages), Y(stages_at), .words = stage_words,
     .doc = "The stage, or one of these."},
    {STR_INIT("code"), &type_globs, Y(code), .doc = "Code of each refusal."},
    {STR_INIT("enhanced"), &type_globs, Y(enhanced), .doc = "Its enhanced code."},
};
const struct context context_expect_relay = {"expect-relay-test", "what a relay test sees",
                                             relay_keys, ARRAY_LEN(relay_keys)};

#define G(member) offsetof(struct suite_expect_smuggle, member)
static const struct key smuggle_keys[] = {
    {STR_INIT("smuggled"), &type_set, G(smuggled),
     .doc = "`none`, as without it; or sequences that may be smuggled."},
    {STR_INIT("ends"), &type_set, G(ends),
     .doc = "Sequences that may end a message, though nothing was smuggled."},
};
const struct context context_expect_smuggle = {"expect-smuggle", "what a smuggling test sees",
                                               smuggle_keys, ARRAY_LEN(smuggle_keys)};

static const struct word policy_words[] = {{"none", DMARC_P_NONE},
                                           {"quarantine", DMARC_P_QUARANTINE},
                                           {"reject", DMARC_P_REJECT},
                                           {NULL, 0}};
static const struct word changed_words[] = {{"ignore", SUITE_CHANGED_IGNORE},
                                            {"warn", SUITE_CHANGED_WARN},
                                            {"fail", SUITE_CHANGED_FAIL},
                                            {NULL, 0}};
#define D(member) offsetof(struct suite_expect_audit, member)
static const struct key audit_dane_keys[] = {
    {STR_INIT("valid"), &type_flag, D(dane_valid), .doc = "Does DANE verify every MX host?"},
    {STR_INIT("rollover-ready"), &type_flag, D(dane_rollover_ready),
     .doc = "Is there a record of a second key, or of the issuer?"},
};
static const struct context context_audit_dane = {"expect-audit-dane", "what DANE publishes",
                                                  audit_dane_keys, ARRAY_LEN(audit_dane_keys)};

static const struct key audit_dmarc_keys[] = {
    {STR_INIT("policy"), &type_choice, D(dmarc_policy), .words = policy_words,
     .doc = "At least so strict."},
};
static const struct context context_audit_dmarc = {"expect-audit-dmarc", "what DMARC publishes",
                                                   audit_dmarc_keys, ARRAY_LEN(audit_dmarc_keys)};

static const struct key audit_spf_keys[] = {
    {STR_INIT("lookups"), &type_compare_count, D(spf_lookups), .doc = "Look-ups: `\"<=8\"`."},
};
static const struct context context_audit_spf = {"expect-audit-spf", "what SPF publishes",
                                                 audit_spf_keys, ARRAY_LEN(audit_spf_keys)};

static const struct key audit_keys[] = {
    {STR_INIT("level"), &type_compare_grade, D(level), .doc = "The grade: `\">=B\"`."},
    {STR_INIT("cert"), &type_map, D(cert), .context = &context_expect_cert, .filled = true,
     .doc = "The certificates of the MX hosts."},
    {STR_INIT("mta-sts"), &type_map, D(sts), .context = &context_expect_sts, .filled = true,
     .doc = "The policy of MTA-STS."},
    {STR_INIT("dane"), &type_part, .context = &context_audit_dane, .filled = true,
     .doc = "The TLSA records."},
    {STR_INIT("dmarc"), &type_part, .context = &context_audit_dmarc, .filled = true,
     .doc = "The DMARC record."},
    {STR_INIT("spf"), &type_part, .context = &context_audit_spf, .filled = true,
     .doc = "The SPF record."},
    {STR_INIT("dnssec"), &type_flag, D(dnssec), .doc = "Is the domain signed?"},
    {STR_INIT("changed-since-last"), &type_choice, D(changed), .words = changed_words,
     .doc = "New findings since the audit before: `ignore`, `warn`, `fail` (undecided without "
            "--state)."},
};
const struct context context_expect_audit = {"expect-audit",
                                             "what an audit sees",
                                             audit_keys,
                                             ARRAY_LEN(audit_keys),
                                             {{&context_expect_findings, D(findings)}}};

static const struct word action_words[] = {{"accept", 0}, {"tag", 0},      {"quarantine", 0},
                                           {"reject", 0}, {"tempfail", 0}, {NULL, 0}};
#define X(member) offsetof(struct suite_expect_scan, member)
static const struct key scan_keys[] = {
    {STR_INIT("action"), &type_results, X(action), .words = action_words,
     .doc = "The verdict, or one of these."},
    {STR_INIT("auth"), &type_map, X(auth), .context = &context_expect_auth, .filled = true,
     .doc = "SPF, DKIM, DMARC and ARC."},
};
const struct context context_expect_scan = {"expect-scan",
                                            "what a scan sees",
                                            scan_keys,
                                            ARRAY_LEN(scan_keys),
                                            {{&context_expect_findings, X(findings)}}};

const struct context *const expect_parts[] = {
    &context_expect_server, &context_expect_cert,     &context_days,
    &context_expect_sts,    &context_expect_findings, &context_expect_refused,
    &context_expect_sent,   &context_expect_auth,     &context_expect_dkim,
    &context_expect_dmarc,  &context_expect_hops,     &context_expect_altered,
    &context_expect_client, &context_expect_dnsbl,    &context_expect_bounce,
    &context_audit_dane,    &context_audit_dmarc,     &context_audit_spf};
const size_t n_expect_parts = ARRAY_LEN(expect_parts);
