#!/usr/bin/python3
"""mailproof against real Postfix, Dovecot, nsd and unbound: flow_test.py MAILPROOF. Prints TAP.

Outside it installs npm's smtp-server where npm is to be had, and starts the peers (peers/run.py)
around itself; inside it walks the tables of flow/.
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")
sys.path[:0] = [PEERS, os.path.join(HERE, "flow")]
import around  # noqa: E402
SMTP_SERVER = "smtp-server@3.21.6"
NPM_PATIENCE_S = 120


def inside(program):
    import clients      # they need what the peers tell in the environment
    import domains
    import smuggling
    import tool
    rows, mailproof = tool.Rows(), tool.Tool(program)
    for part in (domains, smuggling, clients):
        part.rows(rows, mailproof)
    return rows.done()


def node_modules(folder):
    """Where smtp-server was installed; "" without node, npm or its registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return ""
    try:
        done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                               "--ignore-scripts", SMTP_SERVER], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=NPM_PATIENCE_S, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        return ""
    return os.path.join(folder, "node_modules") if done.returncode == 0 else ""


def main(program):
    program = os.path.abspath(program)
    if around.is_inside():
        return inside(program)
    if why := around.missing():
        print("1..0 # SKIP", why)
        return 0
    with tempfile.TemporaryDirectory(prefix="mailproof-npm-") as folder:
        return around.run_inside(__file__, program, MP_E2E_NODE=node_modules(folder))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
