#!/usr/bin/env python3
"""The API of a running sink: sink_api_test.py MAILPROOF   (TAP)

Each answer is held against the document that the server itself gives at /openapi.json, and the task
of docs/sink-api.md is walked from the inbox to its end.
"""
import json
import os
import sys
import threading

import sink_kit

try:
    import jsonschema
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not installed")
    sys.exit(0)

ZONE = ('$ORIGIN test.\ngood TXT "v=spf1 ip4:127.0.0.1 -all"\n_dmarc.good TXT "v=DMARC1; p=reject"\n')
MAIL = """From: =?utf-8?q?Caf=C3=A9?= <bob@good.test>
To: <{to}>
Cc: "Carol, C." <carol@other.test>
Subject: Your code
Message-ID: <{tag}@good.test>
Date: Sat, 28 Nov 2026 20:00:00 +0000
X-Mailproof-Tag: {tag}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>Your code is <b>481516</b>: <a href="https://good.test/c?x=1">confirm</a></p><script>x</script>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--b--
"""


def mail(to, tag):
    return MAIL.format(to=to, tag=tag).replace("\n", "\r\n").encode()


class Document:
    """What the server says that it answers."""

    def __init__(self, doc):
        self.doc = doc

    def follow(self, node):
        while "$ref" in node:
            target = self.doc
            for step in node["$ref"].split("/")[1:]:
                target = target[step.replace("~1", "/")]
            node = target
        return node

    def operation(self, method, path):
        """The most literal path that fits."""
        words, best = path.split("?")[0].split("/"), None
        for pattern in self.doc["paths"]:
            parts = pattern.split("/")
            if len(parts) == len(words) and all(p == w or p.startswith("{")
                                                for p, w in zip(parts, words)):
                if best is None or pattern.count("{") < best.count("{"):
                    best = pattern
        return self.doc["paths"][best][method.lower()]

    def problem(self, method, path, status, headers, content):
        """Why the answer is none that the document tells; "" when it is."""
        answers = self.operation(method, path)["responses"]
        if str(status) not in answers:
            return f"{method} {path}: status {status} is not in the document"
        told = self.follow(answers[str(status)]).get("content")
        kind = (headers.get("Content-Type") or "").split(";")[0]
        if told is None:
            return "" if content == b"" else f"{method} {path}: a body that the document does not tell"
        if kind not in told and "*/*" not in told:
            return f"{method} {path}: {kind} is not in the document"
        if not kind.endswith("json"):
            return ""
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema",
                  "allOf": [told[kind]["schema"]], "components": self.doc["components"]}
        errors = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(content))
        return "\n".join(f"{method} {path}: {list(e.absolute_path)}: {e.message[:300]}"
                         for e in errors)


class Asker:
    def __init__(self, rows, sink, document):
        self.rows, self.sink, self.document = rows, sink, document

    def __call__(self, method, path, wanted, body=None, token=None):
        status, headers, content = self.sink.ask(method, path, body, token)
        self.rows.equal(f"{method} {path}: {wanted}", status, wanted)
        problem = self.document.problem(method, path, status, headers, content)
        self.rows.check(f"{method} {path}: as the document says", problem == "", problem)
        kind = headers.get("Content-Type") or ""
        return json.loads(content) if "json" in kind and content else content


def walk_inbox(rows, sink, ask):
    """The task of docs/sink-api.md."""
    box = ask("POST", "/v1/inboxes", 201, {"name": "sign-up", "ttl": "10m"})
    id_, token = box["id"], box["token"]
    answers = []
    waiter = threading.Thread(target=lambda: answers.append(
        ask("GET", f"/v1/inboxes/{id_}/wait?subject=code&timeout=60s", 200, token=token)))
    waiter.start()
    ask("PUT", "/v1/sent/mp-7", 204, mail(box["address"], "mp-7"), token)
    sink.send(mail(box["address"], "mp-7"), [box["address"]])
    waiter.join()
    got = answers[0]
    rows.equal("the waiting client has the mail", got["tag"], "mp-7")
    rows.equal("its code", got["codes"][:1], ["481516"])
    rows.equal("its link", got["links"], ["https://good.test/c?x=1"])
    rows.equal("SPF and DMARC of what came from 127.0.0.1",
               (got["authentication"]["spf"]["result"], got["authentication"]["dmarc"]["result"]),
               ("pass", "pass"))
    rows.check("nothing but what the server added is altered", got["altered"]["body_intact"],
               got["altered"])
    rows.equal("its attachment", [p["filename"] for p in got["attachments"]], ["a.pdf"])
    return box, got


def script_failure(rows, sink, ask, box):
    id_, token = box["id"], box["token"]
    rule = [{"rcpt": "451 4.7.1 later", "times": 1}]
    ask("PUT", f"/v1/inboxes/{id_}/script", 204, rule, token)
    rows.equal("the script is told as it was put", ask("GET", f"/v1/inboxes/{id_}/script", 200,
                                                       token=token), rule)
    to = box["address"].replace("@", "+retry@")
    for _ in range(2):
        try:
            sink.send(mail(to, "mp-8"), [to])
        except sink_kit.smtplib.SMTPRecipientsRefused as e:
            rows.equal("the first attempt is deferred", e.recipients[to][0], 451)
    got = ask("GET", f"/v1/inboxes/{id_}/wait?tag=mp-8&timeout=60s", 200, token=token)
    rows.equal("the second is taken, and counted", got["delivery"]["attempts"], 2)
    attempts = ask("GET", f"/v1/inboxes/{id_}/attempts?q=rcpt:{to.replace('+', '%2B')}", 200,
                   token=token)
    rows.equal("both are listed", [a["outcome"] for a in attempts["attempts"]],
               ["accepted", "deferred"])
    ask("PUT", f"/v1/inboxes/{id_}/script", 400, [{"rcpt": "451 x", "tims": 1}], token)
    ask("DELETE", f"/v1/inboxes/{id_}/script", 204, token=token)


def look_at_all(ask, box, got):
    id_, token, message = box["id"], box["token"], got["id"]
    for path in ("/", "/openapi.json", "/metrics", "/v1/health", "/v1/ready", "/v1/info",
                 "/v1/inboxes", f"/v1/inboxes/{id_}", "/v1/inboxes/default",
                 f"/v1/inboxes/{id_}/messages", "/v1/messages?limit=1", "/v1/attempts",
                 f"/v1/messages/{message}", f"/v1/messages/{message}/raw",
                 f"/v1/messages/{message}/html", f"/v1/messages/{message}/transcript",
                 f"/v1/messages/{message}/parts/2", "/livez", "/readyz", "/api/v1/info",
                 "/api/v1/webui", "/api/v1/tags", "/api/v1/messages", "/api/v1/search?query=code",
                 "/api/v1/message/latest", "/api/v1/message/latest/headers",
                 "/api/v1/message/latest/raw", "/api/v1/message/latest/part/2"):
        ask("GET", path, 200)
    ask("GET", "/v1/messages/wait?tag=none&timeout=0", 204)
    ask("GET", "/v1/messages/none", 404)
    ask("GET", "/v1/messages?limit=x", 400)
    ask("GET", "/v1/info", 401, token="wrong")
    ask("GET", "/metrics", 403, token=token)
    ask("GET", "/v1/inboxes/default/messages", 404, token=token)
    ask("POST", "/v1/inboxes", 409, {"id": id_})
    ask("POST", f"/v1/messages/{message}/release", 403, {"to": ["a@good.test"]})
    ask("PUT", f"/v1/messages/{message}/seen", 204, {"seen": True})
    ask("PUT", "/api/v1/messages", 200, {"Read": False})
    ask("DELETE", f"/v1/messages/{message}", 204)
    ask("DELETE", "/v1/messages?q=code", 200)
    ask("DELETE", "/api/v1/messages", 200, {"IDs": ["none"]})
    ask("DELETE", f"/v1/inboxes/{id_}", 204, token=token)
    ask("GET", f"/v1/inboxes/{id_}", 404)


def refused_starts(rows, program):
    for label, options, word in (
            ("a wider bind without a token", ["--http", "0.0.0.0:0"], "token"),
            ("a relay without a list", ["--http", "127.0.0.1:0", "--release-via", "127.0.0.1:25"],
             "--release-allow"),
            ("a list without a relay", ["--http", "127.0.0.1:0", "--release-allow", "good.test"],
             "--release-via"),
            ("a token file that is not there", ["--http", "127.0.0.1:0", "--token-file", "/nonexistent/x"],
             "/nonexistent/x")):
        done = sink_kit.subprocess.run([program, "sink", "--memory", "--listen", "127.0.0.1:0",
                                        *options], capture_output=True, text=True, check=False,
                                       timeout=sink_kit.PATIENCE_S)
        rows.equal(f"{label}: exit code", done.returncode, 2)
        rows.check(f"{label}: says so", word in done.stderr, done.stderr)


def main(program):
    program, rows = os.path.abspath(program), sink_kit.Rows()
    with sink_kit.tempfile.TemporaryDirectory(prefix="mailproof-api-") as folder:
        zone = os.path.join(folder, "zone")
        with open(zone, "w", encoding="utf-8") as f:
            f.write(ZONE)
        sink = sink_kit.Sink(program, "--zone", zone)
        try:
            _, document = sink.json("GET", "/openapi.json")
            ask = Asker(rows, sink, Document(document))
            box, got = walk_inbox(rows, sink, ask)
            script_failure(rows, sink, ask, box)
            look_at_all(ask, box, got)
        finally:
            rows.equal("it ends in order", sink.stop(), 0)
    refused_starts(rows, program)
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
