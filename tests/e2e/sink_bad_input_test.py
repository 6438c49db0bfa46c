#!/usr/bin/env python3
"""What no client should do, done to our sink: sink_bad_input_test.py MAILPROOF   (TAP)

Each gets a clear answer, others are served meanwhile, and at the end all that was acknowledged is
there, byte for byte, and nothing else.
"""
import os
import random
import select
import socket
import struct
import sys
import tempfile

import sink_kit
from sink_kit import Talk

MIB = 1 << 20
SIZE_MIB = 50           # what a sink takes without --max-size
MEMORY_MAX_MIB = 400    # of a sink that is sent 100 MB; sanitizers take a part of it
RCPTS = 10000


def mail(tag):
    return f"Subject: {tag}\r\nX-Mailproof-Tag: {tag}\r\n\r\ntext of {tag}\r\n".encode()


class Sinks:
    """Those at hand; remembers what each has acknowledged."""

    def __init__(self, program, rows, folder):
        self.program, self.rows, self.folder = program, rows, folder
        self.running, self.acknowledged = {}, {}

    def start(self, name, *options):
        self.running[name] = sink_kit.Sink(self.program, "--no-dns", *options,
                                           store=os.path.join(self.folder, name))
        self.acknowledged[name] = []
        return self.running[name]

    def note(self, name, reply, content):
        """A reply behind a message: 250 means that it must be there."""
        if reply.startswith("250"):
            self.acknowledged[name].append(content)
        return reply

    def serves(self, name, label):
        """An ordinary client is served now."""
        tag = f"served-{name}-{len(self.acknowledged[name])}"
        with Talk(self.running[name].smtp) as t:
            t.hello()
            t.envelope(["a@sink.test"])
            reply = self.note(name, t.message(mail(tag)), mail(tag))
        self.rows.starts(f"{label}: others are served", reply, "250 2.0.0 Ok: stored")

    def settle(self):
        """Nothing acknowledged is missing, nothing else is there."""
        for name, sink in self.running.items():
            there = sorted(sink.raw(m["id"]) for m in sink.messages())
            self.rows.check(f"{name}: stored is what was acknowledged, {len(there)} messages",
                            there == sorted(self.acknowledged[name]), [c[:60] for c in there])
            self.rows.equal(f"{name}: no connection is left over", sink_kit.eventually(
                lambda sink=sink: sink.counters()["open_connections"], 0), 0)
            self.rows.equal(f"{name}: ends in order", sink.stop(), 0)


def begun(sink, to=("a@sink.test",)):
    """In the middle of a transaction."""
    t = Talk(sink.smtp)
    t.hello()
    t.envelope(to)
    return t


# ---- lines ----

def endless_lines(s):
    sink = s.running["strict"]
    with Talk(sink.smtp) as t:
        t.reply()
        try:
            t.send(b"A" * 4 * MIB)
        except ConnectionError:
            pass    # it was told already
        s.rows.starts("4 MB without a line end", t.rest(), "500 5.5.6")
    with Talk(sink.told["MAILPROOF_SINK_SMTPS"], tls=sink.trust()) as t:
        t.hello()
        s.rows.starts("an endless line of AUTH", t.ask("AUTH LOGIN"), "334")
        try:
            t.send(b"QUFB" * MIB)
        except OSError:
            pass
        s.rows.starts("is ended", t.line(), "500 5.5.6")
    with Talk(sink.smtp) as t:
        t.reply()
        s.rows.starts("a word of 12,000 letters", [t.ask("EHLO " + "a" * 12000), t.ask("NOOP"), t.ask(
            "MAIL FROM:<" + "a" * 12000 + ">")], "501", "250", "5")
    with Talk(sink.smtp) as t:
        t.reply()
        got = [t.send(line).reply() for line in (
            b"EHLO c.test\n", b"NOOP\0\r\n", b"NO\rOP\r\n", b"\x80\xff\r\n", b"\r\n", b" NOOP\r\n",
            b"MAIL FROM:<a@b.test>\rRCPT TO:<c@d.test>\r\n", b"MAIL FROM:<a\0@b.test>\r\n")]
        s.rows.check("LF alone, NUL, CR, 8 bit, nothing: an answer of 5xx each",
                     all(g.startswith("5") for g in got), got)
    with Talk(sink.smtp) as t:
        t.reply()
        got = [t.ask("FOO") for _ in range(49)] + t.send(b"FOO\r\n").rest()
        s.rows.starts("50 mistakes end a connection", got[49:], "500", "421 4.7.0")
    s.serves("strict", "endless lines")


def early(s):
    """The greeting waits for a second, so that the client is sure to speak before it."""
    sink = s.running["strict"]
    sink.json("PUT", "/v1/inboxes/default/script", [{"at": "connect", "delay": "1s"}])
    for label, bytes_ in (("pipelines before the greeting", b"EHLO c.test\r\nMAIL FROM:<a@b.test>\r\n"
                           b"RCPT TO:<c@d.test>\r\nDATA\r\n" + mail("early") + b".\r\nQUIT\r\n"),
                          ("speaks HTTP", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
                          ("speaks the PROXY protocol", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")):
        with Talk(sink.smtp) as t:
            t.send(bytes_)
            s.rows.starts(f"a client that {label}", t.rest(), "554 5.5.1")
    sink.ask("DELETE", "/v1/inboxes/default/script")
    with Talk(sink.smtp) as t:
        t.reply()
        s.rows.starts("a page that posts commands is ended at its first line",
                      t.send(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nEHLO c.test\r\nMAIL FROM:<a@b.test>\r\n"
                             b"RCPT TO:<c@d.test>\r\nDATA\r\n" + mail("posted") + b".\r\n").rest(), "554 5.5.1")
    with Talk(sink.smtp) as t:
        t.hello()
        s.rows.starts("commands behind STARTTLS are not taken into TLS",
                      t.send(b"STARTTLS\r\nRSET\r\nMAIL FROM:<a@b.test>\r\n").rest(), "554 5.5.1")
    s.serves("strict", "early talkers")


# ---- messages ----

BODIES = (  # label, the message, what strict says
    ("bare LF", b"a\nb\r\n", "550 5.6.11"), ("bare CR", b"a\rb\r\n", "550 5.6.11"),
    ("NUL", b"a\0b\r\n", "550 5.6.11"), ("LF.LF", b"a\n.\nb\r\n", "550 5.6.11"),
    ("LF.CRLF", b"a\n.\r\nb\r\n", "550 5.6.11"), ("CRLF.LF", b"a\r\n.\nb\r\n", "550 5.6.11"),
    ("CR.CR", b"a\r.\rb\r\n", "550 5.6.11"), ("CRLF.CR", b"a\r\n.\rb\r\n", "550 5.6.11"),
    ("8 bit and controls", b"\x01\x80\xff\x7f\r\n", "250"), ("nothing", b"", "250"),
    ("one line of 1 MB", b"x" * MIB + b"\r\n", "250"), ("a dot", b"..\r\n", "250"))


def odd_messages(s):
    for name in ("strict", "lenient"):
        for label, body, wanted in BODIES:
            with begun(s.running[name]) as t:
                reply = t.message(body)
                # CRLF "." and something odd: the dot is one that was doubled, or would have been
                content = body.replace(b"\r\n.", b"\r\n").removeprefix(b".")
                s.note(name, reply, content)
                s.rows.starts(f"{name}, {label}", reply, "250" if name == "lenient" else wanted)
                s.rows.starts(f"{name}, {label}: it was one message", t.ask("NOOP"), "250")
    with begun(s.running["strict"]) as t:
        s.rows.check("the refusal tells what and where", "bare LF (first at octet 1)" in t.message(
            b"a\nb\r\n"))


def chunk_of_nothing(s):
    """Behind a refused message its chunks still come; one that takes a while is none that is slow."""
    sink = s.running["strict"]
    with Talk(sink.smtp) as t:
        t.hello()
        sink.json("PUT", "/v1/inboxes/default/script", [{"at": "connect", "delay": "1s"}])
        t.send(b"BDAT 1000\r\n" + b"x" * 500)
        with Talk(sink.smtp) as clock:      # a second passes until it is greeted
            s.rows.starts("meanwhile another is greeted", clock.reply(), "220")
        s.rows.starts("a chunk without MAIL is read, and refused", t.send(b"x" * 500).reply(), "503 5.5.1")
        s.rows.starts("and goes on", t.ask("NOOP"), "250")
    sink.ask("DELETE", "/v1/inboxes/default/script")


def memory_mib(sink):
    """The most that it ever had."""
    with open(f"/proc/{sink.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM:")) // 1024


def much(s):
    sink = s.running["strict"]
    line = b"x" * 998 + b"\r\n"
    large = line * (100 * MIB // len(line))
    with begun(sink) as t:
        t.ask("DATA")
        t.send(large + b".\r\n")
        s.rows.starts("100 MB in DATA", t.reply(), "552 5.3.4")
        s.rows.starts("and goes on", t.envelope(["a@sink.test"]), "250", "250")
        t.send(b"BDAT %d LAST\r\n" % len(large) + large)
        s.rows.starts("100 MB in a chunk", t.reply(), "552 5.3.4")
        t.envelope(["a@sink.test"])
        chunk = line * (MIB // len(line))
        got = [t.send(b"BDAT %d\r\n" % len(chunk) + chunk).reply() for _ in range(SIZE_MIB + 2)]
        s.rows.check("100 MB in small chunks: refused when it is too much", got[-1][:3] in ("552", "503")
                     and any(g.startswith("552 5.3.4") for g in got), got)
        s.rows.starts("announced, it is refused at MAIL", t.ask(f"MAIL FROM:<> SIZE={100 * MIB}"),
                      "552 5.3.4")
        s.rows.starts("a chunk of 2^64 octets", t.ask("BDAT 18446744073709551616"), "501")
    s.rows.check(f"memory stays below {MEMORY_MAX_MIB} MiB", memory_mib(sink) < MEMORY_MAX_MIB,
                 memory_mib(sink))
    with begun(s.running["large"]) as t:
        t.ask("DATA")
        t.send(large + b".\r\n")
        s.rows.starts("with --max-size 200M they are taken", s.note("large", t.reply(), large), "250")
    s.serves("strict", "100 MB")


def recipients(s):
    to = [f"user{i}@sink.test" for i in range(RCPTS)]
    for name, taken in (("strict", 1000), ("large", RCPTS)):
        with Talk(s.running[name].smtp) as t:
            t.hello()
            t.ask("MAIL FROM:<bob@good.test>")
            t.send(b"".join(f"RCPT TO:<{one}>\r\n".encode() for one in to))
            got = t.replies(RCPTS)
            s.rows.equal(f"{name}: of 10,000 recipients are taken", [sum(
                g.startswith(code) for g in got) for code in ("250 2.1.5", "452 4.5.3")],
                         [taken, RCPTS - taken])
            reply = t.message(mail(f"rcpts-{name}"))
            s.rows.starts(f"{name}: and get their message", s.note(
                name, reply, mail(f"rcpts-{name}")), "250")
        found = s.running[name].messages(f"tag:rcpts-{name}")
        s.rows.equal(f"{name}: all are listed", [m["rcpt_to"] for m in found], [to[:taken]])


# ---- connections ----

def halves(s):
    sink = s.running["strict"]
    with begun(sink) as t:
        t.ask("DATA")
        t.send(mail("half") + b".\r\n").half_close()
        got = t.rest()
        s.rows.starts("half-close behind the message: answered, then closed", got, "250 2.0.0 Ok: stored")
        s.note("strict", got[0], mail("half"))
    with Talk(sink.smtp) as t:
        t.reply()
        t.send(b"EHLO c.test\r\nMAIL FROM:<bob@good.test>\r\nRCPT TO:<a@sink.test>\r\nDATA\r\n"
               + mail("half-all") + b".\r\nQUIT\r\n").half_close()
        got = [line for line in t.rest() if line[3:4] == " "]
        s.rows.starts("a whole session, then half-close", got, "250", "250", "250", "354", "250", "221")
        s.note("strict", got[4], mail("half-all"))
    for label, more in (("in the middle of a message", b"Subject: cut\r\n\r\nhalf a li"),
                        ("at its dot", b"Subject: cut\r\n\r\nline\r\n."),
                        ("at the CR behind it", b"Subject: cut\r\n\r\nline\r\n.\r")):
        with begun(sink) as t:
            t.ask("DATA")
            t.send(more).half_close()
            s.rows.equal(f"half-close {label}: no acknowledgement", t.rest(), [])
    with begun(sink) as t:
        t.send(b"BDAT 1000 LAST\r\nshort").half_close()
        s.rows.equal("half-close in a chunk: none", t.rest(), [])
    def listed():
        attempts = sink.json("GET", "/v1/attempts?limit=4")[1]["attempts"]
        return [(a["outcome"], a["stage"]) for a in attempts]
    s.rows.equal("they are listed as dropped", sink_kit.eventually(listed, [("dropped", "data")] * 4),
                 [("dropped", "data")] * 4)
    with begun(sink) as t:
        t.ask("DATA")
        t.send(b"Subject: cut\r\n")
        t.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.serves("strict", "a reset in the middle")


def noise(s):
    sink = s.running["strict"]
    chance = random.Random(7)
    for _ in range(20):
        with Talk(sink.smtp) as t:
            t.reply()
            try:
                t.send(chance.randbytes(chance.randrange(1, 65536))).half_close()
                t.rest()
            except OSError:
                pass    # it has closed already
    with Talk(sink.told["MAILPROOF_SINK_SMTPS"]) as t:
        t.send(b"EHLO c.test\r\n" * 100)
        s.rows.check("plain text to the TLS port: no greeting", all("220" not in x for x in t.rest()))
    with Talk(sink.smtp) as t:
        t.hello()
        s.rows.starts("STARTTLS", t.ask("STARTTLS"), "220")
        t.send(b"no TLS at all\r\n" * 10)
        s.rows.check("and no TLS behind it", all("250" not in x for x in t.rest()))
    s.rows.check("failed handshakes are counted", sink.counters()["tls_failures"] >= 2)
    s.serves("strict", "noise")


def crowd(s):
    """Many that are silent do not keep others out; too many are told so."""
    idle = [Talk(s.running["strict"].smtp) for _ in range(300)]
    s.rows.check("300 silent clients are greeted", all(t.reply().startswith("220") for t in idle))
    s.serves("strict", "300 silent clients")
    for t in idle:
        t.socket.close()
    few = s.running["quick"]
    kept = [Talk(few.smtp) for _ in range(5)]
    s.rows.check("as many as --max-connections", all(t.reply().startswith("220") for t in kept))
    with Talk(few.smtp) as t:
        s.rows.starts("one more is told to come back", t.rest(), "421 4.3.2 too many connections")
    got = [t.rest() for t in kept]
    s.rows.equal("silence is ended", {"".join(g)[:9] for g in got}, {"421 4.4.2"})
    for t in kept:
        t.socket.close()


def slow(s):
    """A byte now and then does not keep a connection for ever."""
    for label, start, wanted in (("a line", b"", "421 4.4.2 a line took too long"),
                                 ("a message", b"DATA\r\n", "421 4.4.2 the message comes too slowly")):
        with begun(s.running["quick"]) as t:
            t.send(start)
            if start:
                t.reply()
            for _ in range(10 * sink_kit.PATIENCE_S):
                t.send(b"x")
                if select.select([t.socket], [], [], 0.1)[0]:
                    break
            s.rows.starts(f"{label}, a byte at a time", t.line(), wanted)
    s.serves("quick", "slow clients")


def main(program):
    rows = sink_kit.Rows()
    with tempfile.TemporaryDirectory(prefix="mailproof-bad-") as folder:
        s = Sinks(os.path.abspath(program), rows, folder)
        s.start("strict", "--tls-listen", "127.0.0.1:0", "--idle-timeout", "1h")
        s.start("lenient", "--lenient")
        s.start("large", "--max-size", "200M", "--max-rcpts", str(RCPTS))
        s.start("quick", "--idle-timeout", "1s", "--max-connections", "5")
        try:
            for part in (endless_lines, early, odd_messages, chunk_of_nothing, much, recipients, halves,
                         noise, crowd, slow):
                part(s)
            s.settle()
        finally:
            for sink in s.running.values():
                if sink.process.poll() is None:
                    sink.process.kill()
                    sink.process.wait()
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
