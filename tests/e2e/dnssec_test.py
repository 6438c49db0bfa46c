#!/usr/bin/env python3
"""DNSSEC for real: nsd serves zones that ldns signed, our resolver validates them. TAP output.

.                signed, the root key
test.            signed, DS in the root, the trust anchor
good.test.       signed, DS in the parent           secure
plain.test.      not signed, no DS                  insecure
bogus.test.      signed, DS of another key          bogus
stripped.test.   not signed, but DS in the parent   bogus: what a server does that strips
expired.test.    signed, but long ago               bogus
"""
import os
import shutil
import subprocess
import sys
import tempfile

from nsd_kit import SOA, free_port, start_nsd

SIGNED = ["good.test", "bogus.test", "expired.test"]
TREE = SIGNED + ["plain.test", "stripped.test"]
RECORDS = {
    "good.test": '@ MX 10 mx\n@ TXT "v=spf1 -all"\nmx A 192.0.2.1\n_25._tcp.mx TLSA 3 1 1 '
                 + "ab" * 32 + "\n*.wild TXT wild\nout CNAME mx.plain.test.\nin CNAME mx\n",
    "plain.test": '@ TXT "v=spf1 -all"\nmx A 192.0.2.2\nback CNAME mx.good.test.\n',
    "bogus.test": '@ TXT "v=spf1 -all"\n',
    "stripped.test": '@ TXT "v=spf1 -all"\n',
    "expired.test": '@ TXT "v=spf1 -all"\n',
}
ROWS = [  # what is asked, what must come
    ("good.test", "MX", "DATA", "secure"),
    ("good.test", "TXT", "DATA", "secure"),
    ("_25._tcp.mx.good.test", "TLSA", "DATA", "secure"),
    ("x.wild.good.test", "TXT", "DATA", "secure"),
    ("good.test", "AAAA", "NODATA", "secure"),
    ("nothing.good.test", "A", "NXDOMAIN", "secure"),
    ("in.good.test", "A", "DATA", "secure"),
    ("out.good.test", "A", "DATA", "insecure"),
    ("back.plain.test", "A", "DATA", "insecure"),
    ("plain.test", "TXT", "DATA", "insecure"),
    ("nothing.plain.test", "A", "NXDOMAIN", "insecure"),
    ("bogus.test", "TXT", "BOGUS", "unknown"),
    ("stripped.test", "TXT", "BOGUS", "unknown"),
    ("expired.test", "TXT", "BOGUS", "unknown"),
]


def run(directory, *args):
    done = subprocess.run(args, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{args[0]}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def make_key(directory, zone, ksk):
    return run(directory, "ldns-keygen", "-a", "ECDSAP256SHA256", *(["-k"] if ksk else []), zone)


def delegation(directory, key):
    return run(directory, "ldns-key2ds", "-n", "-2", key + ".key") + "\n"


def sign(directory, zone, keys):
    dates = ["-i", "20200101000000", "-e", "20200201000000"] if zone == "expired.test" else []
    run(directory, "ldns-signzone", *dates, zone + ".zone", *keys)


def make_zones(directory):
    """Write and sign all zones; returns the names of the files by zone."""
    files, parent = {}, SOA.format("test") + "ns A 127.0.0.1\n"
    for zone in TREE:
        path = os.path.join(directory, zone + ".zone")
        with open(path, "w", encoding="ascii") as out:
            out.write(SOA.format(zone) + RECORDS[zone])
        files[zone] = path
        parent += f"{zone}. NS ns.test.\n"
        if zone in SIGNED:
            keys = [make_key(directory, zone, True), make_key(directory, zone, False)]
            sign(directory, zone, keys)
            files[zone] = path + ".signed"
        if zone in ("good.test", "expired.test"):
            parent += delegation(directory, keys[0])
        elif zone in ("bogus.test", "stripped.test"):
            parent += delegation(directory, make_key(directory, zone, True))
    anchor = make_anchored(directory, "test", parent, files)
    root = SOA.format("") + "test. NS ns.test.\n" + anchor
    make_anchored(directory, ".", root, files)
    return files


def make_anchored(directory, zone, text, files):
    """Sign a zone, leave its DS in ZONE.ds; returns the DS."""
    path = os.path.join(directory, zone + "zone")
    with open(path, "w", encoding="ascii") as out:
        out.write(text)
    keys = [make_key(directory, zone, True), make_key(directory, zone, False)]
    run(directory, "ldns-signzone", path, *keys)
    files[zone] = path + ".signed"
    anchor = delegation(directory, keys[0])
    with open(os.path.join(directory, zone + "ds"), "w", encoding="ascii") as out:
        out.write(anchor)
    return anchor


def ask(probe, port, kind, path, rows):
    words = [word for row in rows for word in row[:2]]
    done = subprocess.run([probe, f"127.0.0.1:{port}", kind, path, *words], capture_output=True,
                          text=True, timeout=120, check=False)
    if done.returncode != 0:
        print("# " + done.stderr.strip())
    return [line.split("\t") for line in done.stdout.splitlines()]


def check(number, label, ok, got):
    print(f"{'ok' if ok else 'not ok'} {number} - {label}")
    if not ok:
        print(f"# got {got}")
    return ok


def compare(got_rows, first, label):
    good = True
    for i, row in enumerate(ROWS):
        got = got_rows[i] if i < len(got_rows) else ["nothing"] * 7
        ok = got[2] == row[2] and got[3] == row[3] and (row[2] != "BOGUS" or got[6] != "")
        good &= check(first + i, f"{label}: {row[0]} {row[1]} is {row[2]}, {row[3]}", ok, got)
    return good


def main():
    probe = sys.argv[1]
    missing = [t for t in ("nsd", "ldns-keygen", "ldns-signzone", "ldns-key2ds")
               if shutil.which(t, path=os.environ.get("PATH", "") + ":/usr/sbin") is None]
    if missing:
        print(f"1..0 # SKIP not installed: {', '.join(missing)}")
        return 0
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory(prefix="mailproof-dnssec-") as directory:
        files, port = make_zones(directory), free_port()
        server = start_nsd(directory, files, port)
        if server is None:
            with open(os.path.join(directory, "nsd.log"), encoding="utf-8") as log:
                print("".join("# " + line for line in log))
            print("1..1\nnot ok 1 - nsd starts")
            return 1
        try:
            print(f"1..{2 * len(ROWS) + 1}")
            anchor, root = (os.path.join(directory, name) for name in ("testds", ".ds"))
            good = compare(ask(probe, port, "anchor", anchor, ROWS), 1, "anchored")
            good &= compare(ask(probe, port, "root", root, ROWS), len(ROWS) + 1, "root key")
            got = ask(probe, port, "root", anchor, [("good.test", "TXT"), ("bogus.test", "TXT")])
            states = [row[2:4] for row in got]
            good &= check(2 * len(ROWS) + 1, "a root key that the server cannot prove is not used",
                          states == [["DATA", "unknown"]] * 2, got)
        finally:
            server.terminate()
            server.wait()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
