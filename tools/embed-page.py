#!/usr/bin/env python3
"""Writes the source that embeds a page: embed-page.py SYMBOL PAGE POLICY SOURCE

It defines SYMBOL, SYMBOL_end, SYMBOL_csp and SYMBOL_csp_end, as page.c of the room declares them.

It holds the absolute names for .incbin, and the digests: so it changes with the files, and whoever
keeps compiled objects (ninja, ccache) sees that.
"""
import hashlib
import json
import os
import sys

symbol, page, policy, source = sys.argv[1:]


def embedded(name, path):
    with open(path, 'rb') as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    lines = ['.section .rodata', '.balign 16', f'.global {name}', f'.hidden {name}', f'{name}:',
             f'.incbin {json.dumps(os.path.abspath(path))}', f'.global {name}_end',
             f'.hidden {name}_end', f'{name}_end:', '.byte 0', '.previous', f'/* {digest} */']
    return '__asm__(' + '\n        '.join(json.dumps(line + '\n') for line in lines) + ');\n'


with open(source, 'w', encoding='utf-8') as f:
    f.write('/* A web page; written by tools/embed-page.py. */\n')
    f.write(embedded(symbol, page))
    f.write(embedded(symbol + '_csp', policy))
