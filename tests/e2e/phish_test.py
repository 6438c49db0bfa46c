#!/usr/bin/env python3
"""Phishing, honest mail and the cases of others through scan --only content: the table of findings by
rule, and whether the aims hold. Reads the shared data in place; SKIP where it is absent. TAP; the table
stands in lines that begin with "#".

Usage: phish_test.py PATH-OF-MAILPROOF SOURCE-ROOT
"""
import collections
import json
import os
import subprocess
import sys

from rows import Skip, holds, row, run_rows

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SHARED = os.environ.get("MAILPROOF_SHARED") or os.path.join(ROOT, "..", "shared")
ORDER = ["info", "low", "medium", "high", "critical"]
LIMIT_S = 600
CORPORA = {
    "phishing": ["phishing-pot"],
    "honest": [f"spamassassin-public-corpus/{name}" for name in ("easy-ham-1", "easy-ham-2", "hard-ham-1")],
    "others": ["rspamd-messages"],
}
# What others made a case of, by the name of their file; every finding named must be there.
CASES = {
    "phishing1.eml": "url.text-mismatch", "phishing2.eml": "url.text-mismatch",
    "url_suspect_bad_tld.eml": "url.tld", "url_suspect_numeric_ip.eml": "url.ip",
    "url_suspect_numeric_ip_user.eml": "url.userinfo", "url_suspect_user_no_password.eml": "url.userinfo",
    "zerofont.eml": "html.hidden-text", "sa_display_name_spoof.eml": "sender.name-brand",
    "phish_sender.eml": "auth.multiple-from", "pdf_encrypted.eml": "pdf.encrypted",
    "next2last-doublebad.eml": "archive.executable", "bad_ext.dotted_file_name.eml": "attach.extension.dangerous",
}


def files_of(folders):
    for folder in folders:
        path = os.path.join(SHARED, "corpora", folder)
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
            if name.endswith((".eml", ".txt")) and not name.startswith("README"):
                yield os.path.join(path, name)


def scan(files):
    """Of each message: its file, and the gravest severity of each finding in it."""
    done = subprocess.run([MAILPROOF, "scan", "--only", "content", "--eml", "--format", "jsonl", *files],
                          capture_output=True, timeout=LIMIT_S, check=False)
    for line in done.stdout.splitlines():
        document = json.loads(line)
        if "findings" not in document:
            continue
        worst = {}
        for finding in document["findings"]:
            worst[finding["id"]] = max(worst.get(finding["id"], 0), ORDER.index(finding["severity"]))
        yield os.path.basename(document["source"]), worst


def share(part, whole):
    return 100 * part / whole if whole else 0.0


scanned = {}
for label, folders in CORPORA.items():
    paths = list(files_of(folders))
    scanned[label] = list(scan(paths)) if paths else []


def counted(label, condition):
    if not scanned[label]:
        raise Skip("the shared data is not there")
    return share(sum(condition(worst) for _, worst in scanned[label]), len(scanned[label]))


def is_medium(worst):
    return max(worst.values(), default=0) >= ORDER.index("medium")


def is_grave(worst):
    return max(worst.values(), default=0) >= ORDER.index("high") or "phish.combo" in worst


def print_table():
    kinds = collections.defaultdict(collections.Counter)
    for label, messages in scanned.items():
        for _, worst in messages:
            kinds_of = {name for name, severity in worst.items() if severity > 0}
            for name in kinds_of:
                kinds[name][label] += 1
    print("# messages:", ", ".join(f"{len(messages)} {label}" for label, messages in scanned.items()))
    print(f"# {'finding (low and graver)':36}" + "".join(f"{label:>10}" for label in CORPORA))
    for name in sorted(kinds):
        print(f"# {name:36}" + "".join(f"{kinds[name][label]:10}" for label in CORPORA))


@row("every message is answered for")
def _():
    for label, folders in CORPORA.items():
        holds(f"{label}: {len(scanned[label])} answers of {len(list(files_of(folders)))}",
              len(scanned[label]) == len(list(files_of(folders))))


@row("phishing: at least 90 % with a medium or graver finding")
def _():
    got = counted("phishing", is_medium)
    print(f"# {got:.1f} %")
    holds(f"{got:.1f} %", got >= 90)


@row("phishing: at least 55 % with a high finding or phish.combo")
def _():
    got = counted("phishing", is_grave)
    print(f"# {got:.1f} %")
    holds(f"{got:.1f} %", got >= 55)


@row("honest mail: at most 1 % with a high finding or phish.combo")
def _():
    got = counted("honest", is_grave)
    print(f"# {got:.1f} %; with a medium or graver one {counted('honest', is_medium):.1f} %")
    holds(f"{got:.1f} %", got <= 1)


@row("cases of others")
def _():
    found = dict(scanned["others"])
    if not found:
        raise Skip("the shared data is not there")
    for name, wanted in CASES.items():
        if name in found:
            holds(f"{name}: {wanted}, not only {sorted(found[name])}", wanted in found[name])


print_table()
sys.exit(run_rows())
