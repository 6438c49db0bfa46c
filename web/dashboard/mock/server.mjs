/* The HTTP API of the daemon in memory, with samples, for work on the page and for its test:
 * node dashboard/mock/server.mjs [PORT] [TOKEN]. It serves the built page. POST /mock/EVENT puts one into the
 * stream: mail {"kind": N}, monitor, status, lost. MP_EVERY_MS: mails come by themselves. MP_BARE: a
 * daemon that keeps nothing. MP_SCOPE: that of the token, admin unless told. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { FINDINGS, KINDS, mail, pick, random } from "./mails.mjs";
import { audits, bare, dmarc, status, suites, tls } from "./state.mjs";

const [port = "8080", token = ""] = process.argv.slice(2);
const page = new URL("../../../src/webapi/page/", import.meta.url);
const BACK_S = 30 * 86400;
const MAILS = 4000;

const store = []; /* newest first */
const streams = new Set();
const next = random(17);
let made = 0;

function put(kind, at) {
  const whole = mail(kind, ++made, at);
  store.unshift(whole);
  return whole.mail;
}
/* More of it by day than by night, more lately than long ago; the hostile one is always in sight. */
function fill() {
  const times = Array.from({ length: MAILS }, () => BACK_S * next() ** 2).filter((s) => next() < 0.3 + 0.7 * Math.sin((s / 86400 + 0.25) * Math.PI) ** 2);
  times.sort((a, b) => b - a);
  for (const s of times) put(pick(next), Date.now() - s * 1000 - 30000);
  put(KINDS.find((k) => k.hostile), Date.now() - 20000);
}

class Problem { constructor(status, detail) { Object.assign(this, { status, detail }); } }
const publish = (event, data) => streams.forEach((s) => s.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };
function moment(text, otherwise) {
  if (text === null || text === "") return otherwise;
  const back = /^(\d+)([smhd])$/.exec(text);
  if (back !== null) return Date.now() - back[1] * UNITS[back[2]] * 1000;
  const at = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (isNaN(at)) throw new Problem(400, `'${text}' is not a time: RFC 3339, or back from now as 24h`);
  return at;
}
const between = (query) => [moment(query.get("since"), Date.now() - 86400000), moment(query.get("until"), Date.now() + 60000)];
const inTime = (query) => {
  const [since, until] = between(query);
  return store.filter(({ mail: m }) => Date.parse(m.time) >= since && Date.parse(m.time) < until);
};

const RANK = ["info", "low", "medium", "high", "critical"];
const CONDITIONS = {
  domain: (m, v) => m.from_domain === v,
  address: (m, v) => [m.from, m.mail_from, m.auth_user, ...m.rcpt_to].some((a) => a?.toLowerCase() === v.toLowerCase()),
  action: (m, v) => m.action === v,
  done: (m, v) => m.done === v,
  severity: (m, v) => m.findings.some((f) => RANK.indexOf(f.severity) >= RANK.indexOf(v)),
  finding: (m, v) => m.findings.some((f) => (v.endsWith(".*") ? f.id.startsWith(v.slice(0, -1)) : f.id === v)),
  message_id: (m, v) => m.message_id.replace(/[<>]/g, "") === v.replace(/[<>]/g, ""),
  ip: (m, v) => m.client.ip === v,
  mode: (m, v) => m.mode === v,
  listener: (m, v) => m.listener === v,
  queue_id: (m, v) => m.queue_id === v,
  q: (m, v) => [m.subject, m.from, m.mail_from, m.message_id, ...m.rcpt_to].some((t) => (t ?? "").toLowerCase().includes(v.toLowerCase())),
};

function messages(query) {
  const limit = Number(query.get("limit") ?? 50);
  const hits = inTime(query).filter(({ mail: m }) => Object.entries(CONDITIONS).every(([name, fits]) => !query.get(name) || fits(m, query.get(name))));
  const from = query.get("cursor") ? hits.findIndex(({ mail: m }) => m.id === query.get("cursor")) + 1 : 0;
  const items = hits.slice(from, from + limit).map((w) => w.mail);
  return { messages: items, next: from + limit < hits.length ? items[items.length - 1].id : null };
}

const counts = (mails) => {
  const by = (done) => mails.filter(({ mail: m }) => m.done === done).length;
  const time = mails.map(({ mail: m }) => m.elapsed_us);
  return { total: mails.length, accept: by("accept"), tag: by("tag"), quarantine: by("quarantine"), reject: by("reject"), tempfail: by("tempfail"), other: 0, incomplete: mails.filter(({ mail: m }) => !m.complete).length, bytes: mails.reduce((s, { mail: m }) => s + m.size, 0), elapsed_us_mean: time.length ? Math.round(time.reduce((a, b) => a + b) / time.length) : null };
};

const STEPS = [60, 300, 900, 1800, 3600, 10800, 21600, 86400];
function traffic(query) {
  const [since, until] = between(query);
  const step = STEPS.find((s) => (until - since) / 1000 / s <= 100);
  const first = Math.floor(since / 1000 / step) * step;
  const mails = inTime(query);
  const slots = Array.from({ length: Math.ceil((until / 1000 - first) / step) }, () => []);
  for (const w of mails) slots[Math.max(0, Math.floor((Date.parse(w.mail.time) / 1000 - first) / step))]?.push(w);
  return { since: new Date(since).toISOString(), until: new Date(until).toISOString(), step_s: step, totals: counts(mails), buckets: slots.map((s, i) => ({ time: new Date((first + i * step) * 1000).toISOString(), ...counts(s) })) };
}

const grouped = (mails, key) => {
  const out = new Map();
  for (const m of mails) for (const k of key(m)) out.set(k, [...(out.get(k) ?? []), m]);
  return [...out].sort((a, b) => b[1].length - a[1].length);
};
const results = (mails, of, aligned) => {
  const words = mails.map(({ mail: m }) => of(m) ?? "none");
  const n = (...wanted) => words.filter((w) => wanted.includes(w)).length;
  const r = { pass: n("pass"), fail: n("fail", "softfail"), aligned: null, none: null };
  if (aligned === "dmarc") r.none = n("none");
  else if (aligned) r.aligned = mails.filter(({ mail: m }) => of(m) === "pass" && aligned(m)).length;
  return { ...r, other: mails.length - r.pass - r.fail - (r.none ?? 0) };
};
const bestDkim = (m) => ["pass", "fail"].find((r) => m.authentication.dkim.signatures.some((s) => s.result === r));

const domains = (query) => ({
  domains: grouped(inTime(query), ({ mail: m }) => [m.from_domain]).slice(0, Number(query.get("limit") ?? 50)).map(([domain, mails]) => ({ domain, total: mails.length, spf: results(mails, (m) => m.authentication.spf.result, (m) => m.authentication.spf.aligned), dkim: results(mails, bestDkim, (m) => m.authentication.dkim.aligned), dmarc: results(mails, (m) => m.authentication.dmarc.result, "dmarc"), arc: results(mails, (m) => m.authentication.arc) })),
});

const findings = (query) => ({
  findings: grouped(inTime(query), ({ mail: m }) => m.findings.map((f) => f.id)).slice(0, Number(query.get("limit") ?? 50)).map(([id, mails]) => {
    const f = mails[0].mail.findings.find((x) => x.id === id);
    return { id, severity: f.severity, title: f.title, mails: mails.length, count: mails.length };
  }),
});

const kinds = () => Object.values(FINDINGS).map(({ id, severity, title, remedy, reference }) => ({ id, severity, title, remedy, reference }));
const need = (value, what) => value ?? (() => { throw new Problem(404, `There is no ${what}.`); })();

const routes = [
  [/^\/v1\/session$/, () => ({ name: "mock", scopes: [process.env.MP_SCOPE ?? "admin"], version: "0.8.0", now: new Date().toISOString() })],
  [/^\/v1\/status$/, process.env.MP_BARE ? bare : status],
  [/^\/v1\/findings$/, () => ({ findings: kinds() })],
  [/^\/v1\/messages$/, (_, query) => messages(query)],
  [/^\/v1\/messages\/([^/]+)$/, (id) => need(store.find((w) => w.mail.id === id), `message ${id}`)],
  [/^\/v1\/stats\/traffic$/, (_, query) => traffic(query)],
  [/^\/v1\/stats\/domains$/, (_, query) => domains(query)],
  [/^\/v1\/stats\/findings$/, (_, query) => findings(query)],
  [/^\/v1\/monitor$/, () => ({ suites: suites.map((s) => s.suite) })],
  [/^\/v1\/monitor\/([^/]+)$/, (name, query) => {
    const { suite, tests, runs } = need(suites.find((s) => s.suite.name === name), `suite ${name}`);
    return { suite, tests, runs: runs.filter((r) => r.changed || query.get("changes") !== "1").slice(0, Number(query.get("limit") ?? 50)), next: null };
  }],
  [/^\/v1\/audits$/, () => ({ audits: Object.values(audits).map((a) => a.history[0]) })],
  [/^\/v1\/audits\/([^/]+)$/, (domain) => need(audits[domain], `audit of ${domain}`)],
  [/^\/v1\/reports\/tls$/, (_, query) => tls(query.get("domain"))],
  [/^\/v1\/reports\/dmarc$/, (_, query) => dmarc(query.get("domain"))],
];

const told = {
  mail: (wish) => put(KINDS[wish.kind ?? 0], Date.now()),
  monitor: () => ({ time: new Date().toISOString(), kind: "suite", suite: "smtp-routes", name: "through the backup MX", before: "passed", state: "failed", detail: "send: got 451 4.4.1" }),
  status: () => ({ time: new Date().toISOString(), part: "clamd", state: "down", detail: "connection refused" }),
  lost: () => ({}),
};

async function answer(req, res) {
  const url = new URL(req.url, "http://mock.test");
  let body = "";
  for await (const chunk of req) body += chunk;
  const json = (status, value) => { res.writeHead(status, { "Content-Type": "application/json" }); res.end(JSON.stringify(value)); };
  if (url.pathname === "/") {
    res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": readFileSync(new URL("csp.txt", page), "utf8"), "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" });
    return res.end(readFileSync(new URL("index.html", page)));
  }
  const event = /^\/mock\/(\w+)$/.exec(url.pathname)?.[1];
  if (event in told && req.method === "POST") {
    const data = told[event](JSON.parse(body || "{}"));
    publish(event, data);
    return json(201, data);
  }
  if (token !== "" && req.headers.authorization !== `Bearer ${token}`) throw new Problem(401, "No token, or one that opens nothing.");
  if (url.pathname === "/v1/events") {
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    res.write(": hello\n\n");
    streams.add(res);
    return res.on("close", () => streams.delete(res));
  }
  if (process.env.MP_BARE && /^\/v1\/(messages|stats|monitor|audits|reports)/.test(url.pathname)) throw new Problem(404, "The daemon keeps none: it is not configured.");
  for (const [pattern, run] of routes) {
    const hit = req.method === "GET" ? pattern.exec(url.pathname) : null;
    if (hit !== null) return json(200, run(hit[1] && decodeURIComponent(hit[1]), url.searchParams));
  }
  throw new Problem(404, "There is no such address.");
}

fill();
setInterval(() => streams.forEach((s) => s.write(": still here\n\n")), 15000);
if (process.env.MP_EVERY_MS) setInterval(() => publish("mail", put(pick(next), Date.now())), Number(process.env.MP_EVERY_MS));
const server = createServer((req, res) => {
  answer(req, res).catch((e) => {
    const status = e instanceof Problem ? e.status : 500;
    res.writeHead(status, { "Content-Type": "application/problem+json" });
    res.end(JSON.stringify({ type: "about:blank", title: "Error", status, detail: e.detail ?? String(e) }));
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
