"""The `junit` report: a test suite for each run, a test case for each verdict, as CI servers read them.

A must that failed is a failure; an inconclusive one a failure of type "inconclusive", so that nobody merges on it by
accident; one that could not be measured an error. A `should` that did not pass is skipped, the only state that CI
servers show without failing the build; `info` always passes. A run without musts adds a test case in error. Where a
gate decided, its decision is the one test case: what it waived or softened must not be red beside it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from harness import (
    GateDecision,
    Report,
    Reporter,
    Run,
    Verdict,
    describe,
    describe_decision,
    explain,
    hookimpl,
    write_atomic,
)
from harness_reports import tallies

ELEMENT: Mapping[str, str] = {"fail": "failure", "inconclusive": "failure", "error": "error"}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(found: Report, out: Path) -> str:
    """Write `junit.xml` and say where it is."""
    suites = [_gate_suite(found.decision)] if found.decision else [_suite(run) for run in found.runs]
    root = Element("testsuites", {"name": "promotion-harness", **_totals([case for s in suites for case in s])})
    root.extend(suites)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return f"junit: {write_atomic(out / 'junit.xml', text)}"


def _suite(run: Run) -> Element:
    suite = Element("testsuite", name=_clean(run.suite))
    _properties(suite, _facts(run))
    used: Counter[tuple[str, str]] = Counter()
    for verdict in run.verdicts:
        suite.append(_case(run, verdict, used))
    if not tallies.musts(run):
        suite.append(_nothing_proven(run))
    suite.attrib |= _totals(list(suite))
    suite.set("time", f"{run.cost.seconds:.3f}")
    suite.set("timestamp", f"{run.started.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
    return suite


def _gate_suite(decision: GateDecision) -> Element:
    suite = Element("testsuite", name=_clean(f"gate {decision.gate}"))
    _properties(suite, _decision_facts(decision))
    case = SubElement(suite, "testcase", classname=_clean(f"gate.{decision.gate}"), name="decision", time="0")
    words = describe_decision(decision)
    headline, text = _clean(words.headline), _clean("\n".join([*words.reasons, *words.notices, *words.warnings]))
    if decision.blocks:
        SubElement(case, ELEMENT[decision.outcome], type=decision.outcome, message=headline).text = text
    else:
        if decision.outcome not in ("pass", "waived"):
            SubElement(case, "skipped", type="warning", message=f"{words.title}: {headline}")
        SubElement(case, "system-out").text = text
    suite.attrib |= _totals(list(suite))
    suite.set("time", "0")
    suite.set("timestamp", f"{decision.decided.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
    return suite


def _case(run: Run, verdict: Verdict, used: Counter[tuple[str, str]]) -> Element:
    """Return one test case; a repeated name is numbered, as GitLab drops all but the first of a name."""
    classname, name = _clean(f"{run.suite}.{verdict.step or verdict.check}"), _clean(_name(verdict))
    used[classname, name] += 1
    again = used[classname, name]
    case = Element("testcase", classname=classname, name=f"{name} ({again})" if again > 1 else name, time="0")
    _properties(case, _result(verdict))
    if verdict.outcome != "pass" and verdict.requirement.severity != "info":
        _not_passed(case, verdict)
    else:
        SubElement(case, "system-out").text = _clean(explain(verdict))
    return case


def _not_passed(case: Element, verdict: Verdict) -> None:
    """Put what is wrong into the text too: GitLab shows no message."""
    reason, words = _clean(verdict.reason), _clean(explain(verdict))
    if verdict.requirement.severity == "should":
        SubElement(case, "skipped", type="warning", message=f"should: {verdict.outcome}: {reason}")
        SubElement(case, "system-out").text = words
    else:
        SubElement(case, ELEMENT[verdict.outcome], type=verdict.outcome, message=reason).text = words


def _name(verdict: Verdict) -> str:
    return f"{verdict.name}: {describe(verdict).asked.brief}"


def _nothing_proven(run: Run) -> Element:
    """Return a case in error, so that a run that decides nothing does not look green."""
    case = Element("testcase", classname=_clean(run.suite), name="the suite decides something", time="0")
    message = "no requirement is a must, so nothing is proven; make one `severity: must`"
    SubElement(case, "error", type="error", message=message).text = message
    return case


def _facts(run: Run) -> Mapping[str, object]:
    return {
        "outcome": run.outcome,
        "project": run.project,
        "candidate": run.candidate.revision,
        "candidate.digest": run.candidate.digest or "declared",
        "run": run.id,
        "run.digest": run.digest,
    }


def _decision_facts(decision: GateDecision) -> Mapping[str, object]:
    return {
        "outcome": decision.outcome,
        "project": decision.project,
        "candidate": decision.candidate.revision,
        "candidate.digest": decision.candidate.digest or "declared",
        **{f"run.{suite}": digest for suite, digest in decision.runs.items()},
    }


def _result(verdict: Verdict) -> Mapping[str, object]:
    estimate = verdict.estimate
    found = {"value": estimate.value, "lower": estimate.lower, "upper": estimate.upper} if estimate else {}
    known = {key: value for key, value in found.items() if value is not None}
    needed = {"n_needed": verdict.n_needed} if verdict.n_needed is not None else {}
    return {"outcome": verdict.outcome, "severity": verdict.requirement.severity, **known, **needed}


def _properties(parent: Element, values: Mapping[str, object]) -> None:
    listed = SubElement(parent, "properties")
    for name, value in values.items():
        SubElement(listed, "property", name=name, value=_clean(str(value)))


def _totals(cases: Sequence[Element]) -> dict[str, str]:
    found = Counter(child.tag for case in cases if case.tag == "testcase" for child in case)
    counts = {"failures": found["failure"], "errors": found["error"], "skipped": found["skipped"]}
    tests = sum(case.tag == "testcase" for case in cases)
    return {"tests": str(tests), **{name: str(count) for name, count in counts.items()}}


def _clean(text: str) -> str:
    """Return text without the characters that XML has no way to write."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report junit`."""
    return {"junit": report}
