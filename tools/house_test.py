#!/usr/bin/env python3
"""The house checks themselves: each rule is broken once in a small tree and must be reported."""
import importlib.util
import os
import subprocess
import sys
import tempfile

TOOLS = os.path.dirname(os.path.abspath(__file__))
FLOORS = 'base:\nauth: base\nio: base\n'
CLEAN = {
    'src/FLOORS': FLOORS,
    'src/base/README': 'base\n', 'src/auth/README': 'auth\n', 'src/io/README': 'io\n',
    'src/base/a.h': '/* A. */\n', 'src/base/p_internal.h': '/* P. */\n',
    'src/auth/b.c': '/* B. */\n#include "base/a.h"\n/* time(0) "//" */\n',
    'src/auth/b_fuzz.c': '/* Fuzz. */\n', 'tests/seeds/b/1': 'x',
}
LONG = '/* Long. */\nint f(void)\n{\n' + '    f();\n' * 81 + '}\n'

# The rule, the tool, what is changed in the clean tree (None: removed), a word of the report.
ROWS = [
    ('a clean tree', 'layers', {}, None),
    ('a clean tree', 'banned', {}, None),
    ('an empty tree', 'banned', dict.fromkeys(CLEAN), 'nothing was checked'),
    ('upward include', 'layers', {'src/base/a.h': '#include "auth/c.h"\n', 'src/auth/c.h': ''},
     'base may not know auth'),
    ('FLOORS names a room below', 'layers', {'src/FLOORS': 'auth: base\nbase:\nio: base\n'},
     'only name rooms above'),
    ('include without a room', 'layers', {'src/auth/b.c': '#include "b.h"\n'}, 'from src/'),
    ('include of nothing', 'layers', {'src/auth/b.c': '#include "base/none.h"\n'}, 'does not exist'),
    ('private header of another', 'layers', {'src/auth/b.c': '#include "base/p_internal.h"\n'},
     'is private to base'),
    ('a kit of tests with their harness', 'layers',
     {'src/auth/b_test_kit.h': '#include "tests/tap.h"\n'}, None),
    ('a kit of tests outside of tests', 'layers',
     {'src/auth/b_test_kit.h': '', 'src/auth/b.c': '#include "auth/b_test_kit.h"\n'},
     'is for tests'),
    ('OpenSSL outside the wall', 'layers', {'src/auth/b.c': '#include <openssl/evp.h>\n'}, 'OpenSSL'),
    ('a socket below io', 'layers', {'src/auth/b.c': '#include <sys/socket.h>\n'}, 'sockets'),
    ('a clock below io', 'layers', {'src/auth/b.c': 'int t = time(0);\n'}, 'the clock'),
    ('the environment below cli', 'layers', {'src/io/e.c': 'x = getenv("X");\n'}, 'the environment'),
    ('a file below run', 'layers', {'src/auth/b.c': 'x = fopen ("f", "r");\n'}, 'files'),
    ('a library that prints', 'layers', {'src/io/e.c': 'fprintf(stderr, "x");\n'}, 'standard output'),
    ('no README', 'layers', {'src/io/README': None}, 'missing'),
    ('a long README', 'layers', {'src/io/README': 'x\n' * 16}, 'longer than 15'),
    ('a room on no floor', 'layers', {'src/new/README': 'x\n'}, 'on no floor'),
    ('a fuzz target without seeds', 'layers', {'tests/seeds/b/1': None}, 'no seeds'),
    ('a banned call', 'banned', {'src/auth/b.c': '/* B. */\nint x = atoi (s);\n'}, 'atoi() is banned'),
    ('a line comment', 'banned', {'src/auth/b.c': '/* B. */\nint x; // why\n'}, '//'),
    ('a long line', 'banned', {'src/auth/b.c': '/* B. */\n/* ' + 'x' * 98 + ' */\n'}, 'columns'),
    ('no first line', 'banned', {'src/auth/b.c': 'int x;\n'}, 'first line'),
    ('unfinished work', 'banned', {'src/auth/b.c': '/* B. */\n/* TO' 'DO */\n'}, 'unfinished'),
    ('a long function', 'banned', {'src/auth/b.c': LONG}, 'function of 81 lines'),
]


def run(tool, changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **changes}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            if text is not None:
                with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                    f.write(text)
        return subprocess.run([sys.executable, f'{TOOLS}/check-{tool}.py', root],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


failed = 0
for n, (label, tool, changes, word) in enumerate(ROWS, 1):
    done = run(tool, changes)
    ok = done.returncode == 0 if word is None else done.returncode == 1 and word in done.stdout
    failed += not ok
    print('ok' if ok else 'not ok', n, '-', f'{tool}: {label}'.replace('#', '_'))
    if not ok:
        print(''.join(f'# {line}\n' for line in done.stdout.splitlines()), end='')

# Symbols: what nm says of two rooms (a name per library's member), and a word of the report.
NM = 'libroom_{}.a:{}: 0000000000000000 {} {}\n'
SYMBOL_ROWS = [
    ('each its own', [('a', 'x.o', 'T', 'f'), ('b', 'y.o', 'T', 'g')], None),
    ('one in two rooms', [('a', 'x.o', 'T', 'f'), ('b', 'y.o', 'T', 'f')], 'f: defined in a (x.o) and b (y.o)'),
    ('data and a function', [('a', 'x.o', 'R', 'f'), ('b', 'y.o', 'T', 'f')], 'f: defined in'),
    ('twice in one room', [('a', 'x.o', 'T', 'f'), ('a', 'y.o', 'T', 'f')], 'f: defined in'),
    ('weak ones may be several', [('a', 'x.o', 'W', 'f'), ('b', 'y.o', 'W', 'f')], None),
]
spec = importlib.util.spec_from_file_location('check_symbols', f'{TOOLS}/check-symbols.py')
symbols = importlib.util.module_from_spec(spec)
spec.loader.exec_module(symbols)
for n, (label, rows, word) in enumerate(SYMBOL_ROWS, len(ROWS) + 1):
    found = symbols.find_doubles((room, name, symbol) for room, *rest in rows
                                 for name, symbol in symbols.read_symbols(NM.format(room, *rest)))
    ok = not found if word is None else len(found) == 1 and word in found[0]
    failed += not ok
    print('ok' if ok else 'not ok', n, '-', f'symbols: {label}', *([] if ok else [f'\n# {found}']))
print(f'1..{len(ROWS) + len(SYMBOL_ROWS)}')
sys.exit(failed != 0)
