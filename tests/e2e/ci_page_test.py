#!/usr/bin/env python3
"""docs/ci.md, monitors and builds: what the page tells to type is typed, units and CronJob are read and
their commands run, ci/build.sh builds, and every script of the recipes is clean.

Usage: ci_page_test.py PATH-OF-MAILPROOF SOURCE-ROOT [build]   (TAP; build: build.sh builds, too)
"""
import json
import os
import re
import shutil
import subprocess
import sys

from ci_place import (MAILPROOF, OFFLINE, OUTCOMES, Place, action, blocks, check_reports, gitlab_job,
                      main, prepare, source, text_of, yaml)
import ci_kit as kit
from ci_kit import only_keys, put, read_yaml, run_shell
from rows import Skip, expect, holds, row

REAL_BUILD = sys.argv[3:] == ["build"]


# ---- the build ----

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
    code, out, _ = run_shell([f"{place.folder}/made/bin/mailproof", "run", OFFLINE], place.checkout,
                             place.env())
    expect(out[-500:], code, 0)


def packages_of(library):
    """Which packages have a file of that name."""
    done = subprocess.run(["dpkg-query", "-S", f"*/{library}"], capture_output=True, text=True,
                          timeout=kit.LIMIT_S)
    return {line.split(":")[0] for line in done.stdout.splitlines()}


@row("the image has every library that the command is linked with")
def _():
    if not all(shutil.which(c) for c in ("dpkg-query", "readelf")) or not REAL_BUILD:
        raise Skip("needs Debian's tools, and a build without sanitizers")
    text = text_of("ci/Dockerfile")
    expect("instructions", set(re.findall(r"^([A-Z]+)\b", text, re.M)), {"FROM", "COPY", "RUN", "CMD"})
    dynamic = subprocess.check_output(["readelf", "-d", MAILPROOF], text=True, timeout=kit.LIMIT_S)
    needed = re.findall(r"\(NEEDED\).*\[(lib.*)\]", dynamic)
    holds("no library was found", len(needed) > 5)
    image = set(re.findall(r"[\w.+-]+", text)) | {"libc6"}
    missing = [name for name in needed if not packages_of(name) & image]
    expect("not in the image", missing, [])


# ---- monitors ----

@row("Kubernetes: the CronJob's command runs its ConfigMap's suite; no root, nothing writable")
def _():
    config, job = read_yaml(source("ci/kubernetes/nightly.yaml"))
    expect("kinds", [(d["apiVersion"], d["kind"]) for d in (config, job)],
           [("v1", "ConfigMap"), ("batch/v1", "CronJob")])
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
        put(os.path.join(place.folder, "units", name),
            text_of(UNITS, name).replace("/usr/bin/mailproof", MAILPROOF))
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
        words = ["sh", "-c", command.replace("/etc/mailproof/smoke.yaml", suite)]
        _, out, err = run_shell(words, place.checkout, place.env())
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
    start = next(b for b in blocks("sh") if "-- ./run-tests.sh" in b)
    tests = next(b for b in blocks("sh") if "sign-up" in b)
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


sys.exit(main())
