"""A clamd of our own for tests: a small database, a unix socket and a port on loopback."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# In two pieces each, so that no scanner stumbles over this file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EI" + rb"CAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
UNWANTED = b"own-unwanted" + b"-program-of-tests"
PATIENCE_S = 60
CONF = """Foreground yes
LogFile {folder}/clamd.log
DatabaseDirectory {folder}/db
LocalSocket {folder}/clamd.sock
TCPAddr 127.0.0.1
TCPSocket {port}
FixStaleSocket yes
TemporaryDirectory {folder}
StreamMaxLength 1M
MaxFileSize 512K
SelfCheck 0
MaxThreads 4
DetectPUA yes
AlertEncrypted yes
AlertExceedsMax {alert}
"""


def find():
    """The program, or None."""
    return shutil.which("clamd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Clamd:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mailproof-clamd-")
        self.socket = os.path.join(self.folder, "clamd.sock")
        self.port = free_port()
        self.process = None
        os.mkdir(self.path("db"))
        self.put("db/own.ndb", f"Own.Eicar:0:0:{EICAR.hex()}\n".encode())
        self.put("db/own.ndu", f"PUA.Own:0:*:{UNWANTED.hex()}\n".encode())

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)
        return self.path(name)

    @property
    def unix(self):
        return "unix:" + self.socket

    @property
    def tcp(self):
        return f"127.0.0.1:{self.port}"

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(PATIENCE_S)
                s.connect(self.socket)
                s.sendall(b"zPING\0")
                return s.recv(16) == b"PONG\0"
        except OSError:
            return False

    def start(self, alert, tcp=True):
        """Waits until it answers; RuntimeError with its log when it does not."""
        text = CONF.format(folder=self.folder, port=self.port, alert="yes" if alert else "no")
        if not tcp:   # in a network of loopback alone it finds no address to listen at
            text = "".join(l for l in text.splitlines(True) if not l.startswith("TCP"))
        conf = self.put("clamd.conf", text.encode())
        with open(self.path("out"), "wb") as out:
            self.process = subprocess.Popen([find(), "-c", conf], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                with open(self.path("out"), errors="replace") as f:
                    raise RuntimeError("clamd does not start: " + f.read()[-2000:])
            time.sleep(0.02)

    def send(self, number):
        os.kill(self.process.pid, number)

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            if self.process.poll() is None:
                self.send(number)
            self.process.wait(PATIENCE_S)
            self.process = None

    def clear(self):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
