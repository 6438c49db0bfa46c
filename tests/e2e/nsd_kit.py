"""What tests of DNS share: nsd on loopback, and a wait until a server answers."""
import os
import socket
import subprocess
import time

SOA = "$ORIGIN {0}.\n$TTL 300\n@ SOA ns.test. host.test. 1 3600 600 86400 60\n@ NS ns.test.\n"
NSD_CONF = """server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{dir}"
  database: ""
  zonelistfile: "{dir}/zone.list"
  xfrdfile: "{dir}/xfrd.state"
  xfrdir: "{dir}"
  pidfile: "{dir}/nsd.pid"
  logfile: "{dir}/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
"""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port, recursive):
    """Does the server know the SOA of test. yet?"""
    query = b"\0\1" + (b"\1" if recursive else b"\0") + b"\0\0\1\0\0\0\0\0\0\4test\0\0\6\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1 if recursive else 0.2)
        try:
            s.connect(("127.0.0.1", port))
            s.send(query)
            reply = s.recv(4096)
            return len(reply) > 12 and reply[3] & 15 == 0
        except OSError:
            return False


def came_up(server, port, recursive=False):
    """Wait until it answers; False: it ended, or was not ready in time."""
    deadline = time.monotonic() + 20
    while not answers(port, recursive):
        if server.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def start_nsd(directory, files, port):
    conf = os.path.join(directory, "nsd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(NSD_CONF.format(port=port, dir=directory))
        for zone, path in files.items():
            out.write(f'zone:\n  name: "{zone}"\n  zonefile: "{path}"\n')
    server = subprocess.Popen(["nsd", "-d", "-c", conf], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    if came_up(server, port):
        return server
    server.kill()
    server.wait()
    return None
