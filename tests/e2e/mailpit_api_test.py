#!/usr/bin/env python3
"""npm's client of Mailpit, mailpit-api, against our sink: mailpit_api_test.py MAILPROOF   (TAP)

Says SKIP where node, npm or its registry is not to be had. The client works unchanged: it has the
token as a password, and sees the mail of its inbox.
"""
import os
import subprocess
import sys
import tempfile

import sink_kit

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = "mailpit-api@2.1.0"
MAIL = """From: =?utf-8?q?Caf=C3=A9?= <bob@good.test>
To: alice@sink.test
Cc: "Carol, C." <carol@other.test>
Subject: Mail {word}
Message-ID: <{word}@good.test>
Date: Sat, 28 Nov 2026 20:00:00 +0000
X-Mailproof-Tag: mp-{word}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

plain 481516
--a
Content-Type: text/html

<p>Your code is <b>481516</b></p><script>x</script>
--a--
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--m--
"""


def main(program):
    with tempfile.TemporaryDirectory(prefix="mailproof-mailpit-") as folder:
        if not sink_kit.npm_install(CLIENT, folder):
            print(f"1..0 # SKIP {CLIENT} cannot be installed: no node, npm, or registry")
            return 0
        sink = sink_kit.Sink(os.path.abspath(program), "--no-dns", token="an-admin-token-of-tests")
        try:
            _, box = sink.json("POST", "/v1/inboxes", {"id": "alice"})
            sink.send(MAIL.format(word="hidden").replace("\n", "\r\n").encode(), ["other@sink.test"])
            for word in ("one", "two", "three"):
                sink.send(MAIL.format(word=word).replace("\n", "\r\n").encode(), ["alice@sink.test"])
            done = subprocess.run(["node", os.path.join(HERE, "mailpit_api.mjs"), sink.url,
                                   box["token"]], check=False, cwd=folder,
                                  timeout=sink_kit.PATIENCE_S)
        finally:
            sink.stop()
        return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
