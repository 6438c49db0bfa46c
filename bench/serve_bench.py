#!/usr/bin/env python3
"""The daemon under load, beside rspamd: serve_bench.py BUILD_DIR

  --seconds S  of each run (4)
  --sets A,B   large (mean about 78 KB), small (3 KB); bench/generate.c (both)
  --most N     messages of a set (1000)
  --checks A,B authentication, content (both)

Signed messages of 400 domains, made for the run; their zone is served by unbound on loopback, whom both ask,
and is warm in both. `mailproof serve` runs as it does for a mail server: supervisor, front and two workers,
history on, a log line for each mail. rspamd has two workers. *authentication*: SPF, DKIM, DMARC and ARC in both,
nothing else. *with content*: the inspection of content in ours, and in rspamd the modules that Debian switches
on but those that ask the network for other things.

By turns, for each number of connections: ours over milter (a connection for each message) and over HTTP
(POST /v1/scan, kept), rspamd over HTTP (POST /checkv2). CPU is what all processes of either used, system and
user; PSS is their memory, pages they share counted once. *Half load* sends at even times half of what the side
did with 16 connections, and takes what a message waits for a connection into its time. The load's own process
and unbound are on the same machine. Numbers are printed; nothing is asserted.
"""
import argparse
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "e2e")]
from rspamd_bench import NETWORK  # noqa: E402
from serve_kit import Serve  # noqa: E402

PATIENCE_S = 180
TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = (1, 16, 64)
AUTHENTICATION = ("spf", "dkim", "dmarc", "arc")
WORKERS = 2
IDLE_S, IDLE_SHARE = 2, 0.05
CONFIG = """milters:
  - {{name: mta, listen: "unix:{{dir}}/milter.sock", mode: inbound}}
content: {{enabled: {content}}}
intel: {{enabled: false}}
http: {{listen: "127.0.0.1:{port}"}}
"""
UNBOUND = """server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  logfile: "{dir}/unbound.log"
  num-threads: 1
  local-zone: "." static
  local-data: '. TXT "root"'
remote-control:
  control-enable: no
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(ready, process, what):
    until = time.monotonic() + PATIENCE_S
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{what} does not start")
        time.sleep(0.05)


def processes_of(root):
    """The process and all below it."""
    parents = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as f:
                parents[int(path.split("/")[2])] = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = [root]
    for pid in found:
        found += [p for p, parent in parents.items() if parent == pid]
    return found


def cpu_s(root):
    """Of all of them, those that have ended and were waited for counted in."""
    total = 0
    for pid in processes_of(root):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) / TICKS
    return total


def memory_mb(root):
    """(PSS, RSS) of all of them."""
    total = {"Pss": 0, "Rss": 0}
    for pid in processes_of(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                for line in f:
                    name, _, rest = line.partition(":")
                    if name in total:
                        total[name] += int(rest.split()[0]) / 1000
        except OSError:
            continue
    return total["Pss"], total["Rss"]


class Unbound:
    """The resolver that both ask; it knows the zones of the set and asks nobody."""

    def __init__(self, folder, zones):
        self.port = free_port()
        conf = os.path.join(folder, "unbound.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write(UNBOUND.format(port=self.port, dir=folder))
            for zone in zones:
                with open(zone, encoding="ascii") as f:
                    out.writelines(f"server: local-data: '{line.strip()}'\n" for line in f if line.strip())
        self.process = subprocess.Popen(["unbound", "-d", "-c", conf], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, self.process, "unbound")

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            try:
                s.connect(("127.0.0.1", self.port))
                s.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\0\0\x10\0\1")
                return len(s.recv(4096)) > 12
            except OSError:
                return False

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Rspamd:
    kinds = ("rspamd",)

    def __init__(self, folder, resolver, content):
        local, self.port = os.path.join(folder, "local"), free_port()
        os.makedirs(os.path.join(local, "local.d"))
        for name in ("db", "run", "log"):
            os.makedirs(os.path.join(folder, name))

        def write(name, text):
            with open(os.path.join(local, "local.d", name), "w", encoding="ascii") as f:
                f.write(text)

        write("worker-normal.inc", f'bind_socket = "127.0.0.1:{self.port}";\ncount = {WORKERS};\n')
        for other in ("worker-controller.inc", "worker-proxy.inc", "worker-fuzzy.inc"):
            write(other, "enabled = false;\n")
        write("options.inc", f'filters = "{"chartable,dkim,regexp" if content else "dkim"}";\n'
              f'dns {{ nameserver = "127.0.0.1:{resolver.port}"; }}\n')
        write("logging.inc", f'type = "file"; filename = "{folder}/log/log";\n')
        for path in glob.glob("/etc/rspamd/modules.d/*.conf"):
            name = os.path.basename(path)[:-5]
            if name not in AUTHENTICATION and (name in NETWORK or not content):
                write(name + ".conf", "enabled = false;\n")
        subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
        words = ["rspamd", "-f", "-c", "/etc/rspamd/rspamd.conf", f"--var=LOCAL_CONFDIR={local}",
                 f"--var=DBDIR={folder}/db", f"--var=RUNDIR={folder}/run", f"--var=LOGDIR={folder}/log"]
        if os.getuid() == 0:
            words += ["-u", "_rspamd", "-g", "_rspamd"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_until(self.is_idle, self.process, "rspamd")

    def is_idle(self):
        """It listens, and its helper has compiled the expressions."""
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        before = cpu_s(self.process.pid)
        time.sleep(IDLE_S)
        return cpu_s(self.process.pid) - before < IDLE_S * IDLE_SHARE

    def address(self, _):
        return str(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Ours:
    kinds = ("milter", "http")

    def __init__(self, program, resolver, content):
        self.port = free_port()
        self.serve = Serve(program, CONFIG.format(port=self.port, content=str(content).lower()),
                           dns=f'dns: {{server: "127.0.0.1:{resolver.port}"}}\n')
        self.serve.start()
        self.process = self.serve.process

    def address(self, kind):
        return os.path.join(self.serve.dir, "milter.sock") if kind == "milter" else str(self.port)

    def stop(self):
        self.serve.stop()
        self.serve.clean()


def send(a, side, kind, mails, connections, rate, seconds):
    """What serve_load says, with the CPU that the side took for a message."""
    load = os.path.join(a.build, "bench", "serve_load")
    before = cpu_s(side.process.pid)
    done = subprocess.run([load, kind, side.address(kind), mails, str(connections), f"{rate:.1f}", str(seconds)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    said = json.loads(done.stdout)
    said["cpu_ms"] = (cpu_s(side.process.pid) - before) * 1e3 / said["messages"]
    return said


def show(side_name, what, said):
    """Less than all accepted would be a number of something else."""
    odd = said["messages"] - said["accepted"]
    print(f"  {side_name:16} {what:>9} {said['per_s']:9.0f} {said['cpu_ms']:9.3f} {said['p50_ms']:9.2f} "
          f"{said['p99_ms']:9.2f} {said['max_ms']:9.2f}{f'   {odd} NOT ACCEPTED' if odd else ''}", flush=True)


def compare(a, sides, mails):
    """CPU of each kind at 16 connections, for the ratios."""
    kinds = [(side, kind) for side in sides for kind in side.kinds]
    full, half = {}, {}
    for side, kind in kinds:
        send(a, side, kind, mails, 16, 0, 0)  # each message once
    print(f"  {'':16} {'':>9} {'per s':>9} {'CPU ms':>9} {'p50 ms':>9} {'p99 ms':>9} {'max ms':>9}")
    name = {"milter": "mailproof milter", "http": "mailproof HTTP", "rspamd": "rspamd HTTP"}
    for connections in CONNECTIONS:
        for side, kind in kinds:
            said = send(a, side, kind, mails, connections, 0, a.seconds)
            full[kind, connections] = said
            show(name[kind], connections, said)
    for side, kind in kinds:
        half[kind] = send(a, side, kind, mails, 64, full[kind, 16]["per_s"] / 2, a.seconds)
        show(name[kind], "half load", half[kind])
    for side in sides:
        pss, rss = memory_mb(side.process.pid)
        print(f"  {'mailproof' if 'milter' in side.kinds else 'rspamd'}: {pss:.1f} MB PSS, {rss:.1f} MB RSS, "
              f"{len(processes_of(side.process.pid))} processes")
    if ("rspamd", 16) in full:
        print("  CPU of rspamd against ours, a message: " + "; ".join(
            f"{c} connections: milter {full['rspamd', c]['cpu_ms'] / full['milter', c]['cpu_ms']:.1f}, "
            f"HTTP {full['rspamd', c]['cpu_ms'] / full['http', c]['cpu_ms']:.1f}" for c in CONNECTIONS))


def make_set(a, folder, name):
    """(list for serve_load, zone, bytes)"""
    subprocess.run([os.path.join(a.build, "bench", "corpus"), folder, str(a.most)]
                   + (["small"] if name == "small" else []), check=True)
    mails, size = os.path.join(folder, "list"), 0
    with open(os.path.join(folder, "jobs.jsonl"), encoding="utf-8") as jobs, \
            open(mails, "w", encoding="utf-8") as out:
        for job in map(json.loads, jobs):
            size += os.path.getsize(job["file"])
            out.write(f"{job['file']} {job['ip']} {job['helo']} {job['mail_from']}\n")
    return mails, os.path.join(folder, "zone.db"), size


def run_set(a, name, content):
    """Keys are new in each set, so each has its resolver and its daemons."""
    with tempfile.TemporaryDirectory(prefix="mailproof-bench-") as folder:
        os.chmod(folder, 0o755)
        mails, zone, size = make_set(a, folder, name)
        stops, sides = [], []
        try:
            resolver = Unbound(folder, [zone])
            stops.append(resolver)
            sides.append(Ours(os.path.join(a.build, "mailproof"), resolver, content))
            stops.append(sides[-1])
            if shutil.which("rspamd"):
                sides.append(Rspamd(os.path.join(folder, "rspamd"), resolver, content))
                stops.append(sides[-1])
            print(f"\n{'with content' if content else 'authentication'}, {name}: {a.most} messages, mean "
                  f"{size / a.most / 1e3:.1f} KB; load average {os.getloadavg()[0]:.1f}")
            compare(a, sides, mails)
        finally:
            for one in reversed(stops):
                one.stop()


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    args.add_argument("build")
    args.add_argument("--seconds", type=float, default=4)
    args.add_argument("--sets", default="large,small")
    args.add_argument("--most", type=int, default=1000)
    args.add_argument("--checks", default="authentication,content")
    a = args.parse_args()
    if not shutil.which("unbound"):
        sys.exit("serve_bench: unbound is not here (Debian package unbound)")
    if not shutil.which("rspamd"):
        print("rspamd: not here (Debian package rspamd)")
    for checks in a.checks.split(","):
        for name in a.sets.split(","):
            run_set(a, name, checks == "content")


if __name__ == "__main__":
    main()
