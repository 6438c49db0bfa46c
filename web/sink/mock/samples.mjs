/* Messages for work on the page without a server: one of each kind that looks different. */
const HOSTILE = '<img src=x onerror="document.title=1"> \u202Egpj.exe\u202C \u200Bhidden';

const person = (name, address) => ({ name, address });
const results = (spf, dkim, dmarc, reason) => ({
  spf: { result: spf, domain: "good.test", identity: "mailfrom", mechanism: "ip4:192.0.2.0/24", lookups: 1, void_lookups: 0, explanation: null, reason: null },
  helo: { result: "none", domain: "mx.good.test", identity: "helo", mechanism: null, lookups: 0, void_lookups: 0, explanation: null, reason: null },
  dkim: dkim === "none" ? [] : [{ result: dkim, domain: "good.test", selector: "s1", identity: "@good.test", algorithm: "rsa-sha256", key_bits: 2048, aligned: true, body_hash: dkim === "pass" ? "ok" : "mismatch", signature: "ok", reason: null, signed_at: null, expires_at: null, testing: false, unsigned_tail: false }],
  arc: { result: "none", instances: 0, oldest_pass: 0, sealers: [], trusted: false, untrusted_sealer: null, reason: null },
  dmarc: { result: dmarc, author_domain: "good.test", organizational_domain: "good.test", policy_domain: "good.test", policy: "reject", applies: "p", testing: false, disposition: dmarc === "pass" ? "none" : "reject", spf_aligned: spf === "pass", dkim_aligned: dkim === "pass", discovery: "treewalk", override: null, reason },
  authentication_results: `mx.sink.test; spf=${spf} smtp.mailfrom=good.test; dkim=${dkim}; dmarc=${dmarc} header.from=good.test policy.dmarc=reject`,
});

const FAIL = {
  id: "auth.dmarc.fail", severity: "high",
  title: "Neither SPF nor DKIM proves that the message comes from the domain in From.",
  evidence: "SPF gave fail and DKIM none; neither is aligned with good.test (relaxed); policy reject",
  where: { part: null, offset: null, length: null, header: "From" },
  remedy: "If the sender is yours, sign with an aligned d= or align the envelope sender; otherwise follow the policy.",
  reference: "RFC 9989 5.3",
};

const hop = (from, by, how, time_s, delay_s, tls) => ({ from, from_rdns: from, from_ip: "192.0.2.10", by, with: how, id: "42", for: null, tls, tls_version: tls ? "TLSv1.3" : null, tls_cipher: null, authenticated: how.endsWith("A"), internal: false, time_s: 1790000000 + time_s, delay_s });

const part = (path, type, more = {}) => ({ path, type, charset: "utf-8", disposition: null, filename: null, content_id: null, encoding: "quoted-printable", size: 512, sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", attachment: false, inline: false, children: 0, ...more });

export const SAMPLES = [
  { subject: "Welcome to Example, please confirm your address", from: [person("Example Shop", "hello@good.test")], text: "Hello,\r\n\r\nyour code is 481516.\r\n\r\nhttps://good.test/confirm?t=abc\r\n", html: `<!doctype html><body style="font-family:sans-serif;margin:0;background:#eef"><div style="max-width:560px;margin:24px auto;background:#fff;padding:32px"><h1 style="color:#223">Welcome!</h1><p>Your code is <b>481516</b>.</p><p><a href="https://good.test/confirm?t=abc" style="background:#36c;color:#fff;padding:12px 20px;text-decoration:none">Confirm</a></p><img src="https://tracker.test/pixel.gif" alt="tracker"><script>document.body.textContent="script ran"</script></div></body>`, codes: ["481516"], links: ["https://good.test/confirm?t=abc"], auth: results("pass", "pass", "pass", null), altered: { identical: false, body_intact: true, changes: [{ kind: "header-added", name: "Received", detail: "" }, { kind: "header-refolded", name: "Subject", detail: "other white space" }], cut: false } },
  { subject: HOSTILE, from: [person('"><script>alert(1)</script>', "evil@evil.test")], text: `${HOSTILE}\r\n\u0007bell\r\n`, html: null, auth: results("fail", "none", "fail", "SPF gave fail and DKIM none; neither is aligned"), findings: [FAIL], verdict: "reject" },
  { subject: "Invoice 2026-117", from: [person("Ana Ortiz", "ana@good.test")], text: "See the attachment.\r\n", html: null, auth: results("pass", "fail", "pass", null), attach: true, tls: null },
  { subject: "مرحبا — grüße 你好", from: [person("山田太郎", "yamada@good.test")], text: "Unicode.\r\n", html: null, auth: results("softfail", "none", "fail", "nothing is aligned"), findings: [{ ...FAIL, severity: "medium" }], verdict: "quarantine" },
];

let made = 0;
export function message(sample, inbox, rcpt) {
  const n = ++made;
  const received = new Date().toISOString();
  const subject = sample.subject;
  const attachments = sample.attach ? [part("2", "application/pdf", { filename: "invoice.pdf", disposition: "attachment", encoding: "base64", charset: null, size: 48213, attachment: true })] : [];
  const parts = sample.html === null && !sample.attach ? [part("1", "text/plain")]
    : [part("", sample.attach ? "multipart/mixed" : "multipart/alternative", { size: 0, sha256: null, children: 2, encoding: "7bit", charset: null }), part("1", "text/plain"), ...(sample.html ? [part("2", "text/html")] : []), ...attachments];
  const headers = [["Received", "from relay.test by sink.test with ESMTPS id 42; Sat, 28 Nov 2026 20:00:00 +0000"], ["From", `${sample.from[0].name} <${sample.from[0].address}>`], ["To", rcpt], ["Subject", subject], ["Message-ID", `<${n}@good.test>`]].map(([name, value]) => ({ name, value, raw: ` ${value.replace(/ with/, "\r\n\twith")}` }));
  return {
    schema: "mailproof/message/1", id: `m${n}xyz`, seq: n, inbox, received, seen: false, tag: null,
    envelope: { mail_from: sample.from[0].address, rcpt_to: [rcpt], mail_params: "SIZE=1200 BODY=8BITMIME", helo: "client.test", client: { ip: "127.0.0.1", port: 40000 + n } },
    delivery: { listener: "127.0.0.1:2525", protocol: "ESMTPS", auth_user: null, tls: sample.tls === null ? null : { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", sni: "sink.test" }, outcome: sample.outcome ?? "accepted", stage: sample.stage ?? "end", reply: sample.reply ?? { code: 250, text: "2.0.0 Ok, stored" }, attempts: 1 },
    message_id: `${n}@good.test`, date: received, subject, from: sample.from, to: [person("", rcpt)], cc: [], bcc: [], reply_to: [],
    headers, text: sample.text, html: sample.html, cut: false, size: 1200 + 37 * n, sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    parts, attachments, links: sample.links ?? [], codes: sample.codes ?? [],
    hops: { count: 2, total_s: 3, slowest: 1, plain: 1, skew_s: null, cut: false, items: [hop("app.good.test", "relay.test", "ESMTPSA", n * 100, 0, true), hop("relay.test", "sink.test", "ESMTP", n * 100 + 3, 3, false)] },
    dsn: null, altered: sample.altered ?? null, authentication: sample.auth ?? null, findings: sample.findings ?? [],
    verdict: { action: sample.verdict ?? "accept", complete: true, reasons: [] }, not_judged: null,
  };
}
