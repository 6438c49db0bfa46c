/* Mails that look different, for work on the page without a daemon. All names are reserved ones. */
export const HOSTILE = '<img src=x onerror="window.hacked=1"> \u202Egpj.exe\u202C \u200Bhidden <b>bold</b>';
const LONG = "x".repeat(180);

const none = { result: "none", domain: null, identity: null, mechanism: null, lookups: 0, void_lookups: 0, explanation: null, reason: null };
const spf = (result, domain, mechanism, reason = null) => ({ ...none, result, domain, identity: "mailfrom", mechanism, lookups: 3, reason });
const dkim = (result, domain, selector, aligned, more = {}) => ({ result, domain, selector, identity: `@${domain}`, algorithm: "rsa-sha256", key_bits: 2048, aligned, body_hash: result === "fail" ? "mismatch" : "ok", signature: "ok", reason: null, signed_at: null, expires_at: null, testing: false, unsigned_tail: false, ...more });
const arc = (result = "none", sealers = [], trusted = false) => ({ result, instances: sealers.length, oldest_pass: 0, sealers, trusted, untrusted_sealer: sealers.length > 0 && !trusted ? sealers[0] : null, reason: null });
const dmarc = (result, domain, policy, aligned, more = {}) => ({ result, author_domain: domain, organizational_domain: domain, policy_domain: policy === null ? null : domain, policy, applies: policy === null ? null : "p", testing: false, disposition: policy === null ? null : result === "pass" ? "none" : policy, spf_aligned: aligned.includes("spf"), dkim_aligned: aligned.includes("dkim"), discovery: "treewalk", override: null, reason: null, ...more });

const finding = (id, severity, title, evidence, remedy, reference, where = {}) => ({ id, severity, title, evidence, where: { part: null, member: null, offset: null, length: null, header: null, ...where }, remedy, reference });

export const FINDINGS = {
  dmarc: finding("auth.dmarc.fail", "high", "Neither SPF nor DKIM proves that the message comes from the domain in From.", "From: billing@bank.example, SPF fail for bank.example, no DKIM signature", "Treat the sender as unproven; if it is your mail, sign it with DKIM in the name of the author's domain.", "RFC 9989 5.3", { header: "From" }),
  spf: finding("auth.spf.fail", "medium", "The sending address is not authorised by the SPF record of the envelope sender's domain.", "203.0.113.77 for bank.example, by -all", "If the host is yours, add it to the domain's SPF record; otherwise treat the sender as unproven.", "RFC 7208 8.4"),
  dkim: finding("auth.dkim.fail", "medium", "A DKIM signature does not match the message.", "d=list.example s=k1: the body was changed", "Find what changed the message on its way (body hash), or which key signed it (signature).", "RFC 6376 6.1.3", { header: "DKIM-Signature" }),
  macro: finding("office.macro.autoexec", "critical", "A document runs a macro by itself when it is opened.", "AutoOpen in Rechnung.docm calls Shell", "Do not open it; refuse documents with macros that run by themselves.", "MITRE ATT&CK T1204.002", { part: "2", member: "word/vbaProject.bin", offset: 4711 }),
  link: finding("url.lookalike", "high", "A link shows one name and leads to another.", "shown: www.bank.example, leads to: bank.example.login.invalid", "Do not follow it; block the name it leads to.", null, { part: "1.2", offset: 812 }),
  name: finding("attach.name.direction", "high", "The name of an attachment turns its direction, so that its type looks like another.", "in\u202Evoice.exe.png", "Do not open it.", "CWE-451", { part: "3" }),
  tls: finding("flow.hop.plain", "low", "A hop between two hosts was not encrypted.", "relay.example to mx.example by ESMTP", "Ask the operator of the relay to offer STARTTLS.", "RFC 3207"),
  date: finding("message.date.future", "info", "The Date field lies in the future.", "Sun, 29 Nov 2026 23:59:00 +0000", "Correct the clock of the sender.", "RFC 5322 3.6.1", { header: "Date" }),
  tlsrpt: finding("posture.tlsrpt.none", "medium", "No TLS-RPT record: failures of TLS at senders stay unseen.", "", "Publish a TLS-RPT record.", "RFC 8460 3"),
  clamd: finding("av.unavailable", "medium", "The virus scanner did not answer, so nothing is known from it.", "clamd: connection refused", "Start clamd; the mail is not clean because of it.", null),
};

const hop = (from, ip, by, w, date, tls) => ({ from, rdns: from, ip, by, with: w, tls, tls_version: tls ? "TLSv1.3" : null, date });

/* What differs; the rest is filled in by mail(). */
export const KINDS = [
  {
    weight: 58, domain: "news.example", from: "hello@news.example", subject: "Your week in numbers", rcpt: ["ana@ours.example"], client: ["mta7.news.example", "198.51.100.7"], action: "accept", findings: [],
    auth: { spf: spf("pass", "bounce.news.example", "ip4:198.51.100.0/24"), helo: none, dkim: [dkim("pass", "news.example", "s2026", true)], arc: arc(), dmarc: dmarc("pass", "news.example", "reject", ["dkim"]) },
  },
  {
    weight: 26, domain: "partner.example", from: "kim@partner.example", subject: "Re: Minutes of Thursday", rcpt: ["ben@ours.example", "ana@ours.example"], client: ["mx1.partner.example", "192.0.2.25"], action: "accept", findings: ["tls"],
    auth: { spf: spf("pass", "partner.example", "mx"), helo: none, dkim: [dkim("pass", "partner.example", "mail", true), dkim("pass", "relay.example", "r1", false)], arc: arc(), dmarc: dmarc("pass", "partner.example", "quarantine", ["spf", "dkim"]) },
  },
  {
    weight: 9, domain: "list.example", from: "dev-request@list.example", subject: "[dev] Digest, volume 12", rcpt: ["dev@ours.example"], client: ["lists.example", "192.0.2.90"], action: "tag", findings: ["dkim"],
    auth: { spf: spf("pass", "lists.example", "a"), helo: none, dkim: [dkim("fail", "list.example", "k1", true, { reason: "body hash did not verify" }), dkim("pass", "lists.example", "l", false)], arc: arc("pass", ["lists.example", "relay.example"], true), dmarc: dmarc("fail", "list.example", "quarantine", [], { override: "a trusted ARC chain", disposition: "none" }) },
    policy: { override: "trusted_forwarder", comment: "ARC by lists.example" },
  },
  {
    weight: 8, domain: "bank.example", from: "billing@bank.example", subject: "Your account will be closed today", rcpt: ["ana@ours.example"], client: [null, "203.0.113.77"], action: "reject", reply: "550 5.7.1 rejected by policy: auth.dmarc.fail", findings: ["dmarc", "link", "spf"],
    auth: { spf: spf("fail", "bank.example", "-all"), helo: none, dkim: [], arc: arc(), dmarc: dmarc("fail", "bank.example", "reject", []) },
  },
  {
    weight: 4, domain: "invoice.example", from: "accounts@invoice.example", subject: "Rechnung 2026-117", rcpt: ["pay@ours.example"], client: ["vps.invalid", "203.0.113.12"], action: "quarantine", findings: ["macro", "date"],
    auth: { spf: spf("softfail", "invoice.example", "~all"), helo: none, dkim: [], arc: arc(), dmarc: dmarc("none", "invoice.example", null, []) },
  },
  {
    weight: 2, domain: "slow.example", from: "info@slow.example", subject: "Delivery of your order", rcpt: ["shop@ours.example"], client: ["out.slow.example", "198.51.100.66"], action: "tempfail", complete: false, reply: "451 4.7.1 not all checks could be made, try again later", findings: ["clamd"],
    auth: { spf: spf("temperror", "slow.example", null, "DNS did not answer"), helo: none, dkim: [dkim("temperror", "slow.example", "x", false, { body_hash: "ok", reason: "no answer for the key" })], arc: arc(), dmarc: dmarc("temperror", "slow.example", null, []) },
  },
  {
    weight: 6, domain: "ours.example", from: "ana@ours.example", subject: "Offer for the third quarter", rcpt: ["kim@partner.example"], client: ["desk.ours.example", "192.0.2.200"], mode: "outbound", user: "ana", action: "accept", signed: ["ours.example:s1", "ours.example:ed1"], findings: [],
    auth: { spf: none, helo: none, dkim: [], arc: arc(), dmarc: dmarc("none", "ours.example", null, []) },
  },
  {
    weight: 0, domain: "evil.invalid", from: `"${HOSTILE}" <evil@evil.invalid>`, subject: `${HOSTILE} ${LONG}`, rcpt: [`${LONG}@ours.example`], client: [`${HOSTILE.slice(0, 40)}.invalid`, "203.0.113.99"], mode: "monitor", action: "reject", done: "accept", findings: ["name", "dmarc", "macro", "date", "tls"], hostile: true,
    auth: { spf: spf("permerror", HOSTILE, `include:${LONG}`, HOSTILE), helo: none, dkim: [dkim("permerror", HOSTILE, LONG, false, { reason: HOSTILE })], arc: arc("fail", [HOSTILE, LONG]), dmarc: dmarc("fail", HOSTILE, "reject", [], { reason: HOSTILE }) },
  },
];

const hex = (n, digits) => n.toString(16).padStart(digits, "0");

/* What some kinds carry, and what others know of it. */
function carried(kind) {
  const out = { urls: [], indicators: [], listings: [], services: [], objects: [] };
  const bad = kind.hostile ? HOSTILE : "bank.example.login.invalid";
  const file = (name, more) => ({ part: "2", member: null, names: [{ name, from: "filename" }], type: "application/octet-stream", detected: "application/vnd.ms-word.document.macroEnabled.12", encoding: "base64", size: 48211, sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", encrypted: false, views: ["strict"], ...more });
  if (kind.findings.includes("macro"))
    out.objects.push(file("Rechnung.docm"), file("Rechnung.docm", { names: [], member: "word/vbaProject.bin", type: null, encoding: null, detected: "application/vnd.ms-office.vbaProject" }));
  if (kind.hostile) out.objects.push(file(HOSTILE, { names: [{ name: HOSTILE, from: "filename" }, { name: LONG, from: "name" }], encrypted: true }));
  if (kind.findings.includes("link") || kind.hostile) {
    for (let i = 0; i < 11; i++) out.urls.push({ url: `https://${bad}/${i}?t=${kind.hostile ? LONG : "a"}`, source: "href", text: i === 0 ? "www.bank.example" : null, hidden: i === 1, part: "1.2", member: null });
    out.indicators.push({ value: bad, kind: "host", match: "host", found: `https://${bad}/0`, role: "link", part: "1.2", member: null, feed: "urlhaus", id: "17", label: "phishing", first_seen: null, last_seen: null, confidence: null, tlp: "clear", reference: null, severity: "high", valid_until: null, licence: null, stale: false });
    out.listings.push({ list: "bl.example", asked: "77.113.0.203.bl.example", word: "listed", codes: "127.0.0.2: spam source", reason: kind.hostile ? HOSTILE : null });
    out.services.push({ service: "checker", asked: bad, word: "malicious", label: "phish", detail: "12 of 90", cached: false });
  }
  return out;
}

/* A mail of that kind, at that time (ms): what the API tells of it, in short and whole. */
export function mail(kind, n, at) {
  const found = kind.findings.map((name) => FINDINGS[name]);
  const evidence = (f) => (kind.hostile ? `${f.evidence} ${HOSTILE} ${LONG}`.slice(0, 300) : f.evidence);
  const a = kind.auth;
  const done = kind.done ?? kind.action;
  const own = kind.mode === "outbound";
  const brief = {
    id: hex(n * 2654435761 % 2 ** 32, 8).repeat(4), time: new Date(at).toISOString(), elapsed_us: 2800 + (n * 7919) % 21000, mode: kind.mode ?? "inbound", listener: own ? "submission" : "mx", queue_id: `4${hex(n * 48271 % 2 ** 31, 8).toUpperCase()}`,
    client: { name: kind.client[0], ip: kind.client[1] }, helo: kind.client[0] ?? "[127.0.0.1]", tls: n % 9 === 0 ? null : "TLSv1.3", auth_user: kind.user ?? null,
    mail_from: n % 23 === 0 ? "" : kind.hostile ? `<b>@${LONG}.invalid` : `bounce@${kind.domain}`, rcpt_to: kind.rcpt, rcpt_count: kind.rcpt.length + (n % 17 === 0 ? 3 : 0), from: kind.from, from_domain: kind.domain, subject: n % 41 === 0 && !kind.hostile ? "" : kind.subject, message_id: kind.hostile ? `<${HOSTILE}@evil.invalid>` : `<${n}.${hex(n * 40503 % 2 ** 16, 4)}@${kind.domain}>`,
    size: 2100 + (n * 104729) % 480000, sha256: hex(n * 2654435761 % 2 ** 32, 8).repeat(8), action: kind.action, done, complete: kind.complete ?? true, reply: kind.reply ?? null,
    authentication: {
      spf: { result: a.spf.result, domain: a.spf.domain, scope: a.spf.domain === null ? null : "mfrom", aligned: a.dmarc.spf_aligned },
      dkim: { aligned: a.dmarc.dkim_aligned, signatures: a.dkim.map((d) => ({ domain: d.domain, selector: d.selector, result: d.result })) },
      arc: a.arc.result,
      dmarc: { result: a.dmarc.result, domain: a.dmarc.author_domain, policy: a.dmarc.policy === null ? null : { p: a.dmarc.policy, sp: null, np: null, adkim: "r", aspf: "r", testing: false, discovery: "treewalk", disposition: a.dmarc.disposition, override: kind.policy?.override ?? null, comment: kind.policy?.comment ?? null } },
    },
    findings: found.map((f) => ({ id: f.id, severity: f.severity, title: f.title, count: 1, evidence: evidence(f) })), signed_by: kind.signed ?? [],
  };
  const before = (s) => new Date(at - s * 1000).toISOString();
  const who = kind.hostile ? HOSTILE : `app.${kind.domain}`;
  const hops = own ? [] : [
    hop(brief.helo, brief.client.ip, "mx.ours.example", brief.tls === null ? "ESMTP" : "ESMTPS", before(1), brief.tls !== null),
    hop("relay.example", "192.0.2.31", brief.helo, "ESMTP", before(n % 3 === 0 ? 190 : 4), false),
    hop(who, "192.0.2.8", kind.hostile ? LONG : "relay.example", "ESMTPSA", before(n % 3 === 0 ? 192 : 6), true),
  ];
  const edits = done === "reject" || done === "tempfail" ? [] : [
    { kind: "remove", name: "Authentication-Results", value: null, occurrence: 1 },
    ...(kind.action === "tag" ? [{ kind: "replace", name: "Subject", value: ` [unproven] ${kind.subject}`, occurrence: 1 }] : []),
    { kind: "prepend", name: own ? "DKIM-Signature" : "Authentication-Results", value: own ? " v=1; a=rsa-sha256; d=ours.example; s=s1; h=from:to:subject:date; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSb" : ` mx.ours.example;\r\n\tspf=${a.spf.result} smtp.mailfrom=${kind.domain}; dmarc=${a.dmarc.result} header.from=${kind.domain}`, occurrence: null },
    ...(kind.hostile ? [{ kind: "prepend", name: HOSTILE, value: LONG, occurrence: null }] : []),
  ];
  const report = n % 29 === 0 && !kind.hostile ? null : {
    schema: "mailproof/report/1", source: brief.id,
    authentication: { ...a, authentication_results: own ? null : `mx.ours.example; spf=${a.spf.result} smtp.mailfrom=${kind.domain}; dkim=${a.dkim[0]?.result ?? "none"}; dmarc=${a.dmarc.result} header.from=${kind.domain}` },
    message: { size: brief.size, sha256: brief.sha256, message_id: brief.message_id, from: [kind.from], from_text: kind.from, subject: brief.subject, date: before(7) },
    envelope: { ip: kind.client[1], helo: brief.helo, mail_from: brief.mail_from, rcpt_to: kind.rcpt },
    parts: [], ...carried(kind), macros: [], elapsed_us: brief.elapsed_us, findings: found.map((f) => ({ ...f, evidence: evidence(f) })), hops,
    edits, verdict: { action: kind.action, complete: brief.complete, reasons: kind.action === "accept" ? [] : found.filter((f) => !["low", "info"].includes(f.severity)).map((f) => f.id) },
  };
  return { mail: brief, report };
}

/* Always the same numbers in the same order. */
export function random(seed) {
  let x = seed;
  return () => {
    x = (x * 1664525 + 1013904223) % 2 ** 32;
    return x / 2 ** 32;
  };
}

export function pick(next) {
  let at = next() * KINDS.reduce((sum, k) => sum + k.weight, 0);
  return KINDS.find((k) => (at -= k.weight) < 0) ?? KINDS[0];
}
