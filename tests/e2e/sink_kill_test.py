#!/usr/bin/env python3
"""The sink is killed while mail comes in: sink_kill_test.py MAILPROOF   (TAP)

kill -9 at random moments, also while it starts. After each restart every message that was told 250
is there, byte for byte and listed once; every deletion that was answered holds; nothing is there that
was not sent, or only a part of it. MP_KILLS=N kills so often (20), MP_SECONDS=N ends after so long,
MP_SEED=N begins the chances there.
"""
import collections
import hashlib
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time

import sink_kit
from sink_kit import PATIENCE_S, Talk

KILLS = int(os.environ.get("MP_KILLS", "20"))
SECONDS = float(os.environ.get("MP_SECONDS", "inf"))
CONNECTIONS = 6
LOAD_MAX_S = 0.4        # between the first messages and the kill
START_MAX_S = 0.03      # between a start and a kill that comes too early
EARLY_KILLS = 0.15      # of all
DELETED = 0.1           # of the messages
CLEAR_EVERY = 8         # rounds; else a long run fills the disk
SIZES = ((0.85, 100, 3000), (0.10, 20_000, 60_000), (0.05, 66_000, 300_000))    # share, from, to


def make(tag, chance):
    """A message that looks like no other anywhere; its size is one of SIZES."""
    share = chance.random()
    for part, low, high in SIZES:
        share -= part
        if share <= 0:
            break
    line = hashlib.sha256(tag.encode()).hexdigest().encode() + b"\r\n"
    text = line * (chance.randrange(low, high) // len(line) + 1)
    return f"Subject: {tag}\r\nMessage-ID: <{tag}@kill.test>\r\nX-Mailproof-Tag: {tag}\r\n\r\n".encode() + text


def digest(content):
    return hashlib.sha256(content).digest()


class Load:
    """Clients that send until the server is gone. What they know is kept by tag."""

    def __init__(self, sink, round_, seed):
        self.sink, self.lock = sink, threading.Lock()
        self.sent, self.acknowledged, self.deleted, self.asked = {}, {}, set(), set()
        self.deletable = collections.deque()
        self.first = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(f"r{round_}c{k}", random.Random(
            f"{seed}/{round_}/{k}"))) for k in range(CONNECTIONS)]
        self.threads.append(threading.Thread(target=self.delete))
        self.over = False
        for thread in self.threads:
            thread.start()

    def send(self, name, chance):
        try:
            with Talk(self.sink.smtp) as t:
                t.hello()
                for n in range(1 << 30):
                    if not self.one(t, f"{name}n{n}", chance):
                        return
        except OSError:
            return      # it was killed

    def one(self, t, tag, chance):
        """True: acknowledged."""
        content = make(tag, chance)
        self.sent[tag] = digest(content)
        t.send(b"MAIL FROM:<a@kill.test>\r\nRCPT TO:<b@kill.test>\r\nDATA\r\n")
        if not t.replies(3)[2].startswith("354"):
            return False
        reply = t.send(content + b".\r\n").reply()
        if not reply.startswith("250 2.0.0 Ok: stored as "):
            return False
        self.acknowledged[tag] = self.sent[tag]
        if chance.random() < DELETED:
            self.deletable.append((tag, reply.split()[-1]))
        self.first.set()
        return True

    def delete(self):
        while not self.over:
            if not self.deletable:
                time.sleep(0.005)
                continue
            tag, id_ = self.deletable.popleft()
            self.asked.add(tag)
            try:
                if self.sink.ask("DELETE", f"/v1/messages/{id_}")[0] == 204:
                    self.deleted.add(tag)
            except (OSError, http.client.HTTPException):
                return  # it was killed

    def join(self):
        self.over = True
        for thread in self.threads:
            thread.join(PATIENCE_S)


class Keeper:
    """What must be, may be and must not be in the store."""

    def __init__(self):
        self.must, self.may, self.counts = {}, {}, collections.Counter()

    def learn(self, load):
        self.counts["sent"] += len(load.sent)
        self.counts["acknowledged"] += len(load.acknowledged)
        self.counts["deleted"] += len(load.deleted)
        self.may |= load.sent
        for tag, wanted in load.acknowledged.items():
            if tag not in load.asked:
                self.must[tag] = wanted
        for tag in load.deleted:
            del self.may[tag]

    def judge(self, sink):
        """What is wrong; [] when nothing is. What is there now must be there for ever."""
        wrong = []
        where = http.client.HTTPConnection(*sink_kit.address(sink.url.removeprefix("http://")),
                                           timeout=PATIENCE_S)
        def get(path):
            where.request("GET", path)
            answer = where.getresponse()
            content = answer.read()
            return content if answer.status == 200 else None
        there, cursor, large = collections.Counter(), "", 0
        while cursor is not None:
            page = json.loads(get(f"/v1/messages?limit=500{cursor and '&cursor='}{cursor}"))
            for m in page["messages"]:
                there[m["tag"]] += 1
                large += m["size"] > 64 * 1024
                if m["tag"] not in self.may:
                    wrong.append(f"{m['tag']}: deleted, or never sent")
                elif digest(get(f"/v1/messages/{m['id']}/raw") or b"") != self.may[m["tag"]]:
                    wrong.append(f"{m['tag']}: not the bytes that were sent")
            cursor = page["next"]
        where.close()
        wrong += [f"{tag}: listed {n} times" for tag, n in there.items() if n > 1]
        wrong += [f"{tag}: acknowledged, and lost" for tag in self.must if there[tag] == 0]
        self.counts["unacknowledged, kept"] += sum(tag not in self.must for tag in there)
        self.may = {tag: self.may[tag] for tag in there if tag in self.may}
        self.must = dict(self.may)
        self.counts["checked"] += len(there)
        return wrong, large


def start(program, store):
    """TLS would write its certificate anew each time, which is not what is tried here."""
    return sink_kit.Sink(program, "--no-dns", "--tls", "off", store=store)


def early_kill(program, store, chance):
    """Into the recovery of the log, the sweep of files, or what else a start does."""
    words = [program, "sink", "--no-dns", "--tls", "off", "--quiet", "--store", store,
             "--listen", "127.0.0.1:0"]
    process = sink_kit.subprocess.Popen(words, stdout=sink_kit.subprocess.DEVNULL,
                                        stderr=sink_kit.subprocess.DEVNULL)
    time.sleep(chance.uniform(0, START_MAX_S))
    process.kill()
    process.wait(PATIENCE_S)


def main(program):
    program, rows = os.path.abspath(program), sink_kit.Rows()
    seed = int(os.environ.get("MP_SEED", random.SystemRandom().randrange(1 << 32)))
    chance, keeper = random.Random(seed), Keeper()
    print(f"# seed {seed}")
    until, n_early = time.monotonic() + SECONDS, 0
    with tempfile.TemporaryDirectory(prefix="mailproof-kill-") as folder:
        store = os.path.join(folder, "store")
        sink = start(program, store)
        for n in range(1, KILLS + 1):
            load = Load(sink, n, seed)
            mail_came = load.first.wait(PATIENCE_S)
            time.sleep(chance.uniform(0, LOAD_MAX_S))
            sink.kill()
            load.join()
            keeper.learn(load)
            if chance.random() < EARLY_KILLS:
                early_kill(program, store, chance)
                n_early += 1
            sink = start(program, store)
            wrong, large = keeper.judge(sink)
            files = len(os.listdir(os.path.join(store, "messages")))
            rows.check(f"kill {n}: {len(load.acknowledged)} acknowledged, {len(load.deleted)} deleted: "
                       "all is as it was told", mail_came and wrong == [], "\n".join(wrong[:20]))
            rows.equal(f"kill {n}: no file without its message", files, large)
            if n % CLEAR_EVERY == 0:
                rows.equal("all is deleted", sink.ask("DELETE", "/v1/messages")[0], 200)
                keeper.must, keeper.may = {}, {}
            if time.monotonic() > until:
                break
        rows.equal("it ends in order", sink.stop(), 0)
        counts = ", ".join(f"{v} {k}" for k, v in keeper.counts.items())
        print(f"# {n} kills and {n_early} in a start; messages: {counts}")
    return rows.done()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
