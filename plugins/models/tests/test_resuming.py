"""A process that is killed while calls are on their way: whoever comes after pays for nothing again."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness_models.journal import Answered, Journal
from harness_models.testing import StandIn, ask, completion, until

Open = Any
ROWS = 500
LEFT = Answered(body=b"{}", kind="application/json", read=1, written=1, cost=Decimal(1))
KILLED = """
import sys
from pathlib import Path
from harness import DoorOptions
from harness_models.door import open_door
from harness_models.testing import ask
folder = Path(sys.argv[1])
with open_door(DoorOptions(root=folder, store=folder / "calls")) as door:
    for start in range(0, 500, 50):
        ask(door, *map(str, range(start, start + 50)))
"""


def test_after_kill_9_only_what_is_missing_is_sent(upstream: StandIn, opened: Open, tmp_path: Path) -> None:
    with opened() as door:
        door.keep()  # writes models.yaml
    upstream.delay = 0.02
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    until(lambda: len(upstream.seen) > 200, seconds=60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.1)
    before = len(upstream.seen)

    with opened() as door:
        found = ask(door, *map(str, range(ROWS)))
        calls = door.calls("suite", "step")
        door.keep()

    assert [200] * ROWS == [each.status for each in found]
    assert calls
    assert ROWS == calls.sent + calls.resumed
    assert len(upstream.seen) == before + calls.sent
    assert before - 50 <= calls.resumed <= before  # but for those that were on their way
    assert [] == os.listdir(tmp_path / "calls")


def test_what_an_interrupted_run_spent_counts_with_calls_on_their_way_at_their_worst(
    upstream: StandIn, opened: Open, tmp_path: Path
) -> None:
    with opened():
        pass
    _leave(tmp_path, '{"sent": 1, "worst": "0.003"}\n{"sent": 2, "worst": "0.001"}\n{"paid": 2, "cost": "0.0005"}\n')

    with opened(budget=Decimal("0.004")) as door:
        found = [ask(door, str(at))[0].status for at in range(20)]

    assert 200 == found[0]
    assert 402 == found[-1]
    assert len(upstream.seen) * Decimal("0.00006") <= Decimal("0.0005")


def test_a_line_that_was_cut_short_is_none(upstream: StandIn, opened: Open, tmp_path: Path) -> None:
    with opened():
        pass
    _leave(tmp_path, '{"sent": 1, "worst": "0.003"}\n{"paid": 1, "co')

    with opened() as door:
        (found,) = ask(door, "a")

    assert 200 == found.status


def test_answers_of_days_ago_are_no_part_of_this_run(upstream: StandIn, opened: Open, tmp_path: Path) -> None:
    upstream.script = lambda server, asked: (200, completion()) if asked["messages"][0]["content"] == "a" else (500, "")
    with opened() as door:
        ask(door, "a", "b")
        door.keep()  # b has no answer: the run is not done
    (left,) = (tmp_path / "calls").iterdir()
    os.utime(left, (time.time() - 2 * 86400,) * 2)

    with opened() as door:
        ask(door, "a")

    assert 3 == len(upstream.seen)


def test_two_runs_at_once_do_not_take_each_others_answers(upstream: StandIn, opened: Open) -> None:
    with opened() as first:
        ask(first, "a")
        with opened() as second:
            ask(second, "a")

    assert 2 == len(upstream.seen)


def test_runs_that_start_at_the_same_time_keep_their_own_journals(tmp_path: Path) -> None:
    def begin_and_end(_: int) -> int:
        journal = Journal(tmp_path)
        taken = len(journal.take_over().answers)
        journal.settle(journal.send(Decimal(1)), Decimal(1), "key", LEFT)
        journal.close(is_done=True)
        return taken

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(begin_and_end, range(400)))

    assert [0] * 400 == taken
    assert [] == os.listdir(tmp_path)


def _leave(folder: Path, text: str) -> None:
    (folder / "calls").mkdir(exist_ok=True)
    (folder / "calls/open-1.jsonl").write_text(text)
