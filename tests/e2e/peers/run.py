#!/usr/bin/python3
"""run.py [--port-base N] [--keep] [--ports] COMMAND...

Starts the peers of the end-to-end tests (README.md), runs COMMAND with MP_E2E_... in its
environment, ends everything and returns COMMAND's exit code.

As root, where unshare works: in a network, mount and pid namespace of their own, with the real
ports, and /etc/resolv.conf there is the test resolver; several may run side by side. Otherwise (or
with --ports) on port numbers from N up (30000). Exit code 77 and one sentence: something is missing.

  MP_E2E_DIR        all state: dns/ ca/ mail/DOMAIN/USER (Maildir) log/
  MP_E2E_MODE       namespace or ports
  MP_E2E_RESOLVER   ADDRESS:PORT of the validating resolver;  MP_E2E_NS  of the name server
  MP_E2E_ANCHOR     file with the DS of test., the trust anchor
  MP_E2E_CA         file with the root certificate
  MP_E2E_IPV6       1 when IPv6 works (mx-v6.good.test answers there)
  MP_E2E_WEB        address of the HTTPS server (MTA-STS, BIMI)
  MP_E2E_PASSWORD   password with {} in place of the local part
  MP_E2E_PORT_*     SMTP SUBMISSION SUBMISSIONS XCLIENT PROXY LMTP IMAP IMAPS POP3 POP3S HTTPS
                    DNS FREE FILTER MILTER
  MP_E2E_MAILPROOF  (yours) the program that gate and signer of relay.py call
  MP_E2E_ADDR_*     address of a host of README.md: MX1 BADTLSA PLAIN NOTLS HARD ...
"""
import argparse
import contextlib
import ctypes
import fcntl
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import ca
import mail
import names
import relay
import web
import world

SKIP = 77
START_SECONDS = 20
NEEDED = {  # program: Debian package
    "/usr/lib/postfix/sbin/master": "postfix", "dovecot": "dovecot-core",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd", "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/pop3": "dovecot-pop3d",
    "nsd": "nsd", "ldns-signzone": "ldnsutils", "unbound": "unbound", "ip": "iproute2",
    "openssl": "openssl", "unshare": "util-linux",
}
INNER = "MP_E2E_INNER"


def why_not():
    """One sentence why the peers cannot run here; None when they can."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    lacking = sorted({p for program, p in NEEDED.items() if shutil.which(program) is None})
    if lacking:
        return f"not installed: {' '.join(lacking)}"
    if os.geteuid() != 0:
        return "needs root: Postfix and Dovecot start as root only"
    try:
        for user in ("postfix", "dovecot", "dovenull", "mail"):
            pwd.getpwnam(user)
        grp.getgrnam("postdrop")
    except KeyError as missing:
        return f"not installed properly: {missing}"
    return None


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def can_unshare():
    return subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
         "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0


def enter(state):
    """Our own loopback, resolver and hosts file; nothing of it is seen outside the namespace."""
    for command in (["ip", "link", "set", "lo", "up"],):
        subprocess.run(command, check=True)
    for host in world.HOSTS.values():
        if host.aaaa:
            subprocess.run(["ip", "addr", "add", host.aaaa + "/128", "dev", "lo"],
                           capture_output=True, check=False)
    files = {"resolv.conf": f"nameserver {world.RESOLVER}\noptions edns0 trust-ad timeout:2\n",
             "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
             "hosts": "127.0.0.1 localhost\n"}
    for name, text in files.items():
        mail.write(os.path.join(state, name), text)
        if os.path.exists("/etc/" + name):
            subprocess.run(["mount", "--bind", os.path.join(state, name), "/etc/" + name],
                           check=True)


def has_ipv6(address):
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
            s.bind((address, 0))
        return True
    except OSError:
        return False


class Peers:
    """The running world; `environment` tells tests about it."""

    def __init__(self, state, namespace, base):
        self.state, self.running, self.servers = state, {}, []
        offset = 0 if namespace else base
        self.ports = {name: port + offset for name, port in world.PORTS.items()}
        self.ports["GREY"], self.ports["SASL"] = world.GREY_POLICY + offset, world.SASL + offset
        os.makedirs(os.path.join(state, "log"))
        shutil.chown(os.path.join(state, "log"), "postfix")
        os.chmod(os.path.join(state, "log"), 0o755)
        authority = ca.Authority(state)
        ipv6 = has_ipv6(world.HOSTS["V6"].aaaa)
        zones = names.Names(state, self.ports, authority, ipv6)
        self.servers = web.start(self.ports, authority) + relay.start(state, self.ports, authority)
        for peer in (zones, mail.Dovecot(state, self.ports, authority),
                     mail.Postfix(state, self.ports, authority, ipv6, namespace)):
            for name, command in peer.commands().items():
                if name == "postfix":  # its master asks the resolver when it starts
                    self.wait("nsd", "unbound")
                self.start(name, command)
        self.wait("dovecot", "postfix")
        self.environment = self.tell(namespace, ipv6, zones.anchor, authority.bundle)

    def start(self, name, command):
        with open(os.path.join(self.state, "log", name + ".out"), "wb") as out:
            self.running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                cwd="/", start_new_session=True, preexec_fn=die_with_parent)

    def tell(self, namespace, ipv6, anchor, bundle):
        facts = {"DIR": self.state, "MODE": "namespace" if namespace else "ports",
                 "RESOLVER": f"{world.RESOLVER}:{self.ports['DNS']}",
                 "NS": f"{world.NS1}:{self.ports['DNS']}", "ANCHOR": anchor, "CA": bundle,
                 "IPV6": "1" if ipv6 else "0", "WEB": world.WEB, "PASSWORD": world.PASSWORD}
        facts.update({"PORT_" + k: str(v) for k, v in self.ports.items()})
        facts.update({"ADDR_" + k: h.address for k, h in
                      (*world.HOSTS.items(), *world.RELAYS.items())})
        if ipv6:
            facts.update({"ADDR6_" + k: h.aaaa for k, h in world.HOSTS.items() if h.aaaa})
        return {"MP_E2E_" + k: v for k, v in facts.items()}

    def wait(self, *whom):
        """Until these peers answer; one that ended, or stays silent, is an error with its log."""
        mx1, port = world.HOSTS["MX1"].address, self.ports
        ends = [("nsd", world.NS1, port["DNS"]), ("unbound", world.RESOLVER, port["DNS"]),
                ("dovecot", mx1, port["LMTP"]), ("dovecot", mx1, port["IMAPS"]),
                ("dovecot", mx1, port["SASL"]), ("postfix", mx1, port["SMTP"])]
        deadline = time.monotonic() + START_SECONDS
        for name, address, number in ends:
            while name in whom and not answers(address, number):
                if self.running[name].poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{name} does not answer at {address}:{number}\n{self.logs()}")
                time.sleep(0.02)

    def logs(self):
        text = ""
        for name in sorted(os.listdir(os.path.join(self.state, "log"))):
            with open(os.path.join(self.state, "log", name), errors="replace",
                      encoding="utf-8") as f:
                text += "".join(f"{name}: {line}" for line in f.readlines()[-5:])
        return text

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(address, port):
    try:
        with socket.create_connection((address, port), 1):
            return True
    except OSError:
        return False


def inside(options, state):
    """In the namespace (as its first process), or on high ports: start, run, stop."""
    namespace = os.environ.pop(INNER, "") != ""
    if namespace:
        enter(state)
    peers = Peers(state, namespace, options.port_base)
    try:
        return subprocess.run(options.command, check=False,
                              env={**os.environ, **peers.environment}).returncode
    finally:
        if not namespace:  # the end of the namespace ends what runs in it
            peers.stop()


@contextlib.contextmanager
def alone():
    """Without a namespace the ports are the machine's: who wants them too waits until they are free."""
    path = os.path.join(tempfile.gettempdir(), "mailproof-peers.lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def outside(options, state):
    """The parent: waits for the namespace. With it, unshare and all inside it are killed."""
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
               sys.executable, os.path.abspath(__file__), "--state", state, "--", *options.command]
    child = subprocess.Popen(command, env={**os.environ, INNER: "1"}, preexec_fn=die_with_parent)
    try:
        return child.wait()
    finally:
        child.kill()
        child.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, usage=argparse.SUPPRESS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port-base", type=int, default=30000, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help="leave MP_E2E_DIR behind")
    parser.add_argument("--ports", action="store_true", help="no namespace: port base + port")
    parser.add_argument("--check", action="store_true", help="only say what is missing, or exit 0")
    parser.add_argument("--state", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    options.command = options.command[options.command[:1] == ["--"]:]
    reason = why_not()
    if reason is not None:
        print("peers:", reason, file=sys.stderr)
        return SKIP
    if options.check:
        return 0
    if not options.command:
        parser.error("no COMMAND")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.state is not None:
        return inside(options, options.state)
    state = tempfile.mkdtemp(prefix="mailproof-e2e-")
    os.chmod(state, 0o755)  # Postfix and Dovecot work as users of their own
    try:
        if not options.ports and can_unshare():
            return outside(options, state)
        with alone():
            return inside(options, state)
    finally:
        if options.keep:
            print("peers: kept", state, file=sys.stderr)
        else:
            shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
