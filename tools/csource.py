"""C source as text: comments and literals blanked out, lines kept; shared by the house checks."""
import os
import re

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def blank(text):
    return re.sub(r'[^\n]', ' ', text)


def without_comments(text):
    return TOKEN.sub(lambda m: blank(m[0]) if m[0][0] == '/' else m[0], text)


def code_only(text):
    return TOKEN.sub(lambda m: blank(m[0]), text)


def line_comments(text):
    return [m.start() for m in TOKEN.finditer(text) if m[0].startswith('//')]


def line_at(text, offset):
    return text.count('\n', 0, offset) + 1


def includes(text):
    """(line, '<' or '"', path) of each #include."""
    bare = without_comments(text)
    return [(line_at(bare, m.start()), m[1], m[2]) for m in INCLUDE.finditer(bare)]


def files(root, folders, suffixes=('.c', '.h')):
    for folder in folders:
        for path, dirs, names in os.walk(os.path.join(root, folder)):
            dirs.sort()
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(path, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace', newline='') as f:
        return f.read()
