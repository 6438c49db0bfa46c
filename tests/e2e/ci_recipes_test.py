#!/usr/bin/env python3
"""The recipes for build servers (ci/, action.yml, packaging/systemd, docs/ci.md): read as those read
them, and their shell steps run, with suites that pass, fail, are undecided, and with servers that
answer with commands for the build server.

Usage: ci_recipes_test.py PATH-OF-MAILPROOF SOURCE-ROOT [build]   (TAP; build: build.sh builds, too)
"""
import base64
import json
import os
import re
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET

try:
    import yaml
    import ci_kit as kit
except ImportError:
    print("1..0 # SKIP python3-yaml is not installed")
    sys.exit(0)
from ci_kit import Failed, expect, holds, only_keys, put, read_yaml, run_shell

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
REAL_BUILD = sys.argv[3:] == ["build"]
OFFLINE = "ci/suite/offline.yaml"
SECRET = "hunter2-of-the-canary"
SANITIZERS = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
rows = []


class Skip(Exception):
    pass


def row(label, *args):
    def add(function):
        rows.append((label, function, args))
        return function
    return add


def source(*path):
    return os.path.join(ROOT, *path)


def text_of(*path):
    with open(source(*path), encoding="utf-8") as f:
        return f.read()


class Place:
    """A folder with a checkout, `mailproof` on a PATH, and a home."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.checkout, self.bin = os.path.join(self.folder, "checkout"), os.path.join(self.folder, "bin")
        shutil.copytree(source("ci"), os.path.join(self.checkout, "ci"))
        os.mkdir(self.bin)
        os.symlink(MAILPROOF, os.path.join(self.bin, "mailproof"))
        self.path = "/usr/local/bin:/usr/bin:/bin"

    def env(self, **more):
        return {"HOME": self.folder, "LANG": "C.UTF-8", "CI": "true", "PATH": f"{self.bin}:{self.path}",
                **SANITIZERS, **more}

    def at(self, *path):
        return os.path.join(self.checkout, *path)

    def read(self, *path):
        with open(self.at(*path), encoding="utf-8") as f:
            return f.read()

    def suite(self, name, text):
        put(self.at("mail", name), text)
        return f"mail/{name}"


# ---- suites, and the servers they meet ----

FAILS = """mailproof: 1
name: fails
sinks: {inbox: {domains: [good.example]}}
tests:
  - name: a full mailbox takes mail all the same
    sink: {name: inbox, script: [{at: rcpt, reply: "552 5.2.2 full"}]}
    send:
      via: inbox
      from: ana@good.example
      to: ben@good.example
      expect: {accepted: true}
"""
UNDECIDED = """mailproof: 1
name: undecided
tests:
  - name: mail in our name is accepted
    scan: {kind: unsigned, from: ana@good.example, ip: 192.0.2.10, zone-file: dead.zone}
    expect: {auth: {dmarc: pass}}
"""
DEAD_ZONE = "good.example. SERVFAIL TXT\n_dmarc.good.example. SERVFAIL TXT\n"
MISTAKE = "mailproof: 1\ntests:\n  - name: x\n    sned: {to: ben@good.example}\n"
BACKTALK = """mailproof: 1
name: backtalk
hosts:
  mx: {url: "smtp://127.0.0.1:%d", auth: {user: canary, password: "${env:CANARY_PW}", mech: PLAIN, plaintext: true}}
tests:
  - name: a mail is taken
    send: {via: mx, from: ana@good.example, to: ben@good.example}
"""
# What a server may say so that a log, a page or a parser takes it for its own; and a word of it, or of
# what is said about it, that must be told all the same.
HOSTILE = [
    ("550 ::error file=app.c,line=1::forged", "forged"),
    ("550 5.7.1 ::set-output name=result::passed", "set-output"),
    ("550-first\r\n550-::add-path::/tmp/evil\r\n550 ::stop-commands::token", "add-path"),
    ("550 %0A::set-env name=PATH::/tmp/evil", "set-env"),
    ("550 x%0D%0A::error::forged%3A%2C", "forged"),
    ("550 \u00a0\u2028::error::forged", "forged"),
    ("550 ##[error]forged ##[add-path]/tmp/evil", "forged"),
    ("550 a\r::error::forged", "bare CR|forged"),
    ("550 a\v::error::forged\x1b[2J\x1b]0;forged\x07", "forged"),
    ("550 " + "x" * 60 + " " + "::error::forged " * 20, "forged"),
    ("550 ]]></failure></testcase><testcase name='forged'/>", "forged"),
    ("550 | <img src=x> </details> `forged` [x](http://forged.example)", "forged"),
    ("550 " + "A" * 5000, "longer than")]


class Backtalk(socketserver.ThreadingTCPServer):
    """A server whose words are hostile; it also repeats what it was logged in with."""
    daemon_threads = allow_reuse_address = True

    def __init__(self, words, repeats=False):
        super().__init__(("127.0.0.1", 0), Talk)
        self.words, self.repeats = words, repeats
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Talk(socketserver.StreamRequestHandler):
    timeout = kit.LIMIT_S

    def say(self, text):
        self.wfile.write((text + "\r\n").encode())

    def handle(self):
        try:
            self.say("220 mx.good.example ESMTP")
            while self.answer(self.rfile.readline(4096).decode("latin-1")):
                pass
        except OSError:
            pass                          # it was hung up on

    def answer(self, line):
        verb = line[:4].upper()
        if verb == "EHLO":
            self.say("250-mx.good.example\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            told = base64.b64decode(line.split()[2]).decode()
            self.say(f"535 5.7.8 not with {told.split(chr(0))[2]} {told!r}" if self.server.repeats else "235 ok")
        elif verb in ("MAIL", "RSET", "NOOP"):
            self.say("250 ok")
        elif verb == "QUIT" or not line:
            self.say("221 bye")
            return False
        else:
            self.say(self.server.words)
        return True


# ---- reports ----

def junit_counts(text):
    """tests, failures, errors of a report; each case is there by its number."""
    top = ET.fromstring(text)
    suites = top.findall("testsuite")
    cases = [c for s in suites for c in s.findall("testcase")]
    expect("cases", len(cases), int(top.get("tests")))
    return tuple(int(top.get(k)) for k in ("tests", "failures", "errors"))


def sarif_places(text):
    """[(file, line)] of the results."""
    report = json.loads(text)
    expect("version", report["version"], "2.1.0")
    found = []
    for result in report["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        found.append((place["artifactLocation"]["uri"], place.get("region", {}).get("startLine")))
    return found


def line_of(suite, word):
    return next(n for n, line in enumerate(suite.splitlines(), 1) if word in line)


def check_reports(place, counts, places=None):
    expect("counts of JUnit", junit_counts(place.read("mailproof.xml")), counts)
    found = sarif_places(place.read("mailproof.sarif"))
    if places is not None:
        expect("places of SARIF", set(found), set(places))


def prepare(place):
    """Suites by how they come out: (file, exit code, counts of JUnit, where SARIF points)."""
    put(place.at("mail/dead.zone"), DEAD_ZONE)
    fails, undecided = place.suite("fails.yaml", FAILS), place.suite("undecided.yaml", UNDECIDED)
    return {"passing": (OFFLINE, 0, (7, 0, 0), None),
            "failing": (fails, 1, (1, 1, 0), [(fails, line_of(FAILS, "accepted"))]),
            "undecided": (undecided, 3, (1, 0, 1), None),
            "mistaken": (place.suite("mistake.yaml", MISTAKE), 2, None, None)}


OUTCOMES = ("passing", "failing", "undecided", "mistaken")


# ---- the action ----

ACTION_KEYS = {"name", "author", "description", "branding", "inputs", "outputs", "runs"}
STEP_KEYS = {"name", "id", "if", "shell", "run", "env", "uses", "with", "working-directory", "continue-on-error"}


def action():
    return read_yaml(source("action.yml"))


def runner(place, action_path=ROOT):
    temporary = os.path.join(place.folder, "runner")
    os.makedirs(temporary, exist_ok=True)
    return kit.Runner(action(), action_path, place.checkout, temporary, place.path)


@row("action.yml has the keys of a composite action, and those it must have")
def _():
    document = action()
    only_keys("action.yml", document, ACTION_KEYS, ["name", "description", "runs"])
    only_keys("branding", document["branding"], ["icon", "color"], ["icon", "color"])
    for name, entry in document["inputs"].items():
        only_keys(name, entry, ["description", "required", "default", "deprecationMessage"],
                  ["description", "default"])
        holds(f"{name}: a default is a text", isinstance(entry["default"], str))
    for name, entry in document["outputs"].items():
        only_keys(name, entry, ["description", "value"], ["description", "value"])
    only_keys("runs", document["runs"], ["using", "steps"], ["using", "steps"])
    expect("using", document["runs"]["using"], "composite")
    for step in document["runs"]["steps"]:
        only_keys(step.get("name"), step, STEP_KEYS, ["shell", "run"] if "run" in step else ["uses"])
        expect("both run and uses", "run" in step and "uses" in step, False)
    identifiers = [s["id"] for s in document["runs"]["steps"] if "id" in s]
    expect("ids that stand twice", len(identifiers), len(set(identifiers)))


@row("every input is used and every used one declared; outputs come from steps that are there")
def _():
    text, document = text_of("action.yml"), action()
    body = text[text.index("\noutputs:"):]
    used = set(re.findall(r"inputs\.([\w-]+)", body))
    expect("inputs", used, set(document["inputs"]))
    steps = {s["id"]: s for s in document["runs"]["steps"] if "id" in s}
    for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", body):
        holds(f"steps.{step}", step in steps)
        holds(f"{step} does not write {output}", f'echo "{output}=' in steps[step]["run"])


@row("no script of the action holds an expression, and all are strict")
def _():
    for step in action()["runs"]["steps"]:
        if "run" in step:
            holds(f"{step['name']}: an expression in a script", "${{" not in step["run"])
            holds(f"{step['name']}: not strict", step["run"].startswith("set -euo pipefail\n"))
            expect(step["name"], step["shell"], "bash")


def run_action(outcome, **inputs):
    place = Place()
    suite, code, counts, places = prepare(place)[outcome]
    r = runner(place)
    expect("exit code", r.run({"suite": suite, "mailproof": MAILPROOF, **inputs}, SANITIZERS), code)
    expect("output exit-code", r.results["exit-code"], str(code))
    word = {0: "passed", 1: "failed", 2: "error", 3: "undecided"}[code]
    expect("output result", r.results["result"], word)
    if counts is not None:
        check_reports(place, counts, places)
        expect("reports", (r.results["junit"], r.results["sarif"]), ("mailproof.xml", "mailproof.sarif"))
        with open(r.summary, encoding="utf-8") as f:
            holds("the summary has a table", re.search(r"^\|.*\|$", f.read(), re.M))
    return place, r


def annotations(r):
    found = kit.log_commands(r.log)
    holds(f"commands that are not ours: {found}", all(c[0] in kit.COMMANDS for c in found))
    return found


for _outcome in OUTCOMES:
    @row(f"action: a suite that is {_outcome}", _outcome)
    def _(outcome):
        _, r = run_action(outcome)
        errors = [(p["file"], int(p["line"])) for name, p, _ in annotations(r) if name == "error" and "line" in p]
        wanted = {"failing": [("mail/fails.yaml", line_of(FAILS, "accepted"))],
                  "undecided": [("mail/undecided.yaml", line_of(UNDECIDED, "dmarc: pass"))]}
        expect("annotations", errors, wanted.get(outcome, []))


@row("action: undecided passes with a warning where that is asked for, and is told as undecided")
def _():
    place = Place()
    suite = prepare(place)["undecided"][0]
    r = runner(place)
    expect("exit code", r.run({"suite": suite, "mailproof": MAILPROOF, "fail-on-undecided": "false"},
                              SANITIZERS), 0)
    expect("result", (r.results["result"], r.results["exit-code"]), ("undecided", "3"))
    holds("no warning", any(name == "warning" for name, _, _ in annotations(r)))


@row("action: failed fails also where undecided may pass")
def _():
    run_action("failing", **{"fail-on-undecided": "false"})


@row("action: every option reaches the command; several suites are one report")
def _():
    place = Place()
    suites = prepare(place)
    put(place.at("some.env"), "WORD=of-the-file\n")
    env = place.suite("env.yaml", FAILS.replace("552 5.2.2 full", "552 5.2.2 ${vars.word}")
                      .replace("name: fails", "name: env\nvars: {word: mine, other: \"${env:WORD}\"}"))
    r = runner(place)
    r.run({"suite": f"{suites['failing'][0]}\n\n{env}\n{OFFLINE}", "mailproof": MAILPROOF, "jobs": "3",
           "only": "a full mailbox takes*", "env-file": "some.env", "junit": "out.xml", "sarif": "",
           "args": f"--var=word=yours\n\n--json={place.at('out.json')}"}, SANITIZERS)
    expect("result", r.results["result"], "error")  # --var must be in every suite: the first has none
    r.run({"suite": f"{suites['failing'][0]}\n\n{env}\n", "mailproof": MAILPROOF, "jobs": "3",
           "only": "a full mailbox takes*", "env-file": "some.env", "junit": "out.xml", "sarif": "",
           "args": f"\n--json={place.at('out.json')}\n--fail-fast"}, SANITIZERS)
    expect("counts", junit_counts(place.read("out.xml"))[:2], (2, 2))
    expect("documents", len(json.loads(place.read("out.json"))), 2)
    holds("a report nobody asked for", not os.path.exists(place.at("mailproof.sarif")))


@row("action: no text of an input is a piece of a script, an option, or an output")
def _():
    for inputs in ({"suite": "$(touch pwned)"}, {"suite": "x.yaml; touch pwned"}, {"suite": "--var=a=`touch pwned`"},
                   {"suite": "a\"; touch pwned; \"", "only": "'; touch pwned; '"},
                   {"suite": OFFLINE, "args": "--var=x=$(touch pwned)"},
                   {"suite": OFFLINE, "junit": "none/x.xml\nresult=passed", "jobs": "1; touch pwned"},
                   {"suite": "--version"}, {"suite": "--help"}):
        place = Place()
        r = runner(place)
        expect(f"{inputs}", r.run({"mailproof": MAILPROOF, **inputs}, SANITIZERS), 2)
        holds("an input was run", not os.path.exists(place.at("pwned")))
        expect("result", r.results["result"], "error")


# ---- hostile servers ----

def check_backtalk(place, text):
    """Neither log nor reports take the words for more than words."""
    for name, properties, _ in kit.log_commands(text):
        holds(f"a command that is not ours: {name} {properties}",
              name in kit.COMMANDS and "forged" not in str(properties))
    holds("a control in the log", not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text))
    cases = ET.fromstring(place.read("mailproof.xml")).iter("testcase")
    expect("cases of JUnit", [c.get("name") for c in cases], ["a mail is taken"])
    json.loads(place.read("mailproof.sarif"))


for _number, (_words, _told) in enumerate(HOSTILE, 1):
    @row(f"hostile words {_number}: {ascii(_words)[1:60]}", _words, _told)
    def _(words, told):
        place = Place()
        with Backtalk(words) as server:
            suite = place.suite("backtalk.yaml", BACKTALK % server.server_address[1])
            r = runner(place)
            code = r.run({"suite": suite, "mailproof": MAILPROOF, "args": "--verbose"},
                         {**SANITIZERS, "CANARY_PW": SECRET})
        expect("exit code", code, 3 if "longer" in told else 1)
        check_backtalk(place, r.log)
        holds("it is not told", re.search(told, r.log))
        with open(r.summary, encoding="utf-8") as f:
            summary = f.read()
        holds("HTML in the summary", not re.search(r"<(img|/details)", summary))
        expect("rows of cases in the summary", len(re.findall("a mail is taken", summary)), 1)


@row("a secret that a server sends back is nowhere to be seen")
def _():
    place = Place()
    with Backtalk("250 ok", repeats=True) as server:
        suite = place.suite("backtalk.yaml", BACKTALK % server.server_address[1])
        r = runner(place)
        code = r.run({"suite": suite, "mailproof": MAILPROOF, "args": "--verbose\n--transcript=kept\n--json=out.json"},
                     {**SANITIZERS, "CANARY_PW": SECRET})
    holds(f"exit code {code}", code in (1, 3))
    seen = r.log + place.read("mailproof.xml") + place.read("mailproof.sarif") + place.read("out.json")
    with open(r.summary, encoding="utf-8") as f:
        seen += f.read()
    for folder, _, names in os.walk(place.at("kept")):
        seen += "".join(place.read(folder, name) for name in names)
    holds("the server's answer is not there", "not with ***" in seen)
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode(),
                 base64.b64encode(f"\0canary\0{SECRET}".encode()).decode()):
        holds(f"{form} is to be seen", form not in seen)


# ---- the build ----

def fake_source(place, name):
    """A source tree whose build is instant: what the action and the template do around it."""
    folder = os.path.join(place.folder, name)
    put(os.path.join(folder, "ci/build.sh"),
        "#!/bin/sh\nset -eu\n[ $1 != --key ] || { echo mailproof-key; exit; }\n"
        f"mkdir -p $1/bin\necho built >>$1/log\nln -sf {MAILPROOF} $1/bin/mailproof\n", 0o755)
    return folder


@row("action: without a command it is built into the cache's folder and put on the PATH")
def _():
    place = Place()
    r = runner(place, fake_source(place, "source"))
    expect("exit code", r.run({"suite": OFFLINE}, SANITIZERS), 0)
    directory = os.path.join(r.temporary, "mailproof")
    expect("cached", r.cached, {"key": "mailproof-key", "path": directory})
    expect("PATH", r.added, [os.path.join(directory, "bin")])
    expect("result", r.results["result"], "passed")
    expect("without a suite", r.run({}, SANITIZERS), 0)
    expect("its result", r.results["result"], "")


@row("build.sh: nothing is built where a command is there and runs; its key follows the sources")
def _():
    place = Place()
    tree = os.path.join(place.folder, "tree")
    for name in ("src", "include", "tools"):
        shutil.copytree(source(name), os.path.join(tree, name))
    for name in ("meson.build", "meson_options.txt"):
        shutil.copy(source(name), tree)
    shutil.copytree(source("ci"), os.path.join(tree, "ci"))
    script = os.path.join(tree, "ci/build.sh")
    put(os.path.join(tree, "tools/install-packages.sh"), "#!/bin/sh\nexit 9\n", 0o755)
    os.makedirs(os.path.join(place.folder, "made/bin"))
    os.symlink(MAILPROOF, os.path.join(place.folder, "made/bin/mailproof"))
    expect("there already", run_shell([script, f"{place.folder}/made"], tree, place.env())[0], 0)
    expect("not there", run_shell([script, f"{place.folder}/other"], tree, place.env())[0], 9)
    expect("usage", run_shell([script], tree, place.env())[0], 2)

    def key():
        code, out, err = run_shell([script, "--key"], place.folder, place.env())
        expect(err, code, 0)
        holds(out, re.fullmatch(r"mailproof-[\w.-]+-[0-9a-f]{24}\n", out))
        return out
    first = key()
    expect("again", key(), first)
    put(os.path.join(tree, "src/base/new_test.c"), "a test\n")
    expect("a test more", key(), first)
    put(os.path.join(tree, "src/base/new.c"), "a source\n")
    holds("a source more changes nothing", key() != first)


@row("build.sh builds the command")
def _():
    if not REAL_BUILD:
        raise Skip("in the build without sanitizers")
    place = Place()
    done = subprocess.run([source("ci/build.sh"), f"{place.folder}/made"], capture_output=True, text=True,
                          timeout=1500, env={**os.environ, "CFLAGS": "-O0", "MAKEFLAGS": ""})
    expect(done.stderr[-500:], done.returncode, 0)
    expect("left over", sorted(os.listdir(f"{place.folder}/made")), ["bin"])
    code, out, _ = run_shell([f"{place.folder}/made/bin/mailproof", "run", OFFLINE], place.checkout, place.env())
    expect(out[-500:], code, 0)


@row("the image has every library that the command is linked with")
def _():
    if not all(shutil.which(c) for c in ("ldd", "dpkg-query", "readelf")) or not REAL_BUILD:
        raise Skip("needs Debian's tools, and a build without sanitizers")
    text = text_of("ci/Dockerfile")
    expect("instructions", set(re.findall(r"^([A-Z]+)\b", text, re.M)), {"FROM", "COPY", "RUN", "CMD"})
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", subprocess.check_output(["readelf", "-d", MAILPROOF], text=True))
    paths = dict(re.findall(r"^\s*(\S+) => (\S+)", subprocess.check_output(["ldd", MAILPROOF], text=True), re.M))
    packages = set()
    for name in set(needed) & set(paths):
        owner = subprocess.run(["dpkg-query", "-S", os.path.realpath(paths[name])], capture_output=True, text=True)
        packages |= {line.split(":")[0] for line in owner.stdout.splitlines()}
    holds("no package was found", packages)
    missing = packages - set(re.findall(r"[\w.+-]+", text)) - {"libc6"}
    expect("not in the image", missing, set())


# ---- GitHub's workflow ----

JOB_KEYS = {"name", "runs-on", "timeout-minutes", "permissions", "steps", "needs", "if", "env", "strategy"}


@row("the workflow: keys, permissions, and inputs that the action has")
def _():
    document, inputs = read_yaml(source("ci/github/mailproof.yml")), action()["inputs"]
    only_keys("workflow", document, ["name", "on", "permissions", "jobs", "env", "concurrency"], ["on", "jobs"])
    expect("permissions", document["permissions"], {"contents": "read"})
    expect("jobs", list(document["jobs"]), ["mail"])
    job = document["jobs"]["mail"]
    only_keys("job", job, JOB_KEYS, ["runs-on", "steps"])
    expect("its permissions", job["permissions"], {"contents": "read", "security-events": "write"})
    ours = [s for s in job["steps"] if "/mailproof@" in s["uses"]]
    expect("steps with our action", len(ours), 1)
    only_keys("with", ours[0]["with"], inputs)
    for suite in ours[0]["with"]["suite"].split():
        holds(f"{suite} is not there", os.path.exists(source(suite)))
    for step in job["steps"]:
        only_keys(step["uses"], step, STEP_KEYS, ["uses"])
        holds(f"{step['uses']} has no version", re.search(r"@v\d", step["uses"]))
    after = job["steps"][job["steps"].index(ours[0]) + 1:]
    holds("not in any case", all(s["if"].startswith("always()") for s in after))
    written = {inputs["sarif"]["default"], inputs["junit"]["default"]}
    expect("files", {w for s in after for w in re.findall(r"mailproof\.\w+", str(s["with"]))}, written)


# ---- GitLab ----

GITLAB_JOB_KEYS = set("""after_script allow_failure artifacts before_script cache coverage dependencies environment
    extends hooks identity image inherit interruptible needs pages parallel release resource_group retry rules script
    secrets services stage tags timeout trigger variables when""".split())


def gitlab_job():
    return kit.gitlab_jobs(ROOT, "ci/gitlab/example.gitlab-ci.yml")


@row("GitLab: keywords, lists of texts, reports; the template alone runs nothing")
def _():
    jobs, others = gitlab_job()
    template, _ = kit.gitlab_jobs(ROOT, "ci/gitlab/mailproof.gitlab-ci.yml")
    expect("jobs of the template", list(template), [".mailproof"])
    for name, job in jobs.items():
        only_keys(name, job, GITLAB_JOB_KEYS, ["script"])
        for key in ("before_script", "script"):
            holds(f"{name}: {key}", all(isinstance(line, str) for line in job[key]))
        holds(f"{name}: variables are texts", all(isinstance(v, str) for v in job["variables"].values()))
    job = jobs["mail"]
    holds("its stage", job["stage"] in others["stages"])
    expect("what may fail", job["allow_failure"], {"exit_codes": [3]})
    only_keys("artifacts", job["artifacts"], ["when", "expire_in", "paths", "reports", "name", "expose_as"])
    expect("when", job["artifacts"]["when"], "always")
    expect("reports", job["artifacts"]["reports"], {"junit": "mailproof.xml"})
    holds("the report is no artifact", "mailproof.xml" in job["artifacts"]["paths"])


def run_gitlab(place, shell, path, **variables):
    job = gitlab_job()[0]["mail"]
    script = put(os.path.join(place.folder, "job.sh"), kit.gitlab_script(job))
    env = place.env(CI_PROJECT_DIR=place.checkout, GITLAB_CI="true", CI_JOB_NAME="mail")
    return run_shell([*shell, script], place.checkout, {**env, **job["variables"], **variables, "PATH": path})


for _shell in (["bash", "-eo", "pipefail"], ["sh", "-e"]):
    for _outcome in OUTCOMES:
        @row(f"GitLab, {_shell[0]}: a suite that is {_outcome}", _shell, _outcome)
        def _(shell, outcome):
            place = Place()
            suite, code, counts, places = prepare(place)[outcome]
            got, out, err = run_gitlab(place, shell, f"{place.bin}:{place.path}", MAILPROOF_SUITES=suite)
            expect(out + err, got, code)
            if counts is not None:
                check_reports(place, counts, places)


@row("GitLab: without a command it says so, or builds it once from the source that is named")
def _():
    place = Place()
    code, _, err = run_gitlab(place, ["sh", "-e"], place.path)
    expect(err, code, 2)
    holds(err, "MAILPROOF_SOURCE" in err)
    if not shutil.which("git"):
        raise Skip("git is not installed")
    folder = fake_source(place, "source")
    me = ["-c", "user.name=x", "-c", "user.email=x@good.example"]
    for words in (["init", "-q"], ["add", "."], [*me, "commit", "-qm", "x"], ["tag", "v0.1.0"]):
        expect(str(words), run_shell(["git", *words], folder, place.env())[0], 0)
    for _ in range(2):
        code, out, err = run_gitlab(place, ["sh", "-e"], place.path, MAILPROOF_SOURCE=f"file://{folder}")
        expect(out + err, code, 0)
    expect("builds", place.read(".mailproof/log"), "built\n")


# ---- Jenkins ----

@row("Jenkins: blocks that close, sections that are allowed, a time limit, reports in any case")
def _():
    j = kit.Jenkins(text_of("ci/jenkins/Jenkinsfile"))
    expect("shell steps", len(j.shell_steps), 2)
    holds("a time limit", "timeout" in [name for name, *_ in j.find(j.sections, "options")])


@row("the reader of Jenkinsfiles refuses what is no pipeline")
def _():
    text = text_of("ci/jenkins/Jenkinsfile")
    for bad in (text[:-2], text + "}", text.replace("stages {", "stagez {"), text.replace("junit ", "junitt "),
                text.replace("'Mail'", "'Mail"), text.replace("post {", "poost {"), text.replace("==", "~=")):
        try:
            kit.Jenkins(bad)
        except Failed:
            continue
        raise Failed("a broken pipeline was read")


for _outcome, _result in zip(OUTCOMES, ("SUCCESS", "FAILURE", "UNSTABLE", "FAILURE")):
    @row(f"Jenkins: a suite that is {_outcome} is {_result}", _outcome, _result)
    def _(outcome, result):
        place = Place()
        suite, _, counts, places = prepare(place)[outcome]
        j = kit.Jenkins(text_of("ci/jenkins/Jenkinsfile").replace(OFFLINE, suite))
        got = j.run(place.checkout, place.env())
        expect(j.log, got, result)
        expect("post", [name for name, _ in j.kept], ["junit", "archiveArtifacts"])
        expect("junit", j.kept[0][1]["testResults"][1], "mailproof.xml")
        if counts is not None:
            check_reports(place, counts, places)


# ---- monitors ----

@row("Kubernetes: the CronJob's command runs its ConfigMap's suite; no root, nothing writable")
def _():
    config, job = read_yaml(source("ci/kubernetes/nightly.yaml"))
    expect("kinds", [(d["apiVersion"], d["kind"]) for d in (config, job)], [("v1", "ConfigMap"), ("batch/v1", "CronJob")])
    expect("one at a time", job["spec"]["concurrencyPolicy"], "Forbid")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    expect("root", pod["securityContext"]["runAsNonRoot"], True)
    expect("writable", container["securityContext"]["readOnlyRootFilesystem"], True)
    expect("the volume's map", pod["volumes"][0]["configMap"]["name"], config["metadata"]["name"])
    mount = container["volumeMounts"][0]
    expect("the mount's volume", mount["name"], pod["volumes"][0]["name"])
    place = Place()
    for name, text in config["data"].items():
        put(os.path.join(place.folder, "suites", name), text)
    words = [w.replace(mount["mountPath"], f"{place.folder}/suites") for w in container["command"]]
    code, out, err = run_shell(words, place.checkout, place.env())
    expect(err, code, 0)
    document = json.loads(out.splitlines()[0])
    holds(f"{document}", document["schema"].startswith("mailproof/run/"))


UNITS = "packaging/systemd"


@row("systemd: the units are right")
def _():
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    place = Place()
    for name in ("mailproof-run@.service", "mailproof-run@.timer"):
        put(os.path.join(place.folder, "units", name), text_of(UNITS, name).replace("/usr/bin/mailproof", MAILPROOF))
    names = [f"{place.folder}/units/mailproof-run@nightly.{kind}" for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True,
                          timeout=kit.LIMIT_S)
    if "Failed to" in done.stderr and "mailproof" not in done.stderr:
        raise Skip("systemd-analyze does not work here")
    expect(done.stderr, (done.returncode, done.stderr), (0, ""))


@row("systemd: the service's command runs the suite and leaves metrics")
def _():
    place = Place()
    command = re.search(r"^ExecStart=(.*)$", text_of(UNITS, "mailproof-run@.service"), re.M)[1]
    suites, state = f"{place.folder}/etc", f"{place.folder}/state"
    shutil.copytree(source("ci/suite"), suites)
    os.mkdir(state)
    words = command.replace("/usr/bin/mailproof", MAILPROOF).replace("%i", "offline") \
        .replace("/etc/mailproof", suites).replace("/var/lib/mailproof", state).split()
    code, out, err = run_shell(words, state, place.env())
    expect(out + err, code, 0)
    with open(f"{state}/offline.prom", encoding="utf-8") as f:
        metrics = f.read()
    holds(metrics, re.search(r'^mailproof_flow_success\{.*suite="offline".*\} 1$', metrics, re.M))


# ---- the page ----

def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", text_of("docs/ci.md"), re.M | re.S)


@row("docs/ci.md: the suite of ten lines runs as the command line below it says")
def _():
    place = Place()
    put(place.at("mail.yaml"), blocks("yaml")[0])
    shutil.copytree(source("ci/suite/dns"), place.at("dns"))
    code, out, err = run_shell(["sh", "-e", "-c", blocks("sh")[0]], place.checkout, place.env())
    expect(out + err, code, 0)
    check_reports(place, (2, 0, 0), [])


@row("docs/ci.md: GitHub's and GitLab's pieces are YAML with what the recipes have")
def _():
    github = next(b for b in blocks("yaml") if "uses: OWNER" in b)
    ours, upload = yaml.load(github, Loader=kit.Strict)
    only_keys("with", ours["with"], action()["inputs"], ["suite"])
    expect("uploaded", upload["with"]["sarif_file"], action()["inputs"]["sarif"]["default"])
    table = set(re.findall(r"`([\w-]+)`", "".join(re.findall(r"^\| (`.*?) \|", text_of("docs/ci.md"), re.M))))
    expect("inputs that the page does not tell", set(action()["inputs"]) - table, set())
    gitlab = yaml.load(next(b for b in blocks("yaml") if "extends" in b), Loader=kit.Strict)
    only_keys("variables", gitlab["mail"]["variables"], gitlab_job()[0][".mailproof"]["variables"])


for _outcome, _said in zip(OUTCOMES, ("", "failed", "undecided", "failed")):
    @row(f"docs/ci.md: the lines for a shell, with a suite that is {_outcome}", _outcome, _said)
    def _(outcome, said):
        place = Place()
        suite, code, _, _ = prepare(place)[outcome]
        script = next(b for b in blocks("sh") if "case $code" in b).replace("mail/smoke.yaml", suite)
        got, out, _ = run_shell(["sh", "-c", script], place.checkout, place.env())
        expect("exit code", got, code)
        expect("said", out, said and f"mail: {said}, look at mailproof.log\n")


@row("docs/ci.md: cron's line is silent until something is not as expected")
def _():
    line = next(l for l in text_of("docs/ci.md").splitlines() if l.startswith("*/10"))
    fields, command = line.split("  ", 1)
    expect("fields before the command", len(fields.split()), 6)
    holds("% has a meaning to cron", "%" not in command)
    for outcome, silent in (("passing", True), ("failing", False), ("undecided", False)):
        place = Place()
        suite = prepare(place)[outcome][0]
        _, out, err = run_shell(["sh", "-c", command.replace("/etc/mailproof/smoke.yaml", suite)], place.checkout,
                                place.env())
        expect(outcome, (out + err) == "", silent)


APP = """import smtplib, sys
words = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if sys.argv[1] == "sign-up":
    host, port = words["--smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), local_hostname="app.test") as s:
        s.sendmail("app@app.test", [words["--mail"]],
                   "Subject: Welcome\\r\\n\\r\\nYour confirmation code is 483920.\\r\\n")
else:
    sys.exit(words["--code"] != "483920")
"""


@row("docs/ci.md: the capture server as a service of an application's tests")
def _():
    place = Place()
    start, tests = next(b for b in blocks("sh") if "-- ./run-tests.sh" in b), next(b for b in blocks("sh") if "sign-up" in b)
    put(place.at("app.py"), APP)
    put(place.at("app"), f'#!/bin/sh\nexec {sys.executable} app.py "$@"\n', 0o755)
    put(place.at("run-tests.sh"), f"#!/bin/sh\nset -eu\ntest -s sink.env\n{tests}", 0o755)
    code, out, err = run_shell(["sh", "-e", "-c", start], place.checkout, place.env())
    expect(out + err, code, 0)
    put(place.at("app.py"), APP.replace("!= ", "== "))
    expect("a failing test", run_shell(["sh", "-e", "-c", start], place.checkout, place.env())[0], 1)


# ---- form ----

@row("every script is clean to shellcheck")
def _():
    if not shutil.which("shellcheck"):
        raise Skip("shellcheck is not installed")
    scripts = [("bash", s["run"]) for s in action()["runs"]["steps"] if "run" in s]
    scripts += [("sh", kit.gitlab_script(job)) for job in gitlab_job()[0].values()]
    scripts += [("sh", text) for text in kit.Jenkins(text_of("ci/jenkins/Jenkinsfile")).shell_steps]
    scripts += [("sh", text) for text in blocks("sh")] + [("sh", text_of("ci/build.sh"))]
    for shell, text in scripts:
        done = subprocess.run(["shellcheck", "-s", shell, "-e", "SC2154,SC2034", "-"], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=kit.LIMIT_S)
        expect(done.stdout, done.returncode, 0)


def main():
    with tempfile.TemporaryDirectory(prefix="mailproof-ci-") as folder:
        tempfile.tempdir = folder
        return run_rows()


def run_rows():
    failed = 0
    for number, (label, function, args) in enumerate(rows, 1):
        try:
            function(*args)
            print(f"ok {number} - {label}", flush=True)
        except Skip as why:
            print(f"ok {number} - {label} # SKIP {why}", flush=True)
        except (Failed, subprocess.TimeoutExpired, ValueError, KeyError, OSError, StopIteration, TypeError,
                ET.ParseError, yaml.YAMLError) as problem:
            failed += 1
            print(f"not ok {number} - {label}\n# {type(problem).__name__}: "
                  + repr(str(problem))[:1500], flush=True)
    print(f"1..{len(rows)}")
    return 1 if failed else 0


sys.exit(main())
