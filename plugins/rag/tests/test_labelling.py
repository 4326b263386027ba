"""Labels of people on the answers of a run: drawn at random, kept one by one, and what they are good for."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from harness_rag.commands import command
from harness_rag.label_page import label_page

Command = Callable[..., Any]
SUITE = """
name: answers
data: {answers: {source: SOURCE, id: id}}
target: {kind: table, config: {data: answers}}
steps:
  - check: rag.answers
    with: {judge: overlap HUMAN}
    require: {faithfulness: {at_least: 0.5}}
"""


def run(project: Path, harness: Command, source: str = "answers.parquet", human: str = "") -> dict[str, Any]:
    (project / "a.suite.yaml").write_text(SUITE.replace("SOURCE", source).replace("HUMAN", human))
    harness("run", "a.suite.yaml", "--out", "out")
    return dict(json.loads((project / "out/answers/run.json").read_text()))


@pytest.fixture
def judged(project: Path, harness: Command) -> Path:
    """A project whose run judged 120 answers, of which 90 are copies of their contexts."""
    said = ["the window is 120 days" if at % 4 else "nobody <b>knows</b> \x1b[31mthat" for at in range(120)]
    rows = {"id": list(range(120)), "answer": said, "contexts": [["the window is 120 days"]] * 120}
    pq.write_table(pa.table(rows), project / "answers.parquet")
    run(project, harness)
    return project


def label(*arguments: str, given: str = "") -> Any:
    whole = ["label", "out/answers", "--answers", "answers.parquet", *arguments]
    return CliRunner().invoke(command, whole, input=given, catch_exceptions=False)


def truth(shown: str) -> str:
    return "".join("g\n" if "days" in each.split("contexts:")[0] else "b\n" for each in shown.split("\n-- ")[1:])


def test_labels_at_the_terminal_correct_the_judge_of_the_next_run(judged: Path, harness: Command) -> None:
    shown = label("--labels", "none.jsonl", "--count", "60", given="s\n" * 60)
    done = label("--count", "60", given=truth(shown.output))
    after = run(judged, harness, "labelled.parquet", ", human: human")

    assert "with 60 labels of 60 answers drawn" in done.output
    assert 60 == pq.read_table(judged / "labelled.parquet")["human"].drop_null().length()
    assert "pass" == after["verdicts"][0]["outcome"]


def test_answers_are_drawn_at_random_and_the_same_for_the_same_run(judged: Path) -> None:
    first, second = (label("--html", f"{name}.html").output for name in "ab")

    assert (judged / "a.html").read_text() == (judged / "b.html").read_text()
    ids = json.loads(re.search(r"const ids = (\[.*?\]);", (judged / "a.html").read_text()).group(1))  # type: ignore[union-attr]
    assert len(ids) >= 50
    assert ids != sorted(ids, key=int)
    assert first.startswith("written: a.html")
    assert second.startswith("written: b.html")


def test_who_quits_goes_on_where_they_were(judged: Path) -> None:
    label("--count", "40", given="g\ng\nq\n")
    rest = label("--count", "40", given="g\n" * 38)

    assert "-- 1 of 38" in rest.output
    assert "with 40 labels of 40" in rest.output


def test_labels_saved_from_the_page_are_taken(judged: Path) -> None:
    label("--html", "page.html", "--count", "50")
    ids = json.loads(re.search(r"const ids = (\[.*?\]);", (judged / "page.html").read_text()).group(1))  # type: ignore[union-attr]
    (judged / "labels.jsonl").write_text("".join(json.dumps({"id": each, "label": 1}) + "\n" for each in ids))

    assert "with 50 labels of 50" in label("--count", "50").output


def test_what_answers_say_is_text_on_the_page_and_at_the_terminal(judged: Path) -> None:
    label("--html", "page.html", "--count", "100")
    page, shown = (judged / "page.html").read_text(), label("--count", "100", given="s\n" * 100).output

    assert "<b>knows" not in page
    assert "&lt;b&gt;knows" in page
    assert "\x1b" not in shown
    assert "<\\/script>" not in label_page([("</script><script>x", {"answer": "a"})], {"answer": "answer"})
    assert "</script><script>x" not in label_page([("</script><script>x", {"answer": "a"})], {"answer": "answer"})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no json", "line 1 is no label"),
        ('{"id": 1}', "line 1 is no label"),
        ('{"id": 1, "label": 2}', "label is 2; it is 1"),
        ('{"id": 1, "label": true}', "label is True; it is 1"),
        ("[1]", "line 1 is no label"),
    ],
)
def test_what_is_no_label_is_refused(judged: Path, harness: Command, line: str, said: str) -> None:
    (judged / "labels.jsonl").write_text(line + "\n")

    found = harness("rag", "label", "out/answers", "--answers", "answers.parquet")

    assert 4 == found.code
    assert said in found.err


def test_another_table_is_not_labelled(judged: Path, harness: Command) -> None:
    table = pq.read_table(judged / "answers.parquet").slice(1)
    pq.write_table(table, judged / "answers.parquet")

    found = harness("rag", "label", "out/answers", "--answers", "answers.parquet")

    assert 4 == found.code
    assert "is not the table that the run judged" in found.err


def test_what_is_no_run_is_refused(judged: Path, harness: Command) -> None:
    (judged / "run.json").write_text("{}")

    found = harness("rag", "label", "run.json", "--answers", "answers.parquet")

    assert 4 == found.code
    assert "is no run" in found.err


def test_a_run_of_the_ledger_is_labelled_by_its_id(judged: Path) -> None:
    run = json.loads((judged / "out/answers/run.json").read_text())
    asked = ["--answers", "answers.parquet", "--html", "page.html"]

    by_id = CliRunner().invoke(command, ["label", run["id"], *asked])
    newest = CliRunner().invoke(command, ["label", "latest", *asked])
    unknown = CliRunner().invoke(command, ["label", "nothing", *asked])

    assert (0, 0) == (by_id.exit_code, newest.exit_code)
    assert "no run 'nothing'" in str(unknown.exception)
