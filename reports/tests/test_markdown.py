import re
from collections.abc import Callable
from pathlib import Path

from harness_reports.markdown import LIMIT, escape_markdown, report, summary

from harness import GateDecision, GateFinding, Identity, Report, Run, Verdict

MakeRun = Callable[..., Run]
MakeVerdict = Callable[..., Verdict]
MakeDecision = Callable[..., GateDecision]


def test_report_writes_the_summary_to_its_file_alone(tmp_path: Path, run: MakeRun, verdict: MakeVerdict) -> None:
    found = report(Report(runs=[run(verdict())]), tmp_path)

    assert f"markdown: {tmp_path / 'summary.md'}" == found
    assert (tmp_path / "summary.md").read_text().startswith("## ✅ Pass: fraud 14")


def test_headline_says_the_outcome_in_a_word_and_a_sign(run: MakeRun, verdict: MakeVerdict) -> None:
    found = summary(Report(runs=[run(verdict("pass"), verdict("inconclusive"))]))

    assert found.startswith("## 🟡 Inconclusive: fraud 14\n\n1 pass and 1 inconclusive of 2 musts: ")


def test_table_has_a_row_of_five_cells_for_each_verdict(run: MakeRun, verdict: MakeVerdict) -> None:
    found = summary(Report(runs=[run(verdict("fail", labels={"a|b": "c|d"}), verdict("error", estimate=None))]))

    rows = [line for line in found.splitlines() if line.startswith("| ")]
    assert 3 == len(rows)
    assert {6} == {len(re.findall(r"(?<!\\)\|", row)) for row in rows}


def test_only_what_did_not_pass_is_explained(run: MakeRun, verdict: MakeVerdict) -> None:
    found = summary(
        Report(runs=[run(verdict(), verdict("fail", metric="precision"), verdict("fail", severity="info"))])
    )

    assert ["❌ precision: at least 70 % (card-fraud)"] == re.findall("<summary>(.*)</summary>", found)


def test_should_is_told_apart(run: MakeRun, verdict: MakeVerdict) -> None:
    found = summary(Report(runs=[run(verdict(), verdict("fail", severity="should"))]))

    assert "| ❌ fail (should) |" in found


def test_run_digest_is_there(run: MakeRun, verdict: MakeVerdict) -> None:
    found = summary(Report(runs=[run(verdict())]))

    assert f"<code>sha256:{'ab12' * 16}</code>" in found


def test_markup_is_escaped() -> None:
    found = escape_markdown("a|b `c` <b> *d* _e_ [f](g) \\ &amp;\nnext")

    assert r"a\|b \`c\` \<b\> \*d\* \_e\_ \[f\](g) \\ \&amp; next" == found


def test_nobody_is_mentioned_and_no_issue_is_linked() -> None:
    found = escape_markdown("@octocat #12 GH-7 a#b")

    assert "@\u200boctocat #\u200b12 GH-\u200b7 a#b" == found


def test_hostile_names_stay_text_everywhere(run: MakeRun, verdict: MakeVerdict) -> None:
    evil = "<script>x</script></pre></details> @team `|`"
    hostile = verdict("fail", labels={"a": evil}, notes=(evil,))

    found = summary(Report(runs=[run(hostile, suite=evil, candidate=Identity(revision=evil))]))

    outside_code = re.sub("<pre>.*?</pre>", "", found, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<script", found)
    assert "@team" not in outside_code
    assert 1 == found.count("\n</details>")


def test_summary_stays_within_the_limit_and_says_what_is_left_out(run: MakeRun, verdict: MakeVerdict) -> None:
    verdicts = [verdict("fail", labels={"slice": f"number {index}"}) for index in range(400)]

    found = summary(Report(runs=[run(*verdicts)]))

    message = re.search(r"room for no more: (\d+) explanations\.", found)
    assert len(found) <= LIMIT
    assert message is not None
    assert 400 == int(message[1]) + found.count("<details>")
    assert 400 == found.count("| ❌ fail |")


def test_more_verdicts_than_fit_are_counted(run: MakeRun, verdict: MakeVerdict) -> None:
    verdicts = [verdict("inconclusive", severity="info", labels={"slice": f"number {index}"}) for index in range(2000)]

    found = summary(Report(runs=[run(*verdicts)]))

    message = re.search(r"room for no more: (\d+) verdicts", found)
    assert len(found) <= LIMIT
    assert message is not None
    assert 2000 == int(message[1]) + found.count("| 🔹 info |")


def test_a_decision_is_the_headline_and_its_reasons_come_first(
    run: MakeRun, verdict: MakeVerdict, decision: MakeDecision
) -> None:
    decided = decision(
        "inconclusive",
        findings=(GateFinding(outcome="inconclusive", suite="a|b", reason="80 %"),),
        warnings=("look out",),
    )

    found = summary(Report(runs=[run(verdict())], decision=decided))

    assert found.startswith(
        "## 🟡 Inconclusive, not blocking: fraud 14 is not decided for production\n\n"
        "- inconclusive: a\\|b: 80 %\n"
        "- reported, does not block: this stage says on\\_inconclusive: report\n"
        "- warning: look out\n"
        "\n### ✅ card-fraud\n"
    )


def test_reasons_that_do_not_fit_are_counted(decision: MakeDecision) -> None:
    decided = decision(
        findings=tuple(GateFinding(outcome="fail", suite=str(number), reason="x" * 100) for number in range(1000))
    )

    found = summary(Report(runs=[], decision=decided))

    message = re.search(r"room for no more: (\d+) reasons\.", found)
    assert len(found) <= LIMIT
    assert message is not None
    assert 1000 == int(message[1]) + found.count("- fail:")
