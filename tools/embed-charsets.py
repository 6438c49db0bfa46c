#!/usr/bin/env python3
"""Charsets that QR codes name, as C tables, from the converters that Python has.

usage: embed-charsets.py OUTPUT
"""
import sys

# ECI assignment number (AIM ITS/04-001), Python's name: one byte a character.
SINGLE = [(2, 'cp437'), (4, 'iso8859_2'), (5, 'iso8859_3'), (6, 'iso8859_4'), (7, 'iso8859_5'),
          (8, 'iso8859_6'), (9, 'iso8859_7'), (10, 'iso8859_8'), (11, 'iso8859_9'),
          (12, 'iso8859_10'), (13, 'iso8859_11'), (15, 'iso8859_13'), (16, 'iso8859_14'),
          (17, 'iso8859_15'), (18, 'iso8859_16'), (21, 'cp1250'), (22, 'cp1251'), (23, 'cp1252'),
          (24, 'cp1256')]
ROWS = CELLS = 94


def character(raw, charset):
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError:
        return 0
    return ord(text) if len(text) == 1 and ord(text) < 0x10000 else 0


def rows(values):
    lines = []
    for i in range(0, len(values), 16):
        lines.append('    ' + ', '.join(str(v) for v in values[i:i + 16]) + ',')
    return '\n'.join(lines)


def main(output):
    kanji = [character(bytes([0xa1 + row, 0xa1 + cell]), 'euc_jp')
             for row in range(ROWS) for cell in range(CELLS)]
    with open(output, 'w', encoding='ascii') as out:
        out.write('/* Made by tools/embed-charsets.py: charsets to Unicode, 0 where there is '
                  'nothing. */\n#include "image/qr_charsets.h"\n\n')
        out.write(f'const uint16_t qr_jis_x_0208[{ROWS * CELLS}] = {{\n{rows(kanji)}\n}};\n\n')
        out.write('const struct qr_charset qr_charsets[] = {\n')
        for eci, name in SINGLE:
            upper = [character(bytes([b]), name) for b in range(128, 256)]
            out.write(f'{{{eci}, {{\n{rows(upper)}\n}}}},\n')
        out.write('};\n\nconst size_t qr_n_charsets = '
                  'sizeof qr_charsets / sizeof qr_charsets[0];\n')


if __name__ == '__main__':
    main(sys.argv[1])
