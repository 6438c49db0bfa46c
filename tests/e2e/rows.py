"""Rows of a test program, each a function with a name: what they call when something is not as it
should be. run_rows() runs them in order and prints TAP; some programs do so themselves.

    @row("what must hold")
    def _():
        expect("the code", code, 0)

    sys.exit(run_rows())
"""
rows = []   # (label, function, further arguments)


class Failed(Exception):
    pass


class Skip(Exception):
    pass


def row(label, *args):
    def add(function):
        rows.append((label, function, args))
        return function
    return add


def expect(what, got, wanted):
    if got != wanted:
        raise Failed(f"{what}: got {got!r}, wanted {wanted!r}")


def holds(what, condition):
    if not condition:
        raise Failed(what)


def run_rows(*first):
    """Every row, called with what all of them get and its own arguments. Returns the exit code."""
    failed = 0
    for number, (label, function, args) in enumerate(rows, 1):
        try:
            function(*first, *args)
            print(f"ok {number} - {label}", flush=True)
        except Skip as why:
            print(f"ok {number} - {label} # SKIP {why}", flush=True)
        except Exception as problem:  # whatever is wrong, the row says so and the rest still runs
            failed += 1
            print(f"not ok {number} - {label}\n# {type(problem).__name__}: "
                  + repr(str(problem))[:1500], flush=True)
    print(f"1..{len(rows)}")
    return 1 if failed else 0
