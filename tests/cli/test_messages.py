"""What a newcomer types wrong is answered with what was found, and what to write instead."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command

SUITE = """name: s
data:
  d: {source: scores.parquet, id: id, label: y}
target: {kind: table, config: {data: d, score: score, operating_point: {threshold: 0.5}}}
steps:
  - check: quality.classifier
    require:
      recall: {at_least: 0.5}
"""
Change = Callable[[pa.Table], pa.Table]


def answer(project: Path, harness: Command, command: str, text: str = SUITE) -> str:
    """Return what a command says about a suite."""
    (project / "s.suite.yaml").write_text(text)
    done = harness(command, "s.suite.yaml")
    assert done.code > 2
    return done.out + done.err


def change_scores(scores: Path, change: Change) -> None:
    pq.write_table(change(pq.read_table(scores)), scores)


def test_a_score_of_text_is_named_with_what_is_in_it(project: Path, harness: Command, scores: Path) -> None:
    words = pa.array(np.where(np.arange(400) % 2, "high", "low"))
    change_scores(scores, lambda rows: rows.set_column(rows.column_names.index("score"), "score", words))

    said = answer(project, harness, "run")

    assert "the score 'score' of 'd' is text and has to be a number; it holds 'high', 'low'; write it as one" in said


def test_labels_with_gaps_are_answered_with_absent_is(project: Path, harness: Command, scores: Path) -> None:
    joined = SUITE.replace("label: y", "labels: {source: labels.parquet, on: id, column: late}").replace(
        "d, sc", "d, sc"
    )
    pq.write_table(pa.table({"id": np.arange(300), "late": np.arange(300) % 2}), project / "labels.parquet")

    found = answer(project, harness, "run", joined)

    assert "100 of 400 rows have no usable label in column 'late'" in found
    assert "say what a row that its table of labels has not is: `labels: {..., absent_is: 0}`" in found


def test_an_empty_table_is_not_blamed_on_filters_that_are_not_there(
    project: Path, harness: Command, scores: Path
) -> None:
    change_scores(scores, lambda rows: rows.slice(0, 0))

    found = answer(project, harness, "run")

    assert "has no rows; nothing can be measured on it: the table itself is empty" in found


def test_a_column_is_guessed_only_where_it_is_near(project: Path, harness: Command, scores: Path) -> None:
    far = answer(project, harness, "run", SUITE.replace("label: y", "label: outcome"))
    near = answer(project, harness, "run", SUITE.replace("score: score", "score: Scores"))

    assert "has no column 'outcome'; there is at, channel, id, ok, score, terminal, y" in far
    assert "has no column 'Scores'; did you mean 'score'?" in near


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{at_least: 0.5}",
            "0.5",
            "s.suite.yaml:8:7: steps.0.require.recall.0: 0.5 stands where keys and",
        ),
        ("{at_least: 0.5}", "{at_leest: 0.5}", "s.suite.yaml:8:16: steps.0.require.recall.0: unknown key 'at_leest'"),
        (
            "recall:",
            "recal:",
            "s.suite.yaml:6:5: check 'quality.classifier' measures no 'recal'; did you mean 'recall'?",
        ),
        ("quality.cl", "quality.kl", "s.suite.yaml:6:5: plugin 'quality' has no check 'quality.klassifier'; did you"),
        ("score: score", "skore: score", "s.suite.yaml:4:1: target kind 'table' has no"),
        (
            "{at_least: 0.5}",
            "{versus: champ, lose_at_most: 0.1}",
            "s.suite.yaml:8:7: quality.classifier.recall: no",
        ),
        ("{at_least: 0.5}", "{at_least: 0.5, plan_for: 0.4}", "s.suite.yaml:8:7: quality.classifier.recall: "),
    ],
)
def test_an_error_names_file_line_and_column(project: Path, harness: Command, old: str, new: str, message: str) -> None:
    assert message in answer(project, harness, "validate", SUITE.replace(old, new))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rnu",), "`harness` has no command 'rnu'; did you mean 'run'?"),
        (("runs", "diff"), "`harness runs` has no command 'diff'; did you mean 'compare'?"),
        (("explain",), "`harness` has no command 'explain'; did you mean 'runs explain'?"),
        (("diff",), "did you mean 'runs compare'?"),
        (("purge",), "did you mean 'evidence purge'?"),
        (("runs", "explain", "latest"), "no run 'latest': none is recorded here; `harness run SUITE` records one"),
        (("runs", "exlpain"), "did you mean 'explain'?"),
        (("new", "suit"), "did you mean 'suite'?"),
        (("evidence", "x"), "`harness evidence` has no command 'x'; there is correct"),
    ],
)
def test_a_misspelt_command_is_answered_with_the_near_one(
    harness: Command, arguments: tuple[str, ...], message: str
) -> None:
    done = harness(*arguments)

    assert (4, True) == (done.code, message in done.err)


@pytest.mark.parametrize(("name", "extra"), [("latency.open_loop", "latency"), ("quality.classifier", "quality")])
def test_a_check_of_ours_that_is_not_installed_names_what_installs_it(name: str, extra: str) -> None:
    from harness.errors import UsageError
    from harness.plugins.discovery import Plugins

    with pytest.raises(UsageError, match=rf"no check '{name}' is installed; install promotion-harness\[{extra}\]"):
        Plugins({}).check(name)


def test_a_report_of_ours_that_is_not_installed_names_what_installs_it() -> None:
    from harness.errors import UsageError
    from harness.plugins.discovery import Plugins

    with pytest.raises(UsageError, match=r"no report 'html' is installed; install promotion-harness\[reports\]"):
        Plugins({}).reporter("html")


def test_a_target_is_shown_with_the_keys_of_its_config(harness: Command) -> None:
    shown = harness("plugins", "table").out

    assert "config data: text; needed; the dataset that is judged" in shown
    assert "config model: text; what a gate calls the candidate" in shown
    assert "config operating_point: {threshold: number, alert_rate: number, from: text}; where a score" in shown


def test_help_says_what_the_commands_of_a_plugin_are_about(harness: Command) -> None:
    assert "Commands of plugin data: Data validation checks" in " ".join(harness("--help").out.split())


def test_completion_says_nothing_but_the_words(installed: Command) -> None:
    done = installed(_HARNESS_COMPLETE="bash_complete", COMP_WORDS="harness runs ex", COMP_CWORD="2")

    assert ("plain,explain\n", "") == (done.out, done.err)


def test_a_champion_in_another_column_is_somebody_else(project: Path, harness: Command, scores: Path) -> None:
    import json

    change_scores(scores, lambda rows: rows.append_column("old_score", rows["score"]))
    others = "{champion: {config: {score: old_score}}, other: {config: {operating_point: {threshold: 0.4}}}}"
    text = SUITE.replace("data: d, ", "data: d, model: v2, ").replace("steps:", f"baselines: {others}\nsteps:")
    asked = "recall: [{versus: champion, lose_at_most: 0.1}, {versus: other, lose_at_most: 0.9}]"
    (project / "s.suite.yaml").write_text(text.replace("recall: {at_least: 0.5}", asked))

    record = json.loads(harness("run", "s.suite.yaml", "--json").out)["runs"][0]

    assert "v2" == record["candidate"]["revision"]
    assert "champion in old_score" == record["baselines"]["champion"]["revision"]
    assert "v2" == record["baselines"]["other"]["revision"]
