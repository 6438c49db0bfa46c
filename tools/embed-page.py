#!/usr/bin/env python3
"""Writes the source that embeds the page: embed-page.py PAGE POLICY SOURCE

It holds the absolute names for .incbin, and the digests: so it changes with the files, and whoever
keeps compiled objects (ninja, ccache) sees that.
"""
import hashlib
import json
import os
import sys

page, policy, source = sys.argv[1:]


def embedded(symbol, path):
    with open(path, 'rb') as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    lines = ['.section .rodata', '.balign 16', f'.global {symbol}', f'.hidden {symbol}', f'{symbol}:',
             f'.incbin {json.dumps(os.path.abspath(path))}', f'.global {symbol}_end',
             f'.hidden {symbol}_end', f'{symbol}_end:', '.byte 0', '.previous', f'/* {digest} */']
    return '__asm__(' + '\n        '.join(json.dumps(line + '\n') for line in lines) + ');\n'


with open(source, 'w', encoding='utf-8') as f:
    f.write('/* The web page of the capture server; written by tools/embed-page.py. */\n')
    f.write(embedded('mp_capture_page', page))
    f.write(embedded('mp_capture_page_csp', policy))
