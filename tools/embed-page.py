#!/usr/bin/env python3
"""Writes the header by which src/capture/page.c embeds the page: embed-page.py PAGE CSP HEADER.

It holds the absolute names for .incbin, and the digests: so it changes with the files, and page.c
is compiled again.
"""
import hashlib
import json
import os
import sys

page, csp, header = sys.argv[1:]
lines = ['/* Written by tools/embed-page.py. */\n']
for name, path in (('PAGE', page), ('CSP', csp)):
    with open(path, 'rb') as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    lines.append(f'#define CAPTURE_{name}_FILE {json.dumps(os.path.abspath(path))}\n')
    lines.append(f'#define CAPTURE_{name}_SHA256 "{digest}"\n')
with open(header, 'w', encoding='utf-8') as f:
    f.writelines(lines)
