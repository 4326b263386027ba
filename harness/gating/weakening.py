"""Says what a change makes a gates file ask less: of a stage, and of all of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from harness.gating.gates import Approvals, Gate, GatesFile, GateSuite
from harness.gating.waivers import Waiver
from harness.suite.weakening import Weakening
from harness.text import without_login

STRICTEST_FIRST: Mapping[str, Sequence[object]] = {
    "on_inconclusive": ("block", "report"),
    "many_candidates": ("correct", "warn"),
    "first_promotion": ("refuse", "allow"),
    "registered": ("require", "allow"),
    "uncommitted": ("refuse", "allow"),
}
AGES = ("run_max_age", "data_max_age")
OF_THE_FILE = ("project", "ledger", "evidence", "trust")


def find_weaker_gates(before: GatesFile, after: GatesFile) -> Iterator[Weakening]:
    """Yield what stages ask less than they did, suite files aside; a value that has no order counts as weaker."""
    for key in OF_THE_FILE:
        yield from _compare_plain("gates file", key, getattr(before, key), getattr(after, key))
    for stage, gate in before.gates.items():
        now = after.gates.get(stage)
        if now is None:
            yield Weakening(place=f"gate {stage}", says="removed")
        else:
            yield from _compare_gates(f"gate {stage}", gate, now)


def find_new_waivers(before: Sequence[Waiver], after: Sequence[Waiver]) -> Iterator[Weakening]:
    """Yield each waiver that was not there, or not so."""
    for waiver in after:
        if waiver not in before:
            until = f"until {waiver.expires:%Y-%m-%d} for {waiver.candidate[:19]}…"
            yield Weakening(place=waiver.summary, says=f"{until} ({waiver.reason}) is new")


def name_suite(suite: str | GateSuite) -> str:
    """Return how a gate names a suite: its file, or its name alone."""
    return suite if isinstance(suite, str) else suite.file


def _compare_gates(place: str, was: Gate, now: Gate) -> Iterator[Weakening]:
    yield from _compare_suites(place, was.suites, now.suites)
    yield from _compare_approvals(place, was.approvals, now.approvals)
    for part, gate in was.parts.items():
        yield from _compare_plain(place, f"part {part}", gate, now.parts.get(part))
    for key in [key for key in Gate.model_fields if key not in ("suites", "parts", "approvals")]:
        before, after = getattr(was, key), getattr(now, key)
        if key in AGES:
            is_weaker = before is not None and (after is None or after > before)
        elif key in STRICTEST_FIRST:
            is_weaker = STRICTEST_FIRST[key].index(after) > STRICTEST_FIRST[key].index(before)
        else:
            is_weaker = before != after
        if is_weaker:
            yield _changed(f"{place}: {key}", before, after)


def _compare_suites(place: str, was: Sequence[str | GateSuite], now: Sequence[str | GateSuite]) -> Iterator[Weakening]:
    found = {name_suite(suite): suite for suite in now}
    for suite in was:
        name = name_suite(suite)
        other = found.get(name)
        if other is None:
            yield Weakening(place=place, says=f"suite {name} is no longer asked for")
        elif isinstance(suite, GateSuite) and isinstance(other, GateSuite):
            for key in {**suite.params, **other.params}:
                yield from _compare_plain(
                    f"{place}: suite {name}", f"pins {key}", suite.params.get(key), other.params.get(key)
                )


def _compare_approvals(place: str, was: Approvals | None, now: Approvals | None) -> Iterator[Weakening]:
    if was is None:
        return
    if now is None:
        yield Weakening(place=f"{place}: approvals", says="no longer asked for")
        return
    if now.count < was.count:
        yield _changed(f"{place}: approvals: count", was.count, now.count)
    for group in [group for group in now.groups if group not in was.groups]:
        yield Weakening(place=f"{place}: approvals", says=f"group {group} may approve, which could not")
    for who in [who for who in was.excluded if who not in now.excluded]:
        yield Weakening(place=f"{place}: approvals", says=f"{who} may approve, who could not")


def _compare_plain(place: str, key: str, was: object, now: object) -> Iterator[Weakening]:
    if was != now:
        yield _changed(f"{place}: {key}", was, now)


def _changed(place: str, was: object, now: object) -> Weakening:
    return Weakening(place=place, says=f"{_show(now)}, was {_show(was)}")


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:g}h"
    return without_login(value if isinstance(value, str) else json.dumps(value, default=str))
