"""order.py PROGRAMS: the symbols that runs of the programs touch, in the order in which they touch them.

The linker puts what is used at every start side by side (`make order` writes its list): a static program is megabytes of
which a delivery needs little, and each place of it costs a page fault. Names that are gone later do no harm.
"""
import bisect
import os
import re
import subprocess
import sys
import tempfile

MESSAGE = b"Subject: order\n\nFrom here on\n" + b"a line of text\n" * 60
ACCESS = re.compile(rb"(?:I | S| L| M) +([0-9a-f]+),")


def symbols(program):
    """The symbols of a program by their addresses."""
    table = {}
    for line in subprocess.run(["nm", "--defined-only", program], capture_output=True, check=True).stdout.splitlines():
        address, kind, name = line.decode().split(" ", 2)
        if kind not in "aAN" and not name.startswith((".L", "$d")):
            table.setdefault(int(address, 16), []).append(name)
    return table


def touched(program, words, bed):
    """The addresses of the symbols that a run touches, in the order in which it does."""
    table = symbols(program)
    starts = sorted(table)
    log = os.path.join(bed, "accesses")
    subprocess.run(
        ["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={log}", program, *words],
        input=MESSAGE, cwd=bed, stdout=subprocess.DEVNULL, check=True)
    seen = {}
    with open(log, "rb") as accesses:
        for line in accesses:
            if match := ACCESS.match(line):
                index = bisect.bisect(starts, int(match[1], 16)) - 1
                if 0 <= index < len(starts) - 1:
                    seen[starts[index]] = None
    return [name for start in seen for name in table[start]]


def main(programs):
    order = {}
    with tempfile.TemporaryDirectory() as bed:
        for folder in "new", "cur", "tmp":
            os.makedirs(os.path.join(bed, "maildir", folder))
        message = os.path.join(bed, "maildir", "new", "1700000000.M1P1.mx")
        with open(message, "wb") as file:
            file.write(MESSAGE)
        os.utime(message, (1700000000, 1700000000))
        open(os.path.join(bed, "mailbox"), "w").close()
        for words in (
            ["mboxappend", "mailbox"], ["mboxappend", "--policy", os.path.abspath("etc/dotlock.yaml"), "mailbox"],
            ["dotlock", "mailbox", "true"], ["maildir2mbox", "maildir", "mailbox"],
        ):
            program = os.path.join(bed, words[0])
            # What the linker writes for debuggers is more than valgrind can read.
            subprocess.run(["strip", "-g", "-o", program, os.path.join(programs, words[0])], check=True)
            for name in touched(program, words[1:], bed):
                order[name] = None
    print("\n".join(order))


if __name__ == "__main__":
    main(sys.argv[1])
