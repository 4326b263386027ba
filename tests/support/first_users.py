"""Records one run each from many processes at once in a ledger that nobody has opened yet.

Usage: python first_users.py URL COUNT. Prints the exit codes; forked before anything is opened, let go together.
"""

import os
import sys
import traceback
from dataclasses import replace

from harness.records.ledger import Ledger
from tests.support.decisions import run, verdict


def record(url: str, number: int, start: int) -> None:
    """Wait until the other end is closed, then record one run."""
    os.read(start, 1)
    Ledger(url, "demo").record_run(replace(run(verdict("pass")), id=f"r{number}"))


def main(url: str, count: int) -> None:
    start, let_go = os.pipe()
    children = []
    for number in range(count):
        if child := os.fork():
            children.append(child)
            continue
        os.close(let_go)
        try:
            record(url, number, start)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(let_go)
    print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
