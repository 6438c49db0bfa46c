#!/usr/bin/python3
"""The scripted faulty server does what its scripts say: each is asked as far as it answers. TAP."""
import concurrent.futures
import os
import smtplib
import socket
import ssl
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faulty import FAULTS, FaultyServer

LIMIT = 2_000_000   # bytes read of an endless reply
PATIENCE = 10       # seconds until a server that should have answered or closed counts as stalled
SILENCE = 0.5       # the same where silence is what the script is about
TLS = "(tls)"

# script, what the client sends, what the whole answer must hold, how it ends
ROWS = [
    ("good", ["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b>", "DATA", "x", ".", "QUIT"],
     [b"220 ", b"250 STARTTLS", b"250 2.1.5", b"354", b"queued", b"221"], "closed"),
    ("good", ["EHLO x", "STARTTLS", TLS, "EHLO x", "QUIT"], [b"AUTH PLAIN", b"221"], "closed"),
    ("banner-garbage", [], [b"\x00\x01\x02"], "closed"),
    ("long-line", [], [b"x" * 100_000], "open"),
    ("endless-banner", [], [b"220-more\r\n220-more"], "endless"),
    ("endless-ehlo", ["EHLO x"], [b"250-SIZE\r\n250-SIZE"], "endless"),
    ("close-at-banner", [], [], "closed"),
    ("reset-at-banner", [], [], "reset"),
    ("stall-at-banner", ["EHLO x"], [], "open"),
    ("close-at-ehlo", ["EHLO x"], [b"220 "], "closed"),
    ("close-at-starttls", ["EHLO x", "STARTTLS"], [b"STARTTLS"], "closed"),
    ("close-at-handshake", ["EHLO x", "STARTTLS", TLS], [b"go ahead"], "handshake"),
    ("stall-at-handshake", ["EHLO x", "STARTTLS", TLS], [b"go ahead"], "handshake"),
    ("tls-plaintext", ["EHLO x", "STARTTLS", TLS], [b"go ahead"], "handshake"),
    ("tls-1.0", ["EHLO x", "STARTTLS", TLS], [b"go ahead"], "handshake"),
    ("tls-1.2", ["EHLO x", "STARTTLS", TLS, "EHLO x", "QUIT"], [b"AUTH PLAIN"], "closed"),
    ("close-at-ehlo_tls", ["EHLO x", "STARTTLS", TLS, "EHLO x"], [b"go ahead"], "closed"),
    ("tls-cut", ["EHLO x", "STARTTLS", TLS, "EHLO x"], [b"250-SI"], "cut|closed"),  # older ssl hides it
    ("close-at-mail", ["EHLO x", "MAIL FROM:<>"], [b"SIZE"], "closed"),
    ("close-at-rcpt", ["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b>"], [b"2.1.0"], "closed"),
    ("close-at-data", ["EHLO x", "DATA"], [b"SIZE"], "closed"),
    ("close-at-text", ["EHLO x", "DATA", "x", "."], [b"354"], "closed"),
    ("stall-at-text", ["EHLO x", "DATA", "x", "."], [b"354"], "open"),
    ("421-at-rcpt", ["EHLO x", "RCPT TO:<a@b>"], [b"421 4.3.2"], "closed"),
    ("550-at-text", ["EHLO x", "DATA", "x", ".", "QUIT"], [b"550 5.7.1", b"221"], "closed"),
    ("starttls-injects", ["EHLO x", "STARTTLS"], [b"220 go\r\n250-injected"], "open"),
    ("starttls-454", ["EHLO x", "STARTTLS", "QUIT"], [b"454 4.7.0", b"221"], "closed"),
    ("nul-ehlo", ["EHLO x", "QUIT"], [b"250-\0STARTTLS"], "closed"),
    ("high-rcpt", ["RCPT TO:<a@b>", "QUIT"], [b"\x80\xbf\xc0\xaf"], "closed"),
    ("ehlo-refused", ["EHLO x", "HELO x", "QUIT"], [b"502", b"250 faulty.test"], "closed"),
    ("drip", ["EHLO x", "QUIT"], [b"250-PIPELINING\r\n", b"221 2.0.0 bye\r\n"], "closed"),
    ("grey", ["RCPT TO:<a@b>", "RCPT TO:<a@b>", "QUIT"], [b"450 4.7.1", b"250 2.1.5"], "closed"),
    ("bare-lf-all", ["EHLO x", "DATA", "x", ".", "QUIT"], [b"354 end with a dot\n", b"queued\n"],
     "closed"),
    ("lmtp-too-few", ["LHLO x", "RCPT TO:<a@b>", "RCPT TO:<c@b>", "DATA", "x", ".", "QUIT"],
     [b"354 end with a dot\r\n250 2.0.0 queued\r\n221"], "closed"),
    ("good", ["LHLO x", "RCPT TO:<a@b>", "RCPT TO:<c@b>", "DATA", "x", ".", "QUIT"],
     [b"dot\r\n250 2.0.0 queued\r\n250 2.0.0 queued\r\n221"], "closed"),
    ("auth-334-not-base64", ["EHLO x", "AUTH LOGIN", "YQ==", "QUIT"], [b"334 ***", b"501"], "closed"),
    ("scram-wrong-signature", ["EHLO x", "AUTH SCRAM-SHA-256 biwsbj1hLHI9YWJj", "YQ==", "", "QUIT"],
     [b"334 cj1hYmNmYXVsdHk", b"235"], "closed"),
    ("not-listening", [], [], "refused"),
    ("never-accepts", [], [], "silent"),
]


def read(sock, wanted):
    """Until `wanted` is there, the end, or silence; returns the bytes and how it ended."""
    got = b""
    while len(got) < LIMIT:
        if wanted is not None and wanted(got):
            return got, "open"
        try:
            data = sock.recv(65536)
        except TimeoutError:
            return got, "open"
        except ConnectionResetError:
            return got, "reset"
        except ssl.SSLEOFError:
            return got, "cut"
        if not data:
            return got, "closed"
        got += data
    return got, "endless" if wanted is None else "open"


def replied(got):
    """A whole reply is there (the faulty ones never get so far: they run into silence)."""
    lines = got.split(b"\n")
    return len(lines) > 1 and lines[-2][3:4] == b" " and lines[-1] == b""


def talk(where, said, patience):
    """The dialogue, waiting for each reply; returns all that came, and the end."""
    try:
        sock = socket.create_connection(where, patience)
    except ConnectionRefusedError:
        return b"", "refused"
    except TimeoutError:
        return b"", "silent"
    except ConnectionResetError:
        return b"", "reset"
    sock.settimeout(patience)
    text = in_text = b""
    with sock:
        text, end = read(sock, replied if said else None)
        for i, line in enumerate(said):
            if end != "open":
                return text, end
            if line == TLS:
                try:
                    context = ssl._create_unverified_context()
                    sock = context.wrap_socket(sock, suppress_ragged_eofs=False)
                except OSError:
                    return text, "handshake"
                continue
            try:
                sock.sendall(line.encode() + b"\r\n")
            except OSError:
                return text, "reset"
            in_text = (in_text or line == "DATA") and line != "."
            if in_text and line != "DATA":
                continue
            got, end = read(sock, replied if i < len(said) - 1 else None)
            text += got
    return text, end


def honest(name):
    """Every other script at least answers somebody, or says nothing: no thread of ours breaks."""
    with FaultyServer(name) as server:
        return talk(server.listener.getsockname()[:2], ["EHLO x"], SILENCE)[1]


def main():
    count = failed = 0

    def row(ok, label, why=""):
        nonlocal count, failed
        count, failed = count + 1, failed + (not ok)
        print(f"{'ok' if ok else 'not ok'} {count} - {label}")
        if not ok:
            print("# " + repr(why))

    for name, said, wanted, end in ROWS:
        server = FaultyServer(name)
        quiet = end in ("open", "silent") or name.startswith("stall")
        text, how = talk(server.start(), said, SILENCE if quiet else PATIENCE)
        server.stop()
        row(how in end.split("|") and all(w in text for w in wanted), f"{name}: {' | '.join(said)[:60]}",
            (how, text[-300:]))
    with FaultyServer("close-at-banner", "good") as server:
        where = server.listener.getsockname()[:2]
        row([talk(where, ["QUIT"], PATIENCE)[1] for _ in "ab"] == ["closed", "closed"] and
            server.heard == [(1, False, b"QUIT")], "a script for each connection", server.heard)
    with FaultyServer("good") as server:
        client = smtplib.SMTP(*server.listener.getsockname()[:2], timeout=5)
        client.starttls(context=ssl._create_unverified_context())
        client.sendmail("a@b", ["c@d"], "text")
        client.quit()
        row(any(tls and line == b"mail FROM:<a@b>" for _, tls, line in
                [(n, t, h.split(b" size=")[0]) for n, t, h in server.heard]),
            "what was heard, and whether in TLS", server.heard)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        seen = dict(zip(FAULTS, pool.map(honest, FAULTS)))
    row(set(seen.values()) <= {"open", "closed", "reset", "endless", "refused", "silent", "cut"},
        f"all {len(FAULTS)} scripts run", seen)
    print(f"1..{count}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
