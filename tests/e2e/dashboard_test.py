#!/usr/bin/env python3
"""The dashboard in a real browser, against samples: dashboard_test.py SOURCE-ROOT [PROBE DAEMON]

The samples are web/dashboard/mock; PROBE is the API itself over a history of its own, DAEMON is
mailproof, whose daemon is fed as an MTA would. TAP. Says SKIP where what browser_kit.py needs is missing.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = None

from browser_kit import LIMIT_S, Wire, check_requests, no_sideways, run_pages
from milter_kit import Milter
from rows import Skip, expect, holds, row
from serve_kit import Serve, good

ROOT = os.path.abspath(sys.argv[1])
PROBE, DAEMON = (*sys.argv[2:4], None, None)[:2]
TOKEN = "token-of-the-dashboard-test"
KINDS = {"news": 0, "partner": 1, "list": 2, "bank": 3, "invoice": 4, "slow": 5, "ours": 6, "evil": 7}
PAGES = ("overview", "live", "messages?since=30d", "domains", "domains/ours.example", "monitor",
         "monitor/inbound-verify", "status")


class Mock:
    """The samples as a server; TOKEN is wanted when it is given."""

    def __init__(self, token=None, **env):
        words = ["node", os.path.join(ROOT, "web/dashboard/mock/server.mjs"), "0"]
        self.process = subprocess.Popen(words + ([token] if token else []), stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **env})
        self.url = self.process.stdout.readline().strip()
        self.token = token

    def ask(self, path, body=None, method="GET"):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)

    def tell(self, event, **wish):
        return self.ask(f"mock/{event}", wish, "POST")

    def mail(self, kind):
        """The id of one of that kind that came just now."""
        return self.tell("mail", kind=KINDS[kind])["id"]

    def find(self, **query):
        return self.ask("v1/messages?" + urllib.parse.urlencode({"since": "0", **query}))["messages"]

    def stop(self):
        self.process.terminate()
        self.process.wait(LIMIT_S)
        self.process.stdout.close()


class Api(Mock):
    """The API itself; the daemon's state and the reports are those of the samples."""

    def __init__(self, samples):
        self.folder = tempfile.TemporaryDirectory(prefix="mailproof-dashboard-")
        report = samples.ask("v1/messages/" + samples.mail("bank"))["report"]
        for name, document in (("status", samples.ask("v1/status")), ("report", report)):
            with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as f:
                json.dump(document, f)
        words = [PROBE, *(os.path.join(self.folder.name, n) for n in ("history", "status", "report"))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}/"
        self.token = "reader-of-the-dashboard"

    def mail(self, subject):
        self.process.stdin.write(subject + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(LIMIT_S)
        self.process.stdout.close()
        self.folder.cleanup()
        expect("how the API ended", self.process.returncode, 0)


def at(b, s, place, wait="main h1"):
    b.goto(url=f"{s.url}#/{place}")
    b.wait(sel=wait)
    settled(b)


def settled(b):
    b.until(js="""document.querySelector('main [aria-busy="true"]') === null
        && ![...document.querySelectorAll('main .hollow')].some(e => e.textContent === 'Loading…')""")


def open_message(b, s, id_):
    at(b, s, f"messages/{id_}", ".why")


def number(text):
    return int(text.replace(",", ""))


# ---- the samples ----

def wrong_with(schema, document):
    """Where a document is not as its schema says; the first few."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
    return [f"{e.json_path}: {e.message[:200]}" for e in errors][:5]


def document_of(name):
    with open(os.path.join(ROOT, "docs/schema", name), encoding="utf-8") as f:
        return yaml.safe_load(f)


@row("the samples are what the document of the API says, and their reports fit their schemas")
def _(s, b):
    if jsonschema is None:
        raise Skip("python3-jsonschema or python3-yaml is not installed")
    api, reports = document_of("api.openapi.yaml"), document_of("report-1.schema.json")
    report = {"$ref": "#/$defs/report", "$defs": reports["$defs"]}
    ids = {kind: s.mail(kind) for kind in KINDS}
    check_answers(s, api, ids.values(), "smtp-routes")
    for kind, id_ in ids.items():
        got = s.ask(f"v1/messages/{id_}")
        if got["report"] is not None:
            expect(f"report of {kind}", wrong_with(report, got["report"]), [])


def check_answers(s, api, ids, suite):
    for path, question in (
            ("/v1/session", ""), ("/v1/status", ""), ("/v1/findings", ""), ("/v1/messages", "?limit=200"),
            ("/v1/stats/traffic", ""), ("/v1/stats/domains", ""), ("/v1/stats/findings", ""),
            ("/v1/monitor", ""), ("/v1/audits", ""), ("/v1/reports/dmarc", "?domain=ours.example"),
            ("/v1/reports/tls", "?domain=ours.example"),
            *(("/v1/messages/{id}", id_) for id_ in ids),
            ("/v1/monitor/{suite}", suite), ("/v1/audits/{domain}", "ours.example")):
        answer = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        got = s.ask(path.split("{")[0].lstrip("/") + question)
        expect(f"{path} {question}", wrong_with({**api, **answer}, got), [])


# ---- frame and login ----

@row("the page comes with a policy that allows nothing but itself")
def _(s, b):
    with urllib.request.urlopen(s.url, timeout=LIMIT_S) as answer:
        policy = answer.headers["Content-Security-Policy"]
        holds(policy, policy.startswith("default-src 'none';") and "unsafe" not in policy)
        body = answer.read()
    with open(os.path.join(ROOT, "src/webapi/page/index.html"), "rb") as f:
        expect("bytes", body == f.read(), True)


@row("a server with a token asks for it, and keeps it for the tab only")
def _(s, b):
    closed = Mock(TOKEN)
    try:
        b.visit(url=closed.url + "#/status")
        b.wait(sel="#token")
        b.fill(sel="#token", text="wrong")
        b.click(sel='button:text-is("Open")')
        b.wait(sel=".error:has-text('opens nothing')")
        expect("nothing else is shown", b.texts(sel="nav"), [])
        b.fill(sel="#token", text=TOKEN)
        b.press(key="Enter")
        b.wait(sel='h1:text-is("Status")')
        b.wait(sel='.live:text-is("Live")')
        expect("nothing lasting", b.js(js="localStorage.length + document.cookie.length"), 0)
        holds("not in the address", TOKEN not in b.js(js="location.href"))
        b.goto(url=closed.url + "?again#/monitor")
        b.wait(sel='h1:text-is("Monitor")')
        b.click(sel='button:text-is("Sign out")')
        b.wait(sel="#token")
        expect("forgotten", b.js(js="sessionStorage.length"), 0)
        check_requests(b)
    finally:
        closed.stop()


@row("a token that opens nothing any more leads back to the login, a missing page does not")
def _(s, b):
    closed = Mock(TOKEN)
    try:
        b.visit(url=closed.url + "#/overview")
        b.fill(sel="#token", text=TOKEN)
        b.press(key="Enter")
        b.wait(sel=".totals")
        at(b, closed, "messages/deadbeef", ".error")
        holds("it says what is missing", "There is no message" in b.texts(sel=".error")[0])
        b.js(js="sessionStorage.setItem('mailproof-token', 'revoked')")
        b.goto(url=closed.url + "?again#/overview")
        b.wait(sel=".error:has-text('opens nothing')")
    finally:
        closed.stop()


@row("a token that may not read is told so")
def _(s, b):
    closed = Mock(TOKEN, MP_SCOPE="scan")
    try:
        b.visit(url=closed.url)
        b.fill(sel="#token", text=TOKEN)
        b.press(key="Enter")
        b.wait(sel=".error:has-text('may scan, not read')")
        b.shot_of("login")
        expect("nothing else is shown", b.texts(sel="nav"), [])
    finally:
        closed.stop()


# ---- overview ----

@row("overview: totals, chart, and the same numbers as a table")
def _(s, b):
    b.visit(url=s.url)
    b.wait(sel=".totals")
    settled(b)
    totals = s.ask("v1/stats/traffic?since=24h")["totals"]
    shown = [number(n) for n in b.texts(sel=".total-number")]
    expect("totals", shown, [totals[each] for each in (
        "total", "accept", "tag", "quarantine", "reject", "tempfail", "incomplete")])
    holds("a drawing", b.js(js="document.querySelector('.plot canvas').width > 300"))
    b.click(sel=".chart summary")
    column = b.js(js="[...document.querySelectorAll('.chart tbody tr')].map(r => r.cells[4].textContent)")
    expect("rejected in the table", sum(number(n) for n in column), totals["reject"])
    b.shot_of("overview")


@row("overview: the arrow keys walk along the chart, and each bar is told; verdicts can be hidden")
def _(s, b):
    told = "document.querySelector('.plot').getAttribute('aria-valuetext')"
    b.js(js="document.querySelector('.plot').focus()")
    b.press(key="End")
    last = b.js(js=told)
    holds(last, "accepted" in last and "rejected" in last and ":" in last)
    b.press(key="ArrowLeft")
    holds("another bar", b.js(js=told) != last)
    b.press(key="Escape")
    expect("whole again", b.js(js=told), "whole time")
    b.click(sel='.legend-item:has-text("Accepted")')
    b.wait(sel='.legend-item[aria-pressed="false"]:has-text("Accepted")')
    b.click(sel='.legend-item:has-text("Accepted")')
    b.wait(sel='.legend-item[aria-pressed="true"]:has-text("Accepted")')


@row("overview: another time is another sum, and stands in the address")
def _(s, b):
    before = number(b.texts(sel=".total-number")[0])
    b.click(sel='.views a:text-is("30d")')
    b.until(js=f"+document.querySelector('.total-number').textContent.replace(',', '') > {before}")
    holds("address", b.js(js="location.hash").endswith("range=30d"))
    expect("chosen", b.texts(sel='.views [aria-current="true"]'), ["30d"])


@row("overview: top findings lead to their messages; domains tell their authentication")
def _(s, b):
    top = s.ask("v1/stats/findings?since=30d")["findings"][0]
    expect("first", b.texts(sel=".top code")[0], top["id"])
    expect("messages", number(b.texts(sel=".top-count")[0].split()[0]), top["mails"])
    line = b.texts(sel="tr:has(th a bdi:text-is('bank.example'))")[0]
    holds(line, "0 %" in line)
    bar = b.js(js="""[...document.querySelectorAll('tr')].find(r => r.textContent.includes('bank.example'))
        .querySelector('.shares').title""")
    holds(bar, bar.endswith(" fail"))
    b.click(sel=".top >> nth=0")
    b.wait(sel='h1:text-is("Messages")')
    settled(b)
    expect("finding", b.value(sel="[name=finding]"), top["id"])
    holds("all have it", b.js(js="document.querySelectorAll('a.mail').length > 0"))


@row("overview: health says what is not well, in words")
def _(s, b):
    at(b, s, "overview", ".parts")
    states = dict(line.split("\n")[:2] for line in b.texts(sel=".parts li"))
    for part, word in (("Workers", "Well"), ("clamd", "Well"), ("Intel feeds", "Limited"),
                       ("History", "Well"), ("Webhooks", "Limited"), ("Monitor", "Down")):
        expect(part, states.get(part), word)
    holds("why", "HTTP 503" in b.texts(sel=".problems")[0])


@row("a daemon that keeps nothing: every page says so, none breaks")
def _(s, b):
    bare = Mock(MP_BARE="1")
    try:
        b.visit(url=bare.url)
        for place in PAGES:
            at(b, bare, place)
            text = b.js(js="document.querySelector('main').innerText")
            holds(f"{place}: {text[:80]}", place in ("live", "status") or "not configured" in text)
        at(b, bare, "overview", ".parts")
        states = dict(line.split("\n")[:2] for line in b.texts(sel=".parts li"))
        expect("clamd", states["clamd"], "Off")
        b.click(sel='.error button:text-is("Try again")')
        check_requests(b)
    finally:
        bare.stop()


# ---- live ----

@row("live: messages as they come; filter by words and verdict")
def _(s, b):
    b.visit(url=s.url + "#/live")
    b.wait(sel='.live:text-is("Live")')
    b.wait(sel=".hollow")
    s.mail("news")
    b.wait(sel="a.mail")
    s.mail("bank")
    b.until(js="document.querySelectorAll('a.mail').length === 2")
    holds("newest first", "billing@bank.example" in b.texts(sel="a.mail")[0])
    b.fill(sel="#search", text="BANK.example dmarc")
    b.until(js="document.querySelectorAll('a.mail').length === 1")
    b.fill(sel="#search", text="")
    b.select(sel=".filters select", value="accept")
    b.until(js="document.querySelectorAll('a.mail').length === 1")
    holds("the accepted one", "hello@news.example" in b.texts(sel="a.mail")[0])
    b.select(sel=".filters select", value="")


@row("live: pausing holds the list still and counts; going on shows what came")
def _(s, b):
    b.click(sel="#pause")
    b.wait(sel='#pause[aria-pressed="true"]')
    s.mail("partner")
    s.mail("list")
    b.wait(sel='#pause:text-is("Go on (2 new)")')
    expect("still", len(b.texts(sel="a.mail")), 2)
    holds("said", "2 new messages" in b.js(js="document.querySelector('main [role=status]').textContent"))
    b.press(key="p")
    b.until(js="document.querySelectorAll('a.mail').length === 4")
    b.shot_of("live")


@row("live: changes of the monitor and of the daemon; what could not be sent is told")
def _(s, b):
    s.tell("monitor")
    s.tell("status")
    b.wait(sel='.news li:has-text("smtp-routes: through the backup MX"):has-text("Failed")')
    b.wait(sel='.news li:has-text("clamd"):has-text("Down")')
    s.tell("lost")
    b.wait(sel='.warning:has-text("missing")')
    b.click(sel='.warning button')
    b.wait(sel=".warning", state="detached")


@row("a cut connection is told, and mended again")
def _(s, b):
    wire = Wire(s.url)
    try:
        b.visit(url=f"http://127.0.0.1:{wire.port}/#/live")
        b.wait(sel='.live:text-is("Live")')
        wire.cut()
        b.wait(sel='.live:text-is("Not connected")')
        wire.mend()
        b.wait(sel='.live:text-is("Live")')
        s.mail("news")
        b.wait(sel="a.mail")
    finally:
        wire.close()


# ---- messages ----

@row("messages: the search stands in the address, and comes from it")
def _(s, b):
    b.visit(url=s.url + "#/messages?since=30d&domain=bank.example&done=reject")
    b.wait(sel="a.mail")
    expect("domain", b.value(sel="[name=domain]"), "bank.example")
    expect("verdict", b.value(sel="[name=done]"), "reject")
    expect("authors", set(b.texts(sel=".mail-from")), {"billing@bank.example"})
    b.fill(sel="[name=domain]", text="list.example")
    b.select(sel="[name=done]", value="tag")
    b.until(js="location.hash.includes('domain=list.example') && location.hash.includes('done=tag')")
    b.until(js="document.querySelector('.mail-from')?.textContent === 'dev-request@list.example'")
    b.js(js="history.back()")
    b.until(js="document.querySelector('[name=domain]').value === 'bank.example'")
    b.until(js="document.querySelector('.mail-from')?.textContent === 'billing@bank.example'")


@row("messages: by finding, by Message-ID, by words; nothing found is said")
def _(s, b):
    wanted = s.find(domain="invoice.example")[0]
    for field, text in (("finding", "office.macro.autoexec"), ("message_id", wanted["message_id"]),
                        ("q", "rechnung 2026"), ("severity", "critical"),
                        ("address", "PAY@ours.example"), ("queue_id", wanted["queue_id"])):
        at(b, s, "messages?since=0", "a.mail")
        if field not in ("finding", "q"):
            b.click(sel=".more-fields summary")
        if field == "severity":
            b.select(sel="[name=severity]", value=text)
        else:
            b.fill(sel=f"[name={field}]", text=text)
            b.press(key="Enter")
        b.until(js=f"location.hash.includes('{field}=')")
        settled(b)
        b.wait(sel="a.mail")
        expected = min(len(s.find(**{field: text, "limit": 500})), 50)
        expect(f"{field}: found", len(b.texts(sel="a.mail")), expected)
    at(b, s, "messages?domain=nobody.example", ".hollow")
    holds("nothing", "No message fits" in b.texts(sel=".hollow")[0])


@row("messages: page by page, and the way back")
def _(s, b):
    at(b, s, "messages?since=30d", "a.mail")
    first = b.js(js="[...document.querySelectorAll('a.mail')].map(a => a.hash)")
    b.click(sel='.pager a[rel="next"]')
    b.until(js=f"document.querySelector('a.mail').hash !== {json.dumps(first[0])}")
    settled(b)
    second = b.js(js="[...document.querySelectorAll('a.mail')].map(a => a.hash)")
    expect("none twice", set(first) & set(second), set())
    holds("the place stands in the address", "cursor=" in b.js(js="location.hash"))
    b.click(sel='.pager a:text-is("Newest")')
    b.until(js=f"document.querySelector('a.mail').hash === {json.dumps(first[0])}")


@row("messages: what the server does not understand is said in its words")
def _(s, b):
    at(b, s, "messages?until=yesterday", ".error")
    holds("detail", "'yesterday' is not a time" in b.texts(sel=".error")[0])


# ---- one message ----

@row("a rejected message: decided what, why, findings gravest first, with place and remedy")
def _(s, b):
    open_message(b, s, s.mail("bank"))
    why = b.texts(sel=".why")[0]
    for part in ("Rejected", "550 5.7.1 rejected by policy", "neither SPF nor DKIM proves",
                 "2 more reasons", "Nothing proves that it comes from bank.example", "to reject it"):
        holds(f"{part!r} in {why!r}", part in why)
    expect("order", [t.split()[0] for t in b.texts(sel=".finding h3")], ["high", "high", "medium"])
    one = b.texts(sel=".finding")[0]
    for part in ("auth.dmarc.fail", "SPF fail for bank.example", "sign it with DKIM", "RFC 9989 5.3",
                 "field From"):
        holds(f"{part!r} in {one!r}", part in one)
    holds("nothing changed", "Nothing was changed" in b.texts(sel="section:has(#edits)")[0])
    b.shot_of("rejected")


@row("what it carries and what others know of it: files, links as text, feeds, lists, services")
def _(s, b):
    open_message(b, s, s.mail("bank"))
    known = b.texts(sel="section:has(#known) li")
    for line, parts in zip(known, (("known", "urlhaus", "phishing"), ("listed", "bl.example", "127.0.0.2"),
                                   ("malicious", "checker", "12 of 90"))):
        for part in parts:
            holds(f"{part!r} in {line!r}", part in line)
    links = b.texts(sel="section:has(#links) li >> visible=true")
    holds(links, len(links) == 8 and "shown as “www.bank.example”" in links[0] and "hidden" in links[1])
    expect("no link leads out", b.js(js="[...document.links].filter(a => a.origin !== location.origin).length"), 0)
    open_message(b, s, s.mail("invoice"))
    files = b.texts(sel="section:has(#files) li")
    holds(files, "Rechnung.docm" in files[0] and "its bytes say application/vnd.ms-word" in files[0])
    holds(files, "word/vbaProject.bin" in files[1])


@row("authentication as a tree: DMARC over SPF, signatures and the ARC chain with its seals")
def _(s, b):
    open_message(b, s, s.mail("list"))
    expect("top", b.js(js="document.querySelector('.tree > li > .node').innerText.split('\\n')[0]"), "DMARC")
    below = b.js(js="""[...document.querySelectorAll('.tree > li > ul > li > .node')]
        .map(n => n.innerText.replace(/\\s+/g, ' '))""")
    expect("children", [line.split()[0] for line in below], ["SPF", "DKIM", "DKIM", "ARC"])
    for line, parts in zip(below, (("pass", "lists.example", "not aligned", "by a"),
                                   ("fail", "list.example", "selector k1", "the body was changed",
                                    "2048 bits"),
                                   ("pass", "lists.example", "not aligned"), ("pass", "trusted"))):
        for part in parts:
            holds(f"{part!r} in {line!r}", part in line)
    seals = b.texts(sel=".tree ul ul .node")
    holds(seals, len(seals) == 2 and "lists.example" in seals[0] and "relay.example" in seals[1])
    why = b.texts(sel=".why")[0]
    holds(why, "trusted_forwarder" in why and "Accepted with a mark" in why)
    edits = b.texts(sel=".edits li")
    expect("edits", [e.split()[0] for e in edits], ["removed", "replaced", "added"])
    holds(edits[1], "Subject: [unproven] [dev] Digest" in edits[1])
    holds(f"unfolded: {edits[2]!r}", "U+000D" not in edits[2] and "spf=pass smtp.mailfrom" in edits[2])


@row("the way here: oldest hop first, with delays and TLS")
def _(s, b):
    hops = b.texts(sel=".hop")
    expect("hops", len(hops), 4)
    holds(hops[0], "app.list.example" in hops[0] and "TLSv1.3" in hops[0])
    holds(hops[1], "no TLS" in hops[1] and "+" in hops[1])
    holds(hops[3], hops[3].startswith("here") and "+1 s" in hops[3])


@row("watched only, deferred, signed, proven: each is explained as what it is")
def _(s, b):
    for kind, parts in (("evil", ("The policy says reject", "was told accept", "only watches")),
                        ("slow", ("Deferred", "451 4.7.1", "not a pass")),
                        ("ours", ("Accepted", "We signed it for ours.example:s1, ours.example:ed1")),
                        ("partner", ("no finding is grave enough",
                                     "proven to come from partner.example, by DKIM and SPF")),
                        ("invoice", ("Quarantined", "runs a macro by itself", "publishes no DMARC policy"))):
        open_message(b, s, s.mail(kind))
        why = b.texts(sel=".why")[0]
        for part in parts:
            holds(f"{kind}: {part!r} in {why!r}", part in why)


@row("without a report the message is explained by what history keeps")
def _(s, b):
    ids = [m["id"] for m in s.find(action="reject", limit=500)]
    bare = next(i for i in ids if s.ask(f"v1/messages/{i}")["report"] is None)
    open_message(b, s, bare)
    holds("why", "neither SPF nor DKIM proves" in b.texts(sel=".why")[0])
    expect("tree", len(b.texts(sel=".tree > li > ul > li")), 3)
    holds("said", "not kept" in b.texts(sel="section:has(#way)")[0])
    holds("remedy of the catalogue", "sign it with DKIM" in b.texts(sel=".finding")[0])


@row("a hostile message is text everywhere, what turns direction is seen, long words wrap")
def _(s, b):
    b.js(js="window.hacked = undefined")
    id_ = s.mail("evil")
    for place, wait in ((f"messages/{id_}", ".why"), ("messages", "a.mail"), ("live", "a.mail"),
                        ("monitor", ".suite"), ("domains/ours.example", ".history"), ("status", ".facts"),
                        ("monitor/inbound-verify", ".test-name")):
        at(b, s, place, wait)
        expect(f"{place}: nothing ran", b.js(js="window.hacked ?? null"), None)
        expect(f"{place}: no element of the mail",
               b.js(js="document.querySelectorAll('main img, main b:not(.legend-item b):not(.hop b)').length"), 0)
        holds(f"{place}: seen", b.js(js="document.querySelectorAll('main .hidden-char').length > 0"))
        raw = b.js(js="/[\\u202a-\\u202e\\u2066-\\u2069\\u200b]/.test(document.querySelector('main').innerText)")
        expect(f"{place}: raw controls", raw, False)
        no_sideways(b, place)
    open_message(b, s, id_)
    expect("title", "img" in b.js(js="document.title"), False)
    b.shot_of("hostile")


# ---- domains, monitor, status ----

@row("domains: grades, reports of others; one domain with history, sources, findings")
def _(s, b):
    at(b, s, "domains", ".audit")
    holds("grade", "Grade A" in b.js(js="document.querySelector('.audit').textContent"))
    b.click(sel='.audit:has-text("ours.example")')
    b.wait(sel='h1:has-text("ours.example")')
    b.wait(sel=".history li")
    settled(b)
    grades = b.js(js="[...document.querySelectorAll('.history .grade')].map(g => g.textContent)")
    expect("grades", [g.split()[-1] for g in grades], ["A", "C", "A", "A", "B"])
    holds("what was new", "posture.dmarc.policy-none" in b.texts(sel=".change.new")[0])
    sources = b.js(js="""[...document.querySelectorAll('[aria-label=Sources] tbody tr')]
        .map(r => r.innerText)""")
    expect("sources", len(sources), 4)
    holds(sources[2], "203.0.113.77" in sources[2] and "611 rejected, 300 quarantined" in sources[2])
    one = b.texts(sel=".finding")[0]
    holds(one, "failures of TLS" in one and "no TXT record" in one and "Publish a TLS-RPT record" in one)
    holds("a drawing", b.js(js="document.querySelector('.plot canvas') !== null"))
    tls = b.texts(sel="section:has(#tls)")[0]
    holds(tls, "4,137 sessions" in tls and "certificate-expired" in tls and "mx2.ours.example" in tls)


@row("monitor: the failed one first, why; its tests with their last runs, what changed and when")
def _(s, b):
    at(b, s, "monitor", ".suite")
    first = b.texts(sel=".suite")[0]
    holds(first, "inbound-verify" in first and "Failed" in first and "no message within 60 s" in first)
    b.until(js="document.querySelectorAll('.suite')[0].querySelectorAll('.strip > span').length === 3")
    strip = "document.querySelector('.strip').getAttribute('aria-label')"
    expect("the tests in words", b.js(js=strip), "3 tests: 1 failed, 1 undecided")
    expect("pending", "Not run yet" in b.texts(sel=".suite:has-text('new-one')")[0], True)
    b.click(sel=".suite >> nth=0")
    b.wait(sel=".tests li")
    tests = b.texts(sel=".tests li")
    holds(tests, "a signed message arrives" in tests[0] and "no message within 60 s" in tests[0])
    expect("order", [t.split("\n")[0] for t in tests], ["Failed", "Undecided", "Passed"])
    expect("runs in words", b.js(js=strip), "40 runs: 2 failed")
    settled(b)
    changes = b.texts(sel="section:has(#changes) li")
    expect("changes", [c.split("\n")[0] for c in changes], ["Undecided", "Failed", "Passed", "Undecided"])
    holds(changes[1], "before: passed" in changes[1])


@row("status: processes, clamd, feeds, history, hooks, signer")
def _(s, b):
    at(b, s, "status", ".facts")
    worker = b.texts(sel="tr:has(th:has-text('worker 2'))")[0]
    holds(worker, "running" in worker and "signal 9" in worker)
    for id_, part in (("clamd", "ClamAV 1.0.7"), ("intel", "HTTP 503"), ("resolver", "92 %"),
                      ("history", "918,233"), ("hooks", "connection refused"),
                      ("signer", "ed25519-sha256"), ("listeners", "8890"), ("queues", "of 400")):
        text = b.texts(sel=f"section:has(#{id_})")[0]
        holds(f"{id_}: {part!r} in {text!r}", part in text)


# ---- for everybody ----

@row("keyboard: pages, rows, search, back, help; the focus goes where one went")
def _(s, b):
    b.visit(url=s.url)
    b.wait(sel=".totals")
    b.press(key="Tab")
    expect("first", b.js(js="document.activeElement.className"), "skip")
    b.press(key="Enter")
    expect("skipped to", b.js(js="document.activeElement.id"), "main")
    b.press(key="3")
    b.wait(sel="a.mail")
    expect("page", b.js(js="[location.hash, document.activeElement.id]"), ["#/messages", "main"])
    b.press(key="j")
    b.press(key="j")
    b.press(key="k")
    b.press(key="j")
    second = b.js(js="[...document.querySelectorAll('a.mail')].indexOf(document.activeElement)")
    expect("row", second, 1)
    b.press(key="Enter")
    b.wait(sel=".why")
    b.press(key="Escape")
    b.wait(sel='h1:text-is("Messages")')
    b.press(key="/")
    expect("search", b.js(js="document.activeElement.id"), "search")
    b.press(key="5")
    expect("typing is typing", b.js(js="location.hash"), "#/messages")
    b.press(key="Escape")
    b.press(key="?")
    b.wait(sel="dialog[open]")
    b.press(key="Escape")
    b.wait(sel="dialog", state="detached")
    b.press(key="5")
    b.wait(sel=".suite")


@row("back leads to the search one came from")
def _(s, b):
    at(b, s, "messages?since=30d&domain=list.example", "a.mail")
    b.click(sel="a.mail >> nth=2")
    b.wait(sel=".why")
    b.click(sel=".crumb")
    b.wait(sel="a.mail")
    expect("search", b.value(sel="[name=domain]"), "list.example")


NAMELESS = """[...document.querySelectorAll('button, a, input, select, textarea, summary, [tabindex="0"], [role=img]')]
    .filter(e => !(e.getAttribute('aria-label') || e.title || e.textContent.trim() || e.labels?.length))
    .map(e => e.outerHTML.slice(0, 80))"""
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])"
IDS = """[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)"""
LOST = """[...document.querySelectorAll('[aria-labelledby], [aria-describedby]')]
    .flatMap(e => [e.getAttribute('aria-labelledby'), e.getAttribute('aria-describedby')])
    .filter(id => id !== null && document.getElementById(id) === null)"""
HEADLESS = "[...document.querySelectorAll('thead th')].filter(t => t.scope !== 'col').length"
SCROLLS = """[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1
    && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.tabIndex < 0).map(e => e.className)"""


@row("everything that one can use has a name; landmarks, headings in order, tables with heads")
def _(s, b):
    b.visit(url=s.url, width=800)
    id_ = s.mail("list")
    for place in (*PAGES, f"messages/{id_}"):
        at(b, s, place)
        expect(f"{place}: without a name", b.js(js=NAMELESS), [])
        levels = b.js(js=HEADINGS)
        expect(f"{place}: h1", levels.count(1), 1)
        holds(f"{place}: no level is left out: {levels}", all(y - x <= 1 for x, y in zip(levels, levels[1:])))
        expect(f"{place}: ids twice", b.js(js=IDS), [])
        expect(f"{place}: names that are not there", b.js(js=LOST), [])
        expect(f"{place}: heads without scope", b.js(js=HEADLESS), 0)
        expect(f"{place}: scrolls without the keyboard", b.js(js=SCROLLS), [])
        holds(f"{place}: title", place.split("?")[0].split("/")[0] in b.js(js="document.title").lower())
        for sel in ("header.bar", "nav[aria-label]", "main[aria-label]", "[role=status]"):
            holds(f"{place}: {sel}", b.js(js=f"document.querySelectorAll('{sel}').length > 0"))
    expect("language", b.js(js="document.documentElement.lang"), "en")


# Text against what lies below it, WCAG 2 1.4.3: 4.5, for large text 3.
CONTRAST = """(() => {
  const rgb = (c) => { const [r, g, b, a = 1] = c.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const below = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest('.sr, script, noscript, .skip') || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), a = light(rgb(style.color)), b = light(below(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.push([ratio.toFixed(2), e.textContent.slice(0, 30), e.className]);
  }
  return bad;
})()"""


@row("dark where the system is dark; contrast of every text on every page")
def _(s, b):
    luminance = ("(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor"
                 ".match(/\\d+/g).map(Number); return (r + g + b) / 3 })()")
    for dark in (False, True):
        b.visit(url=s.url, dark=dark)
        b.wait(sel=".totals")
        holds(f"dark: {dark}", b.js(js=luminance) < 60 if dark else b.js(js=luminance) > 200)
        for place in (*PAGES, *(f"messages/{s.mail(kind)}" for kind in KINDS)):
            at(b, s, place)
            expect(f"dark {dark}, {place}", b.js(js=CONTRAST), [])
            b.shot_of(f"{'dark' if dark else 'light'}-{place.split('?')[0].replace('/', '-')[:30]}")


BEYOND = """[...document.querySelectorAll('main *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .sr, .mail > span'))
    .map(e => e.className)"""


@row("360 pixels: every page, and nothing goes sideways")
def _(s, b):
    b.visit(url=s.url, width=360, height=740)
    b.wait(sel=".totals")
    for place in (*PAGES, *(f"messages/{s.mail(kind)}" for kind in ("list", "evil"))):
        at(b, s, place)
        no_sideways(b, place)
        expect(f"{place}: beyond the edge", b.js(js=BEYOND), [])
        b.shot_of(f"phone-{place.split('?')[0].replace('/', '-')[:30]}")
    b.press(key="?")
    b.wait(sel="dialog[open]")
    no_sideways(b, "help")


# ---- the API itself ----

@row("against the API itself: login, live, search, a message, monitor, domains, status")
def _(s, b):
    if PROBE is None:
        raise Skip("no probe was named")
    api = Api(s)
    try:
        with urllib.request.urlopen(api.url, timeout=LIMIT_S) as answer:
            for field, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")):
                expect(field, answer.headers[field], value)
            holds("policy", "trusted-types 'none'" in answer.headers["Content-Security-Policy"])
        b.visit(url=api.url)
        b.fill(sel="#token", text=api.token)
        b.press(key="Enter")
        b.wait(sel='.live:text-is("Live")')
        at(b, api, "live")
        api.mail("Plain hello")
        b.wait(sel='a.mail:has-text("Plain hello")')
        api.mail("<b>bold</b> <img src=x onerror=window.hacked=1>")
        b.wait(sel='a.mail:has-text("policy: reject")')
        b.press(key="1")
        b.wait(sel=".totals")
        settled(b)
        expect("totals", b.texts(sel=".total-number")[:2], ["2", "2"])
        holds("health", "clamd" in b.texts(sel=".parts")[0])
        at(b, api, "messages?domain=bank.example&action=reject", "a.mail")
        expect("found", len(b.texts(sel="a.mail")), 1)
        b.click(sel="a.mail")
        b.wait(sel=".why")
        why = b.texts(sel=".why")[0]
        holds(why, "The policy says reject" in why and "only watches" in why)
        expect("tree", len(b.texts(sel=".tree > li > ul > li")), 3)
        expect("no element of the mail", b.js(js="document.querySelectorAll('main img').length"), 0)
        at(b, api, "monitor", ".suite")
        holds("why", "got 451, wanted 250" in b.texts(sel=".suite")[0])
        at(b, api, "monitor/routes", ".tests li")
        expect("runs", b.js(js="document.querySelector('.tests .strip').getAttribute('aria-label')"), "3 runs: 1 failed")
        at(b, api, "domains/ours.example", ".history")
        expect("grades", [g.split()[-1] for g in b.texts(sel=".history .grade")], ["C", "A"])
        holds("source", "203.0.113.77" in b.texts(sel="[aria-label=Sources]")[0])
        at(b, api, "status", ".facts")
        holds("worker", "signal 9" in b.texts(sel="[aria-label=Processes]")[0])
        expect("nothing ran", b.js(js="window.hacked ?? null"), None)
        check_requests(b)
        if jsonschema is not None:
            ids = [m["id"] for m in api.find()]
            check_answers(api, document_of("api.openapi.yaml"), ids, "routes")
    finally:
        api.stop()


WEB = """milters:
  - {name: mta, listen: "unix:{dir}/milter", mode: inbound, subject_tag: "[odd] "}
http: {listen: "127.0.0.1:{port}", tokens: [{name: eyes, file: token, scopes: [read]}]}
history: {keep_reports: true}
"""


def daemon_with_page():
    """Serves on daemon.url; not started yet."""
    daemon = Serve(DAEMON, "")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    daemon.url = f"http://127.0.0.1:{port}/"
    daemon.write(WEB.replace("{port}", str(port)))
    path = os.path.join(daemon.dir, "token")
    with open(path, "w", encoding="ascii") as f:
        f.write(TOKEN + "\n")
    os.chmod(path, 0o600)
    return daemon


def deliver(daemon, raw, ip):
    with Milter(os.path.join(daemon.dir, "milter")) as m:
        m.connect(ip)
        m.helo()
        return m.deliver(raw)


@row("against the daemon: mail that an MTA hands over is seen, explained, and its processes too")
def _(s, b):
    if DAEMON is None:
        raise Skip("no daemon was named")
    with daemon_with_page() as daemon:
        b.visit(url=daemon.url + "#/live")
        b.fill(sel="#token", text=TOKEN)
        b.press(key="Enter")
        b.wait(sel='.live:text-is("Live")')
        forged = b"Authentication-Results: mx.example.org; spf=pass\r\n"
        deliver(daemon, forged + good("from ours"), "192.0.2.8")
        deliver(daemon, good("from elsewhere"), "203.0.113.9")
        b.wait(sel='a.mail:has-text("from ours"):has-text("Tagged")')
        b.click(sel='a.mail:has-text("from elsewhere"):has-text("Rejected")')
        b.wait(sel=".why")
        why = b.texts(sel=".why")[0]
        for part in ("550 5.7", "Nothing proves that it comes from good.example", "reject it"):
            holds(f"{part!r} in {why!r}", part in why)
        holds("finding", "auth.dmarc.fail" in b.texts(sel="section:has(#findings)")[0])
        b.shot_of("daemon-rejected")
        at(b, daemon, "messages?done=tag", "a.mail")
        b.click(sel='a.mail:has-text("from ours")')
        b.wait(sel=".why")
        holds("proven", "proven to come from good.example, by SPF" in b.texts(sel=".why")[0])
        edits = [e.split()[0] for e in b.texts(sel=".edits li")]
        holds(edits, edits[0] == "removed" and "replaced" in edits and edits[-1] == "added")
        expect("tree", len(b.texts(sel=".tree > li > ul > li")), 3)
        at(b, daemon, "overview", ".totals")
        expect("totals", b.texts(sel=".total-number")[:5], ["2", "0", "1", "0", "1"])
        b.shot_of("daemon-overview")
        at(b, daemon, "status", "[aria-label=Processes]")
        roles = b.texts(sel="[aria-label=Processes]")[0]
        for role in ("front", "worker"):
            holds(f"{role} in {roles!r}", role in roles)
        b.shot_of("daemon-status")
        for place in ("live", "domains", "monitor"):
            at(b, daemon, place)
        check_requests(b)


sys.exit(run_pages("dashboard", Mock))
