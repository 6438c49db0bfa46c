"""The client itself against other people's servers: logins, ways to send, XCLIENT and PROXY, LMTP,
npm's smtp-server, the words of swaks, the reports of monitors."""
import itertools
import json
import os
import re
import subprocess
import tempfile
import time
import uuid

import faulty
from tool import differ, found

ARRIVAL_S = 20
PASSWORD = "secret-alice"
ALICE = "alice@good.test"


def port(name):
    return os.environ["MP_E2E_PORT_" + name]


def address(name):
    return os.environ["MP_E2E_ADDR_" + name]


def submission(name="SUBMISSION", scheme="submission"):
    return f"{scheme}://submission.good.test:{port(name)}"


# ---- logins ------------------------------------------------------------------------------------

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")


def login(mailproof, mechanism, secret, want_code, want_found, url):
    code, told = mailproof.probe("--auth-user", ALICE, "--auth-mech", mechanism, url, secret=secret)
    yield from differ("exit code", code, want_code)
    yield from differ("findings", found(told, "high"), want_found)
    if want_code == 0:
        yield from differ("mechanism", told["servers"][0]["auth_mechanism"], mechanism)
    if secret in json.dumps(told):
        yield "the secret is in the report"


def transcript_is_clean(mailproof):
    for mechanism in MECHANISMS:
        told = mailproof.run("probe", *mailproof.world, "--verbose", "--auth-user", ALICE,
                             "--auth-mech", mechanism, submission(), secret=PASSWORD)
        text = told.stdout.decode()
        yield from differ(mechanism + " masked", "masked" in text, True)
        yield from differ(mechanism + " secret", PASSWORD in text, False)
        for word in re.findall(r"[A-Za-z0-9+/=]{12,}", text):
            if b"secret-alice" in decoded(word):
                yield f"{mechanism}: the secret in base64"
            if decoded(word).startswith(b"v="):
                yield f"{mechanism}: the server's signature, by which passwords can be tried"


def decoded(word):
    import base64
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4))
    except ValueError:
        return b""


def logins(out, mailproof):
    for mechanism in MECHANISMS:
        out.run(f"login: {mechanism}", login, mailproof, mechanism, PASSWORD, 0, [], submission())
        out.run(f"login: {mechanism}, wrong password", login, mailproof, mechanism, "wrong-secret", 1,
                ["flow.auth.failed"], submission())
    out.run("login: TLS from the first byte", login, mailproof, "SCRAM-SHA-256", PASSWORD, 0, [],
            submission("SUBMISSIONS", "submissions"))
    out.run("login: PLAIN is not tried in the clear", login, mailproof, "PLAIN", PASSWORD, 1,
            ["flow.auth.before-tls"], f"smtp://{address('AUTHCLEAR')}:{port('SMTP')}")
    out.run("login: no secret in any transcript", transcript_is_clean, mailproof)


# ---- messages that arrive ----------------------------------------------------------------------

def mailbox(user="alice"):
    folder = os.path.join(os.environ["MP_E2E_DIR"], "mail", "good.test", user)
    for where, _, names in os.walk(folder):
        for name in names:
            if os.path.basename(where) in ("new", "cur"):
                yield os.path.join(where, name)


def arrived(tag):
    """The message with this tag, when it has come."""
    deadline = time.monotonic() + ARRIVAL_S
    while time.monotonic() < deadline:
        for path in mailbox():
            with open(path, "rb") as f:
                data = f.read()
            if tag.encode() in data:
                return data
        time.sleep(0.1)
    return None


def deliver(mailproof, want, *args, **more):
    tag = uuid.uuid4().hex
    code, told = mailproof.probe("--send", "--to", ALICE, "--from", "bob@good.test", "--header",
                                 f"X-Tag: {tag}", *args, **more)
    yield from differ("exit code", code, 0)
    yield from differ("findings", found(told, "high"), [])
    data = arrived(tag)
    if data is None:
        yield "it did not arrive"
        return
    for word in want:
        if word.encode() not in data:
            yield f"{word!r} is not in what arrived: {data[:1500]!r}"


def sent_file(mailproof, body, *args):
    """--data @FILE, byte by byte: dots at line ends and line starts survive."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as f:
        tag = uuid.uuid4().hex
        f.write(b"From: bob@good.test\r\nSubject: " + tag.encode() + b"\r\n\r\n" + body)
        f.flush()
        code, _ = mailproof.probe("--to", ALICE, "--from", "bob@good.test", "--data", "@" + f.name,
                                  *args)
    yield from differ("exit code", code, 0)
    data = arrived(tag) or b""
    yield from differ("body", data.replace(b"\r\n", b"\n").partition(b"\n\n")[2],
                      body.replace(b"\r\n", b"\n"))


def messages(out, mailproof):
    mx1 = f"smtp://{address('MX1')}:{port('SMTP')}"
    lmtp = f"lmtp://{address('MX1')}:{port('LMTP')}"
    rows = {
        "DATA": ([mx1], ["X-Tag:", "Subject:", "Message-ID:", "Date:"]),
        "pipelined": (["--pipeline", mx1], ["X-Tag:"]),
        "BDAT": (["--chunking", mx1], ["X-Tag:"]),
        "8BITMIME": (["--8bitmime", "--body", "gr\u00fc\u00df", mx1], ["gr\u00fc\u00df"]),
        "SMTPUTF8": (["--smtputf8", mx1], ["X-Tag:", "with UTF8SMTP"]),
        "DSN": (["--dsn", "SUCCESS,FAILURE", "--ret", "HDRS", "--envid", "a+b=c", mx1], ["X-Tag:"]),
        "SIZE": (["--size", "1000", mx1], ["X-Tag:"]),
        "an attachment": (["--attach", __file__, mx1], ["clients.py", "base64"]),
        "LMTP": (["--lmtp", lmtp], ["X-Tag:"]),
        "an MX of the domain": (["--first", "good.test"], ["X-Tag:"]),
    }
    for label, (args, want) in rows.items():
        out.run("send: " + label, deliver, mailproof, want, *args)
    out.run("send: after a login", lambda: deliver(mailproof, ["X-Tag:"], "--auth-user", ALICE,
                                                   submission(), secret=PASSWORD))
    dots = b".\r\n..\r\n.a\r\na.\r\n...\r\nlast"
    out.run("send: dots", sent_file, mailproof, dots + b"\r\n", mx1)
    out.run("send: dots, LMTP", sent_file, mailproof, dots + b"\r\n", "--lmtp", lmtp)
    out.run("send: dots, BDAT", sent_file, mailproof, dots + b"\r\n", "--chunking", mx1)
    out.run("send: over the size limit", refused, mailproof, ["--size", "99999999999", mx1])
    out.run("send: quota in LMTP", refused, mailproof,
            ["--lmtp", lmtp, "--to", "nobody@good.test"])


def refused(mailproof, args):
    code, told = mailproof.probe("--send", "--from", "bob@good.test",
                                 *(["--to", ALICE] if "--to" not in args else []), *args)
    yield from differ("exit code", code, 1)
    yield from differ("a refusal is told", any("refused" in i for i in found(told, "high")), True)


# ---- another client, another way ---------------------------------------------------------------

def xclient(mailproof, name, value, grep):
    tag = uuid.uuid4().hex
    code, _ = mailproof.probe("--send", "--to", ALICE, "--from", "bob@good.test", "--header",
                              f"X-Tag: {tag}", name, value,
                              f"smtp://{address('MX1')}:{port('XCLIENT')}")
    yield from differ("exit code", code, 0)
    data = (arrived(tag) or b"").decode("latin-1")
    yield from differ(f"{grep} in Received", grep in data, True)


def proxied(mailproof, version):
    tag = uuid.uuid4().hex
    code, _ = mailproof.probe("--send", "--to", ALICE, "--from", "bob@good.test", "--header",
                              f"X-Tag: {tag}", "--proxy-version", version, "--proxy",
                              f"TCP4 192.0.2.99 {address('MX1')} 4321 25",
                              f"smtp://{address('MX1')}:{port('PROXY')}")
    yield from differ("exit code", code, 0)
    yield from differ("the address in Received", b"[192.0.2.99]" in (arrived(tag) or b""), True)


def relay(mailproof, host, want, code):
    got, told = mailproof.probe("--relay-test", f"smtp://{address(host)}:{port('SMTP')}")
    yield from differ("findings", [i for i in found(told) if "relay" in i], want)
    yield from differ("exit code", got, code)


def recipients(mailproof, args, want, code):
    got, told = mailproof.probe("--from", "bob@good.test", *args)
    yield from differ("classes", [r["class"] for r in told["servers"][0]["recipients"]], want)
    yield from differ("exit code", got, code)


def taken_later(mailproof, grey):
    code, told = mailproof.probe("--from", "bob@good.test", "--to", "canary@good.test",
                                 "--retry-after", "2s", grey)
    rcpt = told["servers"][0]["recipients"][0]
    yield from differ("replies", (rcpt["class"], rcpt["reply"]["code"], rcpt["second"]["code"]),
                      ("greylisted", 450, 250))
    yield from differ("exit code", code, 0)


def others(out, mailproof):
    mx1, grey, catch = (f"smtp://{address(h)}:{port('SMTP')}" for h in ("MX1", "GREY", "CATCH"))
    out.run("XCLIENT: address", xclient, mailproof, "--xclient-addr", "192.0.2.77", "192.0.2.77")
    if os.environ["MP_E2E_IPV6"] == "1":
        out.run("XCLIENT: IPv6", xclient, mailproof, "--xclient-addr", "2001:db8::77",
                "2001:db8::77")
    else:
        out.skip("XCLIENT: IPv6", "no IPv6 here")
    out.run("XCLIENT: name", xclient, mailproof, "--xclient-name", "played.test", "played.test")
    out.run("PROXY protocol, version 1", proxied, mailproof, "1")
    out.run("PROXY protocol, version 2", proxied, mailproof, "2")
    out.run("relay test: closed", relay, mailproof, "MX1", [], 0)
    out.run("relay test: open", relay, mailproof, "OPEN", ["flow.relay.open"], 1)
    unknown = "nobody-" + uuid.uuid4().hex[:8] + "@good.test"
    known = ["--to", ALICE]
    out.run("recipient: known", recipients, mailproof, [*known, mx1], ["accepted"], 0)
    out.run("recipient: unknown", recipients, mailproof, ["--to", unknown, mx1], ["refused"], 1)
    out.run("recipient: both", recipients, mailproof, [*known, "--to", unknown, mx1],
            ["accepted", "refused"], 1)
    out.run("recipient: greylisted", recipients, mailproof, [*known, grey], ["greylisted"], 3)
    out.run("recipient: greylisted, then taken", taken_later, mailproof, grey)
    out.run("recipient: catch-all", recipients, mailproof, ["--to", unknown, catch], ["accepted"], 0)


# ---- the words of swaks ------------------------------------------------------------------------

def swaks(mailproof, words, stops):
    """A command line of swaks does here what it does there; the transcript shows how far it went."""
    line = words.format(mx=address("MX1"), port=port("SMTP"), sub=port("SUBMISSION"),
                        subs=port("SUBMISSIONS"), lmtp=port("LMTP"), ca=os.environ["MP_E2E_CA"],
                        xclient=port("XCLIENT"), proxy=port("PROXY"), me=__file__,
                        alone="--no-injection-test --no-catch-all")
    args = [a.replace("_", " ") if a.startswith(("TCP4_", "Subject:_", "ADDR=")) else a for a in line.split()]
    world = [a for a in mailproof.world if "--https" not in a and a != os.environ["MP_E2E_PORT_HTTPS"]]
    told = mailproof.run("probe", *world, "--verbose", "--fail-on", "critical", *args)
    text = told.stdout.decode(errors="replace")
    if told.returncode == 2:
        yield told.stderr.decode()
        return
    sent = [m.split(" ")[0].upper() for m in re.findall(r"^ *[-~]> (\S.*)$", text, re.M)]
    for verb in stops.split():
        absent = verb.startswith("!")
        if (verb.lstrip("!") in sent) == absent:
            yield f"{verb}: sent {sent}; {text[-600:]}"


SWAKS = {
    "-t alice@good.test -s {mx} -p {port} -q RCPT": "EHLO MAIL RCPT !DATA",
    "--to alice@good.test --server {mx}:{port} --quit-after MAIL": "MAIL !RCPT",
    "-s {mx} --port {port} -q CONNECT": "!EHLO",
    "-s {mx} -p {port} -q FIRST-HELO": "EHLO !STARTTLS",
    "-s {mx} -p {port} --protocol SMTP -q HELO": "HELO !EHLO",
    "-s {mx} -p {port} -tls -q TLS --tls-verify-ca {ca}": "STARTTLS",
    "-t alice@good.test -s {mx} -p {port} -tlso -f bob@good.test -q RCPT": "STARTTLS RCPT",
    "-s {mx} -p {subs} -tlsc --tls-sni submission.good.test -q EHLO": "!STARTTLS EHLO",
    "-s {mx} -p {sub} -tls -a CRAM-MD5 -au alice@good.test -ap secret-alice -q AUTH": "AUTH !MAIL",
    "-s {mx} -p {sub} -tls -a -au alice@good.test -ap secret-alice -q AUTH": "AUTH !MAIL",
    "-s {mx} -p {sub} --protocol ESMTPSA -au alice@good.test -ap secret-alice -ahp -q AUTH": "AUTH",
    "-s {mx} -p {sub} -tls -ao PLAIN,LOGIN -au alice@good.test -ap secret-alice -q AUTH": "AUTH",
    "-t alice@good.test -f bob@good.test -s {mx} -p {port} -h me.good.test --body hello -n": "DATA",
    "-t alice@good.test -f bob@good.test -s {mx} -p {port} --h-Subject hi -d @{me} -S": "DATA",
    "-t alice@good.test -f bob@good.test -s {mx} -p {port} --header Subject:_hi --attach @{me}": "DATA",
    "-t alice@good.test -f bob@good.test -s {mx} -p {lmtp} --protocol LMTP -q RCPT": "LHLO RCPT",
    "-t alice@good.test -s {mx} -p {port} --pipeline --send -f bob@good.test": "MAIL RCPT DATA",
    "-t alice@good.test --cc bob@good.test -s {mx} -p {port} -4 -q RCPT": "RCPT",
    "-s {mx} -p {xclient} --xclient-addr 192.0.2.8 --xclient-name x.good.test -q XCLIENT": "XCLIENT",
    "-s {mx} -p {proxy} --proxy TCP4_192.0.2.9_127.0.25.1_4321_25 -q HELO": "EHLO",
    "-s {mx} -p {port} --ehlo me.good.test -li 127.0.0.1 --timeout 5s -q HELO": "EHLO",
    "-s {mx} -p {port} -tls --tls-protocol tlsv1_2 --tls-cipher ECDHE+AESGCM -q TLS": "STARTTLS",
    "-s {mx} -p {port} -tls --tls-verify-target mx1.good.test --tls-verify -q TLS": "STARTTLS",
    "--copy-routing good.test -p {port} -q TLS": "EHLO",
    "-t alice@good.test -s {mx} -p {port} --da RCPT {alone}": "MAIL RCPT !DATA !QUIT",
    "-t alice@good.test -s {mx} -p {port} --drop-after DATA {alone}": "RCPT DATA !QUIT",
    "-t alice@good.test -f bob@good.test -s {mx} -p {port} --da DOT {alone}": "DATA . !QUIT",
    "-t alice@good.test -s {mx} -p {port} --das MAIL {alone}": "MAIL !RCPT !QUIT",
    "-s {mx} -p {port} -tls --drop-after-send TLS": "STARTTLS !QUIT",
    "-s {mx} -p {xclient} --xclient ADDR=192.0.2.8_NAME=x.good.test -q XCLIENT": "XCLIENT",
    "-s {mx} -p {port} --xclient-addr 192.0.2.8 --xclient-optional -q HELO": "EHLO !XCLIENT QUIT",
    "-s {mx} -p {port} --xclient-addr 192.0.2.8 --xclient-optional --xclient-no-verify -q HELO":
        "XCLIENT QUIT",
    "-s {mx} -p {proxy} --proxy-version 2 --proxy-protocol STREAM --proxy-command LOCAL -q HELO":
        "EHLO",
    "-t alice@good.test -f bob@good.test -s {mx} -p {port} -ah X-A:b -tlsp tlsv1_2 -tls": "DATA",
}


# ---- npm's smtp-server -------------------------------------------------------------------------

NODE_PORTS = itertools.count(32525)


class NodeServer:
    def __init__(self, mode=""):
        chain = faulty.FaultyServer("good")
        chain.make_chain()
        self.chain, self.port = chain, next(NODE_PORTS)
        script = os.path.join(os.path.dirname(faulty.__file__), "node_smtp.js")
        self.process = subprocess.Popen(
            ["node", script, "127.0.0.1", str(self.port), chain.chain, *([mode] if mode else [])],
            env={**os.environ, "NODE_PATH": os.environ["MP_E2E_NODE"]}, stdout=subprocess.PIPE,
            text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n", "smtp-server does not start"
        return self

    def message(self):
        return json.loads(self.process.stdout.readline())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.chain.folder.cleanup()


def node_takes(mailproof, mode, args, want_user):
    with NodeServer(mode) as server:
        scheme = "lmtp" if mode else "smtp+starttls"
        code, told = mailproof.probe(
            "--send", "--to", ALICE, "--from", "bob@good.test", "--body", "to node", *args,
            f"{scheme}://127.0.0.1:{server.port}", secret=PASSWORD)
        # it announces AUTH before STARTTLS (and refuses it then): that is a finding
        yield from differ("exit code", code, 1)
        yield from differ("findings", found(told, "high"), ["flow.auth.before-tls"])
        got = server.message()
        yield from differ("sender", got["from"], "bob@good.test")
        yield from differ("recipients", got["to"], [ALICE])
        yield from differ("user", got["user"], want_user)
        yield from differ("body", "to node" in got["bytes"], True)
        yield from differ("TLS", got["tls"], not mode)


def node(out, mailproof):
    rows = {"SMTP with STARTTLS": ("", [], None), "LMTP": ("lmtp", ["--no-tls"], None)}
    rows.update({f"login by {m}": ("", ["--auth-user", ALICE, "--auth-mech", m], ALICE)
                 for m in ("PLAIN", "LOGIN", "XOAUTH2")})
    for label, row in rows.items():
        if os.environ.get("MP_E2E_NODE"):
            out.run("smtp-server: " + label, node_takes, mailproof, *row)
        else:
            out.skip("smtp-server: " + label, "npm's smtp-server cannot be installed here")


# ---- reports of monitors -----------------------------------------------------------------------

def nagios(mailproof, args, code, begins):
    told = mailproof.run("probe", *mailproof.world, "--exit", "nagios", *args)
    line = told.stdout.decode()
    yield from differ("exit code", told.returncode, code)
    yield from differ("lines", line.count("\n"), 1)
    if not line.startswith(begins) or " | " not in line:
        yield f"line: {line!r}"


def textfile(mailproof):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mail.prom")
        mailproof.probe("--textfile", path, f"smtp://{address('MX1')}:{port('SMTP')}")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        yield from differ("files left", os.listdir(folder), ["mail.prom"])
    for line in text.splitlines():
        if not re.fullmatch(r"#.*|[a-z_]+(\{.*\})? -?[0-9.e+-]+", line):
            yield f"no line of Prometheus: {line!r}"
    for name in ("probe_success", "probe_duration_seconds",
                 "mailproof_tls_cert_not_after_timestamp_seconds"):
        if not re.search(rf"^{name}(\{{.*\}})? ", text, re.M):
            yield f"no {name}"
    if "@" in text:
        yield "an address in a label"


def monitors(out, mailproof):
    up, down = (f"smtp://{address(h)}:{port('SMTP')}" for h in ("MX1", "DEAD"))
    soon = f"smtp://mx-soon.good.test:{port('SMTP')}"
    out.run("nagios: up", nagios, mailproof, [up], 0, "PROBE OK - ")
    out.run("nagios: down", nagios, mailproof, [down], 2, "PROBE CRITICAL - ")
    out.run("nagios: three days left, but 1 is enough", nagios, mailproof,
            ["--cert-days", "2,1", soon], 0, "PROBE OK - ")
    out.run("textfile", textfile, mailproof)


def rows(out, mailproof):
    logins(out, mailproof)
    messages(out, mailproof)
    others(out, mailproof)
    for words, stops in SWAKS.items():
        out.run("swaks " + words.replace("{", "").replace("}", ""), swaks, mailproof, words, stops)
    node(out, mailproof)
    monitors(out, mailproof)
