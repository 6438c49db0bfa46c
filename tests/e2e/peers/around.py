"""A test program that starts the peers around itself: outside it runs itself again below run.py."""
import os
import subprocess
import sys

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")


def is_inside():
    return "MP_E2E_DIR" in os.environ


def missing():
    """What the peers lack here, in one line; "" when they can be started."""
    check = subprocess.run([sys.executable, RUN, "--check"], capture_output=True, text=True, check=False)
    return check.stderr.strip().replace("\n", " ") if check.returncode != 0 else ""


def run_inside(script, program, **env):
    """The exit code of `script program` with the peers about it and `env` in its environment."""
    return subprocess.run([sys.executable, RUN, sys.executable, os.path.abspath(script), program],
                          check=False, env={**os.environ, **env}).returncode
