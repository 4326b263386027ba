from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from harness_reports.junit import report

from harness import GateDecision, Identity, Report, Run, Verdict, explain

MakeRun = Callable[..., Run]
MakeVerdict = Callable[..., Verdict]
MakeDecision = Callable[..., GateDecision]
Written = Callable[..., Element]

# What the schema of Jenkins (junit-10.xsd) lets an element hold, and which attributes it must carry.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "testcase": {"properties", "failure", "error", "skipped", "system-out"},
    "properties": {"property"},
}
ATTRIBUTES = {
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"classname", "name", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "property": {"name", "value"},
}


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write runs and read them back."""

    def read(*runs: Run) -> Element:
        report(Report(runs=runs), tmp_path)
        return ElementTree.parse(tmp_path / "junit.xml").getroot()

    return read


def kinds(root: Element) -> list[list[str]]:
    return [[child.tag for child in case if child.tag not in ("properties", "system-out")] for case in cases(root)]


def only(root: Element, tag: str) -> Element:
    (found,) = root.iter(tag)
    return found


def cases(root: Element) -> list[Element]:
    return list(root.iter("testcase"))


def test_report_says_where_it_is(tmp_path: Path, run: MakeRun, verdict: MakeVerdict) -> None:
    found = report(Report(runs=[run(verdict())]), tmp_path)

    assert f"junit: {tmp_path / 'junit.xml'}" == found


def test_file_has_the_shape_that_jenkins_reads(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(verdict(), verdict("fail"), verdict("error"), verdict("fail", severity="should")), run())

    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert ATTRIBUTES.get(element.tag, set()) <= set(element.attrib)
    assert "testsuites" == root.tag


def test_musts_that_did_not_pass_are_failures_and_errors(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(*map(verdict, ("pass", "fail", "inconclusive", "error"))))

    assert [[], ["failure"], ["failure"], ["error"]] == kinds(root)
    assert ["fail", "inconclusive", "error"] == [e.get("type") for e in root.iter() if e.tag in ("failure", "error")]


def test_should_is_skipped_and_info_passes(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(verdict(), verdict("fail", severity="should"), verdict("error", severity="info")))

    assert [[], ["skipped"], []] == kinds(root)
    assert only(root, "skipped").attrib["message"].startswith("should: fail: at least 74 %")


def test_counts_agree_with_what_is_listed(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(verdict("fail"), verdict("inconclusive")), run(verdict("error"), verdict()))

    counts = [[int(element.get(k)) for k in ("tests", "failures", "errors", "skipped")] for element in (root, *root)]
    assert [[4, 2, 1, 0], [2, 2, 0, 0], [2, 0, 1, 0]] == counts


def test_run_without_musts_is_not_green(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(verdict("pass", severity="info")), run())

    assert [[], ["error"], ["error"]] == kinds(root)


def test_case_is_named_by_suite_step_metric_and_what_was_asked(
    written: Written, run: MakeRun, verdict: MakeVerdict
) -> None:
    root = written(run(verdict(labels={"channel": "web"})))

    case = cases(root)[0]
    assert "card-fraud.quality.classifier" == case.get("classname")
    assert "recall[channel=web]: at least 70 %" == case.get("name")


def test_no_two_cases_of_a_suite_have_one_name(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(verdict(), verdict(), verdict()))

    names = [case.get("name") for case in cases(root)]
    assert 3 == len(set(names))


def test_failure_carries_reason_and_explanation(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    failed = verdict("fail")

    root = written(run(failed))

    failure = only(root, "failure")
    assert failed.reason == failure.get("message")
    assert explain(failed) == failure.text


def test_outcome_and_interval_are_properties(written: Written, run: MakeRun, verdict: MakeVerdict) -> None:
    root = written(run(verdict("inconclusive", n_needed=900)))

    found = {p.get("name"): p.get("value") for p in cases(root)[0].iter("property")}
    expected = {"outcome": "inconclusive", "severity": "must", "value": "0.8", "lower": "0.74", "upper": "0.85"}
    assert {**expected, "n_needed": "900"} == found


@pytest.mark.parametrize("text", ["<script>&\"'", "\x00\x1b[31m\x0b", "\ud800", "\ufffe", "]]>"])
def test_any_text_is_still_xml(written: Written, run: MakeRun, verdict: MakeVerdict, text: str) -> None:
    hostile = verdict("fail", reason=text, labels={"a": text}, notes=(text,))

    root = written(run(hostile, suite=f"s{text}", project=text, candidate=Identity(revision="m")))

    assert "failure" == only(root, "failure").tag


@pytest.mark.parametrize(
    ("outcome", "blocks", "expected"),
    [
        ("pass", False, []),
        ("waived", False, []),
        ("inconclusive", False, ["skipped"]),
        ("inconclusive", True, ["failure"]),
        ("fail", True, ["failure"]),
        ("error", True, ["error"]),
    ],
)
def test_a_decision_is_the_one_test_case(
    tmp_path: Path,
    run: MakeRun,
    verdict: MakeVerdict,
    decision: MakeDecision,
    outcome: str,
    blocks: bool,
    expected: list[str],
) -> None:
    report(Report(runs=[run(verdict("fail"))], decision=decision(outcome, blocks=blocks)), tmp_path)

    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert [expected] == kinds(root)
    assert "gate.production" == cases(root)[0].get("classname")
    assert "recall: at most 62.8 %" in "".join(cases(root)[0].itertext())
    assert str(expected.count("failure")) == root.get("failures")
