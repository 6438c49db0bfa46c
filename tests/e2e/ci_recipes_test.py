#!/usr/bin/env python3
"""The recipes for GitHub, GitLab and Jenkins (action.yml, ci/): read as those read them, and their shell
steps run, with suites that pass, fail, are undecided or have mistakes.

Usage: ci_recipes_test.py PATH-OF-MAILPROOF SOURCE-ROOT   (TAP on standard output)
"""
import json
import os
import re
import shutil
import sys

from ci_place import (MAILPROOF, OFFLINE, OUTCOMES, FAILS, MISTAKE, ROOT, SANITIZERS, UNDECIDED, Place,
                      action, check_reports, fake_source, gitlab_job, junit_counts, line_of, main, prepare, runner,
                      source, text_of)
import ci_kit as kit
from ci_kit import only_keys, put, read_yaml, run_shell
from rows import Failed, Skip, expect, holds, row

# ---- the action ----

ACTION_KEYS = {"name", "author", "description", "branding", "inputs", "outputs", "runs"}
STEP_KEYS = {"name", "id", "if", "shell", "run", "env", "uses", "with", "working-directory",
             "continue-on-error"}


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
        errors = [(p["file"], int(p["line"])) for name, p, _ in annotations(r)
                  if name == "error" and "line" in p]
        wanted = {"failing": [("mail/fails.yaml", line_of(FAILS, "accepted"))],
                  "undecided": [("mail/undecided.yaml", line_of(UNDECIDED, "dmarc: pass"))],
                  "mistaken": [("mail/mistake.yaml", line_of(MISTAKE, w)) for w in ("name: x", "sned")]}
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
    for inputs in ({"suite": "$(touch pwned)"}, {"suite": "x.yaml; touch pwned"},
                   {"suite": "--var=a=`touch pwned`"},
                   {"suite": "a\"; touch pwned; \"", "only": "'; touch pwned; '"},
                   {"suite": OFFLINE, "args": "--var=x=$(touch pwned)"},
                   {"suite": OFFLINE, "junit": "none/x.xml\nresult=passed", "jobs": "1; touch pwned"},
                   {"suite": f"--dry-run\n{OFFLINE}"}, {"suite": "--help"}):
        place = Place()
        r = runner(place)
        expect(f"{inputs}", r.run({"mailproof": MAILPROOF, **inputs}, SANITIZERS), 2)
        holds("an input was run", not os.path.exists(place.at("pwned")))
        expect("result", r.results["result"], "error")


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

GITLAB_JOB_KEYS = set("""after_script allow_failure artifacts before_script cache coverage dependencies
    environment extends hooks identity image inherit interruptible needs pages parallel release
    resource_group retry rules script secrets services stage tags timeout trigger variables when""".split())


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


sys.exit(main())
