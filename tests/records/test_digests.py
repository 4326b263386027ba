"""What a digest holds, and records that were kept: they are read, verified, and keep their digest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.records import digests
from harness.records.digests import ADDED, ENTERS, decision_digest, run_digest
from harness.records.ledger import Ledger
from harness.records.runs import as_json, decision_as_json, decision_from_json, from_json
from harness.values.calls import Calls
from harness.values.canonical import canonical
from harness.values.cost import Cost
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.samples import Sample
from tests.support.decisions import run, verdict
from tests.support.kept import FOLDER, recorded_decision, recorded_run

LEFT_OUT: Mapping[type, set[str]] = {
    Run: {"id", "digest", "as_of", "started", "finished", "cost", "environment", "trigger", "origin", "earlier"},
    Measurement: {"text"},
    Calls: {"resumed", "sent", "failed"},
    Sample: {"rows", "file", "of", "where"},
}


def _kept(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def test_a_kept_run_is_read_and_keeps_its_digest() -> None:
    kept = _kept("run")

    found = from_json(canonical(kept["record"]))

    assert [kept["digest"]] * 2 == [found.digest, run_digest(found)]


def test_a_kept_decision_is_read_and_keeps_its_digest() -> None:
    kept = _kept("decision")

    found = decision_from_json(canonical(kept["record"]))

    assert kept["digest"] == decision_digest(found)


def test_the_kept_run_shows_what_records_can_hold() -> None:
    found = from_json(canonical(_kept("run")["record"]))

    seen = {
        "a slice": any(each.labels for each in found.verdicts),
        "a baseline": any(each.target == "champion" for each in found.measurements),
        "a second look": any(each.look and each.look.joined for each in found.verdicts),
        "a failed measurement": any(each.failure for each in found.measurements),
        "a plan": any(each.plans for each in found.verdicts),
        "a cross-check": any(each.readings for each in found.measurements),
    }

    assert dict.fromkeys(seen, True) == seen


def test_a_kept_decision_names_the_digests_of_the_kept_run() -> None:
    run, decision = (_kept(name)["record"] for name in ("run", "decision"))

    assert {"card-fraud": run["digest"]} == decision["runs"]
    assert {"card-fraud": run["suite_digest"]} == decision["suites"]
    assert {"card-fraud": {"matured": run["datasets"]["matured"]["digest"]}} == decision["datasets"]
    assert {"card-fraud": run["plugins"]} == decision["plugins"]


def test_kept_records_go_into_a_ledger_and_come_back(tmp_path: Any) -> None:
    run, decision = recorded_run(), recorded_decision(recorded_run())
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", run.project)

    ledger.record_run(run)
    ledger.record_decision(decision)

    assert run.digest == run_digest(ledger.runs()[0])
    assert decision_digest(decision) == decision_digest(ledger.decisions()[0])


@pytest.mark.parametrize("kind", ENTERS, ids=lambda kind: kind.__name__)
def test_every_field_enters_or_is_left_out_on_purpose(kind: type) -> None:
    expected = {field.name for field in fields(kind)} - LEFT_OUT.get(kind, set())

    actual = {*ENTERS[kind], *ADDED.get(kind, {})}

    assert expected == actual, "a field that was added enters digests by a line in ADDED, or is left out here"


@dataclass(frozen=True, kw_only=True)
class NewerRun(Run):
    """A run as a later version may know it."""

    reviewer: str = ""


def test_a_field_that_is_added_changes_no_digest_at_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "ENTERS", {**ENTERS, NewerRun: ENTERS[Run]})
    monkeypatch.setattr(digests, "ADDED", {NewerRun: {"reviewer": ""}})
    old = recorded_run()
    newer = NewerRun(**{field.name: getattr(old, field.name) for field in fields(old)})

    reviewed = replace(newer, reviewer="somebody")

    assert run_digest(old) == run_digest(newer)
    assert run_digest(old) != run_digest(reviewed)


def _changed(record: Any, path: tuple[str | int, ...], value: object) -> Any:
    if not path:
        return value
    inner = _changed(record[path[0]], path[1:], value)
    if isinstance(record, list):
        return [inner if index == path[0] else part for index, part in enumerate(record)]
    return {**record, path[0]: inner}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("candidate", "revision"), "models:/fraud/8"),
        (("candidate", "parts", "version"), "8"),
        (("baselines", "shadow"), {"revision": "x"}),
        (("datasets", "matured", "rows"), 401),
        (("datasets", "matured", "latest"), "2026-04-01T12:00:01Z"),
        (("params", "strict"), False),
        (("seed",), 8),
        (("calls",), {"replay": "strict", "answers": "sha256:0", "replayed": 1}),
        (("suite_digest",), "sha256:0"),
        (("plugins", "quality"), "harness-quality 0.1.1"),
        (("measurements", 1, "labels", "channel"), "pos"),
        (("measurements", 0, "sample", "digest"), "rows:0"),
        (("measurements", 0, "readings", 0, "says"), "nothing"),
        (("measurements", 3, "sample", "counts", "current.a"), 481),
        (("measurements", 4, "failure"), "another"),
        (("verdicts", 0, "outcome"), "pass"),
        (("verdicts", 0, "reason"), "because"),
        (("verdicts", 0, "estimate", "lower"), 0.71),
        (("verdicts", 0, "look", "number"), 1),
        (("verdicts", 0, "requirement", "at_least"), 0.6),
        (("verdicts", 0, "requirement", "severity"), "info"),
    ],
    ids=lambda part: ".".join(map(str, part)) if isinstance(part, tuple) else None,
)
def test_what_was_found_enters_the_digest(path: tuple[str | int, ...], value: object) -> None:
    record = as_json(recorded_run())

    changed = from_json(canonical(_changed(record, path, value)))

    assert run_digest(changed) != record["digest"]


def test_who_ran_it_and_when_and_in_which_order_does_not_enter() -> None:
    found = recorded_run()

    again = replace(
        found,
        id="other",
        as_of=found.as_of + timedelta(days=1),
        started=found.started + timedelta(days=1),
        finished=found.finished + timedelta(days=1),
        cost=Cost(seconds=9.0),
        environment={"python": "3.13"},
        trigger="schedule",
        origin="pytest",
        measurements=found.measurements[::-1],
        verdicts=found.verdicts[::-1],
    )

    assert found.digest == run_digest(again)


@pytest.mark.parametrize("version", [None, 0, 2, 1.0, "1", True])
@pytest.mark.parametrize("kind", ["run", "decision"])
def test_a_record_of_another_version_is_refused_by_name(kind: str, version: object) -> None:
    read = {"run": from_json, "decision": decision_from_json}[kind]
    record = {**_kept(kind)["record"], "record_version": version}
    written = "no record_version" if version is None else f"version {version!r}"

    with pytest.raises(HarnessError, match=f"a recorded {kind} cannot be read: written by {written}; this one reads 1"):
        read(canonical(record))


def test_a_record_without_version_is_refused() -> None:
    record = {name: value for name, value in _kept("run")["record"].items() if name != "record_version"}

    with pytest.raises(HarnessError, match="written by no record_version; this one reads 1"):
        from_json(canonical(record))


def test_a_decision_that_lacks_a_digest_is_refused() -> None:
    record = {name: value for name, value in _kept("decision")["record"].items() if name != "gate_digest"}

    with pytest.raises(HarnessError, match="a recorded decision cannot be read .gate_digest"):
        decision_from_json(canonical(record))


def test_counts_are_the_same_before_and_after_they_were_written_down() -> None:
    found = run(verdict("pass"), measurements=recorded_run().measurements, params={"whole": 1.0, "part": 0.5})

    assert run_digest(found) == run_digest(from_json(canonical(as_json(found))))


def test_decisions_are_told_apart_by_when_they_were_made() -> None:
    decision = recorded_decision(recorded_run())

    later = replace(decision, decided=decision.decided + timedelta(seconds=1))

    assert decision_digest(decision) != decision_digest(later)
    assert decision_digest(decision) == decision_digest(decision_from_json(canonical(decision_as_json(decision))))
