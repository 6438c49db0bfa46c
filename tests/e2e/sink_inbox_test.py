#!/usr/bin/env python3
"""Scripts, magic local parts and inboxes of a running sink: sink_inbox_test.py MAILPROOF   (TAP)

What a script says is what a client hears, also in LMTP and through smtplib, and what became of each
attempt is listed. An inbox's token opens that inbox and nothing else.
"""
import json
import os
import smtplib
import sys

import sink_kit
from sink_kit import Talk, address

ADMIN = "an-admin-token-of-tests"
HEARS_NOTHING_S = 1     # how long a client waits for a reply that must not come


def mail(tag):
    return f"Subject: {tag}\r\nX-Mailproof-Tag: {tag}\r\n\r\ntext of {tag}\r\n".encode()


def make(sink, rows, id_, script=None):
    status, box = sink.json("POST", "/v1/inboxes", {"id": id_, **({} if script is None else {
        "script": script})})
    rows.equal(f"inbox {id_} is made", status, 201)
    return box


def attempts(rows, sink, label, to, wanted):
    """What became of each attempt to send to this recipient, oldest first, soon."""
    def listed():
        status, page = sink.json("GET", f"/v1/attempts?q={sink_kit.urllib.parse.quote('rcpt:' + to)}")
        if status != 200:
            raise RuntimeError(str(page))
        return [f"{a['outcome']} {a['stage']} {a['reply']['code']}"
                for a in reversed(page["attempts"])]
    rows.equal(label, sink_kit.eventually(listed, wanted), wanted)


# ---- magic local parts: no script at all ----

REPLIES = (   # recipient, sender, replies to MAIL, RCPT, DATA, end of message
    ("x+451@m.test", "bob@good.test", ("250", "451 4.0.0")),
    ("x+550-5.7.1@m.test", "bob@good.test", ("250", "550 5.7.1")),
    ("a+b+421@m.test", "bob@good.test", ("250", "421")),
    ("rcptto-452-4.2.2@m.test", "bob@good.test", ("250", "452 4.2.2")),
    ("data-451@m.test", "bob@good.test", ("250", "250", "451")),
    ("data-554-5.6.0@m.test", "bob@good.test", ("250", "250", "554 5.6.0")),
    ("end-452@m.test", "bob@good.test", ("250", "250", "354", "452")),
    ("x+end-550-5.7.1@m.test", "bob@good.test", ("250", "250", "354", "550 5.7.1")),
    ("usual@m.test", "mailfrom-450@m.test", ("450",)),
    ("usual@m.test", "x+mailfrom-553-5.1.8@m.test", ("553 5.1.8",)),
    ("x+999@m.test", "bob@good.test", ("250", "250", "354", "250 2.0.0 Ok: stored")),
    ("rcptto-@m.test", "bob@good.test", ("250", "250", "354", "250 2.0.0 Ok: stored")),
    ("451@m.test", "bob@good.test", ("250", "250", "354", "250 2.0.0 Ok: stored")))


def magic_replies(rows, sink):
    for to, sender, wanted in REPLIES:
        with Talk(sink.smtp) as t:
            t.hello()
            commands = (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA")
            got = [t.ask(c) for c in commands[:len(wanted)]]
            if len(wanted) > len(commands):
                got.append(t.send(mail("magic") + b".\r\n").reply())
            rows.starts(f"{sender} to {to}", got, *wanted)
            rows.starts("and the connection goes on", t.ask("RSET"), "250")
    attempts(rows, sink, "451 at RCPT is an attempt", "x+451@m.test", ["deferred rcpt 451"])
    attempts(rows, sink, "so is 550 behind the message", "x+end-550-5.7.1@m.test", ["refused end 550"])
    rows.equal("stored is what was told so", len(sink.messages("tag:magic")), 3)


def magic_silence(rows, sink):
    """Timeouts and drops, as a client has them."""
    for to, at in (("rcptto-timeout@m.test", "RCPT"), ("x+data-timeout@m.test", "DATA"),
                   ("end-timeout@m.test", "the end")):
        with smtplib.SMTP(*address(sink.smtp), local_hostname=sink_kit.CLIENT,
                          timeout=sink_kit.PATIENCE_S) as s:
            s.ehlo()
            s.sock.settimeout(HEARS_NOTHING_S)
            try:
                heard = s.sendmail("bob@good.test", [to], mail("silence"))
            except (TimeoutError, smtplib.SMTPServerDisconnected) as e:
                heard = "nothing" if "timed out" in str(e) else e
            rows.equal(f"{to}: no reply to {at}", heard, "nothing")
            s.close()
    for to, n in (("rcptto-drop@m.test", 1), ("data-drop@m.test", 2), ("x+end-drop@m.test", 3)):
        with Talk(sink.smtp) as t:
            t.hello()
            t.ask("MAIL FROM:<bob@good.test>")
            got = [t.ask(c) for c in (f"RCPT TO:<{to}>", "DATA")[:n]]
            if n == 3:
                got.append(t.send(mail("drop") + b".\r\n").reply())
            rows.equal(f"{to}: the connection is dropped there", (got[-1], [g[:1] for g in got[:-1]]),
                       ("", ["2", "3"][:n - 1]))
        attempts(rows, sink, f"{to}: an attempt", to, [f"dropped {('rcpt', 'data', 'end')[n - 1]} None"])
    rows.equal("nothing of it is stored", len(sink.messages("tag:drop")) + len(
        sink.messages("tag:silence")), 0)


# ---- scripts by API ----

def script_rows(rows, sink):
    box = make(sink, rows, "scripted")
    def put(*rules):
        status, answer = sink.json("PUT", "/v1/inboxes/scripted/script", list(rules), box["token"])
        rows.equal(f"script {json.dumps(rules)[:60]} is taken", (status, answer), (204, None))
    def deliver(to="scripted@sink.test", sender="bob@good.test", helo=sink_kit.CLIENT):
        with Talk(sink.smtp) as t:
            t.reply()
            t.ask(f"EHLO {helo}")
            got = t.envelope([to], sender)
            return got + ([t.message(mail("scripted"))] if got[-1].startswith("250") else [])
    put({"rcpt": "451 4.7.1 later", "times": 2})
    for wanted in (("250", "451 4.7.1 later"), ("250", "451 4.7.1 later"), ("250", "250", "250")):
        rows.starts("twice 451, then taken", deliver(), *wanted)
    attempts(rows, sink, "three attempts are listed", "scripted@sink.test",
             ["deferred rcpt 451", "deferred rcpt 451", "accepted end 250"])
    put({"at": "rcpt", "from": "*@spam.test", "reply": "550 5.7.1 no"}, {"at": "end", "to": "*+full@*",
                                                                       "reply": "552 5.2.2 full"})
    rows.starts("by sender", deliver(sender="x@spam.test"), "250", "550 5.7.1 no")
    rows.starts("by detail of the recipient", deliver("scripted+full@sink.test"),
                "250", "250", "552 5.2.2 full")
    rows.starts("others are not concerned", deliver(), "250", "250", "250 2.0.0 Ok")
    put({"at": "end", "drop": True, "helo": "bad.test"})
    rows.equal("a drop behind the message", deliver(helo="bad.test")[-1], "")
    put({"at": "end", "reply": "250 2.0.0 Ok", "cut": 7})
    rows.equal("a reply that is cut", deliver()[-1], "250 2.0")
    put({"at": "rcpt", "greylist": "300ms"})
    rows.starts("greylisting: not yet", deliver(sender="grey@good.test"), "250", "451")
    put({"at": "rcpt", "accept": True}, {"rcpt": "550 5.0.0 never"})
    rows.starts("accept ends the list", deliver(), "250", "250", "250")
    put({"at": "data", "reply": "451 4.3.5 busy", "attempt": 1})
    many = [deliver(sender="retry@good.test")[-1][:3] for _ in range(2)]
    rows.equal("only the first attempt", many, ["451", "250"])
    before = len(sink.messages("tag:scripted"))
    put({"at": "data", "throttle": 20000})
    with Talk(sink.smtp) as t:
        t.hello()
        t.envelope(["scripted@sink.test"])
        rows.starts("a throttled message comes whole", t.message(
            mail("scripted") + b"x" * 20000 + b"\r\n"), "250")
    rows.equal("what was told 250 is stored", len(sink.messages("tag:scripted")) - before, 1)
    status, problem = sink.json("PUT", "/v1/inboxes/scripted/script", [{"rcpt": "451", "tims": 1}],
                                box["token"])
    rows.equal("a typing error is refused", status, 400)
    rows.check("and the nearest key is told", "times" in problem["detail"], problem)
    rows.starts("a refused script changes nothing", deliver(), "250", "250", "250")
    rows.equal("taken away", sink.ask("DELETE", "/v1/inboxes/scripted/script", token=box["token"])[0], 204)
    rows.equal("common script", sink.json("PUT", "/v1/inboxes/default/script", [
        {"at": "connect", "reply": "421 4.3.2 closed", "times": 1}, {"ehlo": "502 no EHLO", "times": 1},
        {"mail": "450 4.1.8 wait", "from": "new@good.test", "times": 1}])[0], 204)
    with Talk(sink.smtp) as t:
        rows.equal("a greeting that refuses, then closed", t.rest(), ["421 4.3.2 closed"])
    with Talk(sink.smtp) as t:
        rows.starts("no EHLO", t.hello(), "220", "502 no EHLO")
        rows.starts("but HELO; later MAIL", [t.ask("HELO c.test"), t.ask("MAIL FROM:<new@good.test>"),
                                             t.ask("MAIL FROM:<new@good.test>")], "250", "450 4.1.8", "250")
    sink.ask("DELETE", "/v1/inboxes/default/script")


# ---- isolation ----

def isolation(rows, sink):
    boxes = {name: make(sink, rows, name) for name in ("anna", "ben")}
    with Talk(sink.smtp) as t:
        t.hello()
        t.envelope(["anna@sink.test", "ben+x@other.test", "nobody@sink.test", "BEN@sink.test"])
        rows.starts("one message to two inboxes and the common one", t.message(mail("shared")), "250")
    sink.send(mail("only-anna"), ["anna@sink.test"])
    everywhere = {m["inbox"]: m for m in sink.messages("tag:shared")}
    rows.equal("is three deliveries", sorted(everywhere), ["anna", "ben", "default"])
    rows.equal("each with its own recipients", {k: m["rcpt_to"] for k, m in everywhere.items()},
               {"anna": ["anna@sink.test"], "ben": ["ben+x@other.test", "BEN@sink.test"],
                "default": ["nobody@sink.test"]})
    anna, ben = boxes["anna"]["token"], boxes["ben"]["token"]
    rows.equal("anna sees hers", sorted(m["tag"] for m in sink.messages(token=anna)),
               ["only-anna", "shared"])
    rows.equal("ben sees his", [m["tag"] for m in sink.messages(token=ben)], ["shared"])
    rows.equal("by inbox too", [m["tag"] for m in sink.messages(inbox="ben", token=ben)], ["shared"])
    hers = everywhere["anna"]["id"]
    for label, method, path, token, wanted in (
            ("another's message", "GET", f"/v1/messages/{hers}", ben, 404),
            ("its bytes", "GET", f"/v1/messages/{hers}/raw", ben, 404),
            ("its transcript", "GET", f"/v1/messages/{hers}/transcript", ben, 404),
            ("its HTML", "GET", f"/v1/messages/{hers}/html", ben, 404),
            ("deleting it", "DELETE", f"/v1/messages/{hers}", ben, 404),
            ("another's inbox", "GET", "/v1/inboxes/anna", ben, 404),
            ("its list", "GET", "/v1/inboxes/anna/messages", ben, 404),
            ("its script", "PUT", "/v1/inboxes/anna/script", ben, 404),
            ("its end", "DELETE", "/v1/inboxes/anna", ben, 404),
            ("waiting for what is another's", "GET", "/v1/messages/wait?tag=only-anna&timeout=0", ben, 204),
            ("Mailpit's list", "GET", f"/api/v1/message/{hers}", ben, 404),
            ("a token that is none", "GET", "/v1/messages", "x" * 30, 401),
            ("a token cut short", "GET", "/v1/messages", ben[:-1], 401),
            ("her own", "GET", f"/v1/messages/{hers}", anna, 200)):
        body = b"[]" if method == "PUT" else None
        rows.equal(f"{label}: {wanted}", sink.ask(method, path, body, token)[0], wanted)
    rows.equal("deleting all that ben may see leaves anna's", [
        sink.ask("DELETE", "/v1/messages?q=shared", token=ben)[0], len(sink.messages("tag:shared"))],
               [200, 2])
    rows.equal("an inbox ends", sink.ask("DELETE", "/v1/inboxes/anna", token=anna)[0], 204)
    rows.equal("with its mail", sorted(m["inbox"] for m in sink.messages("tag:shared")), ["default"])
    rows.equal("and its token", sink.ask("GET", "/v1/messages", token=anna)[0], 401)
    sink.send(mail("late"), ["anna@sink.test"])
    rows.equal("later mail is the common inbox's", [m["inbox"] for m in sink.messages("tag:late")],
               ["default"])


def main(program):
    rows = sink_kit.Rows()
    sink = sink_kit.Sink(os.path.abspath(program), "--no-dns", token=ADMIN)
    try:
        for part in (magic_replies, magic_silence, script_rows, isolation):
            part(rows, sink)
    finally:
        rows.equal("it ends in order", sink.stop(), 0)
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
