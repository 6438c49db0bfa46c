#!/usr/bin/env python3
"""The disk below the sink is full: sink_disk_test.py MAILPROOF   (TAP)

A small file system in a mount namespace of its own; without the right to make one: SKIP. A message
for which there is no space is told 451 and is not stored; the sink goes on, answers its API, and
takes mail again when there is space. Nothing that was acknowledged is lost, whatever comes between.
"""
import os
import subprocess
import sys
import tempfile

import sink_kit
from sink_kit import PATIENCE_S, Talk

DISK_MIB = 16
BALLAST_MIB = 3
MESSAGES_MAX = 5000     # more than fit
SMALL, LARGE = 3000, 200_000


def mail(tag, size=SMALL):
    line = tag.encode().ljust(70, b".") + b"\r\n"
    return f"Subject: {tag}\r\nX-Mailproof-Tag: {tag}\r\n\r\n".encode() + line * (size // len(line) + 1)


class Disk:
    """A file system of a few megabytes that only the sink sees; we look at it through /proc."""

    def __init__(self, program, folder):
        self.program, self.at, self.pid = program, os.path.join(folder, "disk"), None
        os.mkdir(self.at)
        self.acknowledged = {}

    def words(self, more):
        make = (f'mount -t tmpfs -o size={DISK_MIB}m none "$0" && '
                f'head -c {BALLAST_MIB}M /dev/zero >"$0/ballast" && exec "$@"')
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", make, self.at, *more]

    def possible(self):
        """"" or why not."""
        try:
            done = subprocess.run(self.words(["true"]), capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE_S)
        except OSError as e:
            return str(e)
        return "" if done.returncode == 0 else done.stderr.strip().replace("\n", " ")

    def path(self, name):
        return f"/proc/{self.pid}/root{self.at}/{name}"

    def free(self):
        at = os.statvfs(self.path(""))
        return at.f_bavail * at.f_frsize

    def start(self):
        sink = sink_kit.Sink(self.program, "--no-dns", "--tls", "off", store=os.path.join(self.at, "store"),
                             before=self.words([]))
        self.pid = sink.process.pid
        return sink

    def start_again(self, old):
        """The file system lives on in the namespace of a bystander while the sink is killed."""
        bystander = subprocess.Popen(["nsenter", "-t", str(self.pid), "-m", "cat"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        bystander.stdin.write(b"!")
        bystander.stdin.flush()
        bystander.stdout.read(1)    # it is inside
        old.kill()
        try:
            sink = sink_kit.Sink(self.program, "--no-dns", "--tls", "off", store=os.path.join(
                self.at, "store"), before=["nsenter", "-t", str(bystander.pid), "-m"])
            self.pid = sink.process.pid
        finally:
            bystander.stdin.close()
            bystander.wait(PATIENCE_S)
            bystander.stdout.close()
        return sink

    def send(self, talk, tag, size=SMALL):
        """The reply to the message."""
        talk.envelope(["a@disk.test"])
        content = mail(tag, size)
        reply = talk.message(content)
        if reply.startswith("250"):
            self.acknowledged[tag] = content
        return reply

    def settled(self, rows, sink, label):
        there = {m["tag"]: sink.raw(m["id"]) for m in sink.messages()}
        rows.check(f"{label}: stored is what was acknowledged, {len(there)} messages",
                   there == self.acknowledged, f"{len(there)} of {len(self.acknowledged)}")
        files = os.listdir(self.path("store/messages"))
        rows.equal(f"{label}: no file is left of what was refused", len(files), sum(
            len(c) > 64 * 1024 for c in there.values()))


def fill(rows, disk, talk, label, size):
    """Until the first that does not fit."""
    for n in range(MESSAGES_MAX):
        reply = disk.send(talk, f"{label}-{n}", size)
        if not reply.startswith("250"):
            break
    rows.starts(f"{label}: after {n} messages the disk is full", reply, "451 4.3.0")


def full(rows, disk, sink):
    with Talk(sink.smtp) as t:
        t.hello()
        fill(rows, disk, t, "large", LARGE)
        fill(rows, disk, t, "small", SMALL)
        rows.starts("the connection goes on", t.ask("NOOP"), "250")
        rows.starts("a large one is told the same", disk.send(t, "huge", 3 << 20), "451 4.3.0")
        again = [disk.send(t, f"again-{n}")[:9] for n in range(20)]
        rows.check("and small ones, unless they fit", set(again) <= {"451 4.3.0", "250 2.0.0"}, again)
        rows.check("there really is no space", disk.free() < LARGE, disk.free())
    with Talk(sink.smtp) as t:
        rows.starts("new clients are greeted", t.hello(), "220", "250")
    rows.equal("the API answers", [sink.ask("GET", path)[0] for path in (
        "/v1/messages", "/v1/info", "/metrics")], [200, 200, 200])
    rows.check("deferrals are counted", sink.counters()["deferred"] >= 3, sink.counters())
    disk.settled(rows, sink, "full")


def space_again(rows, disk, sink, label):
    with Talk(sink.smtp) as t:
        t.hello()
        rows.starts(f"{label}: mail is taken again", [disk.send(t, f"{label}-small"), disk.send(
            t, f"{label}-large", LARGE)], "250", "250")
    disk.settled(rows, sink, label)


def main(program):
    rows = sink_kit.Rows()
    with tempfile.TemporaryDirectory(prefix="mailproof-disk-") as folder:
        disk = Disk(os.path.abspath(program), folder)
        why_not = disk.possible()
        if why_not:
            print("1..0 # SKIP no file system of its own:", why_not)
            return 0
        sink = disk.start()
        try:
            full(rows, disk, sink)
            sink = disk.start_again(sink)
            disk.settled(rows, sink, "killed and started on the full disk")
            os.unlink(disk.path("ballast"))
            space_again(rows, disk, sink, "space")
            with Talk(sink.smtp) as t:
                t.hello()
                fill(rows, disk, t, "second", SMALL)
            deleted = [m for m in sink.messages("subject:large")][:8]
            for m in deleted:
                del disk.acknowledged[m["tag"]]
            rows.equal("deleting works on a full disk", [sink.ask("DELETE", f"/v1/messages/{m['id']}")[0]
                                                         for m in deleted], [204] * len(deleted))
            space_again(rows, disk, sink, "deleted")
            with Talk(sink.smtp) as t:
                t.hello()
                fill(rows, disk, t, "third", SMALL)
            rows.equal("so does deleting all", sink.ask("DELETE", "/v1/messages")[0], 200)
            disk.acknowledged.clear()
            space_again(rows, disk, sink, "all deleted")
            rows.equal("it ends in order", sink.stop(), 0)
        finally:
            if sink.process.poll() is None:
                sink.process.kill()
                sink.process.wait()
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
