/* Jobs made by hand, for the tests and the fuzz target of this room: good, spoofed with hostile
 * bytes in every text, undecided. */
#ifndef MP_REPORT_REPORT_SAMPLES_H
#define MP_REPORT_REPORT_SAMPLES_H

#include <stdlib.h>

#include "report/report.h"

/* A job and what it borrows. sample_init, then one of the fillers, then sample_clear. */
struct sample {
    struct job job;
    struct arena arena;
    struct policy policy;
    struct str rcpt_to[1];
    struct dkim_signature sigs[2];
    struct arc_set sets[2];
    struct spf_step steps[3];
    struct mime_name names[2];
    struct mime_payload payloads[1];
    struct content_object objects[2];
    struct content_link links[2];
    struct content_text texts[3];
    struct intel_item items[1];
    struct intel_hit hits[1];
    struct dns_list list;
    struct dns_listing listings[1];
    struct intel_ask asks[2];
};

static inline void sample_init(struct sample *s)
{
    *s = (struct sample){0};
    arena_init(&s->arena, 64 << 20);
    policy_default(&s->policy);
}

static inline void sample_clear(struct sample *s)
{
    dns_view_release(s->job.dns);
    arena_clear(&s->arena);
}

/* The message parsed, as job_start and the author stage leave it. */
static inline void sample_message(struct sample *s, const char *source, struct str raw)
{
    struct job *j = &s->job;
    struct mp_err err = {0};
    j->source = str_from(source);
    j->raw = raw;
    if (message_parse(&s->arena, raw, &j->message, &err) != MP_OK ||
        mime_parse(&s->arena, &j->message, &j->mime, &err) != MP_OK)
        abort();
    finding_list_init(&j->findings, &s->arena);
    j->author.field = header_first(&j->message, STR("From"));
    if (j->author.field != NULL)
        address_parse(&s->arena, j->author.field->value, &j->author.list);
}

static inline void sample_finish(struct sample *s, enum dmarc_request request, bool complete)
{
    struct job *j = &s->job;
    j->sha256_hex = STR("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    verdict_decide(&s->policy, &j->findings, request, complete, &j->verdict);
    j->finished = true;
    j->elapsed_us = 1234;
}

static inline void sample_envelope(struct sample *s, const char *ip, struct str helo,
                                   struct str from, struct str to)
{
    s->rcpt_to[0] = to;
    s->job.envelope = (struct envelope){.helo = helo,
                                        .mail_from = from,
                                        .has_mail_from = true,
                                        .rcpt_to = s->rcpt_to,
                                        .n_rcpt_to = 1};
    if (!ip_parse(str_from(ip), &s->job.envelope.client))
        abort();
}

static const char sample_good_raw[] =
    "Received: from mail.example.org (mail.example.org [192.0.2.10])\r\n"
    "\tby mx.example.net (Postfix) with ESMTPS id 4XyZ\r\n"
    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n"
    "\tfor <bob@example.net>; Mon, 23 Nov 2026 19:00:21 +0000\r\n"
    "Received: from client.example.org (unknown [192.0.2.77])\r\n"
    "\tby mail.example.org with ESMTPA id 17; Mon, 23 Nov 2026 19:00:19 +0000\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; s=sel1;\r\n"
    "\th=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n"
    "\tb=dGVzdA==\r\n"
    "From: =?UTF-8?Q?Ren=C3=A9e?= <renee@example.org>\r\n"
    "To: bob@example.net\r\n"
    "Subject: =?UTF-8?B?UsOpc3Vtw6k=?= of the week\r\n"
    "Date: Mon, 23 Nov 2026 19:00:19 +0000\r\n"
    "Message-ID: <1@example.org>\r\n"
    "Content-Type: multipart/mixed; boundary=b1\r\n"
    "\r\n"
    "--b1\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "Hello.\r\n"
    "--b1\r\n"
    "Content-Type: application/pdf; name=\"re sum.pdf\"\r\n"
    "Content-Disposition: attachment; filename=\"re sum.pdf\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "JVBERi0=\r\n"
    "--b1--\r\n";

static inline void sample_good_spf(struct sample *s)
{
    struct job *j = &s->job;
    s->steps[0] = (struct spf_step){.domain = STR("example.org"),
                                    .term = STR("include:_spf.example.com"),
                                    .lookups = 2,
                                    .matched = true,
                                    .result = SPF_PASS};
    s->steps[1] = (struct spf_step){.depth = 1,
                                    .domain = STR("_spf.example.com"),
                                    .term = STR("a:gone.example"),
                                    .lookups = 1,
                                    .voids = 1,
                                    .note = STR("no such name")};
    s->steps[2] = (struct spf_step){.depth = 1,
                                    .domain = STR("_spf.example.com"),
                                    .term = STR("ip4:192.0.2.0/24"),
                                    .matched = true};
    j->spf_checked = true;
    j->spf = (struct spf_outcome){.result = SPF_PASS,
                                  .domain = STR("example.org"),
                                  .sender = STR("renee@example.org"),
                                  .mechanism = STR("include:_spf.example.com"),
                                  .matched_in = STR("example.org"),
                                  .lookups = 2,
                                  .void_lookups = 1,
                                  .trace = s->steps,
                                  .n_trace = 3};
    j->helo_checked = true;
    j->helo = (struct spf_outcome){.result = SPF_NONE,
                                   .identity = SPF_HELO,
                                   .domain = STR("mail.example.org"),
                                   .reason = STR("no SPF record")};
}

static inline void sample_good_signatures(struct sample *s)
{
    struct job *j = &s->job;
    s->sigs[0] = (struct dkim_signature){.result = DKIM_PASS,
                                         .domain = STR("example.org"),
                                         .selector = STR("sel1"),
                                         .identity = STR("@example.org"),
                                         .algorithm = STR("rsa-sha256"),
                                         .header_canon = CANON_RELAXED,
                                         .key_bits = 1024,
                                         .body_hash = DKIM_PART_OK,
                                         .signature = DKIM_PART_OK,
                                         .signed_at_s = 1795460419,
                                         .expires_at_s = -1,
                                         .aligned = true,
                                         .field = header_first(&j->message, STR("DKIM-Signature"))};
    j->dkim = (struct dkim_outcome){.result = DKIM_PASS, .sigs = s->sigs, .n = 1, .seen = 1};
    s->sets[0] = (struct arc_set){.sealer = STR("lists.example"),
                                  .selector = STR("arc"),
                                  .cv = STR("none"),
                                  .seal_ok = DKIM_PART_OK,
                                  .ams_ok = DKIM_PART_MISMATCH};
    s->sets[1] = (struct arc_set){.sealer = STR("example.net"),
                                  .selector = STR("arc2"),
                                  .cv = STR("pass"),
                                  .seal_ok = DKIM_PART_OK,
                                  .ams_ok = DKIM_PART_OK};
    j->arc = (struct arc_outcome){
        .result = ARC_PASS, .instances = 2, .oldest_pass = 2, .sets = s->sets, .trusted = true};
}

/* An attachment with two names that one view alone gives, and a member of it. */
static inline void sample_objects(struct sample *s, struct str part, struct str name,
                                  struct str member)
{
    struct content_stage *c = &s->job.content;
    s->names[0] = (struct mime_name){NAME_DISPOSITION, name, 0};
    s->names[1] = (struct mime_name){NAME_TYPE_2231, STR("a.zip"), 0};
    s->payloads[0] = (struct mime_payload){.path = part,
                                           .views = 1u << VIEW_LAST | 1u << VIEW_LENIENT,
                                           .encoding = STR("base64"),
                                           .type = STR("application"),
                                           .subtype = STR("zip")};
    s->objects[0] = (struct content_object){.part = part,
                                            .parent = -1,
                                            .has_bytes = true,
                                            .size_bytes = 300,
                                            .type = STR("application"),
                                            .subtype = STR("zip"),
                                            .names = s->names,
                                            .n_names = 2,
                                            .kind = FILE_ZIP};
    s->objects[1] = (struct content_object){
        .part = part, .member = member, .depth = 1, .size_bytes = 1234567, .encrypted = true};
    c->payloads = (struct mime_union){.payloads = s->payloads, .n = 1, .complete = true};
    s->links[0] = (struct content_link){.source = LINK_HREF,
                                        .url = STR("https://good.example/figures"),
                                        .text = name};
    s->links[1] = (struct content_link){
        .object = 1, .source = LINK_OFFICE_PART, .url = member, .hidden = true};
    s->texts[0] = (struct content_text){.object = 1,
                                        .kind = TEXT_MACRO,
                                        .name = STR("Module1"),
                                        .text = STR("Sub Sum()\r\n    x = 1")};
    s->texts[1] =
        (struct content_text){.object = 1, .kind = TEXT_MACRO, .name = name, .text = member};
    s->texts[2] = (struct content_text){.kind = TEXT_SEEN, .text = STR("not a macro")};
    c->found = (struct content_report){.objects = s->objects,
                                       .n = 2,
                                       .links = s->links,
                                       .n_links = 2,
                                       .texts = s->texts,
                                       .n_texts = 3,
                                       .complete = true};
}

/* An entry of a feed, one of a DNS list, and a service's word; one that nobody was asked for. */
static inline void sample_known(struct sample *s, struct str value, struct str feed)
{
    struct intel_stage *k = &s->job.intel;
    s->items[0] = (struct intel_item){
        .kind = ITEM_LINK, .role = "link", .where = {.part = value, .member = feed}, .text = value};
    s->hits[0] = (struct intel_hit){.indicator = {.kind = INDICATOR_DOMAIN,
                                                  .key = value,
                                                  .confidence = 75,
                                                  .tlp = TLP_GREEN,
                                                  .first_seen_s = 1795392000,
                                                  .id = feed,
                                                  .label = value},
                                    .feed = {.name = feed, .licence = value},
                                    .match = KEY_PARENT,
                                    .stale = true};
    k->items = s->items;
    k->hits = (struct intel_hits){.items = s->hits, .n = 1};
    s->list = (struct dns_list){.name = feed};
    s->listings[0] = (struct dns_listing){.list = &s->list,
                                          .asked = value,
                                          .kind = CODE_LISTED,
                                          .codes = STR("127.0.0.2 spam"),
                                          .reason = value};
    k->lists = (struct dns_list_result){.listings = s->listings, .n = 1};
    for (size_t i = 0; i < ARRAY_LEN(s->asks); i++)
        s->asks[i].what = (struct indicator){.kind = INDICATOR_DOMAIN, .key = value};
    s->asks[0].word =
        (struct service_word){.service = SERVICE_VIRUSTOTAL, .outcome = WORD_MALICIOUS};
    word_label(&s->asks[0].word, value);
    word_text(&s->asks[0].word, "%d of %d engines", 41, 70);
    s->asks[1].word.outcome = WORD_NOT_ASKED;
    k->asks = s->asks;
    k->n_asks = 2;
}

static inline void sample_good(struct sample *s)
{
    struct job *j = &s->job;
    sample_message(s, "mail/good.eml", str_from(sample_good_raw));
    sample_envelope(s, "192.0.2.10", STR("mail.example.org"), STR("renee@example.org"),
                    STR("bob@example.net"));
    sample_good_spf(s);
    sample_good_signatures(s);
    j->dmarc = (struct dmarc_outcome){.result = DMARC_PASS,
                                      .author_domain = STR("example.org"),
                                      .organizational_domain = STR("example.org"),
                                      .policy_domain = STR("example.org"),
                                      .published = DMARC_P_REJECT,
                                      .policy = DMARC_P_REJECT,
                                      .disposition = DMARC_P_NONE,
                                      .spf_aligned = true,
                                      .dkim_aligned = true};
    j->authentication_results = STR("mx.example.net;\r\n\tspf=pass "
                                    "smtp.mailfrom=renee@example.org;\r\n\tdkim=pass "
                                    "header.d=example.org");
    sample_objects(s, STR("2"), STR("figures.zip"), STR("figures.zip/2026.csv"));
    sample_known(s, STR("good.example"), STR("careless-feed"));
    finding_add(&j->findings, FINDING_AUTH_KEY_WEAK,
                (struct finding_where){.header = STR("DKIM-Signature"),
                                       .offset = 378,
                                       .length = 20,
                                       .has_offset = true},
                "sel1._domainkey.example.org: %d bits", 1024);
    sample_finish(s, DMARC_REQUEST_NONE, true);
}

/* Everything that can hold foreign text holds `evil`. */
static inline void sample_hostile(struct sample *s, struct str raw, struct str evil)
{
    struct job *j = &s->job;
    sample_message(s, "x", raw);
    j->source = evil;
    sample_envelope(s, "2001:db8::66", evil, evil, evil);
    s->steps[0] = (struct spf_step){
        .depth = 11, .domain = evil, .term = evil, .note = evil, .result = SPF_PERMERROR};
    j->spf_checked = j->helo_checked = true;
    j->spf = (struct spf_outcome){.result = SPF_FAIL,
                                  .domain = evil,
                                  .sender = evil,
                                  .mechanism = evil,
                                  .matched_in = STR("example.com"),
                                  .explanation = evil,
                                  .reason = evil,
                                  .trace = s->steps,
                                  .n_trace = 1};
    j->helo = j->spf;
    j->helo.identity = SPF_HELO;
    s->sigs[0] = (struct dkim_signature){.result = DKIM_PERMERROR,
                                         .domain = evil,
                                         .selector = evil,
                                         .identity = evil,
                                         .algorithm = evil,
                                         .reason = evil,
                                         .signed_at_s = INT64_MAX,
                                         .expires_at_s = 0,
                                         .has_length = true,
                                         .unsigned_tail = true,
                                         .key_testing = true,
                                         .length = UINT64_MAX,
                                         .field = header_first(&j->message, STR("DKIM-Signature"))};
    s->sigs[1] = (struct dkim_signature){.result = DKIM_FAIL,
                                         .signed_at_s = -1,
                                         .expires_at_s = -1,
                                         .body_hash = DKIM_PART_MISMATCH};
    j->dkim = (struct dkim_outcome){.result = DKIM_FAIL, .sigs = s->sigs, .n = 2, .seen = 2};
    s->sets[0] = (struct arc_set){.sealer = evil, .selector = evil, .cv = evil};
    j->arc = (struct arc_outcome){.result = ARC_FAIL,
                                  .instances = 1,
                                  .sets = s->sets,
                                  .reason = evil,
                                  .untrusted_sealer = evil};
    j->dmarc = (struct dmarc_outcome){.result = DMARC_FAIL,
                                      .author_domain = evil,
                                      .organizational_domain = evil,
                                      .policy_domain = STR("example.com"),
                                      .published = DMARC_P_REJECT,
                                      .policy = DMARC_P_REJECT,
                                      .disposition = DMARC_P_REJECT,
                                      .applies = DMARC_APPLIES_SP,
                                      .testing = true,
                                      .reason = evil,
                                      .override_reason = evil};
    j->authentication_results = evil;
    sample_objects(s, evil, evil, evil);
    sample_known(s, evil, evil);
    struct finding *f = finding_add(&j->findings, FINDING_AUTH_DMARC_FAIL,
                                    (struct finding_where){.part = evil,
                                                           .member = evil,
                                                           .header = evil,
                                                           .offset = raw.n / 2,
                                                           .length = 7,
                                                           .has_offset = true},
                                    "%s", "");
    if (f != NULL)
        f->evidence = evil; /* worse than finding_add would let through */
    finding_add(&j->findings, FINDING_MESSAGE_SMUGGLING,
                (struct finding_where){.offset = (size_t)1 << 52, .has_offset = true}, "%s",
                "<CR>.<CR>");
    finding_add(&j->findings, FINDING_AUTH_SPF_FAIL, NOWHERE, "%s", "");
    j->findings.dropped = 3;
    sample_finish(s, DMARC_REQUEST_REJECT, true);
}

/* What a spoofer would try on each reader of a report. */
#define SAMPLE_EVIL                                                                                \
    STR("\x1b[31mred\x1b]0;t\x07 \r\n::error file=x::owned\n##[add-path]/tmp \0 ok 1 # SKIP "      \
        "\\ <b>&\"'</b>]]> %0A,: \xe2\x80\xae"                                                     \
        "gpj.exe \xff\xc0\xaf \xef\xbf\xbf \xc2\x9b \xe2\x80\xa8 {\"a\":1} - ...\n---\nnot ok")

static inline void sample_spoof(struct sample *s)
{
    sample_hostile(
        s,
        STR("From: \"\x1b[2J Bank \xe2\x80\xae\" <service@bank.example>, b\xff@c.example\r\n"
            "Subject: =?UTF-8?Q?=0D=0A::error::=1B[31m?= \0 <script>\r\n"
            "Message-ID: <\x01\xff>\r\n"
            "Date: soon\r\n"
            "Received: from \x1b[1m ([2001:db8::1]) by \xff\x00 with ::error::; never\r\n"
            "DKIM-Signature: v=1; d=x; h=from:\x1b[31m:\xff; b=\r\n"
            "\r\n"
            "Dear customer\r\n"),
        SAMPLE_EVIL);
}

static inline void sample_undecided(struct sample *s)
{
    struct job *j = &s->job;
    sample_message(s, "mail/later.eml",
                   STR("From: carol@slow.example\r\nSubject: Hi\r\n\r\nHello.\r\n"));
    sample_envelope(s, "198.51.100.7", STR("slow.example"), STR(""), STR("bob@example.net"));
    j->spf_checked = true;
    j->spf = (struct spf_outcome){.result = SPF_TEMPERROR,
                                  .identity = SPF_HELO,
                                  .domain = STR("slow.example"),
                                  .lookups = 1,
                                  .reason = STR("no answer for slow.example TXT")};
    j->dmarc = (struct dmarc_outcome){.result = DMARC_TEMPERROR,
                                      .author_domain = STR("slow.example"),
                                      .reason = STR("no answer for _dmarc.slow.example TXT")};
    finding_add(&j->findings, FINDING_AUTH_SPF_TEMPERROR, NOWHERE, "slow.example TXT");
    finding_add(&j->findings, FINDING_AUTH_DMARC_TEMPERROR, NOWHERE, "_dmarc.slow.example TXT");
    finding_add(&j->findings, FINDING_DNS_UNAVAILABLE, NOWHERE, "slow.example TXT: timeout");
    sample_finish(s, DMARC_REQUEST_NONE, false);
}

#endif
