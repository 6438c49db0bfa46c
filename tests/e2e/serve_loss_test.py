#!/usr/bin/python3
"""Nothing is lost: serve_loss_test.py MAILPROOF. Real Postfix sends its mail through the daemon, while
its processes are killed (-9), clamd and the resolver come and go, the disk of its state fills and
its configuration is loaded again and again. Afterwards every message is accounted for:

  taken by Postfix (250)    delivered exactly once, or still in Postfix's queue
  refused (5xx), put off    delivered not at all; what was put off is sent again until it is decided
  delivered                 with a verdict of ours; the forged and the malware never
  sent by our own client    delivered with our signature

MAILPROOF_LOSS=20000 for more than the usual number. Prints TAP and a table; SKIP without Postfix."""
import collections
import glob
import os
import random
import re
import signal
import smtplib
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "peers")]
import around  # noqa: E402
import clamd_peer  # noqa: E402
from rows import expect, holds, row, run_rows  # noqa: E402
from serve_kit import Serve  # noqa: E402

PROGRAM = sys.argv[1]
MESSAGES = int(os.environ.get("MAILPROOF_LOSS", "400"))
CHAOS_S = float(os.environ.get("MAILPROOF_LOSS_EVERY", "0.7"))   # one fault each so many seconds
SENDERS, ATTEMPTS, PATIENCE_S, SETTLE_S = 8, 200, 60, 120
STRANGER, FORGER, OWN = "192.0.2.55", "203.0.113.9", "127.0.0.99"
# What each kind of mail must come to: the client's address, its author, what is delivered.
KINDS = {
    "good": (STRANGER, "ann@empty.test", True),
    "own": (OWN, "alice@good.test", True),
    "forged": (FORGER, "alice@good.test", False),
    "malware": (STRANGER, "ann@empty.test", False),
}
CONFIG = """milters:
  - {name: mta, listen: "{mx1}:{port}", mode: inbound, networks: [127.0.0.99/32]}
content: {clamd: ["{clamd}"]}
history: {max_size: 64M}
webhooks:
  - {name: nobody, url: "http://127.0.0.1:1/", secret: {env: HOOK_SECRET}, allow_private: true}
http: {listen: "127.0.0.1:18890"}
signing:
  keys: {main: key.pem}
  domains:
    good.test: {keys: [{selector: loss, key: main}]}
"""


def kind_of(number):
    return ("good", "good", "own", "good", "forged", "good", "own", "malware", "good", "good")[number % 10]


class Flow:
    """Clients that send until every message is decided."""

    def __init__(self):
        self.numbers = iter(range(MESSAGES))
        self.lock = threading.Lock()
        self.outcome = {}                       # number -> (code, text)
        self.replies = collections.Counter()    # first digit of each attempt's reply
        self.threads = [threading.Thread(target=self.run) for _ in range(SENDERS)]

    def next(self):
        with self.lock:
            return next(self.numbers, None)

    @staticmethod
    def text(number):
        kind = kind_of(number)
        body = clamd_peer.EICAR.decode("ascii") if kind == "malware" else "Hello\r\n" * (number % 50 + 1)
        return (f"From: {KINDS[kind][1]}\r\nTo: bob@good.test\r\nSubject: {kind} {number}\r\n"
                f"Date: Sun, 29 Nov 2026 17:00:00 +0000\r\n"
                f"Message-ID: <loss-{number}@empty.test>\r\n\r\n{body}\r\n").encode()

    @staticmethod
    def attempt(number):
        """The last reply; None: it is not known what became of it."""
        ip, author, _ = KINDS[kind_of(number)]
        sent = False
        try:
            with smtplib.SMTP(os.environ["MP_E2E_ADDR_MX1"], int(os.environ["MP_E2E_PORT_FILTER"]),
                              "client.empty.test", PATIENCE_S) as client:
                client.ehlo()
                client.docmd("XCLIENT", f"ADDR={ip} NAME=[UNAVAILABLE]")
                client.ehlo()
                for command in (f"MAIL FROM:<{author}>", "RCPT TO:<bob@good.test>", "DATA"):
                    code, said = client.docmd(command)
                    if code >= 400:
                        return code, said
                sent = True
                client.send(re.sub(rb"(?m)^\.", b"..", Flow.text(number)) + b".\r\n")
                return client.getreply()
        except (OSError, smtplib.SMTPException) as problem:
            return (None if sent else 451), str(problem).encode()

    def run(self):
        while (number := self.next()) is not None:
            for _ in range(ATTEMPTS):
                code, said = self.attempt(number)
                with self.lock:
                    self.replies[str(code)[0]] += 1
                    self.outcome[number] = (code, said)
                if code is None or code < 400 or code >= 500:
                    break
                time.sleep(0.1)


class Chaos:
    """One fault after another until it is told to stop."""

    def __init__(self, daemon, clamd):
        self.daemon, self.clamd = daemon, clamd
        self.random = random.Random(8)
        self.done = collections.Counter()
        self.stop = threading.Event()
        self.problems = []
        self.thread = threading.Thread(target=self.run)

    def kill_worker(self):
        self.kill("worker")

    def kill_front(self):
        self.kill("front")

    def kill_signer(self):
        self.kill("signer")

    def kill_clerk(self):
        self.kill("clerk")

    def kill_supervisor(self):
        """All of it goes; somebody (systemd) starts it anew."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()

    def kill(self, role):
        pids = self.daemon.pids(role)
        if pids:
            os.kill(self.random.choice(pids), signal.SIGKILL)

    def kill_sandbox(self):
        pids = find_processes(b"sandbox-worker")
        if pids:
            os.kill(self.random.choice(pids), signal.SIGKILL)

    def stop_clamd(self):
        self.clamd.stop(signal.SIGKILL)
        self.stop.wait(1.5)
        self.clamd.start(True, tcp=False)

    def freeze_resolver(self):
        pids = find_processes(b"unbound", first=True)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.stop.wait(1.5)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def fill_disk(self):
        path = os.path.join(self.daemon.dir, "state", "filler")
        try:
            with open(path, "wb") as f:
                while True:
                    f.write(bytes(1 << 20))
        except OSError:
            pass
        self.stop.wait(1.5)
        os.unlink(path)

    def reload(self):
        self.daemon.process.send_signal(signal.SIGHUP)

    def run(self):
        deeds = [self.kill_worker, self.kill_worker, self.kill_front, self.kill_signer,
                 self.kill_clerk, self.kill_supervisor, self.kill_sandbox, self.stop_clamd, self.freeze_resolver, self.fill_disk, self.reload]
        while not self.stop.wait(CHAOS_S):
            deed = self.random.choice(deeds)
            try:
                deed()
                self.done[deed.__name__] += 1
            except Exception as problem:  # the row below tells of it
                self.problems.append(f"{deed.__name__}: {problem!r}")
        for pid in find_processes(b"unbound", first=True):
            os.kill(pid, signal.SIGCONT)


def find_processes(word, first=False):
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if (word in words[0] if first else word in words[1:3]):
            found.append(int(path.split("/")[2]))
    return found


def queue_files():
    spool = os.path.join(os.environ["MP_E2E_DIR"], "postfix/spool")
    return [p for q in ("incoming", "active", "deferred", "hold", "maildrop", "corrupt")
            for p in glob.glob(os.path.join(spool, q, "**"), recursive=True) if os.path.isfile(p)]


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def count_mailbox():
    """number -> texts delivered."""
    found = collections.defaultdict(list)
    for path in glob.glob(os.path.join(os.environ["MP_E2E_DIR"], "mail/good.test/bob/*/*")):
        text = read(path)
        identity = re.search(rb"(?im)^message-id: <loss-(\d+)@", text)
        if identity:
            found[int(identity.group(1))].append(text)
    return found


def settle():
    limit = time.monotonic() + SETTLE_S
    while queue_files() and time.monotonic() < limit:
        time.sleep(0.5)


def make_daemon(clamd):
    dns = (f"dns: {{server: \"{os.environ['MP_E2E_RESOLVER']}\", "
           f"trust_anchor: {os.environ['MP_E2E_ANCHOR']}, timeout: 1s}}\n")
    daemon = Serve(PROGRAM, "", dns=dns, head="deadline: 8s\ndrain: 10s\n",
                   env={"HOOK_SECRET": "whsec_" + "c2Vj" * 8})
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                    "-out", os.path.join(daemon.dir, "key.pem")], check=True, capture_output=True)
    os.chmod(os.path.join(daemon.dir, "key.pem"), 0o600)
    state = os.path.join(daemon.dir, "state")
    os.mkdir(state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", state], check=True)
    daemon.write(CONFIG.replace("{mx1}", os.environ["MP_E2E_ADDR_MX1"])
                 .replace("{port}", os.environ["MP_E2E_PORT_MILTER"]).replace("{clamd}", clamd.unix))
    return daemon


def run_all():
    clamd = clamd_peer.Clamd()
    clamd.start(True, tcp=False)
    daemon = make_daemon(clamd).start()
    flow, chaos = Flow(), Chaos(daemon, clamd)
    began = time.monotonic()
    chaos.thread.start()
    for t in flow.threads:
        t.start()
    for t in flow.threads:
        t.join()
    took = time.monotonic() - began
    chaos.stop.set()
    chaos.thread.join()
    settle()
    delivered, queued = count_mailbox(), b"".join(read(p) for p in queue_files())
    code = daemon.stop()
    subprocess.run(["umount", "-l", os.path.join(daemon.dir, "state")], check=False)
    daemon.clean()
    clamd.clear()
    return flow, chaos, delivered, queued, took, code, daemon


def in_queue(queued, number):
    return b"<loss-%d@" % number in queued


@row("every message was decided in the end")
def _(flow, *ignored):
    expect("decided", len(flow.outcome), MESSAGES)
    open_ends = [n for n, (code, _) in flow.outcome.items() if code and 400 <= code < 500]
    expect("still put off after all attempts", open_ends[:5], [])


@row("what was taken is delivered once, or still in the queue")
def _(flow, chaos, delivered, queued, *ignored):
    lost = [n for n, (code, _) in flow.outcome.items()
            if code == 250 and not delivered.get(n) and not in_queue(queued, n)]
    expect("lost", lost[:10], [])
    twice = [n for n, (code, _) in flow.outcome.items() if code == 250 and len(delivered.get(n, [])) > 1]
    expect("delivered twice", twice[:10], [])


@row("what was refused is not delivered")
def _(flow, chaos, delivered, queued, *ignored):
    bad = [n for n, (code, _) in flow.outcome.items() if code and code >= 500 and delivered.get(n)]
    expect("delivered although refused", bad[:10], [])


@row("nothing is delivered without a verdict: results for others' mail, a signature on ours")
def _(flow, chaos, delivered, *ignored):
    for number, texts in delivered.items():
        head = texts[0].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        if kind_of(number) == "own":
            holds(f"{number} has no signature", b"\nDKIM-Signature:" in b"\n" + head)
        else:
            holds(f"{number} has no verdict", b"\nX-Mailproof-Verdict:" in b"\n" + head
                  and b"Authentication-Results: mx.example.org" in head)


@row("the forged and the malware are never delivered, and are refused with a reason")
def _(flow, chaos, delivered, *ignored):
    for number, (code, said) in flow.outcome.items():
        if not KINDS[kind_of(number)][2]:
            expect(f"{kind_of(number)} {number} was delivered", delivered.get(number, []), [])
            holds(f"{number}: {code} {said!r}", code is None or code >= 500 and b"(id " in said)


@row("good mail was delivered in spite of it all")
def _(flow, chaos, delivered, queued, *ignored):
    refused = [(n, flow.outcome[n]) for n in flow.outcome
               if KINDS[kind_of(n)][2] and flow.outcome[n][0] and flow.outcome[n][0] >= 500]
    expect("refused", refused[:3], [])


@row("faults were planted, and the daemon ended in order")
def _(flow, chaos, delivered, queued, took, code, daemon):
    expect("problems of the test", chaos.problems[:3], [])
    holds("faults", sum(chaos.done.values()) >= 3)
    expect("exit code", code, 0)


def main():
    if not around.is_inside():
        missing = around.missing() or ("" if clamd_peer.find() else "clamd is not installed") or (
            "" if os.geteuid() == 0 else "not root: no small disk can be made")
        if missing:
            print(f"ok 1 - nothing is lost # SKIP {missing}\n1..1")
            return 0
        return around.run_inside(__file__, PROGRAM)
    state = run_all()
    code = run_rows(*state)
    flow, chaos, delivered, queued, took, *_ = state
    print(f"# {MESSAGES} messages in {took:.0f} s; replies by first digit {dict(flow.replies)}; "
          f"delivered {sum(len(t) for t in delivered.values())}; faults {dict(chaos.done)}")
    if code:
        print("".join("# " + line for line in daemon_lines(state[-1])))
    return code


def daemon_lines(daemon):
    keep = [l for l in daemon.lines if '"level":"error"' in l or '"level":"warning"' in l]
    return keep[-40:]


sys.exit(main())
