"""An MTA as far as a mail filter sees it: the milter protocol (version 6) by hand, for tests."""
import socket
import struct

PATIENCE_S = 60
# Commands of the MTA, replies of the filter.
REPLIES_WITH_TEXT = b"y"
FINAL = b"acdrty"
EDITS = b"hmiq+-be2"


class Milter:
    def __init__(self, path=None, port=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE_S)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.steps = 0
        self.negotiate()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def _exactly(self, n):
        got = b""
        while len(got) < n:
            piece = self.socket.recv(n - len(got))
            if not piece:
                raise ConnectionError("the filter has closed the connection")
            got += piece
        return got

    def receive(self):
        n = struct.unpack(">I", self._exactly(4))[0]
        packet = self._exactly(n)
        return packet[:1], packet[1:]

    def negotiate(self):
        self.send(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
        reply, data = self.receive()
        assert reply == b"O", reply
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])

    def _wants(self, no):
        return not self.steps & no

    def macros(self, command, **pairs):
        data = command
        for name, value in pairs.items():
            name = name if len(name) == 1 else "{%s}" % name
            data += name.encode() + b"\0" + value.encode() + b"\0"
        self.send(b"D", data)

    def step(self, command, data, no, no_reply):
        """(reply, text) of the filter, or None where it does not answer."""
        if not self._wants(no):
            return None
        self.send(command, data)
        if self.steps & no_reply:
            return None
        return self.receive()

    def connect(self, ip="192.0.2.8", name="mx.good.example", **macros):
        if macros:
            self.macros(b"C", **macros)
        if ip is None:
            return self.step(b"C", b"localhost\0U", 0x1, 0x1000)
        family = b"6" if ":" in ip else b"4"
        return self.step(b"C", name.encode() + b"\0" + family + struct.pack(">H", 25252) +
                         ip.encode() + b"\0", 0x1, 0x1000)

    def helo(self, name="mx.good.example", **macros):
        if macros:
            self.macros(b"H", **macros)
        return self.step(b"H", name.encode() + b"\0", 0x2, 0x2000)

    def mail(self, address, **macros):
        if macros:
            self.macros(b"M", **macros)
        return self.step(b"M", b"<" + address.encode() + b">\0", 0x4, 0x4000)

    def rcpt(self, address):
        return self.step(b"R", b"<" + address.encode() + b">\0", 0x8, 0x8000)

    def data(self):
        return self.step(b"T", b"", 0x200, 0x10000)

    def message(self, raw, queue_id="4XYZ"):
        """Header, body and end; what the filter says: its edits and its last word."""
        head, _, body = raw.partition(b"\r\n\r\n")
        fields = []
        for line in head.split(b"\r\n"):
            if line[:1] in b" \t" and fields:
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        for field in fields:
            name, _, value = field.partition(b":")
            if not self.steps & 0x100000:
                value = value[1:] if value[:1] == b" " else value
            self.step(b"L", name + b"\0" + value + b"\0", 0x20, 0x80)
        self.step(b"N", b"", 0x40, 0x40000)
        for at in range(0, len(body), 65535):
            self.step(b"B", body[at:at + 65535], 0x10, 0x80000)
        self.macros(b"E", i=queue_id)
        self.send(b"E")
        return self.verdict()

    def verdict(self):
        edits = []
        while True:
            reply, data = self.receive()
            if reply == b"p":
                continue
            if reply in FINAL and len(reply) == 1:
                return Verdict(reply, data.rstrip(b"\0").decode(), edits)
            edits.append((reply, data))

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")

    def deliver(self, raw, mail_from="a@good.example", rcpts=("b@example.org",), **macros):
        """One message on a connection that said HELO."""
        self.mail(mail_from, **macros)
        for address in rcpts:
            self.rcpt(address)
        self.data()
        return self.message(raw)


class Verdict:
    def __init__(self, word, text, edits):
        self.word, self.text = word.decode(), text
        self.inserted, self.removed, self.replaced, self.quarantined = [], [], [], None
        for kind, data in edits:
            if kind == b"i":
                name, value = data[4:].split(b"\0")[:2]
                self.inserted.append((name.decode(), value.decode()))
            elif kind == b"h":
                name, value = data.split(b"\0")[:2]
                self.inserted.append((name.decode(), value.decode()))
            elif kind == b"m":
                index = struct.unpack(">I", data[:4])[0]
                name, value = data[4:].split(b"\0")[:2]
                (self.replaced if value else self.removed).append((name.decode(), index, value.decode()))
            elif kind == b"q":
                self.quarantined = data.rstrip(b"\0").decode()

    def header(self, name):
        return [v for n, v in self.inserted if n == name]
