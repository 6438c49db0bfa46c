#!/usr/bin/env python3
"""Writes the C source that holds data files: embed-data.py SOURCE HEADER TABLE FILE...

Each file becomes an array of bytes; TABLE, declared in HEADER, names them all, TABLE_count says how
many there are (src/base/data_file.h).
"""
import os
import sys

source, header, table, *paths = sys.argv[1:]
out = ['/* The files of data/, written by tools/embed-data.py. */\n',
       f'#include "{header}"\n\n']
rows = []
for number, path in enumerate(sorted(paths, key=os.path.basename)):
    with open(path, 'rb') as f:
        data = f.read()
    lines = [', '.join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
    out.append(f'static const unsigned char file_{number}[] = {{\n    '
               + ',\n    '.join(lines or ['0']) + '};\n')
    rows.append(f'    {{"{os.path.basename(path)}", file_{number}, {len(data)}}},\n')
out += [f'\nconst struct data_file {table}[] = {{\n', *rows, '};\n',
        f'const size_t {table}_count = {len(rows)};\n']
with open(source, 'w', encoding='utf-8') as f:
    f.write(''.join(out))
