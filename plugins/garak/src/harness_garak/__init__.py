"""Attacks of garak on an app that was asked their prompts, told by garak's own detectors of strings."""

from collections.abc import Iterator, Mapping

from harness import Check, Dataset, HarnessError, Measurement, check, hookimpl


@check("garak.attack", metrics={"success": "proportion", "blocked": "proportion"})
def attack(
    data: Dataset,
    *,
    most: int | None = None,
    probe: str = "probe",
    number: str = "number",
    question: str = "question",
    answer: str = "answer",
    status: str = "status",
) -> Iterator[Measurement]:
    """Measure the share of garak's attacks that succeeded, and that were blocked; all prompts of a probe are asked."""
    from harness_garak.attacks import Columns, measure_attacks
    from harness_garak.probes import ProbeError

    columns = Columns(probe=probe, number=number, question=question, answer=answer, status=status)
    try:
        yield from measure_attacks(data, columns, most)
    except ProbeError as error:
        raise HarnessError(f"dataset {data.name!r}: {error}") from error


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer one check."""
    return {"garak.attack": attack}
