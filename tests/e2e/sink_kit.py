"""A capture server of its own for tests: started, asked, spoken to, ended. Rows of TAP."""
import json
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE_S = 120
NPM_PATIENCE_S = 120
CLIENT = "client.test"


class Sink:
    """`mailproof sink` on free ports, in memory unless `store` names a directory."""

    def __init__(self, program, *options, store=None, token=None, before=()):
        """`before`: words in front of the command, as of a program that runs it."""
        self.folder = tempfile.TemporaryDirectory(prefix="mailproof-sink-")
        self.token = token
        where = os.path.join(self.folder.name, "sink.env")
        words = [*before, program, "sink", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
                 "--format", "none", "--wait-file", where,
                 *(["--memory"] if store is None else ["--store", store])]
        if token is not None:
            path = os.path.join(self.folder.name, "token")
            with open(path, "w", encoding="utf-8") as f:
                f.write(token + "\n")
            os.chmod(path, 0o600)
            words += ["--token-file", path]
        with open(os.path.join(self.folder.name, "stderr"), "wb") as log:
            self.process = subprocess.Popen([*words, *options], stdout=subprocess.DEVNULL,
                                            stderr=log, stdin=subprocess.DEVNULL)
        self.told = self.read(where)
        self.smtp, self.url = self.told["MAILPROOF_SINK_SMTP"], self.told["MAILPROOF_SINK_HTTP"]
        self.context = None

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
        with smtplib.SMTP(*address(self.smtp), local_hostname=CLIENT, timeout=PATIENCE_S) as s:
            s.sendmail(sender, to, message)

    def trust(self):
        """For clients that believe its certificate, as they would an authority's."""
        context = ssl.create_default_context(cafile=self.told["MAILPROOF_SINK_CA"])
        context.check_hostname = False
        return context

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
            with urllib.request.urlopen(request, timeout=PATIENCE_S,
                                        context=self.context) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read()

    def json(self, method, path, body=None, token=None):
        status, _, content = self.ask(method, path, body, token)
        return status, json.loads(content) if content else None

    def messages(self, search="", inbox=None, token=None):
        """All that match, newest first, page by page; each once."""
        start = "/v1/messages" if inbox is None else f"/v1/inboxes/{inbox}/messages"
        found, cursor = [], ""
        while True:
            query = urllib.parse.urlencode({"q": search, "limit": 500} | (
                {"cursor": cursor} if cursor else {}))
            status, page = self.json("GET", f"{start}?{query}", token=token)
            if status != 200:
                raise RuntimeError(f"{start}?{query}: {status}: {page}")
            found += page["messages"]
            cursor = page["next"]
            if cursor is None:
                return found

    def raw(self, id_):
        status, _, content = self.ask("GET", f"/v1/messages/{id_}/raw")
        return content if status == 200 else None

    def message(self, id_):
        return self.json("GET", f"/v1/messages/{id_}")[1]

    def counters(self):
        return self.json("GET", "/v1/info")[1]["counters"]

    def kill(self):
        """As a power cut does, but for the kernel's memory."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.folder.cleanup()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.folder.cleanup()
        return code


def eventually(get, wanted):
    """What `get` tells once it is `wanted`, else its last answer: for what others do meanwhile."""
    until = time.monotonic() + PATIENCE_S
    while (got := get()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return got


def address(where):
    """"127.0.0.1:25" as Python's sockets want it."""
    host, port = where.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Talk:
    """One connection, spoken by hand."""

    def __init__(self, where, tls=None, name="localhost", patience=PATIENCE_S):
        self.socket = socket.create_connection(address(where), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.got = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def line(self):
        """Without its end; "" when the server has closed."""
        while b"\n" not in self.got:
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                rest, self.got = self.got, b""
                return rest.decode(errors="replace")
            self.got += more
        line, self.got = self.got.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def reply(self):
        """All lines of one, joined; "" when the server has closed."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def replies(self, n):
        return [self.reply() for _ in range(n)]

    def ask(self, command):
        return self.send(command.encode() + b"\r\n").reply()

    def hello(self, verb="EHLO"):
        """The greeting, and what is offered."""
        return self.reply(), self.ask(f"{verb} {CLIENT}")

    def envelope(self, to, sender="bob@good.test"):
        """The replies to MAIL and each RCPT, sent one by one."""
        return [self.ask(f"MAIL FROM:<{sender}>")] + [self.ask(f"RCPT TO:<{one}>") for one in to]

    def message(self, content):
        """The replies to DATA and to the end of the message."""
        first = self.ask("DATA")
        if not first.startswith("354"):
            return first
        return self.send(content + b".\r\n").reply()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def rest(self):
        """All that comes until the server closes."""
        lines = []
        while (line := self.line()) != "":
            lines.append(line)
        return lines


def npm_install(package, folder):
    """Did it come? No: no node, npm, or registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    try:
        done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                               "--ignore-scripts", package], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=NPM_PATIENCE_S, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


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

    def starts(self, label, got, *wanted):
        """Replies, each by its begin."""
        got = [got] if isinstance(got, str) else got
        return self.check(label, len(got) == len(wanted) and
                          all(g.startswith(w) for g, w in zip(got, wanted)),
                          f"got {got!r}, wanted {wanted!r}")

    def skip(self, label, why):
        self.n += 1
        print(f"ok {self.n} - {label} # SKIP {why}", flush=True)

    def done(self):
        print(f"1..{self.n}")
        return 1 if self.failed or self.n == 0 else 0
