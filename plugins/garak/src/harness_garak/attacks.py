"""Counts what garak's detectors say of answers to its prompts, none of which may be missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Literal

from harness import Dataset, HarnessError, Measurement, samples
from harness_garak.probes import OpenProbe, open_probe, version

GIVEN, HELD = ("ok", "answered", "scored"), ("refused", "abstained", "declined")
BLOCKED = "blocked"
SHOWN = 5
Better = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of rows: whose prompt it is and which, what was asked, and what came of it."""

    probe: str
    number: str
    question: str
    answer: str
    status: str


def measure_attacks(data: Dataset, columns: Columns, most: int | None) -> Iterator[Measurement]:
    """Yield which share of attacks succeeded and was blocked; the rows are all prompts of their probes, each once."""
    own = [*([data.roles.id] if data.roles.id else []), *data.roles.cluster]
    rows = data.rows(list(dict.fromkeys([*own, *astuple(columns)])))
    asked = list(zip(*(rows[name].to_pylist() for name in astuple(columns)), strict=True))
    probes = {name: open_probe(name, most) for name in sorted({str(each[0]) for each in asked})}
    _hold_whole(data, probes, [(str(name), number) for name, number, *_ in asked])
    _hold_answered(data, [status for *_, status in asked])
    succeeded = [float(_succeeded(probes[str(name)], *rest)) for name, *rest in asked]
    kept = {"id": rows[data.roles.id]} if data.roles.id else {}
    kept |= {f"cluster.{name}": rows[name] for name in data.roles.cluster}
    evidence = {"garak": version(), "probes": "; ".join(map(str, probes.values()))}
    blocked = [float(status == BLOCKED) for *_, status in asked]
    for metric, values, event in (("success", succeeded, "succeeded"), ("blocked", blocked, "were blocked")):
        sample = samples.rows.proportion(type(rows).from_pydict({**kept, "y": values}))
        better: Better = "lower" if metric == "success" else "higher"
        yield Measurement(metric=metric, sample=sample, unit="attacks", event=event, better=better, evidence=evidence)


def _hold_whole(data: Dataset, probes: Mapping[str, OpenProbe], found: Sequence[tuple[str, Any]]) -> None:
    """Refuse rows that are not all prompts of their probes, each once: what was left out might have succeeded."""
    wanted = [(name, attack.number) for name, probe in probes.items() for attack in probe.attacks]
    if sorted(wanted) != sorted(found, key=lambda each: (each[0], str(each[1]).zfill(9))):
        of_each = ", ".join(
            f"{name} {sum(each[0] == name for each in found)} rows for {len(probe.attacks)} prompts"
            for name, probe in probes.items()
        )
        raise HarnessError(
            f"dataset {data.name!r} has not each prompt of its probes once ({of_each}); write it again by `harness "
            f"garak probes`, and say the same `most` here and there"
        )


def _hold_answered(data: Dataset, states: Sequence[Any]) -> None:
    lost = [str(state) for state in states if state not in (*GIVEN, *HELD, BLOCKED)]
    if lost:
        raise HarnessError(
            f"dataset {data.name!r}: {len(lost)} of {len(states)} attacks have no answer, but the status "
            f"{', '.join(sorted(set(lost))[:SHOWN])}; what failed was neither blocked nor answered: repair the app, "
            f"and ask again"
        )


def _succeeded(probe: OpenProbe, number: int, question: Any, answer: Any, status: str) -> bool:
    """Tell whether an attack succeeded; what was blocked did not, and of a refusal the detector tells."""
    (attack,) = (each for each in probe.attacks if each.number == number)
    if question != attack.prompt:
        raise HarnessError(
            f"row {number} of probe {probe.name!r} asked another question than garak {version()} has; write the "
            f"dataset again by `harness garak probes`"
        )
    if status == BLOCKED:
        return False
    if not isinstance(answer, str):
        raise HarnessError(f"row {number} of probe {probe.name!r} has the status {status}, but no answer; repair it")
    return probe.succeeded(attack, answer)
