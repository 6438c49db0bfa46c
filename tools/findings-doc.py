#!/usr/bin/env python3
"""docs/findings.md from src/finding/catalog*.def, so that the page cannot say anything else.

usage: findings-doc.py [--check] [ROOT]
Writes the page; with --check it only tells whether the page is up to date (exit code 1: it is not).
"""
import os
import re
import sys

CATALOG, PAGE = 'src/finding/catalog.def', 'docs/findings.md'
PARTS = tuple(f'src/finding/catalog_{part}.def' for part in (
    'mime', 'attach', 'archive', 'engine', 'document', 'phish', 'intel', 'flow', 'posture', 'delivery'))
TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
HEADING_OR_ENTRY = re.compile(
    r'/\* ---- (?P<heading>.*?) ---- \*/'
    r'|^FINDING\((?P<symbol>\w+),\s*' + TEXT + r',\s*SEV_(?P<severity>\w+),\s*'
    + r',\s*'.join([TEXT] * 3) + r'\)', re.M)
SECTION = re.compile(r'RFC (\d+) (\d+(?:\.\d+)*)')
HEADINGS = {'dns': 'DNS'}
RFC = 'https://www.rfc-editor.org/rfc/rfc'

INTRO = """# Findings

Written by `tools/findings-doc.py` from `src/finding/catalog*.def`: change those files, not this one.

A finding is something that was seen in a message, a mail server or a domain. Its id never
changes its meaning, so rules, pipelines and dashboards can hang on it. `mailproof explain ID` shows
the same text in a terminal. The severity is the catalogue's; a [policy](policy.md) can change it and
decides what is done.

"""


class Finding:
    def __init__(self, symbol, name, severity, reference, meaning, remedy):
        self.symbol, self.name, self.severity = symbol, name, severity
        self.reference, self.meaning, self.remedy = reference, meaning, remedy


def plain(literals):
    """The text of one or more C string literals side by side."""
    return ''.join(re.sub(r'\\(.)', r'\1', s) for s in re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def read_catalog(root):
    """[(heading, [Finding...])...] in the order of the files."""
    text = ''.join(read(os.path.join(root, part)) for part in (CATALOG, *PARTS))
    sections = []
    for m in HEADING_OR_ENTRY.finditer(text):
        if m['heading'] is not None:
            sections.append((m['heading'], []))
            continue
        name, reference, meaning, remedy = (plain(m[i]) for i in (3, 5, 6, 7))
        sections[-1][1].append(Finding(m['symbol'], name, m['severity'].lower(), reference,
                                       meaning, remedy))
    found, written = sum(len(rows) for _, rows in sections), len(re.findall(r'^FINDING\(', text, re.M))
    if found != written:
        raise SystemExit(f'{CATALOG}: {written} entries, but {found} could be read')
    return [(heading, rows) for heading, rows in sections if rows]


def cell(text):
    return text.replace('|', '\\|').replace('<', '&lt;')


def reference(text):
    return SECTION.sub(lambda m: f'[{m[0]}]({RFC}{m[1]}#section-{m[2]})', cell(text))


def page(sections):
    titles = [HEADINGS.get(title, title[0].upper() + title[1:]) for title, _ in sections]
    out = [INTRO, f'{sum(len(rows) for _, rows in sections)} findings: ', ' · '.join(
        f'[{t}](#{re.sub("[^a-z0-9 -]", "", t.lower()).replace(" ", "-")})' for t in titles), '\n']
    for title, (_, rows) in zip(titles, sections):
        out += [f'\n## {title}\n\n', '| id | severity | what it means | what to do | reference |\n',
                '|---|---|---|---|---|\n']
        out += [f'| `{f.name}` | {f.severity} | {cell(f.meaning)} | {cell(f.remedy)} '
                f'| {reference(f.reference)} |\n' for f in rows]
    return ''.join(out)


def read(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as f:
        return f.read()


def main(args):
    check = '--check' in args
    root = ([a for a in args if a != '--check'] or ['.'])[0]
    text, path = page(read_catalog(root)), os.path.join(root, PAGE)
    if not check:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    elif read(path) != text:
        print(f'{PAGE} is not what {CATALOG} says: run tools/findings-doc.py')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
