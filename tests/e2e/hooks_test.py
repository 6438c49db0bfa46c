#!/usr/bin/env python3
"""Webhooks as a stranger receives them: an HTTP server of Python's own, signatures checked by
Python's hmac as Standard Webhooks 1.0.0 says, senders that are killed. Prints TAP.

usage: hooks_test.py HOOKS_PROBE
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

PROBE = sys.argv[1]
SECRETS = ['whsec_' + base64.b64encode(bytes(range(k, k + 32))).decode() for k in (1, 50)]
PATIENCE_S = 60

rows = []


def row(label, good, note=''):
    rows.append(good)
    print(f'{"ok" if good else "not ok"} {len(rows)} - {label}')
    if not good and note:
        print(f'# {note}')


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what comes; `answers` are given first, then 204."""
    daemon_threads = True

    def __init__(self, answers=(), delay_s=0):
        super().__init__(('127.0.0.1', 0), Handler)
        self.lock, self.got, self.answers, self.delay_s = threading.Lock(), [], list(answers), delay_s
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{self.server_port}/hook'

    def wait(self, condition):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with self.lock:
                if condition(self.got):
                    return True
            time.sleep(0.02)
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        with self.server.lock:
            answer = (self.server.answers or [(204, {})])[0]
            del self.server.answers[:1]
            self.server.got.append({'headers': dict((k.lower(), v) for k, v in self.headers.items()),
                                    'body': body, 'status': answer[0], 'at': time.time()})
        time.sleep(self.server.delay_s)
        self.send_response(answer[0])
        for name, value in answer[1].items():
            self.send_header(name, value)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass


def verify(request, secret):
    """As the specification says it, and nothing of ours: True when one of the signatures fits."""
    headers = request['headers']
    key = base64.b64decode(secret.removeprefix('whsec_'))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request['body']
    want = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fits = [hmac.compare_digest(f'v1,{want}', s) for s in headers['webhook-signature'].split(' ')]
    fresh = abs(time.time() - int(headers['webhook-timestamp'])) < 300
    return any(fits) and fresh


def put(where, n, url, secrets=SECRETS[:1]):
    subprocess.run([PROBE, where, 'put', str(n), url, *secrets], check=True)


def send(where, url, secrets=SECRETS[:1]):
    return subprocess.Popen([PROBE, where, 'send', url, *secrets], stdin=subprocess.PIPE)


def stop(sender):
    sender.stdin.close()
    return sender.wait(PATIENCE_S)


def left(where):
    with sqlite3.connect(os.path.join(where, 'hooks.db'), timeout=10) as db:
        return db.execute('SELECT count(*) FROM delivery').fetchone()[0]


def wait_empty(where):
    until = time.monotonic() + PATIENCE_S
    while left(where) and time.monotonic() < until:
        time.sleep(0.05)
    return left(where) == 0


def test_signatures(where):
    server = Receiver()
    put(where, 3, server.url, SECRETS)
    sender = send(where, server.url, SECRETS)
    row('all arrive', server.wait(lambda got: len(got) == 5) and wait_empty(where))
    row('the sender stops in order', stop(sender) == 0)
    row('verified with the first secret', all(verify(r, SECRETS[0]) for r in server.got))
    row('and with the second', all(verify(r, SECRETS[1]) for r in server.got))
    other = 'whsec_' + base64.b64encode(bytes(32)).decode()
    row('and with no other', not any(verify(r, other) for r in server.got))
    for request in server.got:
        request['body'] += b' '
    row('nor with another body', not any(verify(r, SECRETS[0]) for r in server.got))
    for request in server.got:
        request['body'] = request['body'][:-1]
    events = [json.loads(r['body']) for r in server.got]
    row('each is type, timestamp, data', all(set(e) == {'type', 'timestamp', 'data'} for e in events))
    row('JSON by its header', all(r['headers']['content-type'] == 'application/json' for r in server.got))
    ids = {r['headers']['webhook-id'] for r in server.got}
    row('each has an id of its own, without a dot', len(ids) == 5 and not any('.' in i for i in ids))
    kinds = sorted(e['type'] for e in events)
    row('the types', kinds == ['daemon.state'] * 3 + ['mail.finding', 'mail.verdict'], str(kinds))
    mail = next(e for e in events if e['type'] == 'mail.verdict')
    row('texts come through', mail['data']['subject'] == 'caf\u00e9 "quoted" \\ \x01', str(mail))
    numbers = sorted(e['data']['number'] for e in events if e['type'] == 'daemon.state')
    row('every event once', numbers == [0, 1, 2])


def test_answers(where):
    server = Receiver([(503, {'Retry-After': '200'}), (500, {})])
    put(where, 0, server.url)
    sender = send(where, server.url)
    row('tried again after 503 and 500', server.wait(lambda got: sum(r['status'] == 204 for r in got) == 2)
        and wait_empty(where))
    stop(sender)
    first = [r for r in server.got if r['status'] == 503][0]
    with sqlite3.connect(os.path.join(where, 'hooks.db')) as db:
        paused_s = db.execute('SELECT paused_until_ms FROM endpoint').fetchone()[0] / 1000
    row('Retry-After is kept to (2 s, as this test shortens it)', paused_s - first['at'] > 1.9)
    again = [r for r in server.got if r['headers']['webhook-id'] == first['headers']['webhook-id']]
    row('with the same id and body', len(again) == 2 and again[0]['body'] == again[1]['body'])
    row('and a signature of its own time', all(verify(r, SECRETS[0]) for r in again) and
        int(again[1]['headers']['webhook-timestamp']) > int(again[0]['headers']['webhook-timestamp']))


def test_killed(where):
    """A sender that dies has its deliveries sent by the next one: at least once, none lost."""
    server = Receiver(delay_s=0.05)
    put(where, 60, server.url)
    for _ in range(4):
        sender = send(where, server.url)
        with server.lock:
            seen = len(server.got)
        server.wait(lambda got: len(got) > seen + 5)
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        with sqlite3.connect(os.path.join(where, 'hooks.db'), timeout=10) as db:
            db.execute('UPDATE delivery SET next_ms = 0')  # the time of the dead one's claim is over
    senders = [send(where, server.url) for _ in range(2)]
    empty = wait_empty(where)
    codes = [stop(s) for s in senders]
    with server.lock:
        got = {json.loads(r['body'])['data'].get('number') for r in server.got}
        n = len(server.got)
    row('kill -9 while sending: every event arrives', empty and got >= set(range(60)), str(got))
    row('few arrive twice', 62 <= n <= 62 + 4 * 2, str(n))
    row('two senders at a time end in order', codes == [0, 0])
    with sqlite3.connect(os.path.join(where, 'hooks.db')) as db:
        row('the file is whole, and empty', db.execute('PRAGMA integrity_check').fetchone()[0] == 'ok'
            and db.execute('SELECT count(*) FROM event').fetchone()[0] == 0)


def test_while_putting(where):
    """One process puts, another one sends."""
    server = Receiver()
    sender = send(where, server.url)
    for _ in range(3):
        put(where, 20, server.url)
    row('put by one process, sent by another', server.wait(lambda got: len(got) == 66) and
        wait_empty(where))
    stop(sender)


def main():
    for test in (test_signatures, test_answers, test_killed, test_while_putting):
        with tempfile.TemporaryDirectory() as where:
            test(where)
    print(f'1..{len(rows)}')
    return 0 if rows and all(rows) else 1


if __name__ == '__main__':
    sys.exit(main())
