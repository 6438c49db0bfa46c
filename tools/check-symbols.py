#!/usr/bin/env python3
"""No two rooms define the same global symbol: the linker takes the first that it meets, without a
word, and the other room calls a function that is not its own.

usage: check-symbols.py BUILD [ROOT]      prints one line a symbol; exit code 1 when there is one
"""
import os
import subprocess
import sys

# Of nm: what is defined for all. Weak ones and common ones are one, however often they stand.
KINDS = frozenset('TDBRS')


def read_rooms(root):
    with open(os.path.join(root, 'src/FLOORS'), encoding='utf-8') as f:
        lines = [line.split('#')[0].strip() for line in f]
    return [line.partition(':')[0] for line in lines if line]


def read_symbols(text):
    """(object, symbol) of what nm --print-file-name says."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 and words[-2] in KINDS:
            yield words[0].rstrip(':').rpartition(':')[2] or words[0], words[-1]


def find_doubles(symbols):
    """symbols: (room, object, symbol). The sentences, sorted."""
    where = {}
    for room, name, symbol in symbols:
        where.setdefault(symbol, set()).add((room, name))
    return [f'{symbol}: defined in ' + ' and '.join(f'{room} ({name})' for room, name in sorted(at))
            for symbol, at in sorted(where.items()) if len(at) > 1]


def main():
    build = sys.argv[1]
    root = sys.argv[2] if len(sys.argv) > 2 else '.'
    symbols = []
    for room in read_rooms(root):
        library = os.path.join(build, f'libroom_{room}.a')
        if not os.path.exists(library):
            continue
        run = subprocess.run(['nm', '--print-file-name', '--extern-only', '--defined-only', library],
                             capture_output=True, text=True, check=True)
        symbols += [(room, name, symbol) for name, symbol in read_symbols(run.stdout)]
    if not symbols:
        print(f'{build}: no libraries of rooms there')
        return 1
    doubles = find_doubles(symbols)
    print('\n'.join(doubles) if doubles else
          f'{len(symbols)} symbols, each of one room', flush=True)
    return 1 if doubles else 0


if __name__ == '__main__':
    sys.exit(main())
