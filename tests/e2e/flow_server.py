"""For tests of suites: an SMTP server that answers by a table and does with mail what a test wants
(into a Maildir, altered, twice, or lost), and counts what comes; and a Maildir."""
import os
import socket
import threading

PATIENCE_S = 60


class FlowServer:
    """`replies`: first word of a command (or "." for the end of the message, "banner") -> reply,
    bytes or text; a list is used up, its last entry stays. None: hang up. `deliver(message, to)` is
    called with what was taken, before its 250."""

    def __init__(self, replies=None, deliver=None, keywords=("8BITMIME", "SMTPUTF8")):
        self.replies = {k: list(v) if isinstance(v, list) else [v] for k, v in (replies or {}).items()}
        self.deliver = deliver
        self.keywords = keywords
        self.connections, self.messages, self.commands = 0, [], []
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.open = False
        self.socket.close()

    def _accept(self):
        while self.open:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _say(self, client, word, usual):
        with self.lock:
            rest = self.replies.get(word, [usual])
            reply = rest.pop(0) if len(rest) > 1 else rest[0]
        if reply is None:
            return b""
        reply = reply.encode() if isinstance(reply, str) else reply
        client.sendall(reply + b"\r\n")
        return reply

    def _serve(self, client):
        client.settimeout(PATIENCE_S)
        with client, client.makefile("rb") as lines:
            try:
                self._talk(client, lines)
            except OSError:
                pass

    def _talk(self, client, lines):
        to = []
        if not self._say(client, "banner", "220 mx.test ESMTP"):
            return
        for line in lines:
            command = line.rstrip(b"\r\n").decode("latin-1")
            word = command.split(" ")[0].split(":")[0].upper()
            with self.lock:
                self.commands.append(command)
            if word == "RCPT":
                to.append(command.partition("<")[2].partition(">")[0])
            if word == "PROXY":
                continue
            usual = {"XCLIENT": "220 mx.test ESMTP", "EHLO": "\r\n".join([f"250-{k}" for k in ("mx.test", *self.keywords)] + ["250 HELP"]),
                     "DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 2.0.0 ok")
            reply = self._say(client, word, usual)
            if not reply or word == "QUIT":
                return
            if word == "DATA" and reply.startswith(b"354") and not self._take(client, lines, to):
                return
            if word in ("DATA", "RSET"):
                to = []

    def _take(self, client, lines, to):
        message = b""
        for line in lines:
            if line == b".\r\n":
                break
            message += line[1:] if line.startswith(b".") else line
        with self.lock:
            self.messages.append((message, to))
        if self.deliver is not None:
            self.deliver(message, to)
        return self._say(client, ".", "250 2.0.0 queued as 4F2")


class Maildir:
    """A Maildir, and folders beside it."""

    def __init__(self, path):
        self.path, self.n = path, 0
        self.make("")

    def make(self, folder):
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.path, folder, name), exist_ok=True)

    def put(self, message, folder=""):
        self.make(folder)
        self.n += 1
        name = f"{self.n}.test"
        tmp = os.path.join(self.path, folder, "tmp", name)
        with open(tmp, "wb") as f:
            f.write(message)
        os.rename(tmp, os.path.join(self.path, folder, "new", name))

    def count(self):
        return sum(len(files) for _, _, files in os.walk(self.path))
