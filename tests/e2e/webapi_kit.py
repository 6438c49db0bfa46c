"""An API of the daemon for tests: started with a zone, asked, ended; and its document, which every
answer is held against."""
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile

PATIENCE_S = 120
TOKENS = {name: f"{name}-token-0123456789" for name in ("scan", "read", "metrics", "admin")}
ZONE = """$ORIGIN test.
good TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.good TXT "v=DMARC1; p=reject"
"""


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
        """Of the most literal path that fits."""
        words, best = path.split("?")[0].split("/"), None
        for pattern in self.doc["paths"]:
            parts = pattern.split("/")
            if len(parts) == len(words) and all(p == w or p.startswith("{")
                                                for p, w in zip(parts, words)):
                if best is None or pattern.count("{") < best.count("{"):
                    best = pattern
        return self.doc["paths"].get(best, {}).get(method.lower())

    def problem(self, method, path, status, headers, content):
        """Why the answer is none that the document tells; "" when it is."""
        import jsonschema
        operation = self.operation(method, path)
        if operation is None:
            return "" if status in (404, 405) else f"{method} {path}: not in the document"
        answers = operation["responses"]
        if str(status) not in answers:
            return f"{method} {path}: status {status} is not in the document"
        told = self.follow(answers[str(status)]).get("content")
        kind = (headers.get("Content-Type") or "").split(";")[0]
        if kind not in told:
            return f"{method} {path}: {kind} is not in the document"
        if not kind.endswith("json"):
            return ""
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema",
                  "allOf": [told[kind]["schema"]], "components": self.doc["components"]}
        errors = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(content))
        return "\n".join(f"{method} {path}: {list(e.absolute_path)}: {e.message[:300]}"
                         for e in errors)


class Api:
    def __init__(self, program, *options, zone=ZONE, wrapper=()):
        self.folder = tempfile.mkdtemp(prefix="mailproof-webapi-")
        path = os.path.join(self.folder, "zone")
        with open(path, "w", encoding="utf-8") as f:
            f.write(zone)
        self.history = os.path.join(self.folder, "history")
        self.tls = "tls" in options
        self.process = subprocess.Popen([*wrapper, program, path, self.history, *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline() or 0)
        if self.port == 0:
            raise RuntimeError("the server did not start")

    def connect(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S,
                                           context=context)

    def ask(self, method, path, body=None, token=None, headers=()):
        """Status, headers, content."""
        fields = dict(headers)
        if token is not None:
            fields["Authorization"] = f"Bearer {TOKENS.get(token, token)}"
        if isinstance(body, (dict, list)):
            body, fields["Content-Type"] = json.dumps(body).encode(), "application/json"
        c = self.connect()
        try:
            c.putrequest(method, path)
            for name, value in fields.items():
                for one in value if isinstance(value, list) else [value]:
                    c.putheader(name, one)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()

    def go(self):
        """Scans that wait go on."""
        with open(os.path.join(self.history, "go"), "w", encoding="utf-8"):
            pass

    def end(self):
        """Drains; what the server says at its end, and its code."""
        self.process.stdin.close()
        said = self.process.stdout.read().decode().split()
        code = self.process.wait(PATIENCE_S)
        return said, code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
