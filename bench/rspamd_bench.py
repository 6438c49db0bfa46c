#!/usr/bin/env python3
"""Content inspection beside rspamd: rspamd_bench.py BUILD_DIR [DIRECTORY…]

  --rounds N   of each, in turns; the medians are printed (3)
  --most N     messages, spread over all that are there (1000)

Both look at the same messages in the same run, each on one worker: rspamd over HTTP on loopback, as it
is used, with the modules that Debian switches on but those that ask the network (DNS, Redis, fuzzy
storage); ours as `scan --only content --jobs 1 --format jsonl`, with its worker processes. CPU is what
all processes of either used, system and user. rspamd judges more by rules of words, ours looks into
archives, Office, PDF and pictures too: it is no contest of the same rules, but of what a mail costs.
"""
import argparse
import glob
import http.client
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

NETWORK = ("arc", "asn", "bayes_expiry", "clickhouse", "dkim", "dkim_signing", "dmarc", "elastic",
           "fuzzy_check", "greylist", "history_redis", "known_senders", "maillist", "metadata_exporter",
           "metric_exporter", "mid", "milter_headers", "mx_check", "neural", "ratelimit", "rbl",
           "replies", "reputation", "rspamd_update", "spamassassin", "spamtrap", "spf", "surbl",
           "url_redirector", "antivirus", "external_services", "p0f", "aws_s3", "bimi", "contextal")
PATIENCE_S = 60
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Rspamd:
    """rspamd with one worker and a configuration of its own in `state`."""

    def __init__(self, state):
        local, self.port = os.path.join(state, "local"), free_port()
        os.makedirs(os.path.join(local, "local.d"))
        for folder in ("db", "run", "log"):
            os.makedirs(os.path.join(state, folder))
        write = lambda name, text: open(os.path.join(local, "local.d", name), "w").write(text)
        write("worker-normal.inc", f'bind_socket = "127.0.0.1:{self.port}";\ncount = 1;\n')
        for other in ("worker-controller.inc", "worker-proxy.inc", "worker-fuzzy.inc"):
            write(other, "enabled = false;\n")
        write("options.inc", 'filters = "chartable,regexp";\n'
              'dns { nameserver = "127.0.0.1:9"; timeout = 0.1s; retransmits = 1; }\n')
        write("logging.inc", f'type = "file"; filename = "{state}/log/log"; level = "error";\n')
        for module in NETWORK:
            write(module + ".conf", "enabled = false;\n")
        subprocess.run(["chmod", "-R", "a+rwX", state], check=True)
        words = ["rspamd", "-f", "-c", "/etc/rspamd/rspamd.conf", f"--var=LOCAL_CONFDIR={local}",
                 f"--var=DBDIR={state}/db", f"--var=RUNDIR={state}/run", f"--var=LOGDIR={state}/log"]
        if os.getuid() == 0:
            words += ["-u", "_rspamd", "-g", "_rspamd"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_S
        while not self.scan(b"Subject: x\r\n\r\nx\r\n", quiet=True):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("rspamd does not start")
            time.sleep(0.1)

    def scan(self, raw, quiet=False):
        try:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
            c.request("POST", "/checkv2", raw)
            return c.getresponse().read().startswith(b"{")
        except (ConnectionError, OSError):
            if quiet:
                return False
            raise

    def cpu_s(self):
        """Of the main process and its workers."""
        total = 0
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = open(path, encoding="ascii", errors="replace").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            pid = int(path.split("/")[2])
            if pid == self.process.pid or int(fields[1]) == self.process.pid:
                total += (int(fields[11]) + int(fields[12])) / TICKS
        return total

    def measure(self, mails):
        before = self.cpu_s()
        for raw in mails:
            if not self.scan(raw):
                raise RuntimeError("rspamd gives no answer")
        return self.cpu_s() - before

    def stop(self):
        self.process.terminate()
        self.process.wait()


def ours(mailproof, paths):
    """CPU seconds of one run over the files, with all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([mailproof, "scan", "--only", "content", "--jobs", "1", "--format", "jsonl",
                           *paths], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.stdout.count(b"\n") < len(paths):
        raise RuntimeError("mailproof left out messages")
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def choose(folders, most):
    paths = []
    for folder in folders:
        for top, _, names in os.walk(folder):
            paths += [os.path.join(top, n) for n in names
                      if not n.endswith((".md", ".tsv", ".json")) and n != "LICENSE"]
    paths.sort()
    step = max(1, len(paths) // most)
    return paths[::step][:most]


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    args.add_argument("build")
    args.add_argument("folders", nargs="*")
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--most", type=int, default=1000)
    a = args.parse_args()
    mailproof = os.path.join(a.build, "mailproof")
    shared = os.path.join(os.environ.get("MAILPROOF_SHARED", "../shared"), "corpora")
    folders = a.folders or [os.path.join(shared, n) for n in
                            ("spamassassin-public-corpus", "phishing-pot", "rspamd-messages")]
    paths = choose(folders, a.most)
    if not paths:
        sys.exit("rspamd_bench: no messages there: name a directory")
    mails = [open(p, "rb").read() for p in paths]
    size = sum(map(len, mails))
    times = {"rspamd": [], "mailproof": []}
    with tempfile.TemporaryDirectory() as state:
        os.chmod(state, 0o755)
        rival = Rspamd(state) if shutil.which("rspamd") else None
        try:
            for _ in range(a.rounds + 1):  # the first one warms up, and does not count
                times["mailproof"].append(ours(mailproof, paths))
                if rival:
                    times["rspamd"].append(rival.measure(mails))
        finally:
            if rival:
                rival.stop()
    print(f"{len(mails)} messages, {size / 1e6:.1f} MB, mean {size / len(mails) / 1e3:.1f} KB, "
          f"{a.rounds} rounds, CPU of one worker and all that it starts")
    medians = {name: statistics.median(t[1:]) for name, t in times.items() if t}
    for name, s in medians.items():
        print(f"  {name:10} {s / len(mails) * 1e3:8.3f} CPU ms a message {size / 1e6 / s:9.1f} MB/s"
              f" {len(mails) / s:9.0f} messages/s")
    if "rspamd" in medians:
        print(f"  mailproof takes 1/{medians['rspamd'] / medians['mailproof']:.1f} of rspamd's CPU")
    else:
        print("  rspamd: not here (Debian package rspamd)")


if __name__ == "__main__":
    main()
