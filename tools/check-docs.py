#!/usr/bin/env python3
"""Do the documents say what the program does? Prints TAP.

usage: check-docs.py MAILPROOF [ROOT]
Asks the built program for its commands and options and compares: option tables in src/cli, manual
pages, command lines in documents, ids of findings, relative links.
"""
import os
import re
import shutil
import subprocess
import sys

WITHOUT_PAGE = {'help', 'version'}  # described in mailproof(1)
ALIASES = {'colour'}                # taken by the program, not listed in its help
OUTSIDE = {'node_modules', '.git', 'build', 'seeds', 'golden'}
NOT_TOLD = {'TLS_SERVER_MAX_IPS', 'TLS_SERVER_NAME_MAX', 'SCRIPT_MAGIC_ROOM',  # sizes of inner buffers and of texts whose form bounds them
    'CONN_HOST_TEXT_MAX', 'FLOW_WHOLE_MAX_BYTES', 'HMAC_MAX_BYTES', 'METRIC_MAX_LABELS',
    'RELAY_FORMS_MAX', 'SUBJECT_HOST_MAX_BYTES', 'SINK_HTTP_URL_MAX', 'SINK_ADDRESS_MAX', 'DATE_TEXT_MAX', 'DIGEST_MAX_BYTES', 'DNS_NAME_TEXT_MAX',
    'DOMAIN_LABEL_MAX_OCTETS', 'DOMAIN_MAX_OCTETS', 'FLOW_MAX_WIDTH', 'FLOW_TEXT_MAX_BYTES', 'HOST_NAME_MAX_BYTES',
    'IP_TEXT_MAX', 'JSON_MAX_DEPTH', 'MBOX_PRIMED_MAX', 'MP_ERR_TEXT_MAX'}
LIMIT = re.compile(r'\b([A-Z][A-Z0-9_]+) = ([\d *<]+)')
INNER_HEADER = re.compile(r'_(internal|checks|samples|kit)\.h$')  # of one room, of tests
NAME = r'[a-z0-9][a-z0-9-]*[a-z0-9]'
LONG_OPTION = re.compile(r'(?<![\w-])--(%s)' % NAME)
TABLE_ROW = re.compile(r'\{[\s\\]*"(%s)",\s*(?:required|no|optional)_argument'
                       r'|(?:FLAG|VALUE)\("(%s)"' % (NAME, NAME))
OTHER_WORDS = '/* The words of swaks. */'  # behind it stand aliases: in the manual, not in the help
LINK = re.compile(r'(?<!!)\[[^\]]*\]\(([^)\s]+)\)')
CODE = re.compile(r'^```.*?\n(.*?)^```|`([^`\n]+)`', re.M | re.S)
COMMAND_LINE = re.compile(r'\bmailproof ([a-z]+)(?![\w:,.])((?:[^\n\\;|>`]|\\\n|\\.)*)')
FINDING_ID = re.compile(r'(?:auth|limit|flow|mime|posture)(?:\.[a-z0-9-]+)+')  # message.… is also JSON
FILE_NAME = re.compile(r'\.(?:c|h|eml|world|def|db)$')


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as f:
        return f.read()


def find(root, *suffixes):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(d for d in folders if d not in OUTSIDE and not d.startswith('.'))
        for name in sorted(names):
            if name.endswith(suffixes):
                yield os.path.relpath(os.path.join(folder, name), root)


class Program:
    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.commands = re.findall(r'^  ([a-z]+) ', self.ask('help'), re.M)
        self.options = {c: set(LONG_OPTION.findall(self.ask('help', c))) for c in self.commands}
        self.findings = {line.split()[0] for line in self.ask('explain').splitlines()}

    def ask(self, *args):
        return subprocess.run([self.path, *args], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=60).stdout


def differences(a, b, in_a, in_b):
    return [f'--{o} is in {in_a} and not in {in_b}' for o in sorted(a - b)] + \
           [f'--{o} is in {in_b} and not in {in_a}' for o in sorted(b - a)]


def option_table(root, command):
    """Our options in the tables of getopt_long, and other words for them."""
    text = read(root, f'src/cli/cmd_{command}.c')
    own = os.path.join(root, f'src/cli/{command}_options.c')
    text += read(own) if os.path.exists(own) else ''
    for macro, header in (('CHECK', 'check_options'), ('SUBJECT', 'subject_options'),
                          ('REPORT', 'report_options'),
                          ('SINK_HTTP', 'sink_http'), ('SUITE', 'suite_options'), ('CONTENT', 'content_options'),
                          ('INTEL', 'intel_options')):
        if f'{macro}_LONG_OPTIONS' in text:
            text = read(root, f'src/cli/{header}.h') + text
    ours, _, others = text.partition(OTHER_WORDS)
    return ({a or b for a, b in TABLE_ROW.findall(ours)},
            {a or b for a, b in TABLE_ROW.findall(others)})


def check_options(program, root, command):
    """The table of getopt_long, the help and the manual page name the same options."""
    source, page = f'src/cli/cmd_{command}.c', f'man/mailproof-{command}.1'
    (table, others), told = option_table(root, command), set()
    for line in read(root, page).splitlines():
        if line.startswith('.It Fl '):
            told |= set(re.findall(r' -(%s)' % NAME, line)) | \
                set(re.findall(r'Fl ([a-z]{2,})', line)) | \
                set(re.findall(r', ([a-z]{2,})(?= Op)', line))
    return differences(table - ALIASES, program.options[command], source, 'its help') + \
        differences(table | others, told, source, page)


def check_pages(program, root):
    """Each command has a page and a line in mailproof(1); pages name only pages that are there."""
    problems, names = [], {os.path.basename(p) for p in find(os.path.join(root, 'man'), '.1', '.5')}
    main = read(root, 'man/mailproof.1')
    for command in program.commands:
        if f'\n.It Cm {command}' not in main:
            problems.append(f'man/mailproof.1 does not list the command {command}')
        if command not in WITHOUT_PAGE and f'mailproof-{command}.1' not in names:
            problems.append(f'man/mailproof-{command}.1 is missing')
    every = set().union(*program.options.values()) | ALIASES | {'help', 'version'}
    if os.path.exists(os.path.join(root, 'src/cli/probe_options.c')):
        every |= option_table(root, 'probe')[1]
    for name in sorted(names):
        text = read(root, 'man', name)
        problems += [f'{name} names {p}({s}), which is not there'
                     for p, s in re.findall(r'^\.Xr (mailproof\S*) (\d)', text, re.M)
                     if f'{p}.{s}' not in names]
        for line in re.findall(r'^\.Fl (.*)', text, re.M):
            problems += [f'{name} names --{o}, which no command has'
                         for o in re.findall(r'(?:^| )-(%s)(?![\w-])' % NAME, line) if o not in every]
    return problems


def check_lint(root):
    pages = [os.path.join(root, p) for p in find(root, '.1', '.5') if p.startswith('man' + os.sep)]
    done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', *pages], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.splitlines()


def command_lines(text, is_markdown):
    pieces = [a or b for a, b in CODE.findall(text)] if is_markdown else [text]
    for piece in pieces:
        for command, rest in COMMAND_LINE.findall(piece):
            yield command, LONG_OPTION.findall(rest.split('#')[0])


def check_command_lines(program, root):
    """What documents tell to type exists."""
    problems = []
    for path in find(root, '.md', '.1', '.5', '.yaml', '.yml', '.service'):
        text = read(root, path)
        if path.endswith('.service'):
            text = '\n'.join(re.findall(r'^Exec\w+=(.*)', text, re.M))
        if path.endswith(('.1', '.5')):  # running text ends where the next macro begins
            text = '\n'.join(re.findall(r'^(?:\.(?:Dl|Ql) )?(mailproof .*|    .*)', text, re.M))
            text = text.replace('\\e', '\\')
        for command, options in command_lines(text, path.endswith('.md')):
            if command not in program.commands:
                problems.append(f'{path}: there is no command mailproof {command}')
                continue
            problems += [f'{path}: mailproof {command} has no option --{o}' for o in options
                         if o not in program.options[command] | {'help'}]
    return problems


def check_findings(program, root):
    """docs/findings.md has them all, and no document names one that does not exist."""
    told = set(re.findall(r'^\| `([^`]+)`', read(root, 'docs/findings.md'), re.M))
    problems = [f'docs/findings.md does not tell {i}' for i in sorted(program.findings - told)]
    problems += [f'docs/findings.md tells {i}, which is not there'
                 for i in sorted(told - program.findings)]
    for path in find(root, '.md'):
        for _, word in CODE.findall(read(root, path)):
            known = any(i == word or i.startswith(word + '.') for i in program.findings)
            if FINDING_ID.fullmatch(word) and not known and not FILE_NAME.search(word):
                problems.append(f'{path}: no finding is named {word}')
    return problems


def number(text):
    """'64 KiB', '1,000', '20,000 ms' as the number that the code holds."""
    m = re.fullmatch(r'([\d,]+)(?: (KiB|MiB|s|ms))?', text)
    return int(m[1].replace(',', '')) * {'KiB': 1024, 'MiB': 1024 ** 2}.get(m[2], 1) if m else None


def check_limits(root):
    """docs/limits.md has the limits of the rooms' headers, with their values."""
    told = dict(re.findall(r'^\|[^|]*\| `(\w+)` \| ([^|]+) \|', read(root, 'docs/limits.md'), re.M))
    values, problems = {}, []
    for path in find(root, '.h'):
        if path.startswith('src' + os.sep) and not INNER_HEADER.search(path):
            values.update(LIMIT.findall(read(root, path)))
    for name, text in sorted(told.items()):
        if name not in values:
            problems.append(f'docs/limits.md names {name}, which is in no header')
        elif number(text) != eval(values[name], {'__builtins__': {}}):  # digits, * and << only
            problems.append(f'docs/limits.md: {name} is {text}, the code has {values[name].strip()}')
    return problems + [f'docs/limits.md does not tell {name}' for name in sorted(values)
                       if re.search(r'(^|_)MAX(_|$)', name) and name not in told
                       and name not in NOT_TOLD]


def check_page_of_findings(root):
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'findings-doc.py')
    done = subprocess.run([sys.executable, tool, '--check', root], stdout=subprocess.PIPE, text=True)
    return [] if done.returncode == 0 else [done.stdout.strip()]


def anchors(text):
    prose = re.sub(r'^```.*?^```', '', text, flags=re.M | re.S)
    slugs = (re.sub(r'[^\w\- ]', '', h.strip().lower()) for h in
             re.findall(r'^#+ (.*)', prose, re.M))
    return {s.replace(' ', '-') for s in slugs}


def check_links(root):
    problems = []
    for path in find(root, '.md'):
        for target in LINK.findall(re.sub(r'^```.*?^```|`[^`\n]+`', '', read(root, path),
                                          flags=re.M | re.S)):
            if re.match(r'[a-z]+:', target):
                continue
            name, _, anchor = target.partition('#')
            full = os.path.join(root, os.path.dirname(path), name) if name else os.path.join(root, path)
            if not os.path.exists(full):
                problems.append(f'{path}: {target} is not there')
            elif anchor and full.endswith('.md') and anchor not in anchors(read(full)):
                problems.append(f'{path}: {target}: no such heading')
    return problems


def main(mailproof, root='.'):
    program = Program(mailproof)
    rows = [(f'options of {c}: code, help and manual page agree', check_options, program, root, c)
            for c in program.commands if os.path.exists(os.path.join(root, f'src/cli/cmd_{c}.c'))
            and os.path.exists(os.path.join(root, f'man/mailproof-{c}.1'))]
    rows += [('each command has a manual page, each reference leads to one', check_pages, program, root),
             ('command lines in documents can be typed', check_command_lines, program, root),
             ('docs/findings.md is what the catalogue says', check_page_of_findings, root),
             ('documents name findings that exist', check_findings, program, root),
             ('docs/limits.md has every limit with its value', check_limits, root),
             ('relative links resolve', check_links, root)]
    if shutil.which('mandoc'):
        rows.append(('manual pages are clean mdoc', check_lint, root))
    failed = 0
    for n, (label, check, *args) in enumerate(rows, 1):
        problems = check(*args)
        failed += bool(problems)
        print(''.join(f'# {p}\n' for p in problems), end='')
        print('not ok' if problems else 'ok', n, '-', label)
    print(f'1..{len(rows)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:3]))
