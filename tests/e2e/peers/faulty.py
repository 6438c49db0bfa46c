#!/usr/bin/python3
"""A scripted SMTP and LMTP server that misbehaves by name.

As a library:  server = FaultyServer("close-at-rcpt"); host, port = server.start(); ...; server.stop()
By hand:       faulty.py [--address A] [--port N] [--chain FILE] NAME...   (--list: every name)

A script is a table: stage -> action; a stage that is not in it is answered as an honest server does.
Several scripts are for successive connections, the last one also for all later ones. Stages:
banner ehlo helo starttls handshake ehlo_tls auth mail rcpt data text (after the dot) rset noop vrfy
quit. An action is the bytes to send, or a function of the connection; it returns CLOSE to end it.
`server.heard` holds what the clients said: (number of the connection, in TLS, line).
"""
import argparse
import base64
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

CLOSE = object()
MAX_ENDLESS_BYTES = 256 << 20   # then even the endless give up: the client under test has failed
MAX_LINE_BYTES = 1 << 20
EHLO = ["faulty.test", "PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"]
MECHANISMS = "AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"


def multi(code, lines):
    """A reply of several lines (RFC 5321 4.2.1)."""
    last = len(lines) - 1
    return b"".join(b"%d%s%s\r\n" % (code, b" " if i == last else b"-", line.encode("latin-1"))
                    for i, line in enumerate(lines))


HONEST = {
    "banner": b"220 faulty.test ESMTP\r\n", "helo": b"250 faulty.test\r\n",
    "ehlo": multi(250, [*EHLO, "STARTTLS"]), "ehlo_tls": multi(250, [*EHLO, MECHANISMS]),
    "starttls": b"220 2.0.0 go ahead\r\n", "mail": b"250 2.1.0 ok\r\n", "rcpt": b"250 2.1.5 ok\r\n",
    "data": b"354 end with a dot\r\n", "text": b"250 2.0.0 queued\r\n", "rset": b"250 2.0.0 ok\r\n",
    "noop": b"250 2.0.0 ok\r\n", "vrfy": b"252 2.0.0 perhaps\r\n", "auth": b"535 5.7.8 no\r\n",
    "xclient": b"220 faulty.test ESMTP\r\n", "quit": b"221 2.0.0 bye\r\n",
}
VERBS = {"LHLO": "ehlo", "EHLO": "ehlo", "HELO": "helo", "STARTTLS": "starttls", "AUTH": "auth",
         "MAIL": "mail", "RCPT": "rcpt", "DATA": "data", "RSET": "rset", "NOOP": "noop",
         "VRFY": "vrfy", "XCLIENT": "xclient", "QUIT": "quit"}


# ---- actions -----------------------------------------------------------------------------------

def close(_connection):
    return CLOSE


def reset(connection):
    """Not a FIN but a RST."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return CLOSE


def stall(connection):
    """Says nothing more; listens until the client gives up."""
    connection.drain()
    return CLOSE


def then(data, action):
    """Some bytes, then another action."""
    def act(connection):
        connection.send(data)
        return action(connection)
    return act


def endless(first, more):
    """A reply without an end."""
    def act(connection):
        connection.send(first)
        chunk = more * (65536 // len(more) + 1)
        for _ in range(MAX_ENDLESS_BYTES // len(chunk)):
            connection.send(chunk)
        return CLOSE
    return act


def drip(data):
    """One byte a segment."""
    def act(connection):
        for i in range(len(data)):
            connection.send(data[i:i + 1])
            time.sleep(0.0005)
        return None
    return act


def once(first, later):
    """One answer the first time in a connection, another afterwards."""
    def act(connection):
        connection.count += 1
        connection.send(first if connection.count == 1 else later)
    return act


def tls_with(**settings):
    """A handshake under other conditions than the usual ones."""
    def act(connection):
        context = connection.server.context()
        with warnings.catch_warnings():     # yes, these versions are deprecated
            warnings.simplefilter("ignore")
            for name, value in settings.items():
                setattr(context, name, value)
        if "maximum_version" in settings:
            context.set_ciphers("ALL:@SECLEVEL=0")
        return connection.handshake(context)
    return act


def after_hello(data, action):
    """Reads the ClientHello, answers it with these bytes."""
    def act(connection):
        connection.sock.recv(65536)
        connection.sock.sendall(data)
        return action(connection)
    return act


def cut_in_tls(connection):
    """The TCP connection ends in the middle of a reply, without TLS's close_notify."""
    connection.send(b"250-faulty.test\r\n250-SI")
    connection.sock = socket.socket(fileno=connection.sock.detach())
    return CLOSE


def echo_auth(connection):
    """A refusal that repeats the password, as it came and decoded."""
    secret = connection.server.heard[-1][2].split(b" ")[-1]
    plain = base64.b64decode(secret).replace(b"\0", b" ")
    connection.send(b"535-5.7.8 you said %b\r\n535 5.7.8 which is %b\r\n" % (secret, plain))


def challenges(*lines):
    """An AUTH dialogue: one line for each the client sends."""
    def act(connection):
        for line in lines[:-1]:
            connection.send(line)
            if connection.line() is None:
                return CLOSE
        connection.send(lines[-1])
        return None
    return act


def scram(iterations, nonce=lambda client: client + b"faulty", final=b"v=AAAA"):
    """A server that does not know the password yet says 235, or asks for absurd work (RFC 5802)."""
    def act(connection):
        first = connection.said.split()[2:]
        while not first:
            connection.send(b"334 \r\n")
            answer = connection.line()
            if answer is None:
                return CLOSE
            first = [answer]
        client = [f[2:] for f in base64.b64decode(first[0]).split(b",") if f[:2] == b"r="]
        challenge = b"r=%s,s=%s,i=%d" % (nonce(client[0] if client else b""),
                                         base64.b64encode(b"0123456789abcdef"), iterations)
        for line in (challenge, final):
            connection.send(b"334 " + base64.b64encode(line) + b"\r\n")
            if connection.line() is None:
                return CLOSE
        connection.send(b"235 2.7.0 welcome\r\n")
        return None
    return act


# ---- scripts -----------------------------------------------------------------------------------

STAGES = ("banner", "ehlo", "starttls", "handshake", "ehlo_tls", "mail", "rcpt", "data", "text")
AUTH_EHLO = multi(250, [*EHLO, MECHANISMS])
ESCAPES = b"\x1b[2J\x1b]0;owned\x07 <script> ::error::x %s%n"
WRONG = {  # a reply's first line as RFC 5321 4.2 does not allow it
    "short-code": b"25 ok\r\n", "long-code": b"2500 ok\r\n", "letters": b"abc ok\r\n",
    "underscore": b"250_ok\r\n", "empty-line": b"\r\n", "code-000": b"000 ok\r\n",
    "code-999": b"999 ok\r\n", "code-199": b"199 ok\r\n", "negative": b"-250 ok\r\n",
    "leading-space": b" 250 ok\r\n", "bare-lf": b"250 ok\n", "bare-cr": b"250 ok\r",
    "tab": b"250\tok\r\n", "utf16": "250 ok\r\n".encode("utf-16-le"),
}
FAULTS = {
    "good": {},
    "good-plain": {"ehlo": multi(250, EHLO)},
    "good-auth-clear": {"ehlo": AUTH_EHLO},
    "banner-garbage": {"banner": then(bytes(range(256)) * 4, close)},
    "banner-http": {"banner": then(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", close)},
    "banner-ssh": {"banner": b"SSH-2.0-OpenSSH_9.2\r\n"},
    "banner-tls-alert": {"banner": then(b"\x15\x03\x01\x00\x02\x02\x46", close)},
    "banner-without-newline": {"banner": then(b"220 faulty.test ESM", stall)},
    "banner-multi": {"banner": b"220-faulty.test\r\n220-two\r\n220 three\r\n"},
    "banner-421": {"banner": then(b"421 4.3.2 too busy\r\n", close)},
    "banner-554": {"banner": b"554 5.7.1 not you\r\n", "ehlo": b"503 5.5.1 no\r\n"},
    "banner-early-talk": {"banner": b"220 faulty.test ESMTP\r\n250 more than was asked\r\n"},
    "long-line": {"banner": b"220 " + b"x" * 1_000_000 + b"\r\n"},
    "long-line-ehlo": {"ehlo": b"250-faulty.test\r\n250 " + b"x" * 1_000_000 + b"\r\n"},
    "long-line-rcpt": {"rcpt": b"250 " + b"x" * 1_000_000 + b"\r\n"},
    "endless-banner": {"banner": endless(b"220-faulty.test\r\n", b"220-more\r\n")},
    "endless-line": {"banner": endless(b"220 ", b"x")},
    "endless-ehlo": {"ehlo": endless(b"250-faulty.test\r\n", b"250-SIZE\r\n")},
    "endless-rcpt": {"rcpt": endless(b"", b"550-no\r\n")},
    "endless-nothing": {"banner": endless(b"", b"\r\n")},
    "many-keywords": {"ehlo": multi(250, ["faulty.test"] + [f"X-{i}" for i in range(2000)])},
    "wide-keyword": {"ehlo": multi(250, ["faulty.test", "X" * 500, "SIZE " + "9" * 400])},
    "odd-keywords": {"ehlo": multi(250, ["", "SIZE -1", "SIZE 99999999999999999999", "auth=plain",
                                         "AUTH", "starttls now", "SIZE 1", "SIZE 2", " LEADING"])},
    "ehlo-refused": {"ehlo": b"502 5.5.1 what?\r\n"},
    "ehlo-helo-refused": {"ehlo": b"502 5.5.1 what?\r\n", "helo": b"502 5.5.1 what?\r\n"},
    "ehlo-empty": {"ehlo": b"250 \r\n"},
    "ehlo-bare": {"ehlo": b"250\r\n"},
    "starttls-injects": {"starttls": b"220 go\r\n250-injected.test\r\n250 AUTH PLAIN\r\n"},
    "starttls-454": {"starttls": b"454 4.7.0 TLS not available\r\n"},
    "starttls-502": {"starttls": b"502 5.5.1 not implemented\r\n"},
    "starttls-250": {"starttls": b"250 2.0.0 wrong code\r\n"},
    "starttls-not-offered": {"ehlo": multi(250, EHLO)},
    "starttls-not-offered-534": {"ehlo": multi(250, EHLO), "starttls": b"502 no\r\n",
                                 "mail": b"530 5.7.0 STARTTLS first\r\n"},
    "starttls-again": {"ehlo_tls": multi(250, [*EHLO, "STARTTLS", MECHANISMS])},
    "tls-plaintext": {"handshake": after_hello(b"500 5.5.1 what is this?\r\n", close)},
    "tls-garbage": {"handshake": after_hello(os.urandom(500), close)},
    "tls-alert": {"handshake": after_hello(b"\x15\x03\x03\x00\x02\x02\x28", close)},
    "tls-half-record": {"handshake": after_hello(b"\x16\x03\x03\x40\x00\x02", stall)},
    "tls-1.0": {"handshake": tls_with(minimum_version=ssl.TLSVersion.TLSv1,
                                      maximum_version=ssl.TLSVersion.TLSv1)},
    "tls-1.1": {"handshake": tls_with(minimum_version=ssl.TLSVersion.TLSv1_1,
                                      maximum_version=ssl.TLSVersion.TLSv1_1)},
    "tls-1.2": {"handshake": tls_with(maximum_version=ssl.TLSVersion.TLSv1_2)},
    "tls-cut": {"ehlo_tls": cut_in_tls},
    "nul-banner": {"banner": b"220 fau\0lty.test ESMTP\r\n"},
    "nul-ehlo": {"ehlo": b"250-faulty\0.test\r\n250-\0STARTTLS\r\n250 SI\0ZE 5\r\n"},
    "nul-rcpt": {"rcpt": b"550 5.1.1 no\0body\r\n"},
    "nul-code": {"rcpt": b"25\0 ok\r\n"},
    "high-banner": {"banner": b"220 f\xe4ulty.test \xff\xfe ESMTP\r\n"},
    "high-ehlo": {"ehlo": b"250-f\xe4ulty.test\r\n250-\xc3\x28\xf0\x9f\r\n250 SIZE \xb2\r\n"},
    "high-rcpt": {"rcpt": b"550 5.1.1 \x80\xbf\xc0\xaf\r\n"},
    "utf8-rcpt": {"rcpt": "550 5.1.1 kein Empf\u00e4nger \u202e\r\n".encode()},
    "escapes-banner": {"banner": b"220 " + ESCAPES + b"\r\n"},
    "escapes-ehlo": {"ehlo": b"250-faulty.test " + ESCAPES + b"\r\n250 X-" + ESCAPES + b"\r\n"},
    "escapes-rcpt": {"rcpt": b"550 5.1.1 " + ESCAPES + b"\r\n"},
    "codes-differ": {"ehlo": b"250-faulty.test\r\n550-SIZE\r\n250 8BITMIME\r\n"},
    "codes-differ-last": {"ehlo": b"250-faulty.test\r\n250-SIZE\r\n550 8BITMIME\r\n"},
    "rcpt-codes-differ": {"rcpt": b"250-yes\r\n550 no\r\n"},
    "line-after-last": {"ehlo": b"250-faulty.test\r\n250 SIZE\r\n250-8BITMIME\r\n250 DSN\r\n"},
    "never-last": {"ehlo": then(b"250-faulty.test\r\n250-SIZE\r\n", stall)},
    "two-replies": {"rcpt": b"550 5.1.1 no\r\n250 2.1.5 yes\r\n"},
    "bare-lf-all": {k: v.replace(b"\r\n", b"\n") for k, v in HONEST.items()},
    "drip": {k: drip(v) for k, v in HONEST.items()},
    "grey": {"rcpt": once(b"450 4.7.1 try again in 1 second\r\n", b"250 2.1.5 ok\r\n")},
    "rcpt-421": {"rcpt": then(b"421 4.7.0 too many\r\n", close)},
    "rcpt-then-421": {"rcpt": once(b"250 2.1.5 ok\r\n", b"421 4.7.0 enough\r\n")},
    "rcpt-251": {"rcpt": b"251 2.1.5 will forward\r\n"}, "rcpt-252": {"rcpt": b"252 2.1.5 who?\r\n"},
    "rcpt-552": {"rcpt": b"552 5.2.2 mailbox full\r\n"},
    "rcpt-enhanced-lies": {"rcpt": b"250 5.1.1 no such user\r\n"},
    "data-250": {"data": b"250 2.0.0 wrong code\r\n"},
    "text-two-replies": {"text": b"250 2.0.0 queued\r\n250 2.0.0 queued again\r\n"},
    "close-at-quit": {"quit": close}, "stall-at-quit": {"quit": stall},
    "reset-at-quit": {"quit": reset}, "reset-at-banner": {"banner": reset},
    "reset-at-rcpt": {"rcpt": reset},
    "auth-235-at-once": {"ehlo": AUTH_EHLO, "auth": b"235 2.7.0 any password is right\r\n"},
    "auth-334-endless": {"ehlo": AUTH_EHLO, "auth": challenges(*[b"334 \r\n"] * 1000)},
    "auth-334-not-base64": {"ehlo": AUTH_EHLO, "auth": challenges(b"334 ***\r\n", b"501 no\r\n")},
    "auth-334-huge": {"ehlo": AUTH_EHLO,
                      "auth": challenges(b"334 " + b"QUJD" * 50000 + b"\r\n", b"501 no\r\n")},
    "auth-echo": {"ehlo": AUTH_EHLO, "auth": echo_auth},
    "auth-454": {"ehlo": AUTH_EHLO, "auth": b"454 4.7.0 not now\r\n"},
    "auth-504": {"ehlo": AUTH_EHLO, "auth": b"504 5.5.4 mechanism unknown\r\n"},
    "auth-538": {"ehlo": AUTH_EHLO, "auth": b"538 5.7.11 encryption required\r\n"},
    "auth-close": {"ehlo": AUTH_EHLO, "auth": close}, "auth-stall": {"ehlo": AUTH_EHLO, "auth": stall},
    "scram-wrong-signature": {"ehlo": AUTH_EHLO, "auth": scram(4096)},
    "scram-no-signature": {"ehlo": AUTH_EHLO, "auth": scram(4096, final=b"x=1")},
    "scram-foreign-nonce": {"ehlo": AUTH_EHLO, "auth": scram(4096, nonce=lambda c: b"foreign")},
    "scram-same-nonce": {"ehlo": AUTH_EHLO, "auth": scram(4096, nonce=lambda c: c)},
    "scram-one-round": {"ehlo": AUTH_EHLO, "auth": scram(1)},
    "scram-endless-rounds": {"ehlo": AUTH_EHLO, "auth": scram(2_147_483_647)},
    "scram-early-235": {"ehlo": AUTH_EHLO, "auth": challenges(b"334 \r\n", b"235 2.7.0 hello\r\n")},
    "lmtp-too-few": {"missing": 1},     # one reply a recipient is due (RFC 2033 4.2)
    "lmtp-too-many": {"text": b"250 2.0.0 one\r\n250 2.0.0 too many\r\n"},
    "not-listening": {}, "never-accepts": {},   # see FaultyServer.start
}
for _stage in STAGES:
    FAULTS["close-at-" + _stage] = {
        _stage: after_hello(b"", close) if _stage == "handshake" else close}
    FAULTS["stall-at-" + _stage] = {
        _stage: after_hello(b"", stall) if _stage == "handshake" else stall}
    if _stage not in ("banner", "handshake"):
        FAULTS["close-in-" + _stage] = {_stage: then(b"25", close)}
    if _stage != "handshake":
        FAULTS["451-at-" + _stage] = {_stage: b"451 4.3.0 local trouble\r\n"}
        FAULTS["550-at-" + _stage] = {_stage: b"550 5.7.1 refused\r\n"}
        FAULTS["421-at-" + _stage] = {_stage: then(b"421 4.3.2 going down\r\n", close)}
for _name, _line in WRONG.items():
    FAULTS["wrong-" + _name] = {"rcpt": _line}
    FAULTS["wrong-ehlo-" + _name] = {"ehlo": _line}
    FAULTS["wrong-banner-" + _name] = {"banner": _line.replace(b"25", b"22")}


# ---- the server --------------------------------------------------------------------------------

class Connection:
    def __init__(self, server, sock, number, script):
        self.server, self.sock, self.number, self.script = server, sock, number, script
        self.buffer, self.said, self.hello, self.tls = b"", b"", b"", False
        self.count = self.recipients = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.sock.sendall(data)

    def drain(self):
        while self.sock.recv(65536):
            pass

    def line(self):
        """A line without its end; None at the end of the stream."""
        while b"\n" not in self.buffer and len(self.buffer) < MAX_LINE_BYTES:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        self.server.heard.append((self.number, self.tls, line.rstrip(b"\r")))
        return line.rstrip(b"\r")

    def end(self):
        """TLS ends with its close_notify (unless the script broke it); nobody waits for the other's."""
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.setblocking(False)
                self.sock.unwrap()
        except (OSError, ValueError):
            pass
        self.sock.close()

    def act(self, stage):
        action = self.script.get(stage, HONEST.get(stage, b"500 5.5.2 what?\r\n"))
        if callable(action):
            return action(self)
        self.send(action)
        return None

    def handshake(self, context):
        if self.buffer:     # what came in the clear behind STARTTLS must never be a command
            self.server.heard.append((self.number, False, b"(early) " + self.buffer))
            self.buffer = b""
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.tls = True

    def text(self):
        line = self.line()
        while line is not None and line != b".":
            line = self.line()
        if line is None:
            return CLOSE
        lmtp, state = self.hello == b"LHLO", None
        for _ in range(max(self.recipients - self.script.get("missing", 0), 0) if lmtp else 1):
            state = self.act("text")
        return state

    def serve(self):
        state = self.act("banner")
        while state is not CLOSE:
            self.said = self.line()
            if self.said is None:
                return
            verb = self.said.split(b" ")[0].upper().decode("latin-1")
            stage = VERBS.get(verb, verb)
            if stage in ("ehlo", "helo"):
                self.hello = verb.encode("latin-1")
            state = self.act("ehlo_tls" if stage == "ehlo" and self.tls and
                             "ehlo_tls" in {**HONEST, **self.script} else stage)
            if state is CLOSE or stage == "quit":
                return
            state = self.follow(stage)

    def follow(self, stage):
        """After STARTTLS the handshake, after DATA the text; when the script still answers so."""
        action = self.script.get(stage, b"")
        if stage == "starttls" and (not action or callable(action) or action.startswith(b"220")):
            if "handshake" in self.script:
                return self.act("handshake")
            return self.handshake(self.server.context())
        if stage == "data" and (not action or callable(action) or action.startswith(b"354")):
            return self.text()
        if stage in ("mail", "rcpt", "ehlo"):
            self.recipients = self.recipients + 1 if stage == "rcpt" else 0
        return None


class FaultyServer:
    """One listening socket; a thread accepts, and a thread serves each connection."""

    def __init__(self, *scripts, address="127.0.0.1", port=0, chain=None):
        self.scripts = [FAULTS[s] if isinstance(s, str) else s for s in scripts or ("good",)]
        self.special = scripts[0] if scripts and isinstance(scripts[0], str) else ""
        self.where, self.chain, self.heard, self.folder = (address, port), chain, [], None
        self.lock = threading.Lock()
        self.connections, self.threads, self.listener, self.fill = [], [], None, []

    def start(self):
        family = socket.AF_INET6 if ":" in self.where[0] else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(self.where)
        host, port = self.listener.getsockname()[:2]
        if self.special == "not-listening":
            return host, port       # bound, so that nobody else takes it, and refused
        self.listener.listen(0 if self.special == "never-accepts" else 16)
        if self.special == "never-accepts":
            self.crowd(family, (host, port))
        else:
            self.spawn(self.accept)
        return host, port

    def crowd(self, family, where):
        """Fills the queue of the listener: the kernel drops every further SYN."""
        for _ in range(3):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.connect_ex(where)
            self.fill.append(sock)

    def spawn(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        number = 0
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            script = self.scripts[min(number, len(self.scripts) - 1)]
            connection = Connection(self, sock, number, script)
            self.connections.append(connection)
            self.spawn(self.serve, connection)
            number += 1

    @staticmethod
    def serve(connection):
        try:
            connection.serve()
        except (OSError, ValueError):
            pass    # the client left, or the handshake failed: both are for its side to report
        finally:
            connection.end()

    def context(self):
        """The certificate given, or a self-signed one made for the occasion."""
        with self.lock:
            if self.chain is None:
                self.make_chain()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context

    def make_chain(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mailproof-faulty-")
        self.chain = os.path.join(self.folder.name, "chain")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "60", "-subj",
                        "/CN=faulty.test", "-keyout", self.chain, "-out", self.chain + ".crt"],
                       check=True, capture_output=True)
        with open(self.chain + ".crt", "rb") as crt, open(self.chain, "ab") as chain:
            chain.write(crt.read())

    def stop(self):
        for sock in [self.listener, *self.fill, *(c.sock for c in self.connections)]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
        for sock in [self.listener, *self.fill]:
            sock.close()
        if self.folder is not None:
            self.folder.cleanup()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of the first; the next are above it")
    parser.add_argument("--chain", help="file with key and certificates")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    unknown = [n for n in options.names if n not in FAULTS]
    if unknown:
        parser.error(f"no fault is named {unknown[0]} (--list)")
    if options.list or not options.names:
        print("\n".join(FAULTS))
        return 0
    servers = [FaultyServer(name, address=options.address, chain=options.chain,
                            port=options.port and options.port + i)
               for i, name in enumerate(options.names)]
    for name, server in zip(options.names, servers):
        print(name, "%s:%d" % server.start(), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
