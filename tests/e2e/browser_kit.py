"""A browser for tests of the web pages: headless Chromium through Playwright, told by one JSON command
a line (page/driver.mjs). Rows run against one server and one browser, in order; all of them say SKIP
where npm, a Node that Playwright runs on, or Chromium is missing. MP_SHOTS names a directory for
screenshots of what a person should look at.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from rows import Failed, Skip, expect, holds, rows

HERE = os.path.dirname(os.path.abspath(__file__))
SHOTS = os.environ.get("MP_SHOTS")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LIMIT_S = 120
NODE_MIN = 18
OFFLINE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET")


class Wire:
    """Passes connections on to an address, until it is cut; then it ends them and takes none."""

    def __init__(self, url):
        place = urllib.parse.urlsplit(url)
        self.to, self.whole, self.open = (place.hostname, place.port), True, set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                if not self.whole:
                    near.close()
                    continue
                far = socket.create_connection(self.to)
                self.open |= {near, far}
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        self.end(a)
        self.end(b)

    def end(self, s):
        with self.lock:
            self.open.discard(s)
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def cut(self):
        with self.lock:
            self.whole, ended = False, list(self.open)
        for s in ended:
            self.end(s)

    def mend(self):
        with self.lock:
            self.whole = True

    def close(self):
        self.cut()
        self.listener.close()


class Trap:
    """Answers for remote.test, to which nobody must ever come."""

    def __init__(self):
        self.calls = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.count, daemon=True).start()

    def count(self):
        while True:
            try:
                came, _ = self.listener.accept()
            except OSError:
                return
            self.calls += 1
            came.close()


class Browser:
    def __init__(self, node_modules):
        shutil.copy(os.path.join(HERE, "page/driver.mjs"), node_modules)
        self.trap = Trap()
        port = self.trap.listener.getsockname()[1]
        self.process = subprocess.Popen(
            ["node", os.path.join(node_modules, "driver.mjs")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd=node_modules,
            env={**os.environ, "MP_CHROMIUM": CHROMIUM,
                 "MP_HOSTS": f"MAP remote.test 127.0.0.1:{port}"})

    def __getattr__(self, op):
        def call(**args):
            self.process.stdin.write(json.dumps({"op": op, **args}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if line == "":
                raise Failed(f"{op} {args}: the browser is gone")
            answer = json.loads(line)
            if "error" in answer:
                raise Failed(f"{op} {args}: {answer['error']}")
            return answer["ok"]
        return call

    def shot_of(self, name):
        if SHOTS:
            os.makedirs(SHOTS, exist_ok=True)
            self.shot(path=os.path.join(SHOTS, f"{name}.png"))

    def stop(self):
        self.process.stdin.close()
        self.process.wait(LIMIT_S)
        self.process.stdout.close()
        self.trap.listener.close()


def no_sideways(b, what):
    over = b.js(js="document.documentElement.scrollWidth - innerWidth")
    holds(f"{what}: {over} px beyond the right edge", over <= 0)


def check_requests(b):
    """Since the last visit: every request went where the page came from, or was stopped by a policy
    before it left; what bears the names in the mails was never called; nothing went wrong."""
    wrong = [[url, failure] for url, failure in b.elsewhere() if failure != "csp"]
    expect("requests to elsewhere", wrong, [])
    expect("calls of remote.test", b.trap.calls, 0)
    expect("errors of the page", b.complaints(), [])


# ---- running ----

def why_not():
    for command in ("npm", "node"):
        if shutil.which(command) is None:
            return f"{command} is not installed"
    if CHROMIUM is None:
        return "chromium is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(re.findall(r"\d+", version)[0]) < NODE_MIN:
        return f"node is {version}, Playwright wants {NODE_MIN}"
    return None


def install(into):
    """What the browser is driven with, as the lock file says. The reason when that cannot be had."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(os.path.join(HERE, "page", name), into)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--loglevel=error"], cwd=into, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S)
    if done.returncode != 0 and OFFLINE.search(done.stdout):
        return "the package registry does not answer"
    if done.returncode != 0:
        raise Failed(done.stdout)
    return None


def run(label, function, server, browser):
    """(what is wrong, why it was not looked at)"""
    try:
        function(server, browser)
        check_requests(browser)
    except (Failed, OSError, ValueError, LookupError, AttributeError) as e:
        browser.shot_of(f"failed-{label.split(':')[0].replace(' ', '-')[:30]}")
        return str(e), None
    except Skip as why:
        return None, str(why)
    return None, None


def run_pages(what, start):
    """Every row with what start() gives (it has stop()) and a browser; the exit code."""
    reason = why_not()
    with tempfile.TemporaryDirectory(prefix="mp-page-") as work:
        if reason is None:
            reason = install(work)
        if reason is not None:
            for n, (label, _, _) in enumerate(rows, 1):
                print(f"ok {n} - {what}: {label} # SKIP {reason}")
            print(f"1..{len(rows)}")
            return 0
        failed = 0
        server, browser = start(), Browser(work)
        try:
            browser.visit(url="about:blank")
            for n, (label, function, _) in enumerate(rows, 1):
                problem, skipped = run(label, function, server, browser)
                failed += problem is not None
                print("not ok" if problem else "ok", n, "-", f"{what}: {label}",
                      f"# SKIP {skipped}" if skipped else "")
                if problem:
                    print("".join(f"# {line}\n" for line in problem.splitlines()), end="")
                sys.stdout.flush()
        finally:
            browser.stop()
            server.stop()
    print(f"1..{len(rows)}")
    return failed != 0
