#!/usr/bin/env python3
"""Writes the tables of the room html: html-tables.py SOURCE FILE.def...

Words of the .def files as hash tables, the named character references of the
HTML standard, and what single-byte charsets mean; the last two as Python's library knows them.
"""
import codecs
import html.entities
import os
import re
import sys

ROW = re.compile(r'^[A-Z]+\((\w+), "([^"]+)"(?:, (0x[0-9a-f]+))?', re.M)
WORD_SLOTS, ENTITY_SLOTS = 1024, 8192  # src/html/words_internal.h


def word_hash(name):
    return (len(name) + (ord(name[0]) | 0x20) * 31 + (ord(name[len(name) // 2]) | 0x20) * 7
            + (ord(name[-1]) | 0x20) * 131)


def hashed(names, size, hash_of):
    """Open addressing: 1 + index of the name, 0 where nothing is."""
    slots = [0] * size
    for number, name in enumerate(names, 1):
        slot = hash_of(name) % size
        while slots[slot]:
            slot = (slot + 1) % size
        slots[slot] = number
    return slots


def array(kind, name, values, per_line=16):
    lines = [', '.join(values[at:at + per_line]) for at in range(0, len(values), per_line)]
    return f'{kind} {name} = {{\n    ' + ',\n    '.join(lines) + '};\n'


def words(kind, rows):
    names = [name for _, name, _ in rows]
    slots = hashed(names, WORD_SLOTS, word_hash)
    out = array('static const struct str', f'{kind}_names[]',
                ['{NULL, 0}'] + [f'{{"{name}", {len(name)}}}' for name in names], 4)
    out += array('static const uint8_t', f'{kind}_slots[WORD_SLOTS]', [str(s) for s in slots])
    return out + f'const struct html_words html_{kind}_words = {{{kind}_names, {kind}_slots}};\n\n'


def fnv(name):
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 & 0xffffffff
    return value


def entities():
    named = html.entities.html5
    rows = sorted(name[:-1] for name in named if name.endswith(';'))
    cells, at = [], 0
    for name in rows:
        points = [ord(c) for c in named[name + ';']]
        cells.append('{%d, %d, %d, 0x%x, 0x%x}' % (at, len(name), name in named, points[0],
                                                    points[1] if len(points) > 1 else 0))
        at += len(name)
    text = ''.join(rows)
    pieces = ['"' + text[i:i + 80] + '"' for i in range(0, len(text), 80)]
    return ('const char html_entity_names[] =\n    ' + '\n    '.join(pieces) + ';\n'
            + array('const struct html_entity', 'html_entities[]', cells, 4)
            + array('const uint16_t', 'html_entity_slots[ENTITY_SLOTS]', [str(s) for s in hashed(rows, ENTITY_SLOTS, fnv)]))


def single_byte(codec):
    """Code points of 0x80-0xff; what is none: a control as windows-1252 has it, else U+FFFD."""
    points = []
    for byte in range(0x80, 0x100):
        try:
            points.append(ord(codecs.decode(bytes([byte]), codec.lower())))
        except UnicodeDecodeError:
            points.append(byte if codec == 'CP1252' else 0xfffd)
    return points


def charsets(rows):
    order = ['NONE', 'UTF8', 'UTF16LE', 'UTF16BE']
    for codec, _, _ in rows:
        if codec not in order:
            order.append(codec)
    tables = ['{' + ', '.join(str(p) for p in single_byte(codec)) + '}' if i >= 4 else '{0}'
              for i, codec in enumerate(order)]
    return (array('const uint8_t', 'html_charset_codecs[]',
                  ['0'] + [str(order.index(codec)) for codec, _, _ in rows])
            + array('const uint16_t', 'html_single_byte[][128]', tables, 1))


source, *paths = sys.argv[1:]
out = ['/* The tables of the room html, written by tools/html-tables.py. */\n',
       '#include "html/words_internal.h"\n\n']
for path in sorted(paths):
    kind = {'tags': 'tag', 'attributes': 'attribute', 'properties': 'property', 'colors': 'color',
            'charsets': 'charset'}[os.path.basename(path).split('.')[0]]
    with open(path, encoding='utf-8') as f:
        found = ROW.findall(f.read())
    out.append(words(kind, found))
    if kind == 'color':
        out.append(array('const uint32_t', 'html_color_values[]', ['0'] + [v for _, _, v in found]))
    if kind == 'charset':
        out.append(charsets(found))
out.append(entities())
with open(source, 'w', encoding='utf-8') as f:
    f.write(''.join(out))
