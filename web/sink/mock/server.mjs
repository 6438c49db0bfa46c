/* The HTTP API in memory, with samples, for work on the page: node sink/mock/server.mjs [PORT] [TOKEN]
 * It serves the built page. POST /mock/message puts one more sample. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { message, SAMPLES } from "./samples.mjs";

const [port = "8025", token = ""] = process.argv.slice(2);
const page = new URL("../../../src/capture/page/", import.meta.url);

const inboxes = new Map();
const scripts = new Map();
const store = new Map();
const streams = new Set();

const box = (id, name, expires) => inboxes.set(id, { id, name, address: id === "default" ? "" : `${id}@sink.test`, created: new Date().toISOString(), expires, max_messages: null });
const summary = (m) => ({ id: m.id, seq: m.seq, inbox: m.inbox, received: m.received, mail_from: m.envelope.mail_from, rcpt_to: m.envelope.rcpt_to, from: m.from.map((p) => (p.name ? `${p.name} <${p.address}>` : p.address)).join(", "), to: m.to.map((p) => p.address).join(", "), subject: m.subject, message_id: m.message_id, tag: "", snippet: m.text.slice(0, 80), attachments: m.attachments.length, size: m.size, seen: m.seen, tls: m.delivery.tls?.version ?? null, client: m.envelope.client.ip });
const attempt = (m) => ({ ...summary(m), outcome: m.delivery.outcome, stage: m.delivery.stage, reply: m.delivery.reply, helo: m.envelope.helo, protocol: m.delivery.protocol });
const accepted = (m) => m.delivery.outcome === "accepted";
const publish = (event, data) => streams.forEach((s) => s.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));

function put(sample, inbox, rcpt) {
  const m = message(sample, inbox, rcpt);
  store.set(m.id, m);
  if (accepted(m)) publish("message", summary(m));
  return m;
}

const KEYS = /^[-!]?(from|to|rcpt|subject|message-id|tag|body|has|is|larger|smaller|before|after):/;
function readable(q) {
  const wrong = q.split(/\s+/).find((word) => /^[-!]?[a-z-]+:/.test(word) && !KEYS.test(word));
  if (wrong !== undefined) throw new Problem(400, `search: unknown key '${wrong.split(":")[0]}'`);
}

const found = (q, m) => q.split(/\s+/).every((word) => {
  const hit = (w) => JSON.stringify(summary(m)).toLowerCase().includes(w.toLowerCase().replace(/^\w+:/, ""));
  return word.startsWith("-") ? !hit(word.slice(1)) : hit(word);
});

const counted = (b) => {
  const mine = [...store.values()].filter((m) => m.inbox === b.id && accepted(m));
  return { ...b, has_script: scripts.has(b.id), messages: mine.length, unseen: mine.filter((m) => !m.seen).length };
};

function list(inbox, query, all) {
  const q = query.get("q") ?? "";
  readable(q);
  const before = Number(query.get("cursor") ?? 1e9);
  const limit = Number(query.get("limit") ?? 50);
  const hits = [...store.values()].reverse().filter((m) => (inbox === null || m.inbox === inbox) && (all || accepted(m)) && (q === "" || found(q, m)));
  const items = hits.filter((m) => m.seq < before).slice(0, limit);
  const last = items[items.length - 1];
  return { hits, items, next: last && hits[hits.length - 1] !== last ? String(last.seq) : null };
}

function erase(m) {
  store.delete(m.id);
  publish("deleted", { id: m.id, inbox: m.inbox });
}

class Problem { constructor(status, detail) { Object.assign(this, { status, detail }); } }

const info = () => ({ name: "mailproof", version: "0.1.0", hostname: "sink.test", domain: "sink.test", listeners: [{ address: "127.0.0.1:2525", tls: "offered", protocol: "smtp" }], you: { scope: "admin", inbox: null }, features: { judges: true, release: true, auth: token !== "" }, limits: {}, store: { messages: [...store.values()].filter(accepted).length, attempts: store.size, bytes: 0, unseen: [...store.values()].filter((m) => accepted(m) && !m.seen).length, inboxes: inboxes.size, last_seq: store.size }, counters: null });

const need = (map, id) => map.get(id) ?? (() => { throw new Problem(404, `There is no ${id}.`); })();

const routes = {
  "GET /v1/info": info,
  "GET /v1/inboxes": () => ({ inboxes: [...inboxes.values()].filter((b) => b.id !== "default").map(counted) }),
  "GET /v1/inboxes/:id": (p) => counted(need(inboxes, p.id)),
  "POST /v1/inboxes": (_, body) => {
    const wish = JSON.parse(body || "{}");
    const id = wish.id ?? `t-${Math.random().toString(36).slice(2, 12)}`;
    if (inboxes.has(id)) throw new Problem(409, `Inbox ${id} exists already.`);
    box(id, wish.name ?? "", wish.ttl === "never" ? null : new Date(Date.now() + 3600e3).toISOString());
    return { ...counted(inboxes.get(id)), token: "mpt_sample_not_secret" };
  },
  "DELETE /v1/inboxes/:id": (p) => { need(inboxes, p.id); inboxes.delete(p.id); for (const m of [...store.values()]) if (m.inbox === p.id) erase(m); },
  "GET /v1/inboxes/:id/script": (p) => scripts.get(p.id) ?? [],
  "PUT /v1/inboxes/:id/script": (p, body) => {
    const rules = JSON.parse(body);
    const bad = rules.findIndex((r) => "tims" in r);
    if (bad >= 0) throw new Problem(400, `rule ${bad + 1}: unknown key 'tims', did you mean 'times'?`);
    scripts.set(p.id, rules);
  },
  "DELETE /v1/inboxes/:id/script": (p) => void scripts.delete(p.id),
  "GET /v1/messages": (p, _, query) => { const l = list(p.id ?? null, query, false); return { messages: l.items.map(summary), total: l.hits.length, unseen: l.hits.filter((m) => !m.seen).length, next: l.next }; },
  "DELETE /v1/messages": (p, _, query) => { query.set("limit", "1000"); const l = list(p.id ?? null, query, false); l.hits.forEach(erase); return { deleted: l.hits.length }; },
  "GET /v1/attempts": (p, _, query) => { const l = list(p.id ?? null, query, true); return { attempts: l.items.map(attempt), total: l.hits.length, next: l.next }; },
  "GET /v1/messages/:id": (p) => need(store, p.id),
  "DELETE /v1/messages/:id": (p) => erase(need(store, p.id)),
  "PUT /v1/messages/:id/seen": (p, body) => { need(store, p.id).seen = JSON.parse(body).seen; },
  "POST /v1/messages/:id/release": () => { throw new Problem(403, "carol@elsewhere.test is not inside the allow list."); },
  "POST /mock/message": (_, body) => { const wish = JSON.parse(body || "{}"); return put({ ...SAMPLES[wish.sample ?? 0], ...wish }, wish.inbox ?? "default", wish.rcpt ?? "bob@sink.test"); },
};
routes["GET /v1/inboxes/:id/messages"] = routes["GET /v1/messages"];
routes["DELETE /v1/inboxes/:id/messages"] = routes["DELETE /v1/messages"];
routes["GET /v1/inboxes/:id/attempts"] = routes["GET /v1/attempts"];

/* Answers that are not JSON. */
const texts = {
  "/v1/messages/:id/raw": (m) => ["message/rfc822", `${m.headers.map((h) => `${h.name}:${h.raw}`).join("\r\n")}\r\n\r\n${m.text}`],
  "/v1/messages/:id/transcript": (m) => ["text/plain; charset=utf-8", ` <- 220 sink.test ESMTP\n -> EHLO client.test\n<-  250-sink.test\n<-  250 PIPELINING\n -> MAIL FROM:<${m.envelope.mail_from}>\n<-  250 2.1.0 Ok\n -> RCPT TO:<${m.envelope.rcpt_to[0]}>\n<-  ${m.delivery.reply.code} ${m.delivery.reply.text}\n`],
  "/v1/messages/:id/html": (m) => ["text/html; charset=utf-8", m.html.replace(/<(\/?)(meta|link|base|iframe|form|object|embed)/gi, "<$1x-$2")],
};

const match = (pattern, path) => {
  const found = new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`).exec(path);
  return found === null ? null : Object.fromEntries(Object.entries(found.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)]));
};

async function answer(req, res) {
  const url = new URL(req.url, "http://mock.test");
  let body = "";
  for await (const chunk of req) body += chunk;
  const send = (status, type, text, more = {}) => { res.writeHead(status, { "Content-Type": type, ...more }); res.end(text); };
  if (url.pathname === "/") return send(200, "text/html; charset=utf-8", readFileSync(new URL("index.html", page)), { "Content-Security-Policy": readFileSync(new URL("csp.txt", page), "utf8"), "X-Content-Type-Options": "nosniff" });
  if (url.pathname.startsWith("/v1/") && token !== "" && req.headers.authorization !== `Bearer ${token}`) throw new Problem(401, "A token is needed.");
  if (url.pathname === "/v1/events") {
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    res.write(": hello\n\n");
    streams.add(res);
    res.on("close", () => streams.delete(res));
    return undefined;
  }
  for (const [pattern, make] of Object.entries(texts)) {
    const p = match(pattern, url.pathname);
    if (p === null || req.method !== "GET") continue;
    const [type, text] = make(need(store, p.id));
    return send(200, type, text, type.startsWith("text/html") ? { "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox" } : {});
  }
  if (/\/parts\//.test(url.pathname)) return send(200, "application/octet-stream", "%PDF-1.7 sample");
  for (const [route, run] of Object.entries(routes)) {
    const [method, pattern] = route.split(" ");
    const p = match(pattern, url.pathname);
    if (p === null || method !== req.method) continue;
    const value = run(p, body, url.searchParams);
    return value === undefined ? send(204, "text/plain", "") : send(req.method === "POST" ? 201 : 200, "application/json", JSON.stringify(value));
  }
  throw new Problem(404, "There is no such address.");
}

box("default", "", null);
box("t-checkout", "Checkout tests", new Date(Date.now() + 1800e3).toISOString());
scripts.set("t-checkout", [{ rcpt: "451 4.7.1 later", times: 1 }]);
[3, 2, 1, 0].forEach((i) => put(SAMPLES[i], i === 2 ? "t-checkout" : "default", i === 2 ? "t-checkout@sink.test" : "bob@sink.test"));
put({ ...SAMPLES[0], subject: "", text: "", html: null, outcome: "refused", stage: "rcpt", reply: { code: 550, text: "5.1.1 no such user" } }, "default", "nobody@sink.test");
put({ ...SAMPLES[0], subject: "", text: "", html: null, outcome: "deferred", stage: "rcpt", reply: { code: 451, text: "4.7.1 later" } }, "default", "later@sink.test");

const server = createServer((req, res) => {
  answer(req, res).catch((e) => {
    const status = e instanceof Problem ? e.status : 500;
    res.writeHead(status, { "Content-Type": "application/problem+json" });
    res.end(JSON.stringify({ type: "about:blank", title: "Error", status, detail: e.detail ?? String(e) }));
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
