#!/usr/bin/python3
"""Flat memory and descriptors: serve_soak.py MAILPROOF [options]. Mixed mail goes through the daemon by
milter and HTTP, for long; what each of its roles holds is looked at twice a second.

  --messages N   so many (5000)
  --minutes M    ends by then, if not all are through
  --every S      a line of the table all so many seconds (60)
  --only-loss    memory is not judged (a sanitizer keeps what was freed)

It fails when a message has another answer than the first time or none, when the daemon's own count is
another one, when a process ended, when memory or descriptors are more in the last quarter than in the
second one, or when the history outgrows its limit. Prints TAP and a table; long runs for docs/benchmarks.md."""
import argparse
import base64
import collections
import glob
import http.client
import itertools
import json
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
from milter_kit import Milter  # noqa: E402
from rows import expect, holds, row, run_rows  # noqa: E402
from serve_kit import ZONE, Serve  # noqa: E402

SENDERS, PATIENCE_S = 4, 60
# Growth from the second quarter to the last: what caches, arenas and the measure itself may take.
MEMORY_SHARE, MEMORY_BYTES = 0.10, 16 << 20
DESCRIPTORS = 16
HISTORY_BYTES, HISTORY_SHARE = 64 << 20, 1.25
CORPUS_FILES, CORPUS_BYTES = 300, 200_000
FIELD_BYTES = 60_000
SAMPLE_S = 0.5
POLICY = "undecided: tag\n"   # what ends at a limit is not put off: so what is has a fault of ours
TOKEN = "a-token-for-the-soak-0123456789"
GOOD, FORGER, OWN = "192.0.2.8", "203.0.113.9", "127.0.0.1"
CONFIG = f"""policy: policy.yaml
milters:
  - {{name: mta, listen: "unix:{{dir}}/milter", subject_tag: "[odd] "}}
http:
  listen: 127.0.0.1:{{port}}
  tokens: [{{name: soak, file: token, scopes: [scan, read, metrics]}}]
history: {{max_size: {HISTORY_BYTES >> 20}M}}
reports: {{observe: true}}
signing:
  keys: {{main: key.pem}}
  domains:
    own.example: {{keys: [{{selector: soak, key: main}}]}}
"""
# Kinds of `mailproof forge`: how many of a hundred messages, the word of the milter where it is certain.
KINDS = {
    "good": (25, "c"), "signed": (20, "c"), "html": (6, "c"), "attachment": (6, "c"), "bounce": (2, "c"),
    "international": (4, "c"), "spoof": (5, "y"), "spf-fail": (4, "y"), "eicar": (2, "y"),
    "two-from": (1, None), "authres-many": (1, None), "dkim-many": (1, None), "dkim-broken": (2, None),
    "macro": (2, None), "nested-zip": (1, None), "encrypted-zip": (1, None), "html-smuggling": (1, None),
    "link-text": (1, None), "smuggle-lf": (1, None), "many-parts": (0.2, None), "deep-parts": (0.3, None),
    "big-header": (0.1, None), "many-fields": (0.1, None), "no-end": (0.5, None), "base64-broken": (0.5, None),
    "from-nested-comments": (0.3, None), "from-many-addresses": (0.3, None),
}
OWN_SHARE, LARGE_SHARE, CORPUS_SHARE, HTTP_SHARE = 8, 0.5, 6, 0.4


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command + data


class Mail:
    """One message as bytes of the milter protocol, in two halves: a field with a number comes between."""

    def __init__(self, kind, share, raw, mail_from, ip, word=None, login=None):
        self.kind, self.share, self.raw, self.mail_from = kind, share, raw, mail_from
        self.ip, self.word, self.answers = ip, word, {}
        head, _, body = raw.partition(b"\r\n\r\n")
        macros = b"" if login is None else packet(b"D", b"M{auth_authen}\0" + login.encode() + b"\0")
        # What has no place in a packet an MTA cannot tell either: NUL, fields that are too long.
        self.first = (macros + packet(b"M", b"<" + mail_from.encode().replace(b"\0", b"") + b">\0")
                      + packet(b"R", b"<bob@own.example>\0"))
        fields = []
        for line in head.split(b"\r\n"):
            if line[:1] in (b" ", b"\t") and fields:
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        rest = [packet(b"L", f.partition(b":")[0].replace(b"\0", b"")[:1000] + b"\0"
                       + f.partition(b":")[2].replace(b"\0", b"")[:FIELD_BYTES] + b"\0") for f in fields]
        rest.append(packet(b"N"))
        rest += [packet(b"B", body[at:at + 65535]) for at in range(0, len(body), 65535)]
        self.rest = b"".join(rest)

    def by_milter(self, number):
        return (self.first + packet(b"L", b"X-Number\0 %d\0" % number) + self.rest
                + packet(b"D", b"Ei\0SOAK%d\0" % number) + packet(b"E"))


def forged(program, folder):
    mails = []
    words = [program, "forge", "--format", "jsonl", "--from", "a@good.example", "--to", "bob@own.example", "--ip",
             GOOD, "--attacker-ip", FORGER, "--key", f"good.example:soak:{folder}/key.pem", *KINDS]
    for line in subprocess.run(words, check=True, capture_output=True).stdout.splitlines():
        made = json.loads(line)
        share, word = KINDS[made["kind"]]
        mails.append(Mail(made["kind"], share, base64.b64decode(made["message_base64"]), made["mail_from"],
                          made["ip"], word))
    expect("kinds", sorted(m.kind for m in mails), sorted(KINDS))
    return mails


def own(name, size):
    text = base64.encodebytes(random.Random(size).randbytes(size)).replace(b"\n", b"\r\n")
    return (b"From: bob@own.example\r\nTo: a@good.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\n"
            b"Message-ID: <%s@own.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
            b"Content-Type: application/octet-stream; name=data.bin\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n%s" % (name, name, text))


def corpus():
    """Mail of strangers, when the shared data is there."""
    root = os.environ.get("MAILPROOF_SHARED") or os.path.join(HERE, "../../../shared")
    paths = sorted(p for p in glob.glob(os.path.join(root, "corpora", "**", "*.eml"), recursive=True)
                   if os.path.getsize(p) <= CORPUS_BYTES)
    random.Random(8).shuffle(paths)
    mails = []
    for path in paths[:CORPUS_FILES]:
        with open(path, "rb") as f:
            raw = f.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        mails.append(Mail("corpus", CORPUS_SHARE / min(len(paths), CORPUS_FILES), raw, "x@stranger.example", FORGER))
    return mails


def all_mail(program, folder):
    return [*forged(program, folder), *corpus(),
            Mail("own", OWN_SHARE, own(b"small", 500), "bob@own.example", OWN, "c"),
            Mail("login", OWN_SHARE, own(b"login", 3000), "bob@own.example", "198.51.100.7", "c", "bob"),
            Mail("large", LARGE_SHARE, own(b"large", 3_000_000), "bob@own.example", OWN, "c"),
            Mail("large in", LARGE_SHARE, own(b"large-in", 1_000_000), "bob@own.example", FORGER)]


class Flow:
    """Senders, each with a connection for some messages and then another one."""

    def __init__(self, daemon, mails, messages, until):
        self.daemon, self.mails, self.messages, self.until = daemon, mails, messages, until
        self.weights = list(itertools.accumulate(m.share for m in mails))
        self.lock, self.numbers = threading.Lock(), itertools.count(1)
        self.answers, self.problems = collections.Counter(), []
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(SENDERS)]
        self.ended = threading.Event()

    def total(self):
        return sum(self.answers.values())

    def wrong(self, text):
        with self.lock:
            self.problems.append(text)

    def answered(self, way, mail, answer):
        with self.lock:
            self.answers[way] += 1
            first = mail.answers.setdefault(way, answer)
            deferred = answer in ("t", "tempfail") or answer.startswith("y4")
            surprise = way == "milter" and mail.word not in (None, answer[:1])
            if answer != first or deferred or surprise:
                self.problems.append(f"{way}, {mail.kind}: {answer}, first {first}")

    def run(self, seed):
        rng = random.Random(seed)
        web = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=PATIENCE_S)
        while not self.ended.is_set() and time.monotonic() < self.until:
            mail = rng.choices(self.mails, cum_weights=self.weights)[0]
            try:
                if rng.random() < HTTP_SHARE:
                    if not self.by_http(web, mail):
                        return
                elif not self.connection(rng, mail):
                    return
            except (OSError, AssertionError, http.client.HTTPException, struct.error) as problem:
                self.wrong(f"{mail.kind}: {problem!r}")
                web.close()

    def next(self):
        """The next message's number; None when there are enough."""
        number = next(self.numbers)
        return number if number <= self.messages and not self.ended.is_set() else None

    def by_http(self, web, mail):
        if self.next() is None:
            return False
        web.request("POST", f"/v1/scan?ip={mail.ip}&mail_from={urllib.request.quote(mail.mail_from)}", mail.raw,
                    {"Authorization": "Bearer " + TOKEN, "Content-Type": "message/rfc822"})
        answer = web.getresponse()
        body = answer.read()
        if answer.status != 200:
            self.wrong(f"HTTP {answer.status}: {body[:200]!r}")
            return True
        self.answered("http", mail, json.loads(body)["verdict"]["action"])
        return True

    def connection(self, rng, mail):
        """Messages of one client; False when there are enough."""
        with Milter(os.path.join(self.daemon.dir, "milter")) as m:
            m.connect(mail.ip, name=f"host{rng.randrange(1000)}.example")
            m.helo(f"host{rng.randrange(1000)}.example")
            alike = [(x, x.share) for x in self.mails if x.ip == mail.ip]
            for _ in range(rng.choice((1, 1, 2, 5, 50))):
                number = self.next()
                if number is None:
                    return False
                m.socket.sendall(mail.by_milter(number))
                v = m.verdict()
                self.answered("milter", mail, v.word + v.text[:3])
                mail = rng.choices(*zip(*alike))[0]
            m.send(b"Q")
        return True


class Watch:
    """What the roles hold, again and again."""

    def __init__(self, daemon, flow, every):
        self.daemon, self.flow, self.every = daemon, flow, every
        self.samples, self.begun = [], time.monotonic()
        self.page = itertools.cycle(("/v1/messages?limit=50", "/v1/stats/traffic", "/v1/stats/findings", "/metrics",
                                     "/v1/messages?finding=auth.*", "/v1/status"))

    def processes(self):
        """(role, pid) of everything below the daemon."""
        parents, words = {}, {}
        for path in glob.glob("/proc/[0-9]*"):
            pid = int(path[6:])
            try:
                with open(path + "/stat", encoding="ascii", errors="replace") as f:
                    parents[pid] = int(f.read().rsplit(")", 1)[1].split()[1])
                with open(path + "/cmdline", "rb") as f:
                    words[pid] = f.read().decode("utf-8", "replace").split("\0")
            except (OSError, ValueError, IndexError):
                continue
        root = self.daemon.process.pid
        for pid, line in words.items():
            above = pid
            while above not in (root, 0) and above in parents:
                above = parents[above]
            if pid == root:
                yield "supervisor", pid
            elif above == root:
                yield (line[2] if line[1:2] == ["serve-role"] else "sandbox"), pid

    def sample(self):
        memory, files = collections.Counter(), collections.Counter()
        for role, pid in self.processes():
            try:
                with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                    status = dict(line.split(":", 1) for line in f if ":" in line)
                memory[role] += int(status["VmRSS"].split()[0]) << 10
                files[role] += len(os.listdir(f"/proc/{pid}/fd"))
            except (OSError, KeyError):
                continue
        history = 0
        for path in glob.glob(os.path.join(self.daemon.dir, "state/history/*")):
            try:
                history += os.path.getsize(path)
            except OSError:
                continue
        self.samples.append((time.monotonic() - self.begun, self.flow.total(), memory, files, history))

    def run(self):
        told, last = 0, 0
        while any(t.is_alive() for t in self.flow.threads):
            self.sample()
            get(self.daemon, next(self.page))
            at, total = self.samples[-1][:2]
            if at >= told + self.every:
                self.line((total - last) / (at - told))
                told, last = at, total
            time.sleep(max(0, SAMPLE_S - (time.monotonic() - self.begun - at)))
        self.sample()
        self.line(self.samples[-1][1] / self.samples[-1][0])

    def line(self, rate):
        at, total, memory, files, history = self.samples[-1]
        if not getattr(self, "roles", None):
            self.roles = sorted(memory)
            print("#  seconds  messages    per s  history MB  " + "".join(f"{r:>19}" for r in self.roles)
                  + "   (MB, descriptors)")
        print(f"# {at:8.0f} {total:9d} {rate:8.0f} {history / 1e6:11.1f}  " + "".join(
            f"{memory[r] / 1e6:12.1f}{files[r]:7d}" for r in self.roles), flush=True)

    def quarter(self, n, what, role):
        size = len(self.samples) // 4
        return statistics.median(s[what][role] for s in self.samples[n * size:(n + 1) * size])


def get(daemon, path):
    request = urllib.request.Request(f"http://127.0.0.1:{daemon.port}{path}",
                                     headers={"Authorization": "Bearer " + TOKEN})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return answer.read().decode()


@row("every message has its answer, the same each time")
def _(daemon, flow, watch, options):
    expect(f"problems: {flow.problems[:5]}", len(flow.problems), 0)
    holds(f"{flow.total()} messages", flow.total() == options.messages or options.minutes is not None)
    holds("by both ways", all(flow.answers[way] > 0 for way in ("milter", "http")))


@row("the daemon counted as many, and lost none of them on the way into its history")
def _(daemon, flow, watch, options):
    counted = sum(int(line.split()[-1]) for line in get(daemon, "/metrics").splitlines()
                  if line.startswith("mailproof_mails_total{"))
    expect("counted", counted, flow.total())
    status = json.loads(get(daemon, "/v1/status"))
    expect("lost", [q for q in status["queues"] if q.get("lost", 0) != 0], [])


@row("no process ended")
def _(daemon, flow, watch, options):
    expect("ended", [e for e in daemon.events if e.get("event") == "process.ended"], [])


@row("memory is as it was: no role has more in the last quarter than in the second")
def _(daemon, flow, watch, options):
    growth(watch, 2, lambda before: before * MEMORY_SHARE + MEMORY_BYTES, not options.only_loss)


@row("descriptors are as they were")
def _(daemon, flow, watch, options):
    growth(watch, 3, lambda before: DESCRIPTORS, True)


def growth(watch, what, tolerance, judged):
    holds(f"only {len(watch.samples)} samples", len(watch.samples) >= 8)
    for role in sorted(watch.samples[-1][what]):
        before, after = watch.quarter(1, what, role), watch.quarter(3, what, role)
        print(f"#   {role:<11} {before:12.0f} -> {after:12.0f}")
        holds(f"{role}: {before:.0f}, then {after:.0f}", after - before <= tolerance(before) or not judged)


@row("the history stays within its limit")
def _(daemon, flow, watch, options):
    most = max(s[4] for s in watch.samples)
    holds(f"{most} bytes", 0 < most <= HISTORY_BYTES * HISTORY_SHARE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--every", type=float, default=60)
    parser.add_argument("--only-loss", action="store_true")
    options = parser.parse_args()
    daemon = Serve(options.program, "")
    with socket.create_server(("127.0.0.1", 0)) as s:
        daemon.port = s.getsockname()[1]
    daemon.write(CONFIG.replace("{port}", str(daemon.port)))
    key = os.path.join(daemon.dir, "key.pem")
    record = subprocess.run([options.program, "keygen", "--selector", "soak", "-o", key, "good.example"],
                            check=True, capture_output=True, text=True).stdout
    with open(os.path.join(daemon.dir, "zone"), "w", encoding="utf-8") as f:
        f.write(ZONE + record + 'attacker.example. TXT "v=spf1 ip4:203.0.113.9 -all"\n')
    with open(os.path.join(daemon.dir, "token"), "w", encoding="ascii") as f:
        f.write(TOKEN + "\n")
    os.chmod(os.path.join(daemon.dir, "token"), 0o600)
    with open(os.path.join(daemon.dir, "policy.yaml"), "w", encoding="utf-8") as f:
        f.write(POLICY)
    with daemon:
        until = float("inf") if options.minutes is None else time.monotonic() + options.minutes * 60
        flow = Flow(daemon, all_mail(options.program, daemon.dir), options.messages, until)
        watch = Watch(daemon, flow, options.every)
        for t in flow.threads:
            t.start()
        try:
            watch.run()
        finally:
            flow.ended.set()
        for t in flow.threads:
            t.join()
        print(f"# {flow.total()} messages: " + ", ".join(f"{n} by {way}" for way, n in flow.answers.items()))
        return run_rows(daemon, flow, watch, options)


if __name__ == "__main__":
    sys.exit(main())
