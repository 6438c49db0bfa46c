#!/usr/bin/env python3
"""The web page of the capture server in a real browser: page_test.py MAILPROOF SOURCE-ROOT   (TAP)

Says SKIP where what browser_kit.py needs is missing.
"""
import os
import re
import smtplib
import sys
import tempfile
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate

from browser_kit import LIMIT_S, Wire, check_requests, no_sideways, run_pages
from rows import Failed, expect, holds, row
from sink_kit import Sink

MAILPROOF, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
TOKEN = "admin-token-of-the-page-test"
ZONE = """$ORIGIN example.
@ 300 SOA ns.example. host.example. 1 3600 600 86400 60
good 300 TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.good 300 TXT "v=DMARC1; p=reject"
"""
HOSTILE = '<img src=x onerror="window.hacked=1"> \u202egpj.exe\u202c <b>bold</b>'
# One pixel, for cid: and for the comparison of what is downloaded.
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0"
                    "000003010100c9fe92ef0000000049454e44ae426082")
HTML = """<!doctype html><title>t</title><style>h1 { color: rgb(10, 20, 30) }</style>
<script>parent.hacked = 1; document.title = 'ran'; document.body.innerHTML = 'ran'</script>
<h1 style="margin-left: 7px" onclick="parent.hacked = 1">Your order</h1>
<img alt="cid" src="cid:pixel@good.test"><img alt="remote" src="http://remote.test/pixel.gif">
<link rel="stylesheet" href="http://remote.test/x.css"><a href="http://remote.test/go">Pay</a>
<iframe src="http://remote.test/frame"></iframe><form action="http://remote.test/post"><button>Send</button></form>
<meta http-equiv="refresh" content="0; url=http://remote.test/refresh">
<div style="background: url(http://remote.test/bg.png)">end of the order</div>"""


# ---- mails ----

def mail(subject, sender="Ana Ortiz <ana@good.example>", text="Hello.\n"):
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = sender, "Bob <bob@sink.test>", subject
    m["Date"], m["Message-ID"] = formatdate(), f"<{abs(hash(subject))}@good.example>"
    m.set_content(text)
    return m


def html_mail():
    m = mail("Your order 17", text="Your code is 481516.\n\nhttp://good.test/confirm?t=abc\n")
    m.add_alternative(HTML, subtype="html")
    m.get_payload()[1].add_related(PNG, "image", "png", cid="<pixel@good.test>")
    return m


def attachment_mail():
    m = mail("Invoice 2026-117", text="See below.\n")
    m.add_attachment(PNG, "application", "octet-stream", filename="../../.ssh/in\u202evoice.png")
    return m


# ---- the server ----

class Page(Sink):
    """A sink that judges by a zone in which good.example comes from elsewhere."""

    def __init__(self, token=None):
        zone = tempfile.NamedTemporaryFile("w", suffix=".zone")
        zone.write(ZONE)
        zone.flush()
        with zone:
            super().__init__(MAILPROOF, "--zone", zone.name, token=token)
        self.host = tuple(self.smtp.rsplit(":", 1))
        self.page = self.url + "/"

    def send_mail(self, message, to="bob@sink.test", sender="ana@good.example"):
        with smtplib.SMTP(*self.host, local_hostname="client.test", timeout=LIMIT_S) as s:
            s.send_message(message, sender, [to])


def subject_row(subject):
    return f'a.row:has(.row-subject bdi:text-is("{subject}"))'


def open_message(b, subject, tab=None):
    b.click(sel=subject_row(subject))
    b.wait(sel=f'.head h2 bdi:text-is("{subject}")')
    if tab is not None:
        b.click(sel=f"#tab-{tab}")
        b.wait(sel=f'#tab-{tab}[aria-selected="true"]')


# ---- what must hold ----

@row("the page comes with a policy that allows nothing but itself")
def _(s, b):
    with urllib.request.urlopen(s.page, timeout=LIMIT_S) as answer:
        headers, body = answer.headers, answer.read()
    policy = headers["Content-Security-Policy"]
    holds(policy, policy.startswith("default-src 'none';") and "unsafe" not in policy)
    expect("type", headers.get_content_type(), "text/html")
    with open(os.path.join(ROOT, "src/capture/page/index.html"), "rb") as f:
        expect("bytes", body == f.read(), True)


@row("empty: it tells how to send a first message, with the address of this server")
def _(s, b):
    b.visit(url=s.page)
    b.wait(sel=".empty")
    b.wait(sel='.live:text-is("Live")')
    command = "\n".join(b.texts(sel=".command code"))
    holds(command, f"swaks --server {s.smtp} " in command)
    b.shot_of("empty")


@row("live: a message appears without a reload, is counted and said")
def _(s, b):
    b.js(js="window.marker = 17")
    s.send_mail(mail("Plain hello"))
    b.wait(sel=subject_row("Plain hello"))
    expect("not loaded again", b.js(js="window.marker"), 17)
    b.until(js="document.title.startsWith('(1)')")
    b.until(js="document.querySelector('.sr[role=status]').textContent.includes('Plain hello')")
    holds("unread", b.texts(sel="a.row.new .row-subject") == ["Plain hello"])


@row("list: sender, recipient, size, attachments")
def _(s, b):
    s.send_mail(html_mail())
    s.send_mail(attachment_mail())
    s.send_mail(mail(HOSTILE, sender='"<script>window.hacked=2</script>" <evil@evil.test>'))
    b.wait(sel=subject_row("Invoice 2026-117"))
    b.until(js="document.querySelectorAll('a.row').length === 4")
    line = b.texts(sel=subject_row("Invoice 2026-117"))[0]
    for part in ("Ana Ortiz", "to bob@sink.test", "1 attachment", "[0-9] k?B"):
        holds(f"{part!r} in {line!r}", re.search(part, line))


@row("a hostile subject is text, and what turns direction is seen")
def _(s, b):
    shown = b.texts(sel="a.row")[0]
    holds(shown, '<img src=x onerror="window.hacked=1">' in shown and "U+202E" in shown)
    b.click(sel="a.row >> nth=0")
    b.wait(sel=".head h2 .hidden-char")
    for tab in ("text", "headers", "source", "parts", "delivery", "verdict"):
        b.click(sel=f"#tab-{tab}")
        b.wait(sel=f'#tab-{tab}[aria-selected="true"]')
    expect("nothing ran", b.js(js="window.hacked ?? null"), None)
    expect("no element of the mail", b.js(js="document.querySelectorAll('main img, .list img, main b').length"), 0)
    b.shot_of("hostile")


@row("opening marks as read; marked as unread it stays")
def _(s, b):
    open_message(b, "Plain hello", "text")
    b.wait(sel=f'{subject_row("Plain hello")}:not(.new)')
    b.click(sel="text=Mark as unread")
    b.wait(sel=f'{subject_row("Plain hello")}.new')
    holds("its text", "Hello." in b.texts(sel=".panel")[0])


@row("preview: HTML and its own picture, no script, nothing from elsewhere")
def _(s, b):
    open_message(b, "Your order 17", "preview")
    expect("heading", b.frame(sel="h1"), "Your order")
    b.frame(sel='text="end of the order"')
    expect("pictures", dict(b.framePictures()).get("cid"), 1)
    expect("remote picture", dict(b.framePictures()).get("remote"), 0)
    expect("nothing ran", b.js(js="window.hacked ?? null"), None)
    sandbox = b.js(js="document.querySelector('iframe').getAttribute('sandbox')")
    holds(f"sandbox {sandbox!r}", "allow-scripts" not in sandbox and "allow-same-origin" not in sandbox)
    b.shot_of("preview")
    for name, width in (("Phone", 375), ("Tablet", 768)):
        b.click(sel=f'button:text-is("{name}")')
        b.until(js=f"document.querySelector('iframe').clientWidth === {width}")
    b.click(sel='button:text-is("Desktop")')


@row("text: code and link to copy; source and header fields as they stand")
def _(s, b):
    open_message(b, "Your order 17", "text")
    holds("code", "481516" in b.texts(sel=".codes code"))
    holds("link", "http://good.test/confirm?t=abc" in b.texts(sel=".links a"))
    b.click(sel="#tab-headers")
    holds("subject", "Your order 17" in b.texts(sel=".fields-table td"))
    b.click(sel="#tab-source")
    b.wait(sel="pre:has-text('Content-ID: <pixel@good.test>')")


@row("parts: an attachment comes down whole, under a harmless name")
def _(s, b):
    open_message(b, "Invoice 2026-117", "parts")
    got = b.download(sel='tr:has(.badge:text-is("attachment")) button:text-is("Download")')
    with open(got["path"], "rb") as f:
        expect("bytes", f.read(), PNG)
    holds(got["name"], not got["name"].startswith(".") and "/" not in got["name"] and
          "\u202e" not in got["name"] and got["name"].endswith("voice.png"))
    b.shot_of("parts")


@row("delivery: envelope and the conversation")
def _(s, b):
    open_message(b, "Plain hello", "delivery")
    b.wait(sel=".transcript")
    facts = b.texts(sel=".facts")[0]
    holds(facts, "ana@good.example" in facts and "client.test" in facts)
    said = b.texts(sel=".transcript")[0]
    holds(said, "rcpt to:<bob@sink.test>" in said.lower() and "250" in said)
    b.shot_of("delivery")


@row("verdict: what the checks say, with evidence and remedy")
def _(s, b):
    open_message(b, "Your order 17", "verdict")
    b.wait(sel=".panel .badge:has-text('DMARC')")
    b.wait(sel=".finding:has-text('auth.')")
    b.wait(sel=f"{subject_row('Your order 17')} .badge:has-text('DMARC')")
    b.shot_of("verdict")


@row("search: finds, tells what it does not understand, lets go")
def _(s, b):
    b.fill(sel="#search", text="subject:invoice")
    b.until(js="document.querySelectorAll('a.row').length === 1")
    expect("found", b.texts(sel="a.row .row-subject"), ["Invoice 2026-117"])
    b.fill(sel="#search", text="sbject:invoice")
    b.wait(sel=".rows .error:has-text('sbject')")
    b.fill(sel="#search", text="nothing-like-this")
    b.wait(sel=".empty h2:text-is('Nothing found')")
    b.fill(sel="#search", text="")
    b.until(js="document.querySelectorAll('a.row').length === 4")


@row("keys: / j k Enter ? Esc u Delete")
def _(s, b):
    b.visit(url=s.page)
    b.wait(sel="a.row")
    b.press(key="/")
    expect("search", b.js(js="document.activeElement.id"), "search")
    b.press(key="Escape")
    focus = "document.activeElement.querySelector('.row-subject')?.textContent"
    order = b.texts(sel="a.row .row-subject")
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        b.press(key=key)
        expect(key, b.js(js=focus), b.js(js=f"document.querySelectorAll('.row-subject')[{at}].textContent"))
    b.press(key="Enter")
    b.wait(sel=f'.head h2 bdi:text-is("{order[1]}")')
    b.press(key="3")
    b.wait(sel='#tab-headers[aria-selected="true"]')
    b.press(key="Escape")
    b.wait(sel=".nothing")
    b.press(key="?")
    b.wait(sel="dialog[open]")
    b.shot_of("help")
    b.press(key="Escape")
    b.wait(sel="dialog", state="detached")
    s.send_mail(mail("To be deleted"))
    b.wait(sel=subject_row("To be deleted"))
    b.js(js="document.querySelector('a.row').focus()")
    b.press(key="Delete")
    b.wait(sel=subject_row("To be deleted"), state="detached")
    expect("others stay", len(b.texts(sel="a.row")), 4)


@row("a new inbox: address and token are shown once, its mail is its own")
def _(s, b):
    b.click(sel='button:text-is("New inbox")')
    b.fill(sel="#box-name", text="Checkout <b>tests</b>")
    b.shot_of("new-inbox")
    b.click(sel='dialog button:text-is("Create")')
    b.wait(sel=".made")
    address, token = b.texts(sel=".made code")
    holds(f"{address!r} {token!r}", "@" in address and len(token) >= 16)
    b.click(sel='dialog button:text-is("Open inbox")')
    b.wait(sel=".empty")
    holds("its own address in the hint", address in "\n".join(b.texts(sel=".command code")))
    s.send_mail(mail("For the inbox"), to=address)
    b.wait(sel=subject_row("For the inbox"))
    expect("only its own", len(b.texts(sel="a.row")), 1)
    holds("token is not kept", token not in b.js(js="document.documentElement.outerHTML"))
    b.until(js="document.querySelector('.box[aria-current] .unseen')?.firstChild.textContent === '1'")
    expect("name is text", b.js(js="document.querySelectorAll('.side b').length"), 0)
    s.address = address


@row("scripted failures: the server's word on a mistake, then they hold; attempts show them")
def _(s, b):
    b.click(sel='button:text-is("Script failures")')
    b.wait(sel="#script:enabled")
    b.fill(sel="#script", text='[{"rcpt": "451 4.7.1 later", "tims": 1}]')
    b.click(sel='dialog button:text-is("Save")')
    b.wait(sel="dialog .error:has-text('tims')")
    b.shot_of("script")
    b.fill(sel="#script", text='[{"rcpt": "451 4.7.1 later", "times": 1}]')
    b.click(sel='dialog button:text-is("Save")')
    b.wait(sel="dialog", state="detached")
    b.wait(sel=".box-script")
    try:
        s.send_mail(mail("Again later"), to=s.address)
        raise Failed("the script does not hold")
    except smtplib.SMTPRecipientsRefused as e:
        expect("reply", list(e.recipients.values())[0][0], 451)
    b.click(sel='.views a:text-is("Attempts")')
    b.wait(sel="a.row .badge:text-is('deferred')")
    b.click(sel="a.row:has(.badge:text-is('deferred'))")
    b.wait(sel=".facts .badge:text-is('deferred')")
    expect("tabs of what brought no message", b.texts(sel="[role=tab]"), ["Delivery"])
    b.shot_of("attempts")
    b.click(sel='.views a:text-is("Messages")')


@row("deleting: all of an inbox, asked first; ending the inbox")
def _(s, b):
    b.wait(sel=subject_row("For the inbox"))
    b.click(sel='button:text-is("Delete all")')
    b.click(sel='dialog button:text-is("Cancel")')
    b.wait(sel="dialog", state="detached")
    expect("still there", len(b.texts(sel="a.row")), 1)
    b.click(sel='button:text-is("Delete all")')
    b.click(sel='dialog button:has-text("Delete 1")')
    b.wait(sel="a.row", state="detached")
    b.click(sel='button:text-is("End inbox")')
    b.click(sel='dialog button:text-is("End inbox")')
    b.until(js="document.querySelectorAll('a.row').length === 4")
    b.wait(sel=".box:has-text('Checkout')", state="detached")


@row("a cut connection is told, and mended what came meanwhile is there")
def _(s, b):
    wire = Wire(s.page)
    try:
        b.visit(url=f"http://127.0.0.1:{wire.port}/")
        b.wait(sel='.live:text-is("Live")')
        wire.cut()
        b.wait(sel='.live:text-is("Not connected")')
        s.send_mail(mail("Meanwhile"))
        wire.mend()
        b.wait(sel='.live:text-is("Live")')
        b.wait(sel=subject_row("Meanwhile"))
    finally:
        wire.close()


@row("dark where the system is dark")
def _(s, b):
    luminance = ("(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor"
                 ".match(/\\d+/g).map(Number); return (r + g + b) / 3 })()")
    b.visit(url=s.page)
    b.wait(sel="a.row")
    holds("light", b.js(js=luminance) > 200)
    b.visit(url=s.page, dark=True)
    open_message(b, "Your order 17", "verdict")
    holds("dark", b.js(js=luminance) < 60)
    b.shot_of("dark")


@row("360 pixels: list, inboxes, every tab, dialogs, and nothing goes sideways")
def _(s, b):
    b.visit(url=s.page, width=360, height=740)
    b.wait(sel="a.row")
    no_sideways(b, "list")
    b.shot_of("phone-list")
    b.click(sel=".menu")
    b.wait(sel=".side.open")
    no_sideways(b, "inboxes")
    b.shot_of("phone-inboxes")
    b.press(key="Escape")
    b.wait(sel=".side", state="hidden")
    for subject in ("Your order 17", "Invoice 2026-117"):
        open_message(b, subject)
        holds("the list is away", b.js(js="document.querySelector('.list').offsetWidth === 0"))
        for tab in ("preview", "text", "headers", "source", "parts", "delivery", "verdict"):
            b.click(sel=f"#tab-{tab}")
            b.wait(sel=f'#tab-{tab}[aria-selected="true"]')
            no_sideways(b, f"{subject}, {tab}")
            b.shot_of(f"phone-{tab}")
        b.click(sel=".back")
        b.wait(sel="a.row")
    b.press(key="?")
    b.wait(sel="dialog[open]")
    no_sideways(b, "help")
    b.press(key="Escape")


@row("many unread messages: the list scrolls, the window does not")
def _(s, b):
    with smtplib.SMTP(*s.host, local_hostname="client.test", timeout=LIMIT_S) as c:
        for i in range(40):
            c.send_message(mail(f"One of many {i}"), "ana@good.example", ["bob@sink.test"])
    b.visit(url=s.page)
    b.wait(sel=subject_row("One of many 0"))
    holds("the list is longer than the window",
          b.js(js="document.querySelector('.rows').scrollHeight > window.innerHeight"))
    expect("below the window", b.js(js="document.documentElement.scrollHeight - window.innerHeight"), 0)
    b.shot_of("many")


@row("everything that one can use has a name; landmarks, one heading")
def _(s, b):
    b.visit(url=s.page)
    open_message(b, "Your order 17", "verdict")
    nameless = b.js(js="""[...document.querySelectorAll('button, a, input, select, textarea, iframe')]
        .filter(e => !(e.getAttribute('aria-label') || e.title || e.textContent.trim() || e.labels?.length))
        .map(e => e.outerHTML.slice(0, 80))""")
    expect("without a name", nameless, [])
    for sel in ("header", "nav[aria-label]", "main[aria-label]", "[role=search]", "h1"):
        expect(sel, b.js(js=f"document.querySelectorAll('.app > {sel}, .panes {sel}, .bar {sel}').length >= 1"), True)
    expect("language", b.js(js="document.documentElement.lang"), "en")


@row("a server with a token asks for it, and keeps it for the tab only")
def _(s, b):
    closed = Page(TOKEN)
    try:
        closed.send_mail(html_mail())
        b.visit(url=closed.page)
        b.fill(sel="#token", text="wrong")
        b.click(sel='button:text-is("Open")')
        b.wait(sel=".error:has-text('opens nothing')")
        b.fill(sel="#token", text=TOKEN)
        b.click(sel='button:text-is("Open")')
        open_message(b, "Your order 17", "preview")
        expect("heading", b.frame(sel="h1"), "Your order")
        expect("nothing lasting", b.js(js="localStorage.length + document.cookie.length"), 0)
        holds("not in the address", TOKEN not in b.js(js="location.href"))
        closed.send_mail(mail("Live too"))
        b.wait(sel=subject_row("Live too"))
        b.click(sel='button:text-is("Sign out")')
        b.wait(sel="#token")
        expect("forgotten", b.js(js="sessionStorage.length"), 0)
        check_requests(b)
    finally:
        closed.stop()


sys.exit(run_pages("page", Page))
