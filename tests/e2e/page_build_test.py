#!/usr/bin/env python3
"""The committed pages are what web/ builds: page_build_test.py SOURCE-ROOT   (TAP)

That the sources are those it was built from is seen everywhere, by their digests; that they give
these bytes is seen where npm, a Node that Vite runs on, and a package registry are.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(sys.argv[1])
WEB = os.path.join(ROOT, "web")
PAGES = {"sink": os.path.join(ROOT, "src/capture/page"),
         "dashboard": os.path.join(ROOT, "src/webapi/page")}
NODE_MIN = (20, 19)
LIMIT_S = 280
OFFLINE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET")

rows = failed = 0


def row(label, problem, skip=None):
    global rows, failed
    rows += 1
    failed += problem is not None
    print("not ok" if problem is not None else "ok", rows, "-", label, f"# SKIP {skip}" if skip else "")
    if problem is not None:
        print("".join(f"# {line}\n" for line in problem.splitlines()), end="")
    sys.stdout.flush()


def read(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def stale(name):
    """Sources that are not those of sources.sha256, or not in it."""
    told = dict(reversed(line.split("  ", 1)) for line in
                read(PAGES[name], "sources.sha256").decode().splitlines())
    there = {os.path.relpath(os.path.join(folder, each), WEB)
             for part in (f"{name}/src", "shared")
             for folder, _, names in os.walk(os.path.join(WEB, part)) for each in names}
    there |= {name for name in told if os.path.exists(os.path.join(WEB, name))}
    changed = [name for name in sorted(there | set(told)) if name not in there or
               hashlib.sha256(read(WEB, name)).hexdigest() != told.get(name)]
    return f"run make web; changed since: {', '.join(changed)}" if changed else None


def lock_problem(path):
    """Locked packages name no download address: it would be that of one machine's registry."""
    packages = json.loads(read(ROOT, path))["packages"]
    wrong = [name for name, entry in packages.items()
             if "resolved" in entry or (name != "" and "integrity" not in entry)]
    return f"{path}: {', '.join(wrong)}" if wrong else None


def why_not():
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
    return f"node is {version}; Vite wants {NODE_MIN}" if numbers < NODE_MIN else None


def rebuild():
    """(problem, reason to skip)"""
    reason = why_not()
    if reason is not None:
        return None, reason
    with tempfile.TemporaryDirectory(prefix="mp-page-") as work:
        out = os.path.join(work, "out")
        done = subprocess.run([os.path.join(ROOT, "tools/web.sh"), os.path.join(work, "web"), out],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=LIMIT_S)
        if done.returncode != 0 and OFFLINE.search(done.stdout):
            return None, "the package registry does not answer"
        if done.returncode != 0:
            return done.stdout, None
        other = [f"{name}/{each}" for name, page in PAGES.items()
                 for each in sorted({*os.listdir(page), *os.listdir(os.path.join(out, name))})
                 if not same(os.path.join(page, each), os.path.join(out, name, each))]
    return (f"run make web; built otherwise: {', '.join(other)}" if other else None), None


def same(a, b):
    return os.path.exists(a) and os.path.exists(b) and read(a) == read(b)


for page in PAGES:
    row(f"{page}: the page was built from the sources that are here", stale(page))
for lock in ("web/package-lock.json", "tests/e2e/page/package-lock.json"):
    row(f"{lock}: digests, no addresses", lock_problem(lock))
row("built again they are the same, byte for byte", *rebuild())
print(f"1..{rows}")
sys.exit(failed != 0)
