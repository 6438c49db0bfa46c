#!/usr/bin/env python3
"""Servers whose words are meant for the build server: commands of its log, markup of its pages, pieces
of its reports, secrets sent back. The GitHub action runs against them; none is taken for ours.

Usage: ci_hostile_test.py PATH-OF-MAILPROOF SOURCE-ROOT   (TAP on standard output)
"""
import base64
import json
import os
import re
import socketserver
import sys
import threading
import xml.etree.ElementTree as ET

from ci_place import MAILPROOF, SANITIZERS, Place, main, runner
import ci_kit as kit
from rows import expect, holds, row

SECRET = "hunter2-of-the-canary"
BACKTALK = """mailproof: 1
name: backtalk
hosts:
  mx:
    url: "smtp://127.0.0.1:%d"
    auth: {user: canary, password: "${env:CANARY_PW}", mech: PLAIN, plaintext: true}
tests:
  - name: a mail is taken
    send: {via: mx, from: ana@good.example, to: ben@good.example}
"""
# What a server may say so that a log, a page or a parser takes it for its own; and a word of it, or of
# what is said about it, that must be told all the same.
HOSTILE = [
    ("550 ::error file=app.c,line=1::forged", "forged"),
    ("550 5.7.1 ::set-output name=result::passed", "set-output"),
    ("550-first\r\n550-::add-path::/tmp/evil\r\n550 ::stop-commands::token", "add-path"),
    ("550 %0A::set-env name=PATH::/tmp/evil", "set-env"),
    ("550 x%0D%0A::error::forged%3A%2C", "forged"),
    ("550 \u00a0\u2028::error::forged", "forged"),
    ("550 ##[error]forged ##[add-path]/tmp/evil", "forged"),
    ("550 a\r::error::forged", "bare CR|forged"),
    ("550 a\v::error::forged\x1b[2J\x1b]0;forged\x07", "forged"),
    ("550 " + "x" * 60 + " " + "::error::forged " * 20, "forged"),
    ("550 ]]></failure></testcase><testcase name='forged'/>", "forged"),
    ("550 | <img src=x> </details> `forged` [x](http://forged.example)", "forged"),
    ("550 " + "A" * 5000, "longer than")]


class Backtalk(socketserver.ThreadingTCPServer):
    """A server whose words are hostile; it also repeats what it was logged in with."""
    daemon_threads = allow_reuse_address = True

    def __init__(self, words, repeats=False):
        super().__init__(("127.0.0.1", 0), Talk)
        self.words, self.repeats = words, repeats
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Talk(socketserver.StreamRequestHandler):
    timeout = kit.LIMIT_S

    def say(self, text):
        self.wfile.write((text + "\r\n").encode())

    def handle(self):
        try:
            self.say("220 mx.good.example ESMTP")
            while self.answer(self.rfile.readline(4096).decode("latin-1")):
                pass
        except OSError:
            pass                          # it was hung up on

    def answer(self, line):
        verb = line[:4].upper()
        if verb == "EHLO":
            self.say("250-mx.good.example\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            told = base64.b64decode(line.split()[2]).decode()
            password = told.split("\0")[2]
            self.say(f"535 5.7.8 not with {password} {told!r}" if self.server.repeats else "235 ok")
        elif verb in ("MAIL", "RSET", "NOOP"):
            self.say("250 ok")
        elif verb == "QUIT" or not line:
            self.say("221 bye")
            return False
        else:
            self.say(self.server.words)
        return True


# ---- hostile servers ----

def check_backtalk(place, text):
    """Neither log nor reports take the words for more than words."""
    for name, properties, _ in kit.log_commands(text):
        holds(f"a command that is not ours: {name} {properties}",
              name in kit.COMMANDS and "forged" not in str(properties))
    holds("a control in the log", not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text))
    cases = ET.fromstring(place.read("mailproof.xml")).iter("testcase")
    expect("cases of JUnit", [c.get("name") for c in cases], ["a mail is taken"])
    json.loads(place.read("mailproof.sarif"))


for _number, (_words, _told) in enumerate(HOSTILE, 1):
    @row(f"hostile words {_number}: {ascii(_words)[1:60]}", _words, _told)
    def _(words, told):
        place = Place()
        with Backtalk(words) as server:
            suite = place.suite("backtalk.yaml", BACKTALK % server.server_address[1])
            r = runner(place)
            code = r.run({"suite": suite, "mailproof": MAILPROOF, "args": "--verbose"},
                         {**SANITIZERS, "CANARY_PW": SECRET})
        expect("exit code", code, 3 if "longer" in told else 1)
        check_backtalk(place, r.log)
        holds("it is not told", re.search(told, r.log))
        with open(r.summary, encoding="utf-8") as f:
            summary = f.read()
        holds("HTML in the summary", not re.search(r"<(img|/details)", summary))
        expect("rows of cases in the summary", len(re.findall("a mail is taken", summary)), 1)


@row("a secret that a server sends back is nowhere to be seen")
def _():
    place = Place()
    with Backtalk("250 ok", repeats=True) as server:
        suite = place.suite("backtalk.yaml", BACKTALK % server.server_address[1])
        r = runner(place)
        code = r.run({"suite": suite, "mailproof": MAILPROOF,
                      "args": "--verbose\n--transcript=kept\n--json=out.json"},
                     {**SANITIZERS, "CANARY_PW": SECRET})
    holds(f"exit code {code}", code in (1, 3))
    seen = r.log + place.read("mailproof.xml") + place.read("mailproof.sarif") + place.read("out.json")
    with open(r.summary, encoding="utf-8") as f:
        seen += f.read()
    for folder, _, names in os.walk(place.at("kept")):
        seen += "".join(place.read(folder, name) for name in names)
    holds("the server's answer is not there", "not with ***" in seen)
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode(),
                 base64.b64encode(f"\0canary\0{SECRET}".encode()).decode()):
        holds(f"{form} is to be seen", form not in seen)


sys.exit(main())
