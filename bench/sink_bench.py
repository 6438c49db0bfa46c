#!/usr/bin/env python3
"""How many messages a second the sink takes, beside others: sink_bench.py BUILD_DIR [option…]

  --rounds N        of each server, in turns; the medians are printed (5)
  --messages N      of one measurement (20000; new connections: a third of it)
  --bytes N         of each (3000)
  --connections N   at once (50)
  --only WORD       only servers whose name has it

smtp-sink (Postfix) and smtp-server (npm) take part when they are to be had. They throw messages away;
ours stores them, on disk before it says 250, or in memory. CPU is what the server's threads used.
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SMTP_SERVER = "smtp-server@3.21.6"
PATIENCE_S = 60
SYNCS = 200
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """One that runs on a port of its own; `ready` when it greets."""

    def __init__(self, words, cwd=None):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.http = 0
        words = [w.replace("PORT", str(self.port)) for w in words]
        self.process = subprocess.Popen(words, cwd=cwd, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_S
        while not self.greets():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("it does not start: " + " ".join(words))
            time.sleep(0.02)

    def greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as s:
                greeted = s.recv(200).startswith(b"220")
                s.sendall(b"QUIT\r\n")
                return greeted
        except ConnectionError:
            return False

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


class Ours(Server):
    def __init__(self, program, *words):
        with tempfile.TemporaryDirectory(prefix="mailproof-bench-") as folder:
            told = os.path.join(folder, "env")
            super().__init__([program, "sink", "--listen", "127.0.0.1:PORT", "--http", "127.0.0.1:0",
                              "--no-dns", "--quiet", "--format", "none", "--tls", "off",
                              "--wait-file", told, *words])
            until = time.monotonic() + PATIENCE_S
            while not os.path.exists(told) and time.monotonic() < until:
                time.sleep(0.02)
            with open(told, encoding="utf-8") as f:
                self.url = dict(line.strip().split("=", 1) for line in f)["MAILPROOF_SINK_HTTP"]

    def stored(self):
        with urllib.request.urlopen(self.url + "/v1/info", timeout=PATIENCE_S) as answer:
            return json.load(answer)["store"]["messages"]


def npm(folder):
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                           "--ignore-scripts", SMTP_SERVER], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, cwd=folder)
    return done.returncode == 0


def contestants(program, folder):
    """(name, how it is started; the folder is new each time)"""
    rows = [("mailproof sink --store", lambda new: Ours(program, "--store", new)),
            ("mailproof sink --memory", lambda new: Ours(program, "--memory"))]
    smtp_sink = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if smtp_sink is not None:
        user = ["-u", "postfix"] if os.geteuid() == 0 else []
        rows.append(("smtp-sink (Postfix)", lambda new: Server(
            [smtp_sink, *user, "127.0.0.1:PORT", "1000"])))
    if npm(folder):
        rows.append((f"{SMTP_SERVER} (npm)", lambda new: Server(
            ["node", os.path.join(HERE, "smtp_server.mjs"), "PORT"], cwd=folder)))
    return rows


def sync_us(folder):
    """What a write and fdatasync of one page take here."""
    path, times = os.path.join(folder, "sync"), []
    with open(path, "wb", buffering=0) as f:
        for _ in range(SYNCS):
            start = time.perf_counter()
            f.write(bytes(8192))
            os.fdatasync(f.fileno())
            times.append(time.perf_counter() - start)
    os.unlink(path)
    return statistics.median(times) * 1e6


def measure(start, how, a, load, folder):
    """(messages a second, CPU of the server in us a message)"""
    n = a.messages if how == "kept" else a.messages // 3
    with tempfile.TemporaryDirectory(dir=folder) as new:
        server = start(os.path.join(new, "store"))
        try:
            before = server.cpu_s()
            took = float(subprocess.run([load, "127.0.0.1", str(server.port), str(a.connections), str(n),
                                         str(a.bytes), how], capture_output=True, text=True,
                                        check=True).stdout)
            cpu = server.cpu_s() - before
            if isinstance(server, Ours) and server.stored() != n:
                raise RuntimeError(f"{server.stored()} of {n} messages are stored")
        finally:
            server.stop()
    return n / took, cpu / n * 1e6


def print_table(rows, results, a):
    base = next((name for name, _ in rows if name.startswith("smtp-sink")), rows[-1][0])
    print(f"\nmessages of {a.bytes} bytes, {a.connections} connections, medians of {a.rounds} rounds; "
          f"`x` is against {base}\n")
    print("| server | new: messages/s | x | CPU us | kept: messages/s | x | CPU us |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    middle = {key: [statistics.median(v) for v in zip(*got)] for key, got in results.items()}
    for name, _ in rows:
        cells = []
        for how in ("new", "kept"):
            speed, cpu = middle[name, how]
            cells += [f"{speed:,.0f}", f"{speed / middle[base, how][0]:.2f}", f"{cpu:.0f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("build")
    for name, usual in (("rounds", 5), ("messages", 20000), ("bytes", 3000), ("connections", 50)):
        p.add_argument("--" + name, type=int, default=usual)
    p.add_argument("--only", default="")
    a = p.parse_args()
    build = os.path.abspath(a.build)
    load = os.path.join(build, "bench", "smtp_load")
    with tempfile.TemporaryDirectory(dir=build, prefix="sink-") as folder:
        rows = [r for r in contestants(os.path.join(build, "mailproof"), folder) if a.only in r[0]]
        print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, "
              f"write and fdatasync of a page: {sync_us(folder):.0f} us")
        results = {(name, how): [] for name, _ in rows for how in ("new", "kept")}
        for n in range(a.rounds):
            for name, start in rows:
                for how in ("new", "kept"):
                    results[name, how].append(measure(start, how, a, load, folder))
            print(f"round {n + 1} of {a.rounds}", file=sys.stderr)
    print_table(rows, results, a)


if __name__ == "__main__":
    main()
