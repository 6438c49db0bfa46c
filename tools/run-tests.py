#!/usr/bin/env python3
"""Runs meson's tests and counts the rows inside them, so that the closing line says how much ran.

usage: run-tests.py run LABEL BUILD_DIR [meson test argument…]   rows of one build
       run-tests.py one LABEL COMMAND…                           a command is one row
       run-tests.py sum                                          the closing line
Counts are collected in the file that MP_TOTALS names. `sum` fails when a row failed or none ran.
"""
import json
import os
import re
import subprocess
import sys

ROW = re.compile(r'^(ok|not ok)\b(?:(?!#).)*(#\s*SKIP)?', re.I)


def count_rows(test):
    """(passed, failed, skipped) of one entry of testlog.json."""
    counts = [0, 0, 0]
    for line in (test.get('stdout') or '').splitlines():
        row = ROW.match(line)
        if row:
            counts[2 if row[2] else 0 if row[1] == 'ok' else 1] += 1
    fine = test['result'] in ('OK', 'EXPECTEDFAIL', 'SKIP')
    if not fine and counts[1] == 0:
        counts[1] = 1                       # crashed, timed out, or a plan that does not add up
    if sum(counts) == 0:
        counts[2 if test['result'] == 'SKIP' else 0] = 1
    return counts


def record(label, counts):
    print(f'== {label}: {counts[0]} rows passed, {counts[1]} failed, {counts[2]} skipped', flush=True)
    with open(os.environ['MP_TOTALS'], 'a', encoding='ascii') as f:
        print(*counts, file=f)
    return 1 if counts[1] else 0


def run(label, build_dir, *arguments):
    log = f'{build_dir}/meson-logs/testlog.json'
    if os.path.exists(log):
        os.remove(log)
    status = subprocess.call(['meson', 'test', '-C', build_dir, '--no-rebuild',
                              '--print-errorlogs', *arguments])
    tests = []
    if os.path.exists(log):
        with open(log, encoding='utf-8', errors='replace') as f:
            tests = [json.loads(line) for line in f if line.strip()]
    counts = [sum(column) for column in zip([0, 0, 0], *map(count_rows, tests))]
    if counts[1] == 0 and (status != 0 or not tests):
        counts[1] = 1
    return record(label, counts)


def one(label, *command):
    status = subprocess.call(command)
    return record(label, [int(status == 0), int(status != 0), 0])


def total():
    with open(os.environ['MP_TOTALS'], encoding='ascii') as f:
        rows = [[int(word) for word in line.split()] for line in f]
    passed, failed, skipped = [sum(column) for column in zip([0, 0, 0], *rows)]
    print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] not in ('run', 'one', 'sum'):
        sys.exit(__doc__)
    sys.exit({'run': run, 'one': one, 'sum': total}[sys.argv[1]](*sys.argv[2:]))
