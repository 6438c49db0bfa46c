#!/usr/bin/env python3
"""The HTTP API of the daemon, with the real engine behind it: webapi_test.py WEBAPI_SERVER   (TAP)

Each answer is held against the document that the server gives at /openapi.json; hostile, slow and
many clients must not keep others from theirs.
"""
import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading

from rows import expect, holds, row, run_rows
from webapi_kit import PATIENCE_S, TOKENS, Api, Document

try:
    import jsonschema  # noqa: F401
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not installed")
    sys.exit(0)

PROGRAM = sys.argv[1]
GOOD = (b"From: Bob <bob@good.test>\r\nTo: ann@example.org\r\nSubject: hello\r\n"
        b"Date: Sat, 28 Nov 2026 20:00:00 +0000\r\nMessage-ID: <1@good.test>\r\n\r\nhello\r\n")
ENVELOPE = "ip=192.0.2.1&helo=mx.good.test&mail_from=bob%40good.test&rcpt=ann%40example.org"
FORGED = ENVELOPE.replace("192.0.2.1", "192.0.2.2")


class World:
    def __init__(self):
        self.api = Api(PROGRAM)
        self.document = Document(json.loads(self.api.ask("GET", "/openapi.json")[2]))

    def ask(self, method, path, wanted, body=None, token=None, headers=(), api=None):
        """The answer as JSON or bytes; its status and form as the document tells."""
        status, fields, content = (api or self.api).ask(method, path, body, token, headers)
        expect(f"{method} {path}: {content[:300]!r}", status, wanted)
        problem = self.document.problem(method, path, status, fields, content)
        holds(problem, problem == "")
        self.headers = fields
        return json.loads(content) if "json" in (fields.get("Content-Type") or "") else content


world = World()


@row("the document is a valid one, and knows each route of the server")
def _():
    for path, operations in world.document.doc["paths"].items():
        for method in operations:
            target = re.sub(r"\{\w+\}", "x", path)
            status = world.api.ask(method.upper(), target, b"" if method == "post" else None)[0]
            holds(f"{method} {target}: {status}", status not in (404, 405) or target == "/")
    for name, schema in world.document.doc["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)


@row("a raw message with its envelope: the report")
def _():
    report = world.ask("POST", "/v1/scan?" + ENVELOPE, 200, GOOD, "scan",
                       {"Content-Type": "message/rfc822"})
    expect("SPF", report["authentication"]["spf"]["result"], "pass")
    expect("DMARC", report["authentication"]["dmarc"]["result"], "pass")
    expect("action", world.headers["X-Mailproof-Action"], "accept")
    mail = world.ask("GET", "/v1/messages/" + world.headers["X-Mailproof-Id"], 200, token="read")
    expect("the same in history", mail["report"]["findings"], report["findings"])
    expect("its recipient", mail["mail"]["rcpt_to"], ["ann@example.org"])


@row("a forged one is refused, in each form alike")
def _():
    fields = dict(p.split("=") for p in FORGED.replace("%40", "@").split("&"))
    boundary = "x" * 20
    form = "".join(f"--{boundary}\r\nContent-Disposition: form-data; name=\"{k}\"\r\n\r\n{v}\r\n"
                   for k, v in {**fields, "message": GOOD.decode()}.items()) + f"--{boundary}--\r\n"
    reports = [
        world.ask("POST", "/v1/scan?" + FORGED, 200, GOOD, "scan"),
        world.ask("POST", "/v1/scan", 200, {"message": GOOD.decode(), "envelope": fields}, "scan"),
        world.ask("POST", "/v1/scan", 200, {"message_base64": base64.b64encode(GOOD).decode(),
                                            "envelope": {**fields, "rcpt": [fields["rcpt"]]}}, "scan"),
        world.ask("POST", "/v1/scan", 200, form.encode(), "scan",
                  {"Content-Type": f"multipart/form-data; boundary={boundary}"}),
    ]
    for report in reports:
        expect("verdict", report["verdict"]["action"], "reject")
        expect("findings", report["findings"], reports[0]["findings"])
        expect("message", report["message"]["sha256"], reports[0]["message"]["sha256"])


@row("answers to what is wrong are problem documents")
def _():
    for path, status, body, token, headers in (
            ("/v1/scan", 401, GOOD, None, {}), ("/v1/scan", 401, GOOD, "nonsense", {}),
            ("/v1/scan", 403, GOOD, "read", {}), ("/v1/scan?ip=x", 400, GOOD, "scan", {}),
            ("/v1/scan", 400, b"", "scan", {}),
            ("/v1/scan", 415, GOOD, "scan", {"Content-Type": "image/png"}),
            ("/v1/policy/test", 422, {"policy": "rulez:", "message": "x"}, "scan", {}),
            ("/v1/policy/test", 404, {"policy": "", "id": "x"}, "admin", {})):
        problem = world.ask("POST", path, status, body, token, headers)
        expect("status in it", problem["status"], status)
    world.ask("GET", "/v1/messages/x", 404, token="read")
    world.ask("GET", "/v1/reports/dmarc", 404, token="read")


@row("an asynchronous scan: accepted, waited for, found")
def _():
    told = world.ask("POST", "/v1/scan?async=1&" + ENVELOPE, 202, GOOD, "scan")
    expect("location", world.headers["Location"], told["location"])
    done = world.ask("GET", told["location"] + "?wait=60s", 200, token="scan")
    expect("state", done["state"], "done")
    jsonschema.Draft202012Validator({**world.document.doc["components"]["schemas"]["mailproof-report-1"],
                                     "components": world.document.doc["components"]}).validate(
        done["report"])


@row("history: search by what was seen, pages, numbers")
def _():
    page = world.ask("GET", "/v1/messages?action=reject&domain=good.test&limit=2", 200, token="read")
    expect("two of them", len(page["messages"]), 2)
    rest = world.ask("GET", "/v1/messages?action=reject&limit=500&cursor=" + page["next"], 200,
                     token="read")
    expect("the other two", len(rest["messages"]), 2)
    expect("no more", rest["next"], None)
    traffic = world.ask("GET", "/v1/stats/traffic?since=2h&step=1h", 200, token="read")
    expect("refused", traffic["totals"]["reject"], 4)
    domains = world.ask("GET", "/v1/stats/domains", 200, token="read")["domains"]
    expect("by domain", (domains[0]["domain"], domains[0]["dmarc"]["fail"]), ("good.test", 4))
    top = world.ask("GET", "/v1/stats/findings", 200, token="read")["findings"]
    holds("the finding", "auth.dmarc.fail" in [f["id"] for f in top])
    for path in ("/v1/monitor", "/v1/audits", "/v1/findings", "/v1/findings/auth.dmarc.fail",
                 "/v1/session", "/v1/events?types=none"):
        world.ask("GET", path, 400 if "none" in path else 200, token="read")


@row("a policy on trial: of a message, and of a mail of history")
def _():
    fields = dict(p.split("=") for p in FORGED.replace("%40", "@").split("&"))
    lax = "follow_dmarc: false\nrules: [{finding: 'auth.*', action: tag}]"
    before = len(world.ask("GET", "/v1/messages?limit=500", 200, token="read")["messages"])
    for policy, action in (("", "reject"), (lax, "tag")):
        told = world.ask("POST", "/v1/policy/test", 200,
                         {"policy": policy, "message": GOOD.decode(), "envelope": fields}, "scan")
        expect("of a message", told["verdict"]["action"], action)
    refused = world.ask("GET", "/v1/messages?action=reject", 200, token="read")["messages"]
    expect("nothing is kept of it",
           len(world.ask("GET", "/v1/messages?limit=500", 200, token="read")["messages"]), before)
    told = world.ask("POST", "/v1/policy/test", 200, {"policy": lax, "id": refused[0]["id"]}, "admin")
    expect("of the past", (told["verdict"]["action"], told["before"], told["source"]),
           ("tag", "reject", "report"))


@row("rspamd's clients get an answer that they know")
def _():
    head = {"IP": "192.0.2.2", "Helo": "mx.good.test", "From": "bob@good.test",
            "Rcpt": ["ann@example.org", "carl@example.org"], "Queue-Id": "4bXyz", "Pass": "all",
            "Password": TOKENS["scan"]}
    told = world.ask("POST", "/checkv2", 200, GOOD, headers=head)
    expect("action", (told["action"], told["is_skipped"]), ("reject", False))
    holds("symbols", {"R_SPF_FAIL", "DMARC_POLICY_REJECT", "AUTH_DMARC_FAIL"} <= set(told["symbols"]))
    holds("the score is beyond the limit", told["score"] >= told["required_score"])
    told = world.ask("POST", "/checkv2", 200, GOOD, headers={**head, "IP": "192.0.2.1"})
    expect("action", told["action"], "no action")
    mail = world.ask("GET", "/v1/messages/" + world.headers["X-Mailproof-Id"], 200, token="read")["mail"]
    expect("history", (mail["queue_id"], mail["mode"], mail["rcpt_count"]), ("4bXyz", "inbound", 2))


@row("metrics: each line is one of the format, each series was there before any mail")
def _():
    sample = re.compile(r'[a-z_]+(\{([a-z]+="[A-Za-z0-9+._-]*",?)+\})? [0-9.]+')
    fresh = Api(PROGRAM)
    try:
        first = world.ask("GET", "/metrics", 200, token="metrics", api=fresh).decode()
    finally:
        fresh.close()
    now = world.ask("GET", "/metrics", 200, token="metrics").decode()
    names = [[line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
             for text in (first, now)]
    expect("series", names[0], names[1])
    expect("no series twice", len(set(names[0])), len(names[0]))
    for line in now.splitlines():
        holds(line, line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line))
    holds("no address, no domain of a mail", "192.0.2" not in now and "good.test" not in now)


@row("the live stream tells of a mail")
def _():
    c = world.api.connect()
    c.request("GET", "/v1/events?types=mail&action=reject",
              headers={"Authorization": "Bearer " + TOKENS["read"]})
    stream = c.getresponse()
    expect("type", stream.headers["Content-Type"], "text/event-stream")
    while stream.readline().strip():  # "retry:", an empty line
        pass
    world.ask("POST", "/v1/scan?" + ENVELOPE, 200, GOOD, "scan")
    world.ask("POST", "/v1/scan?" + FORGED, 200, GOOD, "scan")
    expect("event", stream.readline(), b"event: mail\n")
    mail = json.loads(stream.readline().partition(b"data: ")[2])
    expect("the refused one alone", mail["action"], "reject")
    schema = {"allOf": [{"$ref": "#/components/schemas/Mail"}],
              "components": world.document.doc["components"]}
    jsonschema.Draft202012Validator(schema).validate(mail)
    c.close()


# ---- clients that are slow, many, or hostile ----

def raw(api, data):
    s = socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE_S)
    s.sendall(data)
    return s


HEAD = (f"POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKENS['scan']}\r\n"
        ).encode()


@row("slow clients hold nobody up: half a head, half a body, an answer that is not read")
def _():
    slow = [raw(world.api, HEAD[:40]) for _ in range(100)]
    slow += [raw(world.api, HEAD + b"Content-Length: 1000\r\n\r\nhalf") for _ in range(100)]
    slow += [raw(world.api, f"GET /v1/findings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                 f"{TOKENS['read']}\r\n\r\n".encode() * 20) for _ in range(50)]
    for _ in range(20):
        world.ask("POST", "/v1/scan?" + ENVELOPE, 200, GOOD, "scan")
    expect("scans of half requests",
           json.loads(world.api.ask("GET", "/v1/status", token="read")[2])["http"]["scans_running"], 0)
    for s in slow:
        s.close()


@row("all places are taken: the rest of the API answers, and each scan is judged in its turn")
def _():
    api = Api(PROGRAM, "slow", "scans", "2")
    results = []
    try:
        threads = [threading.Thread(target=lambda: results.append(
            api.ask("POST", "/v1/scan?" + ENVELOPE, GOOD, "scan")[0])) for _ in range(30)]
        for t in threads:
            t.start()
        while True:
            http = json.loads(api.ask("GET", "/v1/status", token="read")[2])["http"]
            if http["scans_running"] + http["scans_waiting"] == 30:
                break
        expect("at once", http["scans_running"], 2)
        expect("health", api.ask("GET", "/health")[0], 200)
        api.go()
        for t in threads:
            t.join()
        expect("all judged", results, [200] * 30)
    finally:
        api.close()


@row("a stop lets what runs end, and is told so")
def _():
    api = Api(PROGRAM, "slow", "scans", "1")
    results = []
    try:
        threads = [threading.Thread(target=lambda: results.append(
            api.ask("POST", "/v1/scan?" + ENVELOPE, GOOD, "scan")[0])) for _ in range(5)]
        for t in threads:
            t.start()
        while True:
            http = json.loads(api.ask("GET", "/v1/status", token="read")[2])["http"]
            if http["scans_running"] + http["scans_waiting"] == 5:
                break
        api.process.stdin.close()
        expect("it ends", api.process.stdout.readline(), b"ending\n")
        api.go()
        said = api.process.stdout.read().decode().strip()
        for t in threads:
            t.join()
        expect("what ran was answered", results, [200] * 5)
        expect("said", (said, api.process.wait(PATIENCE_S)), ("drained", 0))
    finally:
        api.close()


@row("hostile requests: no crash, an answer or an end")
def _():
    deep = b"[" * 200000
    cases = [
        HEAD + b"Connection: close\r\nContent-Length: 99999999999\r\n\r\n",
        HEAD + b"Connection: close\r\nContent-Length: -1\r\n\r\n",
        HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        HEAD + b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: "
        + str(len(deep)).encode() + b"\r\n\r\n" + deep,
        HEAD + b"Content-Type: multipart/form-data; boundary=" + b"x" * 8000
        + b"\r\nConnection: close\r\nContent-Length: 1\r\n\r\n-",
        b"GET /v1/messages?" + b"&".join(b"a%d=" % i for i in range(2000)) + b" HTTP/1.1\r\n"
        b"Host: localhost\r\nConnection: close\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00" + bytes(512),
        b"GET http://localhost/%2e%2e/%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST /checkv2 HTTP/1.1\r\nHost: localhost\r\nPassword: " + TOKENS["scan"].encode() + b"\r\n"
        + b"Rcpt: a\r\n" * 1500 + b"Connection: close\r\nContent-Length: 1\r\n\r\nx",
    ]
    for data in cases:
        try:
            s = raw(world.api, data)
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := s.recv(65536):
                answer += piece
            s.close()
            holds(f"{data[:60]!r}: {answer[:60]!r}",
                  answer == b"" or re.match(rb"HTTP/1\.[01] (4|5)\d\d ", answer))
        except OSError:
            pass  # it was ended while we wrote
    world.ask("POST", "/v1/scan?" + ENVELOPE, 200, GOOD, "scan")


@row("a message that is too deep, too odd or not one at all is judged like any other")
def _():
    for body in (b"\0" * 1000, b"\xff" * 1000, b"From: " + b"<" * 5000, b"a: b\r\n" * 5000,
                 b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 5000):
        world.ask("POST", "/v1/scan", 200, body, "scan")


@row("TLS, with a certificate from outside")
def _():
    folder = world.api.folder
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                    "-out", cert, "-keyout", key], check=True, stderr=subprocess.DEVNULL)
    api = Api(PROGRAM, "tls", cert, key)
    try:
        world.ask("POST", "/v1/scan?" + ENVELOPE, 200, GOOD, "scan", api=api)
        s = raw(api, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        holds("plain HTTP gets nothing", b"200" not in s.recv(1000))
        s.close()
    finally:
        api.close()


@row("a token that asks too often, and guesses")
def _():
    api = Api(PROGRAM, "rate", "6")
    try:
        codes = [api.ask("GET", "/v1/session", token="read")[0] for _ in range(4)]
        holds(str(codes), codes[0] == 200 and codes[-1] == 429)
        told = world.ask("GET", "/v1/session", 429, token="read", api=api)
        holds("when to come again", int(world.headers["Retry-After"]) > 0 and "token" in told["detail"])
        codes = [api.ask("GET", "/v1/session", token=f"guess-{i}-0123456789")[0] for i in range(15)]
        expect("guesses", codes, [401] * 10 + [429] * 5)
        expect("open addresses do not count", api.ask("GET", "/health")[0], 200)
    finally:
        api.close()


@row("the server ends well")
def _():
    expect("said, code", world.api.end(), (["ending", "drained"], 0))
    world.api.close()


sys.exit(run_rows())
