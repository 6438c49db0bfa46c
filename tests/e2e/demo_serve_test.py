#!/usr/bin/python3
"""The daemon's part of `make demo`: demo_serve_test.py MAILPROOF SOURCE-ROOT. Runs a copy of
tools/demo-serve.sh with its flow of mail, once and with a terminal. Prints TAP."""
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
from rows import expect, holds, row, run_rows  # noqa: E402

BUILD, ROOT = os.path.dirname(os.path.abspath(sys.argv[1])), sys.argv[2]
LIMIT_S = 120
# Processes that nobody may look into cannot be searched for leaks: the search itself fails, with exit code 1.
ENV = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


class Copy:
    """The demo in a folder of its own, as `git clone` would have it."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="mailproof-demo-")
        os.mkdir(os.path.join(self.dir, "tools"))
        shutil.copy(os.path.join(ROOT, "tools/demo-serve.sh"), os.path.join(self.dir, "tools"))
        shutil.copytree(os.path.join(ROOT, "examples/demo"), os.path.join(self.dir, "examples/demo"))
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.dir)

    def words(self):
        return [os.path.join(self.dir, "tools/demo-serve.sh"), BUILD, os.path.join(self.dir, "out")]

    def run(self):
        done = subprocess.run(self.words(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, timeout=LIMIT_S, env=ENV)
        return done.returncode, done.stdout, done.stderr

    def left(self):
        """Command lines of processes that still know of the folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read()
            except OSError:
                continue
            if self.dir.encode() in words:
                found.append(words)
        return found


@row("without a terminal it ends by itself, with every verdict as it should be")
def _():
    with Copy() as demo:
        code, out, err = demo.run()
        expect("exit code: " + err[-1000:], code, 0)
        told = [line.split()[3] for line in out.splitlines() if line.startswith("   partner")]
        expect("honest mail", told, ["accept"] * 5)
        for word in ("reject", "quarantine", "tag", "sign"):
            holds(f"{word} is told: {out}", f" {word} " in out)
        expect("what was signed holds", out.count("dkim=pass dmarc=pass"), 7)
        expect("processes that are left", demo.left(), [])


@row("another policy than it expects: exit code 1, and it says what was not as it should be")
def _():
    with Copy() as demo:
        with open(os.path.join(demo.dir, "examples/demo/serve-policy.yaml"), "a", encoding="utf-8") as f:
            f.write("rules:\n  - {finding: auth.dmarc.fail, action: accept}\n")
        code, out, err = demo.run()
        expect("exit code", code, 1)
        holds(err[-1000:], "the demo expected reject of 3-spoof.eml" in err)
        expect("processes that are left", demo.left(), [])


@row("with a terminal it goes on until Ctrl-C, and ends everything that it started")
def _():
    with Copy() as demo:
        pid, terminal = pty.fork()
        if pid == 0:
            signal.alarm(LIMIT_S)
            os.execve(demo.words()[0], demo.words(), ENV)
        said, pressed = b"", False
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:   # nobody has the other end
                break
            if not piece:
                break
            said += piece
            if b"Ctrl-C ends" in said and not pressed:
                pressed = os.write(terminal, b"\x03") == 1
        holds("it went on: " + repr(said[-1000:]), pressed)
        expect("exit code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        expect("processes that are left", demo.left(), [])


sys.exit(run_rows())
