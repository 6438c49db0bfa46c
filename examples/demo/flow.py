#!/usr/bin/env python3
"""A small mail server's side of the demo: flow.py DIRECTORY PORT MAILPROOF [--go-on]

Tells the daemon's milter in DIRECTORY about mail as Postfix would: who is connected, the envelope, the
message; and prints what the daemon told it to do. Some mail goes to POST /v1/scan at PORT in its
place. Without --go-on it ends with 1 when a verdict is not what it must be; with it, mail goes on
slowly until the program is ended.
"""
import base64
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE_S = 60
# Who hands mail over: the address and name of the client, and as whom it logged in.
CLIENTS = {
    "partner": ("192.0.2.10", "mx.good.example", None),
    "list": ("203.0.113.5", "lists.example", None),
    "forger": ("203.0.113.66", "attacker.example", None),
    "listed": ("198.51.100.66", "mail.freight.example", None),
    "office": ("127.0.0.1", "localhost", None),
    "laptop": ("198.51.100.200", "hotel.example", "ben"),
}
RECEIVED_FROM = ("192.0.2.25", "mx.customer.example", None)
# Who sends which mail by which way, what must be the answer, and how often it comes later. A kind is
# made by `mailproof forge`, "own" is written here, the others are files beside this one.
FLOW = [
    ("partner", "1-good.eml", "ana@good.example", "milter", "accept", 1),
    ("list", "2-forwarded.eml", "billing-bounces@lists.example", "milter", "tag", 2),
    ("forger", "3-spoof.eml", "ana@attacker.example", "milter", "reject", 1),
    ("forger", "4-broken-signature.eml", "ana@good.example", "milter", "reject", 1),
    ("forger", "5-two-from.eml", "service@attacker.example", "milter", "quarantine", 1),
    ("forger", "6-smuggled.eml", "news@attacker.example", "milter", "quarantine", 1),
    ("forger", "7-two-readers.eml", "billing@attacker.example", "milter", "quarantine", 1),
    ("forger", "8-phish.eml", "bounce@custorner.example", "milter", "quarantine", 2),
    ("listed", "9-listed.eml", "orders@freight.example", "milter", "reject", 1),
    ("partner", "good", None, "milter", "accept", 9),
    ("partner", "html", None, "milter", "accept", 6),
    ("partner", "attachment", None, "milter", "accept", 4),
    ("partner", "international", None, "HTTP", "accept", 3),
    ("list", "forwarded", None, "milter", "tag", 2),
    ("forger", "spoof", None, "milter", "reject", 2),
    ("forger", "spf-fail", None, "HTTP", "reject", 1),
    ("forger", "authres", None, "milter", "reject", 1),
    ("forger", "eicar", None, "milter", "reject", 1),
    ("forger", "macro", None, "HTTP", "reject", 1),
    ("office", "own", "office@customer.example", "milter", "sign", 6),
    ("laptop", "own", "ben@customer.example", "milter", "sign", 3),
]
BURST = 150   # so many come at once, so that there is something to see


class Milter:
    """The milter protocol, version 6, with an answer to each step."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(path)
        self.say(b"O", struct.pack(">III", 6, 0x1FF, 0))

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def exactly(self, size):
        got = b""
        while len(got) < size:
            piece = self.socket.recv(size - len(got))
            if not piece:
                raise ConnectionError("the daemon has closed the connection")
            got += piece
        return got

    def say(self, command, data=b""):
        self.send(command, data)
        packet = self.exactly(struct.unpack(">I", self.exactly(4))[0])
        return packet[:1], packet[1:]

    def macros(self, command, **values):
        words = b"".join(("{%s}" % name if len(name) > 1 else name).encode() + b"\0" + value.encode()
                         + b"\0" for name, value in values.items())
        self.send(b"D", command + words)

    def deliver(self, client, mail):
        """One message: the daemon's last word, its text, and the fields that it adds."""
        ip, name, login = client
        self.say(b"C", name.encode() + b"\0" b"4" + struct.pack(">H", 25) + ip.encode() + b"\0")
        self.say(b"H", name.encode() + b"\0")
        if login:
            self.macros(b"M", auth_authen=login, auth_type="PLAIN")
        for command, address in ((b"M", mail["mail_from"]), *((b"R", r) for r in mail["rcpt_to"])):
            word, text = self.say(command, b"<" + address.encode() + b">\0")
            if word in b"rty":
                return word, text, []
        self.say(b"T")
        head, _, body = mail["message"].partition(b"\r\n\r\n")
        for field in head.replace(b"\r\n\t", b"\n\t").replace(b"\r\n ", b"\n ").split(b"\r\n"):
            name, _, value = field.partition(b":")
            self.say(b"L", name + b"\0" + value.removeprefix(b" ") + b"\0")
        self.say(b"N")
        for at in range(0, len(body), 65535):
            self.say(b"B", body[at:at + 65535])
        self.macros(b"E", i="DEMO%05X" % random.randrange(1 << 20))
        return self.verdict()

    def verdict(self):
        edits, (word, data) = [], self.say(b"E")
        while word not in b"acdrty":
            edits.append((word, data))
            packet = self.exactly(struct.unpack(">I", self.exactly(4))[0])
            word, data = packet[:1], packet[1:]
        return word, data, edits


def words_of(results):
    return " ".join(w.strip(";") for w in results.split() if w.startswith(("spf=", "dkim=", "dmarc=")))


def decided(word, text, edits):
    """What the mail server was told, in words: (action, why, the fields that the message gets)."""
    added, why, retitled = [], "", False
    for kind, data in edits:
        if kind in b"hi":
            name, value = (data[4:] if kind == b"i" else data).decode("utf-8", "replace").split("\0")[:2]
            added.append((name, value))
        elif kind == b"q":
            why = data.rstrip(b"\0").decode("utf-8", "replace")
        retitled |= kind == b"m" and data[4:].lower().startswith(b"subject\0")
    fields, reply = dict(added), text.rstrip(b"\0").decode("utf-8", "replace")
    if word in b"yrdt":
        action, why = ("tempfail" if word == b"t" or reply[:1] == "4" else "reject"), reply
    elif why:
        action = "quarantine"
    elif "DKIM-Signature" in fields:
        action, why = "sign", "DKIM-Signature added"
    elif retitled:
        action, why = "tag", fields.get("X-Mailproof-Findings", "")
    else:
        action, why = "accept", words_of(fields.get("Authentication-Results", ""))
    why = " ".join(why.split(" (id ")[0].replace("refused by policy: ", "").removeprefix("mailproof: ").split())
    head = "".join(f"{name}: {value}\r\n" for name, value in added).replace("\n\t", "\r\n\t")
    return action, why, head.encode()


def scan(port, token, client, mail):
    """The same by HTTP; nothing is added to the message."""
    query = urllib.parse.urlencode({"ip": client[0], "helo": client[1], "mail_from": mail["mail_from"],
                                    "rcpt": mail["rcpt_to"][0]})
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/scan?{query}", mail["message"], {
        "Authorization": "Bearer " + token, "Content-Type": "message/rfc822"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        report = json.load(answer)
    why = ", ".join(report["verdict"]["reasons"]) or words_of(report["authentication"]["authentication_results"])
    return report["verdict"]["action"], why, b""


def forged(mailproof, folder, kinds):
    """Mail made now, signed with keys that tools/demo-serve.sh made."""
    words = [mailproof, "forge", "--format", "jsonl", "--from", "ana@good.example", "--to",
             "ben@customer.example", "--ip", CLIENTS["partner"][0], "--attacker", "attacker.example",
             "--attacker-ip", CLIENTS["forger"][0], "--key", f"good.example:live:{folder}/good.example.live.pem",
             "--seed", str(random.randrange(1 << 30)), *sorted(kinds)]
    made = {}
    for line in subprocess.run(words, check=True, capture_output=True).stdout.splitlines():
        mail = json.loads(line)
        made[mail["kind"]] = {**mail, "message": base64.b64decode(mail["message_base64"])}
    return made


def own(number, sender):
    text = (f"From: {sender}\r\nTo: ana@good.example\r\nSubject: Our order {number}\r\n"
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\n"
            f"Message-ID: <{number}.{time.time_ns()}@customer.example>\r\n\r\nHello Ana,\r\n\r\n"
            f"please send order {number} as usual.\r\n")
    return {"mail_from": sender, "rcpt_to": ["ana@good.example"], "message": text.encode()}


class Site:
    def __init__(self, folder, port, mailproof):
        self.folder, self.port, self.mailproof, self.number = folder, port, mailproof, 4471
        with open(os.path.join(folder, "token"), encoding="ascii") as f:
            self.token = f.read().strip()
        self.make()

    def make(self):
        kinds = {kind for _, kind, *_ in FLOW if "." not in kind and kind != "own"}
        self.made = forged(self.mailproof, self.folder, kinds)

    def mail(self, kind, sender):
        if kind == "own":
            self.number += 1
            return own(self.number, sender)
        if kind in self.made:
            return self.made[kind]
        with open(os.path.join(HERE, kind), "rb") as f:
            text = f.read()
        if b"\r\n" not in text:
            text = text.replace(b"\n", b"\r\n")
        return {"mail_from": sender, "rcpt_to": ["ben@customer.example"], "message": text}

    def send(self, who, kind, sender, way):
        """(action, why, the message as it goes on)"""
        mail = self.mail(kind, sender)
        if way == "HTTP":
            action, why, added = scan(self.port, self.token, CLIENTS[who], mail)
        else:
            milter = Milter(os.path.join(self.folder, "milter"))
            action, why, added = decided(*milter.deliver(CLIENTS[who], mail))
            milter.send(b"Q")
            milter.socket.close()
        return action, why, {**mail, "message": added + mail["message"]}


COLOURS = {"accept": "32", "sign": "36", "tag": "33", "quarantine": "33", "reject": "31"}


def line(who, what, way, action, why):
    colour, plain, width = "", "", 160
    if sys.stdout.isatty():
        colour, plain = f"\033[{COLOURS.get(action, '0')}m", "\033[0m"
        width = os.get_terminal_size().columns or 80
    print(f"   {who:<8} {what:<22} {way:<6} {colour}{action:<10}{plain} {why[:max(width - 53, 20)]}",
          flush=True)


def once(site):
    """The whole table, one mail after another; the number of verdicts that are wrong."""
    wrong = 0
    line("client", "mail", "by", "told", "because")
    for who, kind, sender, way, wanted, _ in FLOW:
        action, why, passed_on = site.send(who, kind, sender, way)
        line(who, kind, way, action, why)
        answers = [(kind, action, wanted)]
        if action == "sign":   # and what its receiver sees
            action, why, _ = scan(site.port, site.token, RECEIVED_FROM, passed_on)
            line("", "  at its receiver", "HTTP", action, why)
            answers.append(("what was signed", "dkim=pass" in why and action, "accept"))
        for what, got, due in answers:
            if got != due:
                wrong += 1
                print(f"the demo expected {due} of {what}", file=sys.stderr)
    return wrong


def go_on(site):
    """Many at once, then one a second or so, as long as the one who started this is there."""
    parent, count = os.getppid(), 0
    shares = [share for *_, share in FLOW]
    while os.getppid() == parent:
        count += 1
        try:
            if count % 50 == 0:
                site.make()
            site.send(*random.choices(FLOW, shares)[0][:4])
        except OSError as problem:   # the daemon is started anew, or is ending
            print(f"flow.py: {problem}", file=sys.stderr)
            time.sleep(1)
        if count > BURST:
            time.sleep(random.uniform(0.3, 1.5))
    return 0


def main():
    folder, port, mailproof = sys.argv[1:4]
    site = Site(folder, int(port), mailproof)
    return go_on(site) if "--go-on" in sys.argv[4:] else min(once(site), 1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
