#!/usr/bin/env python3
"""Who may know whom: includes along src/FLOORS, libraries from outside behind their walls.

usage: check-layers.py [ROOT]      prints one line a breach; exit code 1 when there is one
"""
import os
import re
import sys

import csource

README_MAX_LINES = 15
TESTS = ('_test.c', '_fuzz.c', '_test_kit.h')

# What reaches outside the process, and the rooms or files that may. Tests and fuzz targets may.
WALLS = [
    ('OpenSSL', r'<openssl/', ['crypto/', 'io/tls.c', 'io/tls_server.c', 'io/tls_made_cert.c', 'io/tls_made_cert.h']),
    ('libyara', r'<yara', ['content/yara.c']),
    ('sockets', r'<(sys/socket|sys/un|sys/epoll|netdb|poll|netinet/\w+|event2/\w+|unbound(-event)?)\.h',
     ['io/', 'httpd/', 'sink/', 'daemon/', 'arrival/maildir.c', 'base/fd_pass.c', 'sandbox/channel.c', 'sandbox/children.c',
      'sandbox/loop.c', 'signer/serve.c', 'signer/client.c', 'monitor/monitor.c', 'cli/cmd_sink.c', 'cli/sink_child.c', 'daemon/']),
    ('the clock', r'<(sys/)?time\.h', ['base/clock.c', 'io/', 'sandbox/worker.c', 'content/warm_up.c', 'daemon/']),
    ('the clock', r'\b(time|clock_gettime|gettimeofday|clock)\s*\(', ['base/clock.c', 'io/', 'daemon/']),
    ('the environment', r'\b(secure_)?getenv\s*\(|\b(set|put)env\s*\(', ['cli/', 'daemon/']),
    ('files', r'\b(fopen|fdopen|freopen|open|openat|creat|opendir|fts_open|nftw|mmap|rename|unlink)\s*\(',
     ['io/', 'store/', 'run/', 'daemon/', 'feeds/', 'services/cache.c', 'db/db.c', 'sink/sink.c', 'sink/listener.c', 'arrival/maildir.c', 'sandbox/confine.c',
      'base/memfd.c', 'signer/keys.c', 'cli/', 'daemon/']),
    ('other processes', r'<(seccomp|spawn|sched|linux/landlock)\.h|\b(fork|vfork|posix_spawnp?|exec(?:v|ve|vp|vpe|l|le|lp)|ptrace)\s*\(',
     ['sandbox/children.c', 'sandbox/confine.c', 'sandbox/filter.c', 'sandbox/zygote.c', 'monitor/child.c', 'cli/sink_child.c', 'daemon/']),
    ('standard output', r'\b(printf|vprintf|puts|putchar|perror|syslog|exit)\s*\(|\b(stdout|stderr)\b',
     ['cli/', 'daemon/']),
]


def read_floors(root, complain):
    floors = {}
    for n, line in enumerate(csource.read(root, 'src/FLOORS').splitlines(), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        room, _, names = line.partition(':')
        if room in floors:
            complain('src/FLOORS', n, f'{room} is listed twice')
        for name in names.split():
            if name not in floors:
                complain('src/FLOORS', n, f'{room} may only name rooms above it, {name} is not')
        floors[room] = {room, *names.split()}
    return floors


def check_include(path, room, floors, quote, target, root):
    """The sentence of the breach, or None."""
    is_test = path.endswith(TESTS)
    first = target.split('/')[0]
    if first == 'mailproof':
        return None if room == 'api' else 'the public headers are for api/ only'
    if quote == '<':
        return None
    if '/' not in target:
        return f'"{target}" must be written from src/: "{room}/{target}"'
    if first == 'tests':
        return None if is_test else 'only tests include tests/'
    if target.endswith('_test_kit.h') and not is_test:
        return f'"{target}" is for tests'
    if first not in floors:
        return f'"{target}": no such room'
    if first not in floors[room]:
        return f'{room} may not know {first} ("{target}")'
    if target.endswith('_internal.h') and first != room:
        return f'"{target}" is private to {first}'
    if not os.path.exists(os.path.join(root, 'src', target)):
        return f'"{target}" does not exist'
    return None


def check_walls(path, text, complain):
    inside = path[len('src/'):]
    if inside.endswith(TESTS):
        return
    code = csource.code_only(text)
    heads = {n: f'<{target}' for n, _, target in csource.includes(text)}
    for what, pattern, allowed in WALLS:
        if inside.startswith(tuple(allowed)):
            continue
        for n, line in enumerate(code.split('\n'), 1):
            if re.search(pattern, heads.get(n, line)):
                complain(path, n, f'{what}: only in {", ".join(allowed)}')


def check_rooms(root, floors, complain):
    """Every folder is a room with a short README; every fuzz target has seeds."""
    for room in sorted(os.listdir(os.path.join(root, 'src'))):
        if not os.path.isdir(os.path.join(root, 'src', room)):
            continue
        if room not in floors:
            complain('src/FLOORS', 1, f'src/{room} is on no floor')
        readme = f'src/{room}/README'
        if not os.path.exists(os.path.join(root, readme)):
            complain(readme, 1, 'missing: what the room is for, what it may not know')
        elif csource.read(root, readme).count('\n') > README_MAX_LINES:
            complain(readme, 1, f'longer than {README_MAX_LINES} lines')
    for room in floors:
        if not os.path.isdir(os.path.join(root, 'src', room)):
            complain('src/FLOORS', 1, f'there is no src/{room}')
    for path in csource.files(root, ['src'], ('_fuzz.c',)):
        seeds = 'tests/seeds/' + os.path.basename(path)[:-len('_fuzz.c')]
        if not os.path.isdir(os.path.join(root, seeds)) or not os.listdir(os.path.join(root, seeds)):
            complain(path, 1, f'no seeds in {seeds}')


def main(root):
    breaches = []

    def complain(path, line, text):
        breaches.append(f'{path}:{line}: {text}')

    floors = read_floors(root, complain)
    paths = list(csource.files(root, ['src']))
    for path in paths:
        room = path.split('/')[1]
        if room not in floors:
            continue
        text = csource.read(root, path)
        for line, quote, target in csource.includes(text):
            breach = check_include(path, room, floors, quote, target, root)
            if breach:
                complain(path, line, breach)
        check_walls(path, text, complain)
    check_rooms(root, floors, complain)
    print('\n'.join(breaches) if breaches else f'{len(paths)} files keep to their floors')
    if not paths:
        print('no source file was found: nothing was checked')
    return 1 if breaches or not paths else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else '.'))
