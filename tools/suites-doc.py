#!/usr/bin/env python3
"""The keys of suites in docs/suites.md and man/mailproof-suite.5, from the schema that is made from
the one table in src/suite, so that no page can say anything else.

usage: suites-doc.py [--check] [ROOT]
Writes what stands between the marks; with --check it only tells whether it is up to date (exit code
1: it is not).
"""
import json
import os
import re
import sys

SCHEMA, PAGE, MANUAL = 'docs/schema/suite-1.schema.json', 'docs/suites.md', 'man/mailproof-suite.5'
PAGE_MARKS = '<!-- keys: tools/suites-doc.py -->\n', '<!-- end of keys -->\n'
MANUAL_MARKS = '.\\" keys: tools/suites-doc.py\n', '.\\" end of keys\n'
INNER = {'row', 'variable', 'reference', 'expect-of-send-test'}
SHARED = ['expect-server', 'expect-findings']  # whose keys stand in others too


def contexts(schema):
    """Name, title, own keys, names of those whose keys it has too."""
    defs = schema['$defs']
    for name, c in defs.items():
        if name in INNER:
            continue
        keys, also = dict(c['properties']), []
        for other in SHARED:
            theirs = defs[other]['properties']
            if name != other and all(keys.get(k) == v for k, v in theirs.items()):
                also.append(other)
                keys = {k: v for k, v in keys.items() if k not in theirs}
        yield name, c['title'], keys, also


def leads_to(key):
    """The context of a value that is a mapping."""
    found = re.findall(r'#/\$defs/([a-z-]+)', json.dumps(key))
    return [f for f in dict.fromkeys(found) if f not in INNER]


def page(schema):
    out = []
    for name, title, keys, also in contexts(schema):
        out += [f'### {name}', '', f'{title[0].upper()}{title[1:]}.' + ''.join(
            f' Also the keys of [{a}](#{a}).' for a in also), '', '| key | value | |', '|---|---|---|']
        for key, value in keys.items():
            where = ''.join(f' [{c}](#{c})' for c in leads_to(value))
            kind = value['$comment'].replace('|', '\\|') + (':' + where if where else '')
            text = value['description'].replace('|', '\\|')
            out.append(f'| `{key}` | {kind} | {text} |')
        out.append('')
    return '\n'.join(out)


def plain(text):
    text = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', text).replace('`', '').replace('\\', '\\e')
    return '\\&' + text if text[:1] in ".'" else text


def sentences(text):
    """Mdoc wants each sentence on a line of its own."""
    return re.sub(r'([.:;]) (?=[A-Z])', r'\1\n', plain(text)).split('\n')


def manual(schema):
    out = []
    for name, title, keys, also in contexts(schema):
        out += [f'.Ss {name}', f'{title[0].upper()}{title[1:]}.']
        out += [f'Also the keys of {a}.' for a in also] + ['.Bl -tag -width indent']
        for key, value in keys.items():
            where = ', '.join(leads_to(value))
            kind = plain(value['$comment']) + (f': {where}' if where else '')
            out += [f'.It Cm {key}'] + sentences(value['description'])
            out += [f'Value: {kind}.']
        out.append('.El')
    return '\n'.join(out) + '\n'


def replaced(text, marks, inner):
    begin, end = text.index(marks[0]) + len(marks[0]), text.index(marks[1])
    return text[:begin] + inner + text[end:]


def main(args):
    check = '--check' in args
    root = ([a for a in args if a != '--check'] or ['.'])[0]
    with open(os.path.join(root, SCHEMA), encoding='utf-8') as f:
        schema = json.load(f)
    stale = 0
    for name, marks, inner in ((PAGE, PAGE_MARKS, page(schema)), (MANUAL, MANUAL_MARKS, manual(schema))):
        path = os.path.join(root, name)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        wanted = replaced(text, marks, inner)
        if wanted == text:
            continue
        stale += 1
        if check:
            print(f'{name} is not what {SCHEMA} says: tools/suites-doc.py writes it')
        else:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(wanted)
    return 1 if check and stale else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
