import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from harness_reports.html import page, report

from harness import GateDecision, GateFinding, Identity, MetricKey, PastRun, Report, Run, Verdict

MakeRun = Callable[..., Run]
MakeVerdict = Callable[..., Verdict]
MakeDecision = Callable[..., GateDecision]

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
EVIL = '<script>alert("x")</script>'
EMPTY = {"meta", "link", "rect", "line", "circle", "path"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert tag == self.open.pop()


def parsed(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    return tags


def test_report_writes_one_file_and_says_where(tmp_path: Path, run: MakeRun, verdict: MakeVerdict) -> None:
    found = report(Report(runs=[run(verdict())]), tmp_path)

    assert f"report: {tmp_path / 'report.html'}" == found
    assert ["report.html"] == [path.name for path in tmp_path.iterdir()]


def test_page_is_well_formed_with_everything_on_it(run: MakeRun, verdict: MakeVerdict) -> None:
    runs = [run(verdict(), verdict("error", estimate=None), verdict("fail", severity="should")), run()]

    found = parsed(page(Report(runs=runs)))

    assert [] == found.open


def test_page_has_no_script_and_names_no_other_file(run: MakeRun, verdict: MakeVerdict) -> None:
    found = parsed(page(Report(runs=[run(verdict())])))

    links = [value for _, attrs in found.seen for key, value in attrs.items() if key in ("src", "href")]
    assert "script" not in [tag for tag, _ in found.seen]
    assert [] == [link for link in links if not link.startswith(("#", "data:"))]
    assert not re.search(r"url\(|@import", page(Report(runs=[run(verdict())])))


def test_everything_users_name_is_escaped(run: MakeRun, verdict: MakeVerdict) -> None:
    hostile = run(
        verdict("fail", labels={EVIL: EVIL}, notes=(EVIL,), reason=EVIL, unit=EVIL, versus=EVIL, lose_at_most=0.1),
        project=EVIL,
        candidate=Identity(revision=EVIL, parts={EVIL: EVIL}),
        baselines={EVIL: Identity(revision=EVIL)},
        params={EVIL: EVIL},
        environment={EVIL: EVIL},
    )

    found = page(Report(runs=[hostile, hostile]))

    assert "<script" not in found
    assert "&lt;script&gt;" in found


def test_page_names_outcome_candidate_and_digests_first(run: MakeRun, verdict: MakeVerdict) -> None:
    found = page(Report(runs=[run(verdict("fail"))]))

    assert found.index("<span>Fail</span>") < found.index("fraud 14</b>") < found.index("<table")
    for expected in ("sha256:" + "9f" * 32, "sha256:" + "ab12" * 16, "scores.parquet", "41,233", "30 days", "fraud 13"):
        assert expected in found


def test_outcome_is_a_word_and_a_shape_not_only_a_colour(run: MakeRun, verdict: MakeVerdict) -> None:
    found = page(Report(runs=[run(verdict("pass"), verdict("fail"), verdict("inconclusive"))]))

    shapes = set(re.findall(r'<(circle|path) class="(value[^"]*)"', found))
    assert {("circle", "value"), ("path", "value"), ("path", "value hollow")} == shapes
    for word in ("pass", "fail", "inconclusive"):
        assert f"</span>{word}</span>" in found


def test_each_plot_has_a_title_and_a_description_of_its_own(run: MakeRun, verdict: MakeVerdict) -> None:
    found = parsed(page(Report(runs=[run(verdict(), verdict("fail")), run(verdict())])))

    plots = [attrs["aria-labelledby"] for tag, attrs in found.seen if tag == "svg"]
    ids = [attrs["id"] for _, attrs in found.seen if "id" in attrs]
    assert 3 == len(set(plots))
    assert len(ids) == len(set(ids))
    assert set(" ".join(plots).split()) <= set(ids)


def test_what_did_not_pass_is_explained_without_a_click(run: MakeRun, verdict: MakeVerdict) -> None:
    found = parsed(page(Report(runs=[run(verdict("pass"), verdict("fail"))])))

    opened = ["open" in attrs for tag, attrs in found.seen if tag == "details"]
    assert [True, False] == opened


def test_candidate_without_digest_is_called_declared(run: MakeRun, verdict: MakeVerdict) -> None:
    found = page(Report(runs=[run(verdict(), candidate=Identity(revision="14"))]))

    assert "declared, not proven" in found


def test_banner_lists_what_did_not_pass_up_to_eight(run: MakeRun, verdict: MakeVerdict) -> None:
    missed = [verdict("fail", reason=f"reason {index}.") for index in range(10)]

    found = page(Report(runs=[run(*missed)]))

    banner = found.partition("</header>")[0]
    assert 8 == banner.count("reason ")
    assert "and 2 more, below" in banner
    assert "points" not in page(Report(runs=[run(verdict())])).partition("</header>")[0].partition("<body>")[2]


def test_page_of_a_decision_says_first_what_the_gate_decided(
    run: MakeRun, verdict: MakeVerdict, decision: MakeDecision
) -> None:
    found = page(Report(runs=[run(verdict("pass"))], decision=decision("fail", warnings=("2 candidates so far",))))

    banner = found.partition("</header>")[0]
    assert "<span>Fail</span>" in banner
    assert '<p class="meaning">fraud 14 may not pass production.</p>' in banner
    why = found.partition("</header>")[2].partition("Requirements</h3>")[0]
    for expected in ("Gate production", "at most 62.8 %; at least 70 % was asked", "2 candidates so far"):
        assert expected in why


def test_page_of_a_decision_without_runs_is_well_formed(decision: MakeDecision) -> None:
    found = page(
        Report(
            runs=[],
            decision=decision(
                "error", findings=(GateFinding(outcome="error", suite="s", reason="no run of this candidate"),)
            ),
        )
    )

    assert [] == parsed(found).open
    assert "error: s: no run of this candidate" in found


def test_everything_in_a_decision_is_escaped(decision: MakeDecision) -> None:
    named = Identity(revision=EVIL)
    found = GateFinding(
        outcome="waived", suite=EVIL, key=MetricKey(step=EVIL, metric=EVIL, labels=((EVIL, EVIL),)), reason=EVIL
    )
    hostile = decision("waived", project=EVIL, gate=EVIL, findings=(found,), warnings=(EVIL,), candidate=named)

    found = page(Report(runs=[], decision=hostile))

    assert "<script" not in found


def test_earlier_runs_of_a_suite_are_listed_newest_first(run: MakeRun, verdict: MakeVerdict) -> None:
    past = [
        PastRun(id=f"run{day}", suite=suite, candidate=Identity(revision="13"), outcome="pass", started=MOMENT)
        for day, suite in ((1, "card-fraud"), (2, "drift"), (3, "card-fraud"))
    ]

    found = page(Report(runs=[run(verdict())], history=past))

    listed = found.partition("Earlier runs of this suite")[2]
    assert ["run3", "run1"] == re.findall("<code>(run.)</code>", listed)
    assert "Earlier runs" not in page(Report(runs=[run(verdict())]))
