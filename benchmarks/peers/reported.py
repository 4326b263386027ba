"""Turns rounds into a table, with the machine that they were taken on."""

import os
import platform
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from contests import Contestant
from watched import Round

COLUMNS = ("rows", "contestant", "measures", "numbers", "seconds", "spread", "CPU s", "× floor", "× floor, CPU")
HEAD = f"| {' | '.join((*COLUMNS, 'peak MiB'))} |"
LINE = f"|---:|---|---|{'---:|' * 7}"
Rounds = Mapping[tuple[int, Contestant], Sequence[Round]]


def table(rounds: Rounds) -> str:
    """Return a markdown table: medians, the spread of the seconds, and how many times the floor of the same rows."""
    floors = {rows: found for (rows, contestant), found in rounds.items() if contestant.name == "floor"}
    lines = [_row(rows, contestant, found, floors.get(rows, [])) for (rows, contestant), found in rounds.items()]
    return "\n".join([HEAD, LINE, *lines])


def versions(rounds: Rounds) -> str:
    """Return what each environment holds, once each."""
    held: dict[str | None, dict[str, str]] = {}
    for (_, contestant), found in rounds.items():
        held.setdefault(contestant.pins, {}).update(found[-1].versions)
    return "; ".join(", ".join(map(" ".join, each.items())) for each in held.values() if each)


def machine() -> str:
    """Return the processor, memory, system and interpreter in one line."""
    described = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", described)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, CPython {platform.python_version()}"
    )


def moment() -> str:
    """Return the time and how many processes wanted to run in the last minute."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f}"


def replace_table(text: str, job: str, into: Path) -> None:
    """Replace what stands between a job's two markers in a document."""
    start, end = f"<!-- {job} -->", f"<!-- /{job} -->"
    before, marker, rest = into.read_text().partition(start)
    _, closing, after = rest.partition(end)
    if not (marker and closing):
        raise SystemExit(f"{into.name} has no place for the table of {job}; add the lines {start} and {end}")
    into.write_text(f"{before}{start}\n{text}\n{end}{after}")


def _row(rows: int, contestant: Contestant, found: Sequence[Round], floor: Sequence[Round]) -> str:
    numbers = f"{found[-1].numbers or ''}"
    cells = [f"{rows:,}", contestant.name, contestant.measures, numbers, *_figures(found, floor)]
    return f"| {' | '.join(cells)} |"


def _figures(found: Sequence[Round], floor: Sequence[Round]) -> Iterator[str]:
    failure = next((each.failure for each in found if each.failure), None)
    seconds, cpu = _values(found, "seconds"), _values(found, "cpu")
    if failure or not seconds:
        yield from (_escape_cell(failure or "no round"), "", "", "", "")
    else:
        yield _number(statistics.median(seconds))
        yield f"{_number(min(seconds))}-{_number(max(seconds))}" if len(seconds) > 1 else "one round"
        yield _number(statistics.median(cpu))
        yield _times(seconds, _values(floor, "seconds"))
        yield _times(cpu, _values(floor, "cpu"))
    peak = max(each.peak_mib for each in found)
    yield f"{peak:,}" if peak else ""


def _times(mine: Sequence[float], floor: Sequence[float]) -> str:
    return _number(statistics.median(mine) / statistics.median(floor)) if floor and statistics.median(floor) else ""


def _values(found: Sequence[Round], name: str) -> list[float]:
    return [value for each in found if (value := getattr(each, name)) is not None]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _escape_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:200]
