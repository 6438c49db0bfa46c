"""mailproof as the end-to-end tests call it, and rows of TAP."""
import concurrent.futures
import json
import os
import subprocess

PATIENCE_S = 120    # a command that takes longer hangs
AT_ONCE = 8


class Tool:
    """The program under test, told of the resolver, the trust anchor and the CA of the peers."""

    def __init__(self, program):
        env = os.environ
        self.program = program
        self.world = ["--resolver", env["MP_E2E_RESOLVER"], "--trust-anchor", env["MP_E2E_ANCHOR"],
                      "--ca-file", env["MP_E2E_CA"], "--allow-private",
                      "--https-port", env["MP_E2E_PORT_HTTPS"]]

    def run(self, *args, secret=None, stdin=None):
        env = dict(os.environ)
        if secret is not None:
            env["MAILPROOF_PASSWORD"] = secret
        return subprocess.run([self.program, *args], input=stdin, env=env, capture_output=True,
                              timeout=PATIENCE_S, check=False,
                              **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))

    def ask(self, command, *args, **more):
        """Exit code and document of one target; ours is what a client of good.test would say."""
        told = self.run(command, *self.world, "--helo", "client.good.test", "--format", "json",
                        *args, **more)
        try:
            return told.returncode, json.loads(told.stdout)
        except ValueError:
            raise AssertionError(f"exit {told.returncode}, no JSON: {told.stderr[:300]!r}") from None

    def probe(self, *args, **more):
        port = os.environ["MP_E2E_PORT_SMTP"]
        own = [] if port == "25" or "--port" in args or any("://" in a for a in args) else ["--port", port]
        return self.ask("probe", *own, *args, **more)

    def audit(self, *args, **more):
        return self.ask("audit", "--smtp-port", os.environ["MP_E2E_PORT_SMTP"], *args, **more)


SEVERITIES = ("info", "low", "medium", "high", "critical")


def found(document, least="low", prefix=""):
    """Ids of the findings at least so severe, sorted, each once."""
    ids = {f["id"] for f in document["findings"]
           if SEVERITIES.index(f["severity"]) >= SEVERITIES.index(least)}
    return sorted(i.removeprefix(prefix) for i in ids)


def differ(what, got, want):
    """[] or a sentence."""
    return [] if got == want else [f"{what}: {got!r}, expected {want!r}"]


class Rows:
    """Test Anything Protocol, one row a case; several cases at a time, told in order."""

    def __init__(self):
        self.n = self.failed = 0
        self.pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
        self.waiting = []

    def row(self, label, problems):
        self.n += 1
        self.failed += bool(problems)
        for p in problems:
            print("#", str(p).replace("\n", "\n# "))
        print("not ok" if problems else "ok", self.n, "-", label, flush=True)

    def skip(self, label, why):
        self.tell()
        self.n += 1
        print("ok", self.n, "-", label, "# SKIP", why, flush=True)

    @staticmethod
    def problems(case, args):
        try:
            return list(case(*args) or ())
        except (AssertionError, KeyError, IndexError, TypeError, OSError,
                subprocess.TimeoutExpired) as e:
            return [f"{type(e).__name__}: {e}"]

    def run(self, label, case, *args):
        """A case returns or yields sentences; none is right."""
        self.waiting.append((label, self.pool.submit(self.problems, case, args)))

    def tell(self):
        for label, answer in self.waiting:
            self.row(label, answer.result())
        self.waiting = []

    def done(self):
        self.tell()
        self.pool.shutdown()
        print(f"1..{self.n}")
        return 1 if self.failed else 0
