#!/usr/bin/env python3
"""The check of documents itself: each rule is broken once in a small tree and must be reported."""
import os
import subprocess
import sys
import tempfile

TOOLS = os.path.dirname(os.path.abspath(__file__))
FAKE = """#!/bin/sh
case "$*" in
help) echo '  scan     check'; echo '  help     this list'
    echo '  explain  meaning' ;;
'help scan') echo '  --ip ADDRESS  client'; echo '  -v, --verbose  more' ;;
'help help' | 'help explain') echo '  No options.' ;;
explain) echo 'auth.x.fail  high  it failed.' ;;
esac
"""
CATALOG = '/* ---- auth: X ---- */\nFINDING(X, "auth.x.fail", SEV_HIGH, "RFC 1 2", "it failed.", "mend it.")\n'
MAN = '.Dd November 23, 2026\n.Dt {0} 1\n.Os\n.Sh NAME\n.Nm {1}\n.Nd page\n.Sh DESCRIPTION\n{2}'
SCAN = MAN.format('MAILPROOF-SCAN', 'mailproof-scan',
                  '.Bl -tag -width Ds\n.It Fl -ip Ar address\nclient\n.It Fl v , -verbose\nmore\n.El\n')
MAIN = MAN.format('MAILPROOF', 'mailproof',
                  '.Bl -tag -width Ds\n.It Cm scan\ncheck\n.It Cm help\nthis\n'
                  '.It Cm explain\nmeaning\n.El\n')
TABLE = '{"ip", required_argument, NULL, 1}, {"verbose", no_argument, NULL, 2}\n'
CLEAN = {'src/finding/catalog.def': CATALOG, 'src/cli/cmd_scan.c': TABLE, 'man/mailproof.1': MAIN,
         'man/mailproof-scan.1': SCAN,
         'man/mailproof-explain.1': MAN.format('MAILPROOF-EXPLAIN', 'mailproof-explain', 'It tells.\n'),
         'src/auth/x.h': 'enum { X_MAX_BYTES = 2 * 1024, X_WAIT_S = 5 };\n',
         'docs/limits.md': '| bytes | `X_MAX_BYTES` | 2 KiB | it ends |\n| wait | `X_WAIT_S` | 5 s | |\n',
         'docs/a.md': '# A b\n`mailproof scan --ip 1 x` [b](#a-b)\n'}

# The rule, what is changed in the clean tree (None: removed), a word of the report.
ROWS = [
    ('a clean tree', {}, None),
    ('an option only in the manual', {'man/mailproof-scan.1': SCAN.replace('-ip', '-ipp')}, '--ipp is in man'),
    ('an option without manual', {'man/mailproof-scan.1': SCAN.replace('.It Fl -ip Ar address\nclient\n', '')},
     '--ip is in src/cli/cmd_scan.c'),
    ('an option without help', {'src/cli/cmd_scan.c': TABLE + '{"new", no_argument'}, '--new is in src'),
    ('a command without page', {'man/mailproof-scan.1': None}, 'mailproof-scan.1 is missing'),
    ('a command not listed', {'man/mailproof.1': MAIN.replace('Cm scan', 'Cm scam')}, 'does not list'),
    ('a reference to no page', {'man/mailproof.1': MAIN + '.Xr mailproof-x 5\n'}, 'which is not there'),
    ('an option in running text', {'man/mailproof.1': MAIN + '.Fl -none\n'}, 'which no command has'),
    ('a command that is not there', {'docs/b.md': '```\nmailproof lint x\n```\n'}, 'no command mailproof lint'),
    ('an option that is not there', {'docs/b.md': '`mailproof scan \\\n --ipp 1`\n```\nmailproof scan '
                                                  '\\\n  --no 1\n```\n'}, 'has no option --no'),
    ('prose is no command line', {'docs/b.md': 'mailproof sings --loud\n'}, None),
    ('a stale page of findings', {'docs/findings.md': '| `auth.x.fail` | low |\n'}, 'run tools/findings-doc.py'),
    ('a finding that is not told', {'docs/findings.md': '\n'}, 'does not tell auth.x.fail'),
    ('a finding that is not there', {'docs/b.md': '`auth.x.fial`\n'}, 'no finding is named auth.x.fial'),
    ('a limit that changed', {'src/auth/x.h': 'enum { X_MAX_BYTES = 3 << 10, X_WAIT_S = 5 };\n'},
     'X_MAX_BYTES is 2 KiB, the code has 3 << 10'),
    ('a limit that is not told', {'src/auth/y.h': 'enum { Y_MAX = 9 };\n'}, 'does not tell Y_MAX'),
    ('a limit that is not there', {'src/auth/x.h': 'enum { X_MAX_BYTES = 2048 };\n'},
     'names X_WAIT_S, which is in no header'),
    ('a dead link', {'docs/b.md': '[x](c.md)\n'}, 'c.md is not there'),
    ('a dead heading', {'docs/b.md': '[x](a.md#c)\n'}, 'no such heading'),
]


def put(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, 'w', encoding='utf-8') as f:
        f.write(text)
    return full


def run(changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in CLEAN.items():
            put(root, path, text)
        os.chmod(put(root, 'bin/mailproof', FAKE), 0o755)
        subprocess.run([sys.executable, f'{TOOLS}/findings-doc.py', root], check=True)
        put(root, 'docs/policy.md', '# The policy\n')
        for path, text in changes.items():
            if text is None:
                os.remove(os.path.join(root, path))
            else:
                put(root, path, text)
        return subprocess.run([sys.executable, f'{TOOLS}/check-docs.py', f'{root}/bin/mailproof', root],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


failed = 0
for n, (label, changes, word) in enumerate(ROWS, 1):
    done = run(changes)
    ok = done.returncode == 0 if word is None else done.returncode == 1 and word in done.stdout
    failed += not ok
    print('ok' if ok else 'not ok', n, '-', label)
    if not ok:
        print(''.join(f'# {line}\n' for line in done.stdout.splitlines()), end='')
print(f'1..{len(ROWS)}')
sys.exit(failed != 0)
