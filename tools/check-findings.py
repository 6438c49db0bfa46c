#!/usr/bin/env python3
"""Every finding of the catalogue is raised by a test: its symbol stands in a test program, or a world
expects it by name. Usage: check-findings.py SOURCE-ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
CATALOGUE = sorted((root / "src/finding").glob("catalog*.def"))
catalogue = re.findall(r'^FINDING\((\w+), "([^"]+)"',
                       "".join(p.read_text() for p in CATALOGUE), re.M)
tests = "".join(p.read_text() for pattern in ("src/*/*_test.c", "src/*/*_samples.h", "tests/*.h",
                                               "tests/vectors/*.c")
                for p in root.glob(pattern))
expected = set()
for world in (root / "tests/worlds").glob("*.world"):
    expected |= set(re.findall(rb"^expect finding (\S+)", world.read_bytes(), re.M))
silent = [name for symbol, name in catalogue
          if not re.search(r"\bFINDING_%s\b" % symbol, tests) and name.encode() not in expected]
for name in silent:
    print(f"src/finding/catalog*.def: no test raises {name}: add a row or a world")
print(f"{len(catalogue)} findings, {len(silent)} without a test")
sys.exit(1 if silent or not catalogue else 0)
