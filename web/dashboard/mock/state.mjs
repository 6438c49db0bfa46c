/* The daemon, its monitor, its audits and the reports of others, for work on the page. */
import { HOSTILE } from "./mails.mjs";

const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const role = (role, number, pid, more = {}) => ({ role, number, pid, state: "running", generation: 3, started: ago(7300), restarts: 0, last_exit: null, ...more });

export const status = () => ({
  version: "0.8.0", now: ago(0), started: ago(432000), uptime_s: 432000, generation: 3, state: "degraded",
  problems: ["intel: feed 'drop' was last read 3 days ago: HTTP 503"],
  roles: [role("supervisor", 0, 812, { started: ago(432000) }), role("front", 0, 9120), role("worker", 1, 9121), role("worker", 2, 9122, { restarts: 2, last_exit: "signal 9", started: ago(1800) }), role("signer", 0, 9123), role("clerk", 0, 9124)],
  listeners: [
    { name: "mx", protocol: "milter", address: "inet:8890@127.0.0.1", mode: "inbound", connections: 12 },
    { name: "submission", protocol: "milter", address: "unix:/run/mailproof/submission.sock", mode: "outbound", connections: 3 },
    { name: "http", protocol: "http", address: "127.0.0.1:8080", mode: null, connections: 2 },
  ],
  queues: [{ name: "workers", depth: 3, max: 400, dropped: 0 }, { name: "history", depth: 41, max: 10000, dropped: 0 }, { name: "hooks", depth: 2, max: null, dropped: 0 }],
  clamd: { state: "ok", version: "ClamAV 1.0.7", database: "27456", database_time: ago(30000), database_age_s: 30000, error: null },
  intel: {
    state: "degraded", indicators: 184223, error: null, feeds: [
      { name: "urlhaus", state: "ok", entries: 121004, updated: ago(1200), age_s: 1200, error: null },
      { name: "drop", state: "degraded", entries: 1443, updated: ago(270000), age_s: 270000, error: "HTTP 503" },
      { name: HOSTILE.slice(0, 40), state: "ok", entries: 61776, updated: ago(4000), age_s: 4000, error: null },
    ],
  },
  resolver: { state: "ok", queries: 482113, cached: 441920, failed: 310, timeouts: 44, error: null },
  history: { state: "ok", mails: 918233, bytes: 1483000000, oldest: ago(2592000), pending: 41, dropped: 0, error: null },
  hooks: [
    { name: "chat", state: "ok", pending: 0, delivered: 812, failed: 0, last_success: ago(600), error: null },
    { name: "siem", state: "degraded", pending: 2, delivered: 90122, failed: 4, last_success: ago(50), error: "connect: connection refused" },
  ],
  signer: { state: "ok", keys: [{ domain: "ours.example", selector: "s1", algorithm: "rsa-sha256" }, { domain: "ours.example", selector: "ed1", algorithm: "ed25519-sha256" }], error: null },
  http: { requests: 12044, errors: 3, refused: 7, streams: 1, overdue: 2, scans_running: 0, scans_waiting: 0, scans_max: 64, async_kept: 0, async_max: 1000 },
});

/* One without anything but its processes. */
export function bare() {
  const off = { state: "off", error: null };
  return { ...status(), state: "ok", problems: [], listeners: [], queues: [], hooks: [], clamd: { ...off, version: null, database: null, database_time: null, database_age_s: null }, intel: { ...off, indicators: 0, feeds: [] }, resolver: { ...off, queries: 0, cached: 0, failed: 0, timeouts: 0 }, history: { ...off, mails: 0, bytes: 0, oldest: null, pending: 0, dropped: 0 }, signer: { ...off, keys: [] } };
}

const run = (at, state, more = {}) => ({ time: ago(at), state, tests: 14, failed: state === "failed" ? 2 : 0, undecided: state === "undecided" ? 1 : 0, elapsed_ms: 4210, detail: null, ...more });

export const suites = [
  { name: "smtp-routes", every: 900, kind: "suite", schedule: "15m", bad: [3, 4, 5], why: "send 'through the backup MX': got 451 4.4.1, wanted 250" },
  { name: "inbound-verify", every: 900, kind: "suite", schedule: "15m", bad: [0, 1], why: "arrive: no message within 60 s" },
  { name: "ours.example", every: 86400, kind: "audit", schedule: "24h", bad: [6], why: "grade fell from A to C: posture.dmarc.policy-none" },
  { name: `<b>${HOSTILE.slice(0, 50)}</b>`, every: 3600, kind: "suite", schedule: "1h", bad: [2], undecided: true, why: HOSTILE },
  { name: "new.example", every: 86400, kind: "audit", schedule: "24h", bad: [], pending: true, why: null },
].map((x) => {
  const word = x.undecided ? "undecided" : "failed";
  const runs = x.pending ? [] : Array.from({ length: 40 }, (_, i) => run(60 + i * x.every, x.bad.includes(i) ? word : "passed", { detail: x.bad.includes(i) ? x.why : null, tests: x.kind === "audit" ? 1 : 14 }));
  const state = runs[0]?.state ?? "pending";
  const steady = runs.findIndex((r) => r.state !== state);
  return {
    runs,
    suite: { name: x.name, kind: x.kind, schedule: x.schedule, state, since: runs[(steady < 0 ? runs.length : steady) - 1]?.time ?? null, running: false, last_run: runs[0]?.time ?? null, next_run: ago(60 - x.every), tests: runs[0]?.tests ?? 0, failed: runs[0]?.failed ?? 0, undecided: runs[0]?.undecided ?? 0, elapsed_ms: 4210, detail: runs[0]?.detail ?? null },
    report: state !== "failed" ? null : [
      { subject: "a signed message arrives", headline: "failed: 1 of 9 checks", result: "failed", checks: [{ group: "arrive", name: "within", status: "fail", detail: x.why, expected: "60s", got: HOSTILE, findings: [] }, { group: "send", name: "code", status: "pass", detail: "250 2.0.0 Ok", expected: "250", got: null, findings: [] }] },
      { subject: "a forged one is refused", headline: "passed", result: "passed", checks: [] },
    ],
  };
});

const weights = (critical, high, medium, low, info) => ({ critical, high, medium, low, info });
const audit = (domain, days, grade, findings, added = [], gone = []) => ({ domain, time: ago(60 + days * 86400), grade, complete: true, findings, added, gone });

const auditFinding = (id, severity, title, evidence, remedy, fix, reference, check) => ({ id, severity, title, evidence, check, remedy, fix, reference, known: null });

export const audits = {
  "ours.example": {
    domain: "ours.example",
    history: [
      audit("ours.example", 0, "A", weights(0, 0, 1, 1, 2), [], ["posture.dmarc.policy-none"]),
      audit("ours.example", 1, "C", weights(0, 1, 1, 1, 2), ["posture.dmarc.policy-none"]),
      audit("ours.example", 2, "A", weights(0, 0, 1, 1, 2), [], []),
      audit("ours.example", 3, "A", weights(0, 0, 1, 1, 2), ["posture.caa.none"], ["posture.mta-sts.testing"]),
      audit("ours.example", 4, "B", weights(0, 0, 1, 1, 2)),
    ],
    report: {
      schema: "mailproof/audit/1", headline: "ours.example: grade A", findings: [
        auditFinding("posture.tlsrpt.none", "medium", "No TLS-RPT record: failures of TLS at senders stay unseen.", "_smtp._tls.ours.example: no TXT record", "Publish a TLS-RPT record.", { text: '_smtp._tls.ours.example. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls@ours.example"', verified: true }, "RFC 8460 3", { group: "TLS-RPT", name: "record" }),
        auditFinding("posture.caa.none", "low", "No CAA record: any authority may issue certificates for this domain.", "ours.example: no CAA record", "Publish CAA records that name your authorities.", null, "RFC 8659", { group: "CAA", name: "record" }),
        auditFinding("posture.dkim.key", "info", "A DKIM key was found.", "s1: rsa, 2048 bits", "Nothing needs to be done.", null, "RFC 6376 3.6.1", { group: "DKIM", name: "s1" }),
      ],
    },
  },
  "parked.example": { domain: "parked.example", history: [audit("parked.example", 0, "D", weights(0, 2, 1, 0, 0), ["posture.parked.spf"])], report: null },
};

const sum = (messages, passed, more = {}) => ({ messages, passed, dkim_aligned: passed, spf_aligned: Math.round(passed * 0.8), quarantined: 0, rejected: messages - passed, ...more });
const source = (ip, messages, passed, more = {}) => ({ domain: "ours.example", ip, reports: 12, dkim_passed: passed, spf_passed: passed, header_from: "ours.example", dkim_domain: passed > 0 ? "ours.example" : null, spf_domain: "ours.example", reason: null, first: ago(2500000), last: ago(90000), ...sum(messages, passed), ...more });

export function dmarc(domain) {
  const midnight = Math.floor(Date.now() / 86400000) * 86400;
  const sources = [
    source("192.0.2.25", 41230, 41225),
    source("198.51.100.20", 3120, 3055, { spf_domain: "mailer.example", spf_aligned: 0, dkim_domain: "ours.example" }),
    source("203.0.113.77", 911, 0, { spf_domain: "evil.invalid", dkim_domain: null, quarantined: 300, rejected: 611 }),
    source("2001:db8::17", 214, 0, { spf_domain: HOSTILE, dkim_domain: null, quarantined: 0, rejected: 0, reason: `local_policy: ${HOSTILE}`, header_from: "shop.ours.example" }),
  ].filter((x) => domain === null || x.domain === domain);
  const all = { domain: "ours.example", policy: "reject", reports: 61, sources: 4, first: ago(2500000), last: ago(90000), ...sum(45475, 44280) };
  const domains = [all, { ...all, domain: "parked.example", reports: 9, sources: 1, ...sum(12, 0) }].filter((x) => domain === null || x.domain === domain);
  const days = domain === null || sources.length === 0 ? [] : Array.from({ length: 30 }, (_, i) => ({ day: new Date((midnight - (30 - i) * 86400) * 1000).toISOString(), ...sum(1200 + ((i * 7919) % 700), 1150 + ((i * 7919) % 640)) }));
  return { since: ago(2592000), until: ago(0), domains, sources: domain === null ? [] : sources, days, more: false };
}
