#!/usr/bin/env python3
"""DNS lists for real: nsd serves them, unbound resolves them, our resolver asks. TAP output.

ips.test      a list of addresses, IPv6 too; Spamhaus' codes
doms.test     a list of domains, with wildcards as such lists have
bits.test     a list of bits, of registrable domains and addresses in links
allow.test    a list of those who are trusted
hash.test     a list of files
KEY.paid.test a list behind a key
closed.test   answers 127.255.255.254 to everything
all.test      lists everything
empty.test    a list whose operator went away: the zone is there, nothing is in it
lame.test     nsd has no file of it: SERVFAIL
made.test     a resolver in between makes answers up (unbound does)
refused.test  the resolver refuses to ask
"""
import os
import shutil
import subprocess
import sys
import tempfile

from nsd_kit import SOA, came_up, free_port, start_nsd

MD5 = "44d88612fea8a8f36de82e1278abb02f"
SHA1 = "3395856ce81f2b7382dee72602f798b642f14140"
V6 = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
ZONES = {
    "test": "ns A 127.0.0.1\n",
    "ips.test": "2.0.0.127 A 127.0.0.2\n2.2.0.192 A 127.0.0.2\n2.2.0.192 A 127.0.0.4\n"
                '2.2.0.192 TXT "see https://ips.test/2"\n3.2.0.192 A 127.0.0.99\n'
                + V6 + " A 127.0.0.4\n",
    "doms.test": "listed A 127.0.1.2\nevil.example A 127.0.1.4\n*.evil.example A 127.0.1.4\n"
                 "xn--bcher-kva.example A 127.0.1.2\nnone A 127.0.1.2\n",
    "bits.test": "2.0.0.127 A 127.0.0.254\nevil.example A 127.0.0.88\nodd.example A 127.0.0.1\n"
                 "9.2.0.192 A 127.0.0.64\n",
    "allow.test": "2.0.0.127 A 127.0.2.1\n4.2.0.192 A 127.0.7.3\n",
    "hash.test": f'{MD5} A 127.0.0.2\n{MD5} TXT "1611956489 28"\n{SHA1} A 127.0.0.2\n',
    "abc123.paid.test": '2.0.0.127 A 127.0.0.2\n2.2.0.192 A 127.0.0.2\n2.2.0.192 TXT "for abc123"\n',
    "closed.test": "* A 127.255.255.254\n",
    "all.test": "* A 127.0.0.2\n",
    "empty.test": "",
    "lame.test": None,
}
BETWEEN = ["made.test", "refused.test"]
CONFIG = """dns_lists:
  ips:
    zone: ips.test
    asks: ip
    ipv6: true
    codes:
      - {answer: 127.0.0.2, severity: medium, means: spam}
      - {answer: 127.0.0.4-127.0.0.7, severity: high, means: hijacked}
  doms:
    zone: doms.test
    asks: domain
    test: {listed: listed, unlisted: unlisted}
    codes:
      - {answer: 127.0.1.2, severity: medium, means: spam}
      - {answer: 127.0.1.4, severity: high, means: phishing}
  bits:
    zone: bits.test
    asks: [domain, link-ip]
    registrable_only: true
    codes:
      - {bits: 8, severity: high, means: phishing}
      - {bits: 16, severity: critical, means: malware}
      - {bits: 64, severity: low, means: abuse}
  allow:
    zone: allow.test
    asks: ip
    codes:
      - {answer: "127.0.*.1", as: allowed, means: low trust}
      - {answer: "127.0.*.3", as: allowed, means: high trust}
  files:
    zone: hash.test
    asks: hash
    codes:
      - {answer: 127.0.0.2, severity: critical, means: malware}
"""
ONE = """dns_lists:
  one:
    zone: "{zone}"
    asks: ip
{more}    codes:
      - {{answer: 127.0.0.2, severity: medium, means: spam}}
      - {{answer: 127.0.0.4, severity: high, means: hijacked}}
"""
UNBOUND = """server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: ""
  logfile: "{dir}/unbound.log"
  use-syslog: no
  do-ip6: no
  do-daemonize: no
  num-threads: 1
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." transparent
  local-zone: "made.test." redirect
  local-data: "made.test. A 198.51.100.7"
  local-zone: "refused.test." refuse
remote-control:
  control-enable: no
"""
LISTED, GOOD, BLOCKED, MISSING = ("intel.dns-list", "intel.known-good", "intel.zone-blocked",
                                  "intel.unavailable")
# What is asked, what is told of it: the id, the severity, the beginning of the evidence.
ROWS = [
    ("a client that nobody lists", ["ip=192.0.2.1"], []),
    ("a client on a list", ["ip=192.0.2.2"],
     [(LISTED, "high", "ips: 192.0.2.2: 127.0.0.2 spam, 127.0.0.4 hijacked; see https://ips.test/2")]),
    ("a client by IPv6", ["ip=2001:db8::2"], [(LISTED, "high", "ips: 2001:db8::2: 127.0.0.4")]),
    ("a client that is trusted", ["ip=192.0.2.4"],
     [(GOOD, "info", "allow: 192.0.2.4: 127.0.7.3 high trust")]),
    ("a code that nobody declared", ["ip=192.0.2.3"],
     [(BLOCKED, "low", "ips: 127.0.0.99, which is none of its codes")]),
    ("a host below a listed domain, on two lists", ["host=www.evil.example"],
     [(LISTED, "critical", "bits: evil.example: 127.0.0.88 phishing, malware, abuse"),
      (LISTED, "high", "doms: www.evil.example: 127.0.1.4 phishing")]),
    ("a host in another script", ["host=b\u00fccher.example"],
     [(LISTED, "medium", "doms: xn--bcher-kva.example: 127.0.1.2 spam")]),
    ("a host that is an address", ["host=192.0.2.9"], [(LISTED, "low", "bits: 192.0.2.9: 127.0.0.64")]),
    ("a host that is an address, and none of a mail client", ["host=192.0.2.2"], []),
    ("bit 1", ["host=odd.example"], [(BLOCKED, "low", "bits: 127.0.0.1, it refuses")]),
    ("a host that nobody lists", ["host=good.example"], []),
    ("a file by MD5", ["md5=" + MD5],
     [(LISTED, "critical", f"files: {MD5}: 127.0.0.2 malware; 1611956489 28")]),
    ("a file by SHA-1", ["sha1=" + SHA1], [(LISTED, "critical", f"files: {SHA1}: 127.0.0.2 malware")]),
    ("a file that nobody knows", ["md5=" + MD5[::-1]], []),
    ("nothing to ask", ["host=localhost"], []),
    ("all that at once", ["ip=192.0.2.2", "host=evil.example", "md5=" + MD5],
     [(LISTED, "critical", "files: "), (LISTED, "critical", "bits: "), (LISTED, "high", "ips: "),
      (LISTED, "high", "doms: ")]),
]
# One list alone, asked about a client that it lists, where it lists at all; then what is known of it.
ALONE = [
    ("a list of everything", "all.test", BLOCKED, "one: 127.0.0.2 for what it must not list", "disabled"),
    ("a closed list", "closed.test", BLOCKED, "one: 127.255.255.254, asked through an open resolver",
     "disabled"),
    ("an empty list", "empty.test", BLOCKED, "one: it does not list its own test entry", "disabled"),
    ("a list that is not there", "gone.test", BLOCKED, "one: it does not list its own", "disabled"),
    ("a resolver that makes answers up", "made.test", BLOCKED, "one: 198.51.100.7, no answer of a list",
     "disabled"),
    ("a list whose servers fail", "lame.test", MISSING, "one: its test was not answered", "unreachable"),
    ("a resolver that refuses", "refused.test", MISSING, "one: its test was not answered",
     "unreachable"),
    ("a list that works", "ips.test", LISTED, "one: 192.0.2.2", "works"),
    ("a list behind a key", "{key}.paid.test", LISTED, "one: 192.0.2.2: 127.0.0.2 spam", "works"),
]


class World:
    """nsd, unbound in front of it, and the probe."""

    def __init__(self, directory, probe):
        self.dir, self.probe, self.number, self.good = directory, probe, 0, True
        self.servers = []
        self.port = free_port()

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def start(self):
        files = {z: "none" if text is None else self.write(z + ".zone", SOA.format(z) + text)
                 for z, text in ZONES.items()}
        port = free_port()
        server = start_nsd(self.dir, files, port)
        if server is None:
            return False
        self.servers.append(server)
        conf = UNBOUND.format(port=self.port, dir=self.dir)
        conf += "".join(f'stub-zone:\n  name: "{z}"\n  stub-addr: 127.0.0.1@{port}\n' for z in ZONES)
        with open(os.path.join(self.dir, "unbound.out"), "wb") as out:
            self.servers.append(subprocess.Popen(
                ["unbound", "-d", "-c", self.write("unbound.conf", conf)], stdout=out, stderr=out))
        return came_up(self.servers[-1], self.port, recursive=True)

    def stop(self):
        for server in self.servers:
            server.terminate()
            server.wait()

    def run(self, config, words):
        done = subprocess.run([self.probe, f"127.0.0.1:{self.port}", config, *words],
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            return [["failed", str(done.returncode), done.stderr.strip()]]
        return [line.split("\t") for line in done.stdout.splitlines()]

    def check(self, label, ok, got):
        self.number += 1
        self.good &= bool(ok)
        print(f"{'ok' if ok else 'not ok'} {self.number} - {label}")
        if not ok:
            print("\n".join(f"# got {line}" for line in got))

    def row(self, config, label, words, want):
        got = self.run(config, words)
        told = [line for line in got if line[0].startswith("intel.")]
        ok = got[0][0] != "failed" and len(told) == len(want) and all(
            t[0] == w[0] and t[1] == w[1] and t[2].startswith(w[2]) for t, w in zip(told, want))
        whole = "missing" if any(w[0] in (BLOCKED, MISSING) for w in want) else "whole"
        self.check(label, ok and [w for w in got if w[0] == "questions"][0][2] == whole, got)

    def alone(self, label, zone, finding, evidence, state):
        """Two mails: the second meets what is remembered of the list."""
        more = "    key: {env: abc123}\n" if "{key}" in zone else ""
        config = self.write("one.yaml", ONE.format(zone=zone, more=more))
        got = self.run(config, ["ip=192.0.2.2", "mail", "ip=192.0.2.2"])
        told = [line for line in got if line[0].startswith("intel.")]
        counts = [line[1] for line in got if line[0] == "questions"]
        again = ["4", "2"] if finding == LISTED else ["3", "0"]  # tests, A, TXT
        ok = len(told) == 2 and told[0] == told[1] and told[0][0] == finding
        ok = ok and told[0][2].startswith(evidence) and ["list", "one", state] in got
        self.check(label, ok and counts == again, got)
        self.check(label + ": no key is shown", not any("abc123" in w for line in got for w in line),
                   got)


def main():
    missing = [t for t in ("nsd", "unbound")
               if shutil.which(t, path=os.environ.get("PATH", "") + ":/usr/sbin") is None]
    if missing:
        print(f"1..0 # SKIP not installed: {', '.join(missing)}")
        return 0
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory(prefix="mailproof-lists-") as directory:
        world = World(directory, sys.argv[1])
        try:
            if not world.start():
                for name in ("nsd.log", "unbound.log", "unbound.out"):
                    if os.path.exists(os.path.join(directory, name)):
                        with open(os.path.join(directory, name), encoding="utf-8") as log:
                            print("".join("# " + line for line in log))
                print("1..1\nnot ok 1 - nsd and unbound start")
                return 1
            print(f"1..{len(ROWS) + 2 * len(ALONE) + 1}")
            config = world.write("lists.yaml", CONFIG)
            for row in ROWS:
                world.row(config, *row)
            for row in ALONE:
                world.alone(*row)
            got = world.run(config, ["test"])
            world.check("tested without a mail", [line[2] for line in got if line[0] == "list"]
                        == ["works"] * 5, got)
        finally:
            world.stop()
    return 0 if world.good else 1


if __name__ == "__main__":
    sys.exit(main())
