#!/usr/bin/python3
"""`mailproof lint`, and the schema of suites: lint_test.py MAILPROOF SOURCE-ROOT. Prints TAP."""
import copy
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sink_kit  # noqa: E402

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = None

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
EXAMPLES = sorted(glob.glob(os.path.join(ROOT, "examples/suites/*.yaml")))
SCHEMA = os.path.join(ROOT, "docs/schema/suite-1.schema.json")
rows = sink_kit.Rows()

GOOD = """\
mailproof: 1
allow: good.test
tests:
  - {name: one, probe: {mx-of: good.test}}
  - {name: two, audit: {domain: good.test}}
"""
BAD = """\
mailproof: 1
alow: good.test
tests:
  - name: "%::error::x"
    probe: {mx-of: good.test, heo: x}
    expect: {tls: ">=1.9"}
"""


def lint(*args, env=None):
    done = subprocess.run([MAILPROOF, "lint", *args], stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, **(env or {})}, timeout=sink_kit.PATIENCE_S)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def put(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def text(folder):
    good, bad = put(folder, "good.yaml", GOOD), put(folder, "bad.yaml", BAD)
    code, out, err = lint(good)
    rows.check("a suite without mistakes", (code, out, err) == (0, f"{good}: 2 cases, no mistake\n", ""),
             out + err)
    code, out, err = lint("-v", good)
    rows.check("-v lists the cases", out.splitlines()[1:] == ["  4: one", "  5: two"], out)
    code, out, err = lint(bad, good)
    told = [f"{bad}:2:1: unknown key 'alow', did you mean 'allow'?",
            f"{bad}:5:31: unknown key 'heo', did you mean 'helo'?"]
    rows.check("mistakes with file, line, column, and the nearest key",
             code == 1 and out.splitlines()[:2] == told and ":6:19: " in out, out)
    rows.check("the other suite is read all the same", f"{good}: 2 cases" in out, out)
    code, out, err = lint(os.path.join(folder, "none.yaml"), good)
    rows.check("a file that is not there is exit code 2", code == 2 and "none.yaml" in err, err)
    code, out, err = lint()
    rows.check("no suite is exit code 2", code == 2 and "name a suite" in err, err)
    code, out, err = lint("--format", "prometheus", good)
    rows.check("a format that has no use is exit code 2", code == 2, err)
    code, out, err = lint("-o", os.path.join(folder, "out"), bad)
    with open(os.path.join(folder, "out"), encoding="utf-8") as f:
        rows.check("-o writes there", code == 1 and out == "" and "'alow'" in f.read(), out)


def references(folder):
    secret = put(folder, "secret.yaml", GOOD + "hosts: {h: {url: 'imaps://h.test', auth: {user: u, "
                 "password: '${env:MAILPROOF_LINT_PW}'}}}\n")
    code, out, err = lint(secret)
    rows.check("what is not set is no mistake", code == 0 and "no value here" in out, out)
    code, out, err = lint("--strict", secret)
    rows.check("--strict: it is one", code == 1 and "not set in the environment" in out, out)
    env = put(folder, "x.env", "MAILPROOF_LINT_PW=verysecret\n")
    code, out, err = lint("--env", env, secret)
    rows.check("--env: it is set, and not shown",
             code == 0 and "nothing uses the host 'h'" in out and "verysecret" not in out, out)
    code, out, err = lint("--strict", "--env", env, secret)
    rows.check("--strict: what is odd fails too", code == 1, out)
    code, out, err = lint("--strict", secret, env={"MAILPROOF_LINT_PW": "verysecret"})
    rows.check("the environment sets it", "not set" not in out, out)
    var = put(folder, "var.yaml", "mailproof: 1\nvars: {d: 'a b'}\n"
              "tests: [{name: t, probe: {mx-of: '${vars.d}'}}]\n")
    rows.check("--var", lint(var)[0] == 1 and lint("--var", "d=good.test", var)[0] == 0, "")


def formats(folder):
    good, bad = put(folder, "good.yaml", GOOD), put(folder, "bad.yaml", BAD)
    os.chdir(folder)
    code, out, _ = lint("--format", "json", "bad.yaml", "good.yaml")
    documents = json.loads(out)
    places = [(d["file"], d["line"], d["column"]) for d in documents]
    rows.check("json: one document a mistake, one a suite without", code == 1 and places == [
        ("bad.yaml", 2, 1), ("bad.yaml", 5, 31), ("bad.yaml", 6, 19), ("good.yaml", 1, 1)], out)
    code, out, _ = lint("--format", "json", "good.yaml")
    rows.check("json: an array also for one", code == 0 and len(json.loads(out)) == 1, out)
    if jsonschema is None:
        rows.skip("json: the documents fit the schema", "python3-jsonschema is not installed")
    else:
        with open(os.path.join(ROOT, "docs/schema/lint-1.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        bad_ones = [e.message for d in documents
                    for e in jsonschema.Draft202012Validator(schema).iter_errors(d)]
        rows.check("json: the documents fit the schema", not bad_ones, "\n".join(bad_ones))
    code, out, _ = lint("--format", "sarif", bad)
    results = json.loads(out)["runs"][0]["results"]
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results]
    rows.check("sarif: every mistake at its line", code == 1 and lines == [2, 5, 6], out[-2000:])
    code, out, _ = lint("--format", "junit", "bad.yaml", good)
    cases = ElementTree.fromstring(out).findall(".//testcase")
    failed = [(c.get("file"), c.get("line")) for c in cases if c.find("failure") is not None]
    rows.check("junit: every mistake is a failed test at its line", code == 1 and failed == [
        ("bad.yaml", "2"), ("bad.yaml", "5"), ("bad.yaml", "6")] and len(cases) == 4, out)
    code, out, _ = lint("--format", "tap", bad, good)
    rows.check("tap: every mistake is not ok", code == 1 and out.count("\nnot ok") == 3 and
             "\nok 4" in out, out)
    code, out, _ = lint("--format", "github", "bad.yaml")
    errors = [line for line in out.splitlines() if line.startswith("::error file=bad.yaml,line=")]
    rows.check("github: an annotation at every line", code == 1 and len(errors) == 3, out)
    rows.check("github: no text of a suite begins a command", out.count("::error::x") == 0, out)
    many = put(folder, "many.yaml", GOOD + "".join(f"key{i}: 1\n" for i in range(30)))
    code, out, _ = lint("--format", "sarif", many)
    rows.check("sarif: none of many is left out",
             len(json.loads(out)["runs"][0]["results"]) == 30, out[-500:])


# ---- the schema --------------------------------------------------------------------------------

def load(path):
    """As texts: PyYAML would read YAML 1.1, where `on` is true."""
    with open(path, encoding="utf-8") as f:
        return yaml.load(f, Loader=yaml.BaseLoader)


# What is changed in an example: where, and to what (None: taken away).
BREAKS = [
    ("an unknown key", "smoke.yaml", ["colour"], "red"),
    ("no version", "smoke.yaml", ["mailproof"], None),
    ("an unknown key of a host", "smoke.yaml", ["hosts", "submit", "urll"], "x"),
    ("a literal password", "smoke.yaml", ["hosts", "submit", "auth", "password"], "hunter2"),
    ("a duration without unit", "smoke.yaml", ["defaults", "within"], "30"),
    ("an unknown key of a verb", "smoke.yaml", ["tests", 0, "probe", "mx"], "x.test"),
    ("what a probe cannot expect", "smoke.yaml", ["tests", 0, "expect", "folder"], "INBOX"),
    ("a word that is none", "smoke.yaml", ["tests", 0, "expect", "all-mx", "dane"], "verifed"),
    ("a comparison that is none", "smoke.yaml", ["tests", 0, "expect", "all-mx", "tls"], ">=9"),
    ("what is no flag", "nightly.yaml", ["schedule", "only-one"], "no"),
    ("what sending cannot expect", "gate.yaml", ["tests", 1, "expect", "dane"], "verified"),
    ("a stage that is none", "gate.yaml", ["tests", 1, "expect", "refused", "at"], "dtaa"),
    ("a key of no verb in a row", "gate.yaml", ["tests", 3, "table", 0, "atach"], "x"),
    ("a grade that is none", "gate.yaml", ["tests", 5, "expect", "level"], ">=E"),
]


def changed(document, path, value):
    document = copy.deepcopy(document)
    at = document
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


def schema(folder):
    code, out, _ = lint("--schema")
    with open(SCHEMA, encoding="utf-8") as f:
        rows.check("the schema in docs/ is what the table of keys says (lint --schema)",
                 code == 0 and f.read() == out, "mailproof lint --schema -o " + SCHEMA)
    if jsonschema is None:
        rows.skip("the examples fit it", "python3-jsonschema and python3-yaml are not installed")
        return
    checker = jsonschema.Draft202012Validator(json.loads(out))
    jsonschema.Draft202012Validator.check_schema(json.loads(out))
    for path in EXAMPLES:
        wrong = [f"{list(e.absolute_path)}: {e.message}" for e in checker.iter_errors(load(path))]
        rows.check(f"{os.path.basename(path)} fits it", not wrong, "\n".join(wrong)[:2000])
        code, out, err = lint(path)
        rows.check(f"{os.path.basename(path)} has no mistake", code == 0, out + err)
    for label, name, path, value in BREAKS:
        broken = changed(load(os.path.join(ROOT, "examples/suites", name)), path, value)
        with open(os.path.join(folder, "broken.yaml"), "w", encoding="utf-8") as f:
            json.dump(broken, f)
        code, out, _ = lint(f.name)
        rows.check(f"schema and program refuse {label}",
                 not checker.is_valid(broken) and code == 1, out)


# ---- the pages ---------------------------------------------------------------------------------

HOSTS = """\
mailproof: 1
allow: [good.test]
hosts:
  mx: {url: "smtp+starttls://mx1.good.test:25", xclient: allowed}
  submit: {url: "smtps://submission.good.test", auth: {user: alice@good.test, password: "${env:A}"}}
  alice: {url: "imaps://imap.good.test", auth: {user: alice, password: "${env:A}"}}
defaults: {in: alice}
"""


def pages(folder):
    """What the pages show is without mistakes: whole suites, and tests for hosts such as these."""
    with open(os.path.join(ROOT, "docs/suites.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```yaml\n(.*?)^```", f.read(), re.M | re.S)
    with open(os.path.join(ROOT, "man/mailproof-suite.5"), encoding="utf-8") as f:
        blocks += re.findall(r"^\.Bd -literal\n(.*?)^\.Ed", f.read(), re.M | re.S)
    for n, block in enumerate(blocks, 1):
        whole = block if block.startswith("mailproof:") else \
            HOSTS + ("" if "\ntests:" in block else "tests:\n") + block
        code, out, err = lint(put(folder, f"block{n}.yaml", whole))
        rows.check(f"example {n} of the pages has no mistake", code == 0, out + err)
    rows.check("the pages show examples", len(blocks) >= 7, len(blocks))


with tempfile.TemporaryDirectory(prefix="mailproof-lint-") as place:
    text(place)
    references(place)
    schema(place)
    pages(place)
    formats(place)
sys.exit(rows.done())
