#!/usr/bin/env python3
"""Senders of others against our sink: sink_test.py MAILPROOF   (TAP)

Python's smtplib, swaks, Postfix's smtp-source and npm's nodemailer: what they send is stored byte for
byte, with the TLS, the login and the envelope that they had. Rows whose client is not installed say
SKIP. What the ESMTP words, scripts and inboxes do is spoken by hand.
"""
import base64
import json
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile

import sink_kit
from sink_kit import PATIENCE_S, Talk, address

HERE = os.path.dirname(os.path.abspath(__file__))
NODEMAILER = "nodemailer@6.9.16"
USERS = "# who may\nalice:correct horse\nbob:pa:ss\n"
MAIL = ("From: Bob <bob@good.test>\r\nTo: <{to}>\r\nSubject: {tag}\r\nMessage-ID: <{tag}@good.test>\r\n"
        "X-Mailproof-Tag: {tag}\r\n\r\nfirst\r\n.\r\n..dots\r\n\ttab and 8 bit: \xe4\r\nlast\r\n")


def mail(tag, to="someone@sink.test"):
    return MAIL.format(tag=tag, to=to).encode("latin-1")


class World:
    def __init__(self, program, rows, folder):
        self.rows, self.folder = rows, folder
        users = os.path.join(folder, "users")
        with open(users, "w", encoding="utf-8") as f:
            f.write(USERS)
        both = ("--no-dns", "--lmtp", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0")
        self.any = sink_kit.Sink(program, *both, "--xclient")
        self.file = sink_kit.Sink(program, *both, "--auth", users, "--auth-required",
                                  "--max-size", "100k", "--xclient")

    def stop(self):
        for name, sink in (("anybody's", self.any), ("with passwords", self.file)):
            self.rows.equal(f"the sink {name} ends in order", sink.stop(), 0)

    def stored(self, sink, tag, content=None, **wanted):
        """Exactly one message has that tag; its bytes and what is known of its delivery."""
        found = sink.messages(f"tag:{tag}")
        if not self.rows.equal(f"{tag}: stored once", len(found), 1):
            return None
        if content is not None:
            self.rows.equal(f"{tag}: byte for byte", sink.raw(found[0]["id"]), content)
        told = sink.message(found[0]["id"])
        tls = told["delivery"]["tls"]
        known = {**told["envelope"], **told["delivery"], "tls": tls and tls["version"]}
        for key, value in wanted.items():
            self.rows.equal(f"{tag}: {key}", known[key], value)
        return told


# ---- Python's smtplib ----

LOGINS = {"PLAIN": smtplib.SMTP.auth_plain, "LOGIN": smtplib.SMTP.auth_login,
          "CRAM-MD5": smtplib.SMTP.auth_cram_md5}
SMTPLIB = (  # label, how, mechanism, protocol
    ("plain", "plain", None, "ESMTP"), ("starttls", "starttls", None, "ESMTPS"),
    ("smtps", "tls", None, "ESMTPS"), ("starttls-plain", "starttls", "PLAIN", "ESMTPSA"),
    ("smtps-login", "tls", "LOGIN", "ESMTPSA"), ("smtps-cram", "tls", "CRAM-MD5", "ESMTPSA"))


def smtplib_open(sink, how, mechanism=None, user="alice", password="correct horse"):
    """A client that has said EHLO, is in TLS and logged in as far as asked for."""
    if how == "tls":
        s = smtplib.SMTP_SSL(*address(sink.told["MAILPROOF_SINK_SMTPS"]), context=sink.trust(),
                             local_hostname=sink_kit.CLIENT, timeout=PATIENCE_S)
    else:
        s = smtplib.SMTP(*address(sink.smtp), local_hostname=sink_kit.CLIENT, timeout=PATIENCE_S)
    if how == "starttls":
        s.starttls(context=sink.trust())
    s.ehlo()
    if mechanism is not None:
        s.user, s.password = user, password
        s.auth(mechanism, lambda challenge=None: LOGINS[mechanism](s, challenge))
    return s


def smtplib_rows(w):
    for sink, where in ((w.any, "any"), (w.file, "file")):
        for label, how, mechanism, protocol in SMTPLIB:
            if sink is w.file and mechanism is None:
                continue
            tag = f"smtplib-{where}-{label}"
            with smtplib_open(sink, how, mechanism) as s:
                s.sendmail("bob@good.test", ["someone@sink.test"], mail(tag))
            w.stored(sink, tag, mail(tag), protocol=protocol, mail_from="bob@good.test",
                     tls=None if how == "plain" else "TLSv1.3",
                     auth_user=None if mechanism is None else "alice", helo=sink_kit.CLIENT)


def smtplib_refused(w):
    for label, mechanism, user, password in (
            ("a wrong password", "PLAIN", "alice", "wrong"),
            ("a wrong password", "CRAM-MD5", "alice", "wrong"),
            ("no such user", "LOGIN", "carol", "correct horse"),
            ("the begin of a password", "PLAIN", "bob", "pa")):
        try:
            with smtplib_open(w.file, "starttls", mechanism, user, password):
                code = 235
        except smtplib.SMTPAuthenticationError as e:
            code = e.smtp_code
        w.rows.equal(f"{label} by {mechanism} is refused", code, 535)
    with smtplib_open(w.file, "tls") as s:
        try:
            s.sendmail("bob@good.test", ["someone@sink.test"], mail("not-in"))
            code = 250
        except smtplib.SMTPSenderRefused as e:
            code = e.smtp_code
    w.rows.equal("without a login nothing is taken", code, 530)
    with smtplib_open(w.file, "plain") as s:
        w.rows.check("and none is offered without TLS", not s.has_extn("auth"), s.esmtp_features)
        w.rows.equal("one tried all the same is told why", s.docmd("AUTH", "PLAIN AGEAYg==")[0], 538)
    w.rows.equal("nothing of it is stored", len(w.file.messages("tag:not-in")), 0)
    w.rows.check("failed logins are counted", w.file.counters()["auth_failed"] >= 4)


# ---- swaks ----

def swaks_rows(w):
    if shutil.which("swaks") is None:
        w.rows.skip("swaks", "swaks is not installed")
        return
    able = subprocess.run(["swaks", "--support"], capture_output=True, text=True, check=False).stdout
    log = ["--auth-user", "alice", "--auth-password", "correct horse"]
    for label, sink, listener, words, protocol, needs in (
            ("plain", w.any, "SMTP", [], "ESMTP", "Basic"),
            ("helo", w.any, "SMTP", ["--protocol", "SMTP"], "SMTP", "Basic"),
            ("pipeline", w.any, "SMTP", ["--pipeline"], "ESMTP", "Basic"),
            ("lmtp", w.any, "LMTP", ["--protocol", "LMTP"], "LMTP", "Basic"),
            ("starttls", w.any, "SMTP", ["--tls"], "ESMTPS", "TLS"),
            ("tlsc", w.any, "SMTPS", ["--tlsc"], "ESMTPS", "TLS"),
            ("any", w.any, "SMTP", ["--tls", "--auth", "LOGIN", *log], "ESMTPSA", "TLS"),
            ("auth-plain", w.file, "SMTP", ["--tls", "--auth", "PLAIN", *log], "ESMTPSA", "TLS"),
            ("cram", w.file, "SMTPS", ["--tlsc", "--auth", "CRAM-MD5", *log], "ESMTPSA", "TLS"),
            ("lmtps", w.any, "LMTP", ["--protocol", "LMTP", "--tls"], "LMTPS", "TLS")):
        if f"=== {needs} " not in able:
            w.rows.skip(f"swaks-{label}", f"this swaks has no {needs}")
            continue
        done = swaks(w, sink, listener, f"swaks-{label}", words)
        if w.rows.equal(f"swaks-{label}: exit code", done.returncode, 0):
            w.stored(sink, f"swaks-{label}", mail(f"swaks-{label}"), protocol=protocol)
        else:
            print("# " + done.stdout.replace("\n", "\n# "))
    done = swaks(w, w.any, "SMTP", "swaks-xclient", ["--xclient-addr", "192.0.2.7",
                                                     "--xclient-helo", "far.test"])
    w.rows.equal("XCLIENT by swaks: exit code", done.returncode, 0)
    told = w.stored(w.any, "swaks-xclient")
    w.rows.equal("it is another client then", told["envelope"]["client"]["ip"], "192.0.2.7")
    done = swaks(w, w.any, "SMTP", "swaks-refused", ["--to", "x+550-5.1.1@sink.test"])
    w.rows.equal("a refused recipient is swaks' code 24", done.returncode, 24)
    w.rows.check("and its transcript has our reply", "<** 550 5.1.1" in done.stdout, done.stdout)
    if "=== TLS " in able:
        done = swaks(w, w.file, "SMTP", "swaks-wrong", ["--tls", "--auth", "PLAIN", "--auth-user",
                                                        "alice", "--auth-password", "no"])
        w.rows.equal("a wrong password is swaks' code 28", done.returncode, 28)


def swaks(w, sink, listener, tag, words):
    path = os.path.join(w.folder, tag)
    with open(path, "wb") as f:
        f.write(mail(tag).removesuffix(b"\r\n").replace(b"\r\n", b"\n"))
    host, port = address(sink.told["MAILPROOF_SINK_" + listener])
    to = [] if "--to" in words else ["--to", "someone@sink.test"]
    return subprocess.run(["swaks", "--server", host, "--port", str(port), "--helo", sink_kit.CLIENT,
                           "--from", "bob@good.test", *to, "--data", "@" + path, *words],
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="latin-1",
                          timeout=PATIENCE_S, check=False, env={**os.environ, "SWAKS_HOME": w.folder})


# ---- Postfix's smtp-source ----

def smtp_source_rows(w):
    program = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        w.rows.skip("smtp-source", "Postfix is not installed")
        return
    for label, listener, words, n in (
            ("new", "SMTP", ["-s", "10", "-m", "200"], 200),
            ("kept", "SMTP", ["-d", "-s", "10", "-m", "400", "-l", "3000"], 400),
            ("rcpts", "SMTP", ["-s", "4", "-m", "20", "-r", "50"], 20),
            ("large", "SMTP", ["-d", "-s", "4", "-m", "8", "-l", "2000000"], 8),
            ("lmtp", "LMTP", ["-L", "-d", "-s", "5", "-m", "100", "-r", "3"], 100)):
        before = w.any.counters()["messages"]
        done = subprocess.run([program, *words, "-M", sink_kit.CLIENT, "-f", "bob@good.test", "-t",
                               f"{label}@source.test", "-S", f"source-{label}",
                               w.any.told["MAILPROOF_SINK_" + listener]], capture_output=True,
                              text=True, timeout=PATIENCE_S, check=False)
        if not w.rows.equal(f"smtp-source, {label}: exit code", done.returncode, 0):
            print("# " + done.stderr)
        found = w.any.messages(f"subject:source-{label}")
        w.rows.equal(f"smtp-source, {label}: all are listed, each once",
                     (len(found), len({m["id"] for m in found}), len({m["message_id"] for m in found})),
                     (n, n, n))
        w.rows.equal(f"smtp-source, {label}: counted", w.any.counters()["messages"] - before, n)
        rcpts = int(words[words.index("-r") + 1]) if "-r" in words else 1
        w.rows.equal(f"smtp-source, {label}: recipients", {len(m["rcpt_to"]) for m in found}, {rcpts})
        length = int(words[words.index("-l") + 1]) if "-l" in words else 0
        w.rows.check(f"smtp-source, {label}: whole", all(m["size"] > length for m in found))


# ---- npm's nodemailer ----

def nodemailer_jobs(w):
    """(tag, job, protocol, what is known of the delivery)"""
    ca = w.any.told["MAILPROOF_SINK_CA"]
    with open(ca, encoding="ascii") as f:
        tls = {"ca": f.read(), "servername": "localhost"}
    def to(listener, **more):
        host, port = address(w.any.told["MAILPROOF_SINK_" + listener])
        return {"host": host, "port": port, "name": sink_kit.CLIENT, "tls": tls, **more}
    auth = {"user": "alice", "pass": "correct horse"}
    plain = to("SMTP", ignoreTLS=True)
    return (
        ("node-plain", plain, {}, {"protocol": "ESMTP"}),
        ("node-starttls", to("SMTP", requireTLS=True), {}, {"protocol": "ESMTPS"}),
        ("node-smtps", to("SMTPS", secure=True, auth=auth), {},
         {"protocol": "ESMTPSA", "auth_user": "alice"}),
        ("node-lmtp", to("LMTP", lmtp=True, ignoreTLS=True), {}, {"protocol": "LMTP"}),
        ("node-pool", to("SMTP", ignoreTLS=True, pool=True), {}, {"protocol": "ESMTP"}),
        ("node-dsn", plain, {"dsn": {"id": "q-1", "return": "headers", "notify": ["success"],
                                     "recipient": "someone@sink.test"}},
         {"mail_params": "RET=HDRS ENVID=q-1"}),
        ("node-utf8", plain, {"envelope": {"from": "b\u00f6b@good.test", "to": ["j\u00f6rg@sink.test"]}},
         {"protocol": "UTF8SMTP", "rcpt_to": ["j\u00f6rg@sink.test"], "mail_from": "b\u00f6b@good.test"}))


def nodemailer_rows(w):
    folder = os.path.join(w.folder, "npm")
    os.mkdir(folder)
    if not sink_kit.npm_install(NODEMAILER, folder):
        w.rows.skip("nodemailer", f"{NODEMAILER} cannot be installed: no node, npm, or registry")
        return
    rows = nodemailer_jobs(w)
    envelope = {"from": "bob@good.test", "to": ["someone@sink.test"]}
    jobs = [{"transport": transport, "mail": {
        **extra, "raw64": base64.b64encode(mail(tag)).decode(),
        "envelope": {**extra.get("envelope", envelope), **(
            {"dsn": extra["dsn"]} if "dsn" in extra else {})}}} for tag, transport, extra, _ in rows]
    jobs.append({"transport": rows[0][1], "mail": {
        "from": "Bob <bob@good.test>", "to": "someone@sink.test", "subject": "node-composed",
        "headers": {"X-Mailproof-Tag": "node-composed"}, "text": "caf\u00e9", "html": "<b>caf\u00e9</b>",
        "attachments": [{"filename": "r\u00e9sum\u00e9.pdf", "content": "%PDF"}]}})
    jobs.append({"transport": rows[0][1], "mail": {
        "envelope": {**envelope, "to": ["x+452@sink.test"]}, "raw": "Subject: x\r\n\r\n"}})
    done = subprocess.run(["node", os.path.join(HERE, "nodemailer_send.mjs")], cwd=folder,
                          input=json.dumps(jobs), capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)
    if not w.rows.equal("nodemailer: exit code", done.returncode, 0):
        print("# " + done.stderr.replace("\n", "\n# "))
        return
    results = json.loads(done.stdout)
    for (tag, _, _, known), result in zip(rows, results):
        w.rows.starts(f"{tag}: the reply", result.get("response", str(result)), "250 2.0.0 Ok: stored")
        w.stored(w.any, tag, mail(tag), **known)
    told = w.stored(w.any, "node-composed")
    w.rows.equal("node-composed: text, attachment", (told["text"].strip(), [
        a["filename"] for a in told["attachments"]]), ("caf\u00e9", ["r\u00e9sum\u00e9.pdf"]))
    w.rows.equal("nodemailer hears of a refusal", results[-1].get("code"), 452)


# ---- the words of ESMTP, by hand ----

def esmtp_rows(w):
    offered = ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING",
               "BINARYMIME", "SIZE 102400", "LIMITS RCPTMAX=1000", "STARTTLS", "XCLIENT NAME")
    with Talk(w.file.smtp) as t:
        greeting, words = t.hello()
        w.rows.starts("a greeting", greeting, "220 localhost ESMTP")
        lines = [line[4:] for line in words.split("\n")]
        w.rows.equal("what is offered", [o for o in offered if not any(
            line.startswith(o) for line in lines)], [])
        w.rows.starts("SIZE of MAIL is held against ours", t.ask("MAIL FROM:<> SIZE=102401"), "552 5.3.4")
    with Talk(w.any.smtp) as t:
        t.hello()
        t.send(b"MAIL FROM:<bob@good.test> SIZE=10\r\nRCPT TO:<a@sink.test>\r\nRCPT TO:<x+451@sink.test>"
               b"\r\nDATA\r\n")
        w.rows.starts("PIPELINING: one reply a command, in order", t.replies(4), "250 2.1.0",
                      "250 2.1.5", "451 4.0.0", "354")
        t.send(mail("hand-piped").replace(b"\r\n.", b"\r\n..") + b".\r\nNOOP\r\nMAIL FROM:<>\r\nRSET\r\n"
               b"QUIT\r\n")
        w.rows.starts("and behind the message", t.replies(5), "250 2.0.0 Ok: stored as", "250", "250",
                      "250", "221")
    w.stored(w.any, "hand-piped", mail("hand-piped"), rcpt_to=["a@sink.test"])
    with Talk(w.any.smtp) as t:
        t.hello()
        w.rows.starts("BINARYMIME", t.ask("MAIL FROM:<b@good.test> BODY=BINARYMIME"), "250")
        t.ask("RCPT TO:<a@sink.test>")
        first, last = mail("hand-chunked"), b"\0bare\nand\r.\r\n.\r\nno end"
        t.send(b"BDAT %d\r\n" % len(first) + first + b"BDAT %d LAST\r\n" % len(last) + last)
        w.rows.starts("CHUNKING, two chunks in one write", t.replies(2), f"250 2.0.0 {len(first)} octets",
                      "250 2.0.0 Ok: stored as")
    w.stored(w.any, "hand-chunked", first + last, mail_params="BODY=BINARYMIME")
    with Talk(w.any.smtp) as t:
        t.hello()
        dsn = "MAIL FROM:<bob@good.test> RET=FULL ENVID=a+2Bb"
        w.rows.starts("DSN", [t.ask(dsn), t.ask("RCPT TO:<a@sink.test> NOTIFY=SUCCESS,DELAY "
                                                "ORCPT=rfc822;a@sink.test")], "250", "250")
        w.rows.starts("DSN that is none", [t.ask("RCPT TO:<b@sink.test> NOTIFY=NEVER,DELAY"), t.ask(
            "RCPT TO:<b@sink.test> NOTIFY=PERHAPS")], "501", "501")
        w.rows.starts("its message", t.message(mail("hand-dsn").replace(b"\r\n.", b"\r\n..")), "250")
    w.stored(w.any, "hand-dsn", mail("hand-dsn"), mail_params="RET=FULL ENVID=a+2Bb")
    with Talk(w.any.smtp) as t:
        t.hello()
        w.rows.starts("SMTPUTF8 must be said", [t.ask("MAIL FROM:<>"), t.ask("RCPT TO:<j\u00f6rg@sink.test>")],
                      "250", "553 5.6.7")


def lmtp_rows(w):
    with Talk(w.any.told["MAILPROOF_SINK_LMTP"]) as t:
        w.rows.starts("LMTP greets, and wants LHLO", [t.reply(), t.ask("EHLO c.test"),
                                                      t.ask("LHLO c.test")], "220", "500", "250")
        w.rows.starts("LMTP: recipients", t.envelope(
            ["a@sink.test", "end-452@sink.test", "x+550-5.1.1@sink.test", "end-554-5.7.1@sink.test"]),
                      "250", "250", "250", "550 5.1.1", "250")
        t.ask("DATA")
        t.send(mail("hand-lmtp").replace(b"\r\n.", b"\r\n..") + b".\r\n")
        w.rows.starts("LMTP: a reply for each that was taken", t.replies(3), "250 2.0.0", "452",
                      "554 5.7.1")
        w.rows.starts("LMTP: goes on", t.ask("NOOP"), "250")
    w.stored(w.any, "hand-lmtp", mail("hand-lmtp"), rcpt_to=["a@sink.test"], protocol="LMTP")


def xclient_rows(w):
    with Talk(w.any.smtp) as t:
        t.hello()
        w.rows.starts("XCLIENT", t.ask("XCLIENT ADDR=IPV6:2001:db8::7 PORT=4711 LOGIN=carol "
                                       "HELO=far.test"), "220")
        w.rows.starts("another client now", t.ask("EHLO far.test"), "250")
        t.envelope(["a@sink.test"])
        t.message(mail("hand-xclient"))
    told = w.stored(w.any, "hand-xclient", auth_user="carol", helo="far.test")
    w.rows.equal("its address", told["envelope"]["client"], {"ip": "2001:db8::7", "port": 4711})
    with Talk(w.any.smtp) as t:
        t.hello()
        w.rows.starts("XCLIENT with nonsense", [t.ask("XCLIENT ADDR=999.1.1.1"), t.ask("XCLIENT FOO=1")],
                      "501", "501")


def main(program):
    program, rows = os.path.abspath(program), sink_kit.Rows()
    with tempfile.TemporaryDirectory(prefix="mailproof-sink-") as folder:
        world = World(program, rows, folder)
        try:
            for part in (smtplib_rows, smtplib_refused, swaks_rows, smtp_source_rows, nodemailer_rows,
                         esmtp_rows, lmtp_rows, xclient_rows):
                part(world)
        finally:
            world.stop()
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
