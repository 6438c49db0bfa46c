#!/usr/bin/env python3
"""Writes the C source that holds data files: embed-data.py SOURCE FILE...

Each file becomes an array of bytes; content_data (src/content/lists_internal.h) names them all.
"""
import os
import sys

source, *paths = sys.argv[1:]
out = ['/* The files of data/, written by tools/embed-data.py. */\n',
       '#include "content/lists_internal.h"\n\n']
rows = []
for number, path in enumerate(sorted(paths, key=os.path.basename)):
    with open(path, 'rb') as f:
        data = f.read()
    lines = [', '.join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
    out.append(f'static const unsigned char file_{number}[] = {{\n    '
               + ',\n    '.join(lines or ['0']) + '};\n')
    rows.append(f'    {{"{os.path.basename(path)}", file_{number}, {len(data)}}},\n')
out += ['\nconst struct content_data content_data[] = {\n', *rows, '};\n',
        f'const size_t content_data_count = {len(rows)};\n']
with open(source, 'w', encoding='utf-8') as f:
    f.write(''.join(out))
