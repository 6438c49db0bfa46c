"""A capture server of its own for tests: started, asked, ended. Rows of TAP."""
import json
import os
import smtplib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE_S = 120


class Sink:
    """`mailproof sink` on free ports, in memory unless `store` names a directory."""

    def __init__(self, program, *options, store=None, token=None):
        self.folder = tempfile.TemporaryDirectory(prefix="mailproof-sink-")
        self.token = token
        where = os.path.join(self.folder.name, "sink.env")
        words = [program, "sink", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
                 "--format", "none", "--wait-file", where, *(["--memory"] if store is None else ["--store", store])]
        if token is not None:
            path = os.path.join(self.folder.name, "token")
            with open(path, "w", encoding="utf-8") as f:
                f.write(token + "\n")
            os.chmod(path, 0o600)
            words += ["--token-file", path]
        with open(os.path.join(self.folder.name, "stderr"), "wb") as log:
            self.process = subprocess.Popen([*words, *options], stdout=subprocess.DEVNULL,
                                            stderr=log, stdin=subprocess.DEVNULL)
        told = self.read(where)
        self.smtp, self.url = told["MAILPROOF_SINK_SMTP"], told["MAILPROOF_SINK_HTTP"]

    def read(self, where):
        """The file appears whole, when mail can be sent."""
        until = time.monotonic() + PATIENCE_S
        while not os.path.exists(where):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the sink did not start: " + self.log())
            time.sleep(0.02)
        with open(where, encoding="utf-8") as f:
            return dict(line.rstrip("\n").split("=", 1) for line in f)

    def log(self):
        with open(os.path.join(self.folder.name, "stderr"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def send(self, message, to, sender="bob@good.test"):
        host, port = self.smtp.rsplit(":", 1)
        with smtplib.SMTP(host, int(port), local_hostname="client.test", timeout=PATIENCE_S) as s:
            s.sendmail(sender, to, message)

    def ask(self, method, path, body=None, token=None, headers=()):
        """(status, headers, bytes), whatever the status."""
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(self.url + path, data=data, method=method)
        token = token or self.token
        if token is not None:
            request.add_header("Authorization", "Bearer " + token)
        for name, value in headers:
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read()

    def json(self, method, path, body=None, token=None):
        status, _, content = self.ask(method, path, body, token)
        return status, json.loads(content) if content else None

    def stop(self):
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.folder.cleanup()
        return code


class Rows:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, label, ok, note=""):
        self.n += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.n} - {label}", flush=True)
        if not ok and note != "":
            print("# " + str(note).replace("\n", "\n# ")[:2000])
        return ok

    def equal(self, label, got, wanted):
        return self.check(label, got == wanted, f"got {got!r}, wanted {wanted!r}")

    def done(self):
        print(f"1..{self.n}")
        return 1 if self.failed or self.n == 0 else 0
