"""A daemon of ours for tests: `mailproof serve` in a folder of its own, its log read as it comes."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 60
ZONE = """good.example. TXT "v=spf1 ip4:192.0.2.8 -all"
_dmarc.good.example. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.example"
soft.example. TXT "v=spf1 ip4:192.0.2.8 ~all"
"""
GOOD = (b"From: Ann <a@good.example>\r\nTo: b@example.org\r\nSubject: %s\r\n"
        b"Message-ID: <%s@good.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n")


def good(name="hello"):
    return GOOD % (name.encode(), name.replace(" ", "-").encode())


def task_state(pid, task):
    try:
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"


class Serve:
    """`sections`: YAML behind the usual head; {dir} is the daemon's folder."""

    def __init__(self, program, sections, zone=ZONE, head="", env=None, folder=None, dns=None):
        self.program, self.zone = program, zone
        self.own_folder = folder is None
        self.dir = folder or tempfile.mkdtemp(prefix="mailproof-serve-")
        self.config = os.path.join(self.dir, "mailproof.yaml")
        self.head, self.env = head, env or {}
        self.dns = dns or f"dns: {{zone_file: {self.dir}/zone}}\n"
        self.events, self.lines, self.changed = [], [], threading.Condition()
        with open(os.path.join(self.dir, "zone"), "w", encoding="utf-8") as f:
            f.write(zone)
        self.write(sections)
        self.process = None

    def write(self, sections):
        user = "user: root\ngroup: root\n" if os.geteuid() == 0 else ""
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"runtime_dir: {self.dir}/run\nstate_dir: {self.dir}/state\n{user}"
                    f"host_name: mx.example.org\nworkers: 2\nthreads: 4\n"
                    + self.dns + self.head
                    + sections.replace("{dir}", self.dir))

    def start(self, wait=True):
        self.process = subprocess.Popen([self.program, "serve", "--config", self.config],
                                        stderr=subprocess.PIPE, env={**os.environ, **self.env})
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        if wait:
            self.wait_for("daemon.ready")
        return self

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace"))
                try:
                    self.events.append(json.loads(line))
                except ValueError:
                    self.events.append({"event": "text", "text": line.decode("utf-8", "replace")})
                self.changed.notify_all()

    def __enter__(self):
        return self.start()

    def __exit__(self, *ignored):
        self.stop()
        self.clean()

    def clean(self):
        if self.own_folder:
            shutil.rmtree(self.dir, ignore_errors=True)

    def stop(self, patience=PATIENCE_S):
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.terminate()
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(PATIENCE_S)
        return code

    def wait_for(self, name, count=1, where=lambda e: True, patience=PATIENCE_S):
        """The count-th event of that name."""
        until = time.monotonic() + patience
        with self.changed:
            while True:
                found = [e for e in self.events if e.get("event") == name and where(e)]
                if len(found) >= count:
                    return found[count - 1]
                left = until - time.monotonic()
                over = self.process.poll() is not None and not self.reader.is_alive()
                if left <= 0 or over:
                    raise TimeoutError(f"no {name}: " + "".join(self.lines[-15:])[-1500:])
                self.changed.wait(min(left, 0.5))

    def pids(self, role):
        """Of the processes that serve now, by what the kernel knows."""
        found = []
        for pid in os.listdir("/proc"):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError):
                continue
            if words[1:3] == [b"serve-role", role.encode()] and parent == self.process.pid:
                found.append(int(pid))
        return sorted(found)

    def kill(self, role, sig=signal.SIGKILL):
        """Ends one process of the role; the supervisor's event of its end is waited for."""
        pid = self.pids(role)[0]
        os.kill(pid, sig)
        self.wait_for("process.ended", where=lambda e: e["ended_pid"] == pid)
        return pid

    def freeze(self, role):
        """Stops all of the role, and waits until each of their threads has stopped."""
        pids = self.pids(role)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        until = time.monotonic() + PATIENCE_S
        for pid in pids:
            for task in os.listdir(f"/proc/{pid}/task"):
                while task_state(pid, task) not in ("T", "t", "Z", "X"):
                    if time.monotonic() > until:
                        raise TimeoutError(f"{role} {pid} does not stop")
                    time.sleep(0.005)
        return pids

    def reload(self):
        n = len([e for e in self.events if e.get("event") in ("daemon.reload",
                                                               "daemon.reload_refused")])
        self.process.send_signal(signal.SIGHUP)
        return self.wait_for_any(("daemon.reload", "daemon.reload_refused"), n + 1)

    def wait_for_any(self, names, count, patience=PATIENCE_S):
        until = time.monotonic() + patience
        with self.changed:
            while True:
                found = [e for e in self.events if e.get("event") in names]
                if len(found) >= count:
                    return found[count - 1]
                if time.monotonic() > until:
                    raise TimeoutError(f"none of {names}")
                self.changed.wait(0.5)
