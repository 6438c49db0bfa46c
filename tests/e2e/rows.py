"""Rows of a test program, each a function with a name: what they call when something is not as it
should be. The program runs them in order and prints TAP.

    @row("what must hold")
    def _():
        expect("the code", code, 0)
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
