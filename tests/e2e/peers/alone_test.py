#!/usr/bin/python3
"""Two tests that want the peers where no namespace can be made: one waits for the other. Prints TAP."""
import subprocess
import sys

import around

PATIENCE_S = 200


def main():
    if why := around.missing():
        print("1..0 # SKIP", why)
        return 0
    both = [subprocess.Popen([sys.executable, around.RUN, "--ports", "true"], stderr=subprocess.PIPE)
            for _ in range(2)]
    told = [p.communicate(timeout=PATIENCE_S)[1].decode("utf-8", "replace") for p in both]
    failed = [t for p, t in zip(both, told) if p.returncode != 0]
    print("not ok" if failed else "ok", "1 - peers: without a namespace two at once go one by one")
    for text in failed:
        print("# " + text.replace("\n", "\n# "))
    print("1..1")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
