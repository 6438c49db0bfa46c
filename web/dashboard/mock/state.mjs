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

const FAIL = "send: got 451 4.4.1, wanted 250";
const run = (name, at, state, before, detail) => ({ name, time: ago(at), state, changed: state !== before, before, elapsed_ms: 4210, detail });

/* The runs of a test, newest first; `bad` are those that were not well. */
const runsOf = (name, every, bad, word, why) => Array.from({ length: 40 }, (_, i) => {
  const state = (at) => (at >= 40 ? null : bad.includes(at) ? word : "passed");
  return run(name, 60 + i * every, state(i), state(i + 1), bad.includes(i) ? why : null);
});

export const suites = [
  { name: "smtp-routes", schedule: "15m", every: 900, tests: [["through the first MX", []], ["through the backup MX", [3, 4, 5], "failed", FAIL]] },
  { name: "inbound-verify", schedule: "*/15 * * * *", every: 900, tests: [["a signed message arrives", [0, 1], "failed", "arrive: no message within 60 s"], ["a forged one is refused", []], [HOSTILE, [0, 7], "undecided", HOSTILE]] },
  { name: `<b>${HOSTILE.slice(0, 50)}</b>`, schedule: "1h", every: 3600, tests: [["probe", [2], "undecided", HOSTILE]] },
  { name: "new-one", schedule: "24h", every: 86400, tests: [] },
].map((x) => {
  const all = x.tests.map(([name, bad, word, why]) => runsOf(name, x.every, bad, word, why));
  const last = all.map((runs) => runs[0]);
  const of = (state) => last.filter((r) => r.state === state);
  const state = ["failed", "undecided", "passed"].find((s) => of(s).length > 0) ?? "pending";
  const runs = all.flat().sort((a, b) => b.time.localeCompare(a.time));
  return {
    tests: last, runs,
    suite: { name: x.name, schedule: x.schedule, state, since: runs.find((r) => r.changed)?.time ?? null, last_run: runs[0]?.time ?? null, tests: last.length, failed: of("failed").length, undecided: of("undecided").length, elapsed_ms: last.length > 0 ? 4210 * last.length : null, detail: last.find((r) => r.state !== "passed")?.detail ?? null },
  };
});

const KEY = { id: "posture.dkim.key", severity: "info", evidence: "s1: rsa, 2048 bits" };
const TLSRPT = { id: "posture.tlsrpt.none", severity: "medium", evidence: "_smtp._tls.ours.example: no TXT record" };
const CAA = { id: "posture.caa.none", severity: "low", evidence: "ours.example: no CAA record" };
const POLICY = { id: "posture.dmarc.policy-none", severity: "high", evidence: HOSTILE };
const audit = (domain, days, grade, before, findings) => ({ domain, time: ago(60 + days * 86400), grade, score: 100 - 9 * (findings ?? []).length, changed: grade !== before, before, findings });

export const audits = {
  "ours.example": {
    domain: "ours.example", next: null,
    history: [
      audit("ours.example", 0, "A", "C", [TLSRPT, CAA, KEY]),
      audit("ours.example", 1, "C", "A", [POLICY, TLSRPT, CAA, KEY]),
      audit("ours.example", 2, "A", "A", [TLSRPT, CAA, KEY]),
      audit("ours.example", 3, "A", "B", [TLSRPT, CAA, KEY]),
      audit("ours.example", 4, "B", null, [TLSRPT, KEY]),
    ],
  },
  "parked.example": { domain: "parked.example", next: null, history: [audit("parked.example", 0, "D", null, null)] },
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

export function tls(domain) {
  const at = { begin: ago(180000), end: ago(93600) };
  if (domain !== "ours.example") return { since: ago(2592000), until: ago(0), policies: [], failures: [], more: false };
  return {
    since: ago(2592000), until: ago(0), more: false,
    policies: [{ domain, org: "Partner", policy_type: "sts", successful: 4120, failed: 3, ...at }, { domain, org: HOSTILE, policy_type: "tlsa", successful: 17, failed: 1, ...at }],
    failures: [{ domain, org: "Partner", result_type: "certificate-expired", sending_ip: "192.0.2.25", receiving_mx: "mx2.ours.example", receiving_ip: "198.51.100.2", reason: null, sessions: 3, ...at }, { domain, org: HOSTILE, result_type: HOSTILE, sending_ip: null, receiving_mx: null, receiving_ip: null, reason: HOSTILE, sessions: 1, ...at }],
  };
}
