#!/usr/bin/env python3
"""Every finding of the catalogue is raised by a test: its symbol or, in a text, its name stands in a test
program, or a world expects it by name. Every finding of an audit has a row that follows its remedy (a fix that is tried
out, or a world after the words were followed): posture_test_kit.h fails where it is not cleared.
Usage: check-findings.py SOURCE-ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
CATALOGUE = sorted((root / "src/finding").glob("catalog*.def"))
catalogue = re.findall(r'^FINDING\((\w+), "([^"]+)"',
                       "".join(p.read_text() for p in CATALOGUE), re.M)
tests = "".join(p.read_text() for pattern in ("src/*/*_test.c", "src/*/*_rows.def", "src/*/*_samples.h", "tests/*.h",
                                               "tests/vectors/*.c")
                for p in root.glob(pattern))
expected = set()
for world in (root / "tests/worlds").glob("*.world"):
    expected |= set(re.findall(rb"^expect finding (\S+)", world.read_bytes(), re.M))
raised = set(re.findall(r"\bFINDING_(\w+)\b", tests))
texts = re.findall(r'"((?:[^"\\\n]|\\.)*)"', tests)
named = {word for text in texts for word in re.findall(r"[a-z][\w-]*(?:\.[\w-]+)+", text)}
silent = [name for symbol, name in catalogue
          if symbol not in raised and name not in named and name.encode() not in expected]
for name in silent:
    print(f"src/finding/catalog*.def: no test raises {name}: add a row or a world")
remedied = set()
for path in (root / "src/posture").glob("check_*_test.c"):
    for row in re.split(r"\{\s*\.label = ", path.read_text())[1:]:
        if ".absent" not in row and re.search(r"\.(fix|after) =", row):
            remedied |= set(re.findall(r"\.id = FINDING_(POSTURE_\w+)", row))
audit = [(symbol, name) for symbol, name in catalogue if symbol.startswith("POSTURE_")]
hopeless = [name for symbol, name in audit if symbol not in remedied]
for name in hopeless:
    print(f"src/posture: no row shows that the remedy of {name} clears it")
print(f"{len(catalogue)} findings, {len(silent)} without a test; "
      f"{len(audit)} of an audit, {len(hopeless)} whose remedy is not followed")
sys.exit(1 if silent or hopeless or not audit else 0)
