"""Mail servers of our own, for what Postfix cannot be told to do: a gate that asks `mailproof scan`,
a signer, and servers with one planted fault each. Threads of run.py.

Each takes a message by ESMTP (STARTTLS, XCLIENT), does what its row of world.RELAYS says, and hands
it on: to Dovecot by LMTP, or back into Postfix. MP_E2E_MAILPROOF names the program; without it the
gate answers 451 and the signer passes on what it got.
"""
import base64
import contextlib
import datetime
import email
import email.policy
import email.utils
import json
import os
import re
import shutil
import smtplib
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

import world

LINE_MAX, MESSAGE_MAX, PATIENCE_S = 4096, 20 << 20, 30
SLOW_SECONDS = 4
FOOTER = b"-- \r\nThis footer was added on the way.\r\n"
OUR_NETWORK = "127.0.0.99"      # mynetworks of Postfix
EICAR_HEAD = b"X5O!P%@AP[4" + b"\\PZX54(P^)7CC)7}$"


class Envelope(NamedTuple):
    """What is left of a session when its connection is gone."""
    sender: str
    rcpts: list


class Session:
    """One connection: the commands, as far as tests need them."""

    def __init__(self, server, sock, peer):
        self.server, self.sock, self.file = server, sock, sock.makefile("rb")
        self.client, self.helo, self.tls = peer, "", False
        self.reset()

    def reset(self):
        self.sender, self.rcpts = None, []

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def line(self):
        got = self.file.readline(LINE_MAX)
        if not got.endswith(b"\n"):
            raise EOFError
        return got.rstrip(b"\r\n").decode("utf-8", "replace")

    def serve(self):
        self.say(f"220 {self.server.host.name} ESMTP")
        while True:
            line = self.line()
            verb, _, argument = line.partition(" ")
            handler = getattr(self, "on_" + verb.lower(), None)
            if verb.upper() == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            if handler is None:
                self.say("502 5.5.2 Not known here")
            else:
                handler(argument)

    def on_ehlo(self, argument):
        self.helo = argument.strip()
        self.reset()
        offers = ["PIPELINING", "SIZE 20971520", "8BITMIME", "ENHANCEDSTATUSCODES",
                  "XCLIENT NAME ADDR PORT PROTO HELO LOGIN", *([] if self.tls else ["STARTTLS"])]
        self.sock.sendall("".join(
            f"250-{o}\r\n" for o in [self.server.host.name, *offers[:-1]]).encode())
        self.say("250 " + offers[-1])

    on_helo = on_ehlo

    def on_starttls(self, _):
        if self.tls:
            self.say("503 5.5.1 TLS is on already")
            return
        self.say("220 2.0.0 Ready")
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.file, self.tls = self.sock.makefile("rb"), True
        self.reset()

    def on_xclient(self, argument):
        words = dict(w.upper().partition("=")[::2] for w in argument.split())
        self.client = words.get("ADDR", self.client).removeprefix("IPV6:").lower()
        self.helo = words.get("HELO", self.helo).lower()
        self.reset()
        self.say(f"220 {self.server.host.name} ESMTP")

    def on_mail(self, argument):
        path = re.match(r"FROM: ?<([^>]*)>", argument, re.I)
        if path is None:
            self.say("501 5.5.4 MAIL FROM:<address>")
            return
        self.reset()
        self.sender = path[1]
        self.say("250 2.1.0 Ok")

    def on_rcpt(self, argument):
        path = re.match(r"TO: ?<([^>@]*)@([^>]*)>", argument, re.I)
        if self.sender is None or path is None:
            self.say("503 5.5.1 MAIL first, then RCPT TO:<address>")
        elif path[2].lower() not in world.RELAYED:
            self.say("554 5.7.1 Relay access denied")
        elif path[2].lower() == "good.test" and path[1].partition("+")[0].lower() not in world.USERS:
            self.say("550 5.1.1 No such user")
        else:
            self.rcpts.append(f"{path[1]}@{path[2]}")
            self.say("250 2.1.5 Ok")

    def on_rset(self, _):
        self.reset()
        self.say("250 2.0.0 Ok")

    def on_noop(self, _):
        self.say("250 2.0.0 Ok")

    def on_data(self, _):
        if not self.rcpts:
            self.say("503 5.5.1 No recipient")
            return
        self.say("354 End data with <CR><LF>.<CR><LF>")
        message, size, last = [], 0, b"\r\n"
        while True:     # a dot ends only between two CRLF
            line = self.file.readline(MESSAGE_MAX)
            size += len(line)
            if not line or size > MESSAGE_MAX:
                raise EOFError
            if line == b".\r\n" and last.endswith(b"\r\n"):
                break
            message.append(line[1:] if line[:1] == b"." and last.endswith(b"\r\n") else line)
            last = line
        self.say(self.server.take(self, self.received() + b"".join(message)))
        self.reset()

    def received(self):
        tls = "ESMTPS" if self.tls else "ESMTP"
        now = email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc))
        return (f"Received: from {self.helo or 'unknown'} ([{self.client}])\r\n"
                f"\tby {self.server.host.name} with {tls};\r\n\t{now}\r\n").encode()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError, EOFError, ssl.SSLError):
            Session(self.server, self.request, self.client_address[0]).serve()


class Relay(socketserver.ThreadingTCPServer):
    """A row of world.RELAYS; `mode` names the method that takes a message and gives the reply."""
    daemon_threads = allow_reuse_address = True
    request_queue_size = 50

    def __init__(self, host, state, ports, context):
        super().__init__((host.address, ports["SMTP"]), Handler)
        self.host, self.state, self.ports, self.context = host, state, ports, context
        self.program = os.environ.get("MP_E2E_MAILPROOF", "")

    def handle_error(self, request, client_address):
        pass

    def take(self, session, message):
        try:
            return getattr(self, "mode_" + self.host.mode)(session, message)
        except (OSError, smtplib.SMTPException, subprocess.SubprocessError, ValueError) as e:
            return f"451 4.3.0 {type(e).__name__}"

    # ---- modes ----

    def mode_footer(self, session, message):
        return self.deliver(session, message.removesuffix(b"\r\n") + b"\r\n" + FOOTER)

    def mode_lose(self, _session, _message):
        return "250 2.0.0 Ok: and gone"

    def mode_slow(self, session, message):
        later = threading.Timer(SLOW_SECONDS, self.deliver, (Envelope(session.sender, list(session.rcpts)), message))
        later.daemon = True
        later.start()
        return "250 2.0.0 Ok: later"

    def mode_gullible(self, session, message):
        return self.deliver(session, message)

    def mode_guard(self, session, message):
        """Refuses what `mailproof scan` would refuse, malware, and puts macros aside."""
        parts = [p.get_payload(decode=True) or b"" for p in email.message_from_bytes(message).walk()
                 if not p.is_multipart()]
        if any(EICAR_HEAD in p for p in parts):
            return "554 5.7.0 Malware found"
        verdict = self.scan(session, message)
        if not verdict["complete"]:
            return "451 4.7.1 Could not be judged now"
        macros = any(b"vbaProject.bin" in p for p in parts)
        if verdict["action"] == "reject" or (verdict["action"] == "quarantine" and not macros):
            return "550 5.7.1 Not accepted: " + " ".join(verdict["reasons"])
        if macros:
            return self.put_aside(session, message)
        return self.deliver(session, message)

    def mode_sign(self, session, message):
        if self.program:
            key = "good.test:sel1:" + os.path.join(KEYS, "rsa2048.pem")
            done = subprocess.run([self.program, "sign", "--key", key, "-"], input=message,
                                  capture_output=True, timeout=PATIENCE_S, check=True)
            message = done.stdout
        with smtplib.SMTP(world.HOSTS["MX1"].address, self.ports["SMTP"], self.host.name,
                          PATIENCE_S, (OUR_NETWORK, 0)) as smtp:
            smtp.starttls(context=ssl._create_unverified_context())
            smtp.ehlo(self.host.name)
            smtp.sendmail(session.sender, session.rcpts, message)
        return "250 2.0.0 Ok: signed"

    # ---- what they share ----

    def deliver(self, session, message):
        with smtplib.LMTP(world.HOSTS["MX1"].address, self.ports["LMTP"], self.host.name) as lmtp:
            lmtp.sendmail(session.sender, session.rcpts, message)
        return "250 2.0.0 Ok: delivered"

    def put_aside(self, session, message):
        for rcpt in session.rcpts:
            user, _, domain = rcpt.partition("@")
            folder = os.path.join(self.state, "mail", domain, user.partition("+")[0], ".Junk")
            for sub in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(folder, sub), exist_ok=True)
            name = f"{time.time_ns()}.{threading.get_ident()}.relay"
            with open(os.path.join(folder, "tmp", name), "wb") as f:
                f.write(message.replace(b"\r\n", b"\n"))
            for path in (os.path.dirname(folder), folder, *(os.path.join(folder, s)
                         for s in ("cur", "new", "tmp")), os.path.join(folder, "tmp", name)):
                shutil.chown(path, "mail", "mail")
            os.rename(os.path.join(folder, "tmp", name), os.path.join(folder, "new", name))
        return "250 2.0.0 Ok: in Junk"

    def scan(self, session, message):
        if not self.program:
            raise ValueError
        anchor = os.path.join(self.state, "dns", "anchor.ds")
        with tempfile.NamedTemporaryFile(suffix=".eml") as f:
            f.write(message)
            f.flush()
            done = subprocess.run(
                [self.program, "scan", "--format", "json", "--fail-on", "critical",
                 "--resolver", f"{world.RESOLVER}:{self.ports['DNS']}", "--trust-anchor", anchor,
                 "--authserv-id", self.host.name, "--ip", session.client, "--helo", session.helo,
                 "--mail-from", session.sender, f.name],
                capture_output=True, timeout=PATIENCE_S, check=False, stdin=subprocess.DEVNULL)
        return json.loads(done.stdout)["verdict"]


KEYS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../keys"))


def start(state, ports, authority):
    """Their threads; each is stopped as the servers of web.py are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.path("relay.chain"))
    servers = [Relay(host, state, ports, context) for host in world.RELAYS.values()]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1},
                         daemon=True).start()
    return servers
