#!/usr/bin/env python3
"""What our C does not contain: banned functions, // comments, long lines, functions and files.

usage: check-banned.py [ROOT]      prints one line a breach; exit code 1 when there is one
"""
import re
import sys

import csource

FOLDERS = ['src', 'include', 'tests', 'bench', 'examples']
MAX_COLUMNS, MAX_FUNCTION_LINES, MAX_FILE_LINES = 100, 80, 1000

# The function, and what to use instead.
BANNED = {
    'strcpy': 'buf_add', 'strcat': 'buf_add', 'strncpy': 'buf_add', 'strncat': 'buf_add',
    'sprintf': 'snprintf or buf_addf', 'vsprintf': 'vsnprintf', 'gets': 'fread',
    'strtok': 'str_cut', 'strtok_r': 'str_cut', 'sscanf': 'a parser of ours',
    'atoi': 'str_to_u64', 'atol': 'str_to_u64', 'atoll': 'str_to_u64', 'atof': 'a parser of ours',
    'gmtime': 'unix_to_civil', 'localtime': 'unix_to_civil', 'ctime': 'unix_to_civil',
    'inet_ntoa': 'ip_write', 'inet_addr': 'ip_parse', 'gethostbyname': 'the dns_view',
    'system': 'nothing: no shell', 'popen': 'nothing: no shell', 'alloca': 'the arena',
    'tmpnam': 'mkstemp', 'mktemp': 'mkstemp', 'rand': 'a seeded generator',
}
CALL = re.compile(r'\b(' + '|'.join(BANNED) + r')\s*\(')
UNFINISHED = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')


def check_functions(lines, complain):
    """Ours begin with '{' and end with '}' in the first column (.clang-format sees to it)."""
    start = None
    for n, line in enumerate(lines, 1):
        if line.rstrip() == '{':
            start = n
        elif line.rstrip() == '}' and start is not None:
            if n - start - 1 > MAX_FUNCTION_LINES:
                complain(start, f'function of {n - start - 1} lines (at most {MAX_FUNCTION_LINES})')
            start = None


def check(text, complain):
    lines, code = text.split('\n'), csource.code_only(text).split('\n')
    if not re.match(r'/\* \S', text):
        complain(1, 'the first line must say in one sentence what the file is')
    for offset in csource.line_comments(text):
        complain(csource.line_at(text, offset), '// marks scratch notes: use /* */')
    for n, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            complain(n, f'{len(line)} columns (at most {MAX_COLUMNS})')
        if '\t' in line:
            complain(n, 'a tab')
        if UNFINISHED.search(line):
            complain(n, 'unfinished work')
    for n, line in enumerate(code, 1):
        for call in CALL.finditer(line):
            complain(n, f'{call[1]}() is banned: {BANNED[call[1]]}')
    check_functions(lines, complain)
    if len(lines) - 1 > MAX_FILE_LINES:
        complain(1, f'{len(lines) - 1} lines (at most {MAX_FILE_LINES})')


def main(root):
    breaches, paths = [], list(csource.files(root, FOLDERS))
    for path in paths:
        check(csource.read(root, path), lambda n, text: breaches.append(f'{path}:{n}: {text}'))
    print('\n'.join(breaches) if breaches else f'{len(paths)} files hold nothing banned')
    if not paths:
        print('no source file was found: nothing was checked')
    return 1 if breaches or not paths else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else '.'))
