"""What data, checks and services say forges no line of the terminal, and nothing of it is lost on the way."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command

FORGED = "web\n pass      recall   99 %\x1b[2K\r\u202e"
READ_BY_PEOPLE = (".html", ".xml", ".md")
SUITE = """name: s
data: {d: {source: rows.parquet, id: id}}
target: {kind: table, config: {data: d, model: v1}}
steps:
  - {check: rows.rate, with: {column: ok}, by: [channel], require: {rate: {at_least: 0.99}}}
  - {check: says.it, require: {share: {at_least: 0.5}}}
"""
SAYS = '''
from harness import Dataset, HarnessError, check, hookimpl

print("a plugin prints while it is imported")

@check("says.it", metrics={"share": "proportion"})
def it(data: Dataset):
    """Raise what a service said."""
    print("a check prints")
    raise ERROR("\\ud800 \\x1b[31m red\\nPASS  all is well\\r\\u202e")

@hookimpl
def harness_checks():
    return {"says.it": it}
'''

NAMES = '''
from harness import Dataset, Measurement, Sample, check, hookimpl

EVIL = "\\x1b[2K\\rPASS\\u202e"

@check("says.it")
def it(data: Dataset):
    """Give everything a hostile name."""
    sample = Sample(statistic="proportion", counts={"k": 9, "n": 10})
    yield Measurement(metric="share" + EVIL, unit=EVIL, event=EVIL, evidence={EVIL: EVIL}, sample=sample)
    yield Measurement(metric="other", unit=EVIL, event=EVIL, evidence={EVIL: EVIL}, sample=sample)

@hookimpl
def harness_checks():
    return {"says.it": it}
'''


@pytest.fixture
def hostile(project: Path) -> Path:
    rows = {"id": range(200), "ok": [n % 3 != 0 for n in range(200)], "channel": [FORGED, "pos"] * 100}
    pq.write_table(pa.table({name: list(column) for name, column in rows.items()}), project / "rows.parquet")
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["says"]\n')
    (project / "s.suite.yaml").write_text(SUITE)
    return project


@pytest.mark.parametrize("error", ["HarnessError", "RuntimeError"])
def test_no_line_is_forged_and_every_report_is_written(harness: Command, hostile: Path, error: str) -> None:
    (hostile / "says.py").write_text(SAYS.replace("ERROR", error))
    reports = [part for name in ("html", "junit", "markdown") for part in ("--report", name)]

    done = harness("run", "s.suite.yaml", "--out", "out", *reports)
    listed = harness("runs", "explain", "latest")

    written = [path.read_text() for path in (hostile / "out").rglob("*.*") if path.suffix in READ_BY_PEOPLE]
    for text in (done.out, done.err, listed.out, *written):
        assert not set("\x1b\r\u202e\ud800") & set(text)
    for text in (done.out, done.err, listed.out):
        assert not [line for line in text.splitlines() if line.startswith((" pass      recall", "PASS  all is well"))]
    assert (3, True) == (done.code, "web\\n pass      recall   99 %\\x1b[2K\\r\\u202e" in done.out)
    assert {"run.json", "summary.json", "report.html", "junit.xml", "summary.md"} <= {
        path.name for path in (hostile / "out").rglob("*")
    }


def test_what_a_plugin_calls_its_metric_unit_and_evidence_is_printed_escaped(harness: Command, hostile: Path) -> None:
    (hostile / "says.py").write_text(NAMES)

    done = harness("run", "s.suite.yaml", "--out", "out", "--report", "html", "--report", "markdown")
    listed = harness("runs", "explain", "latest")

    written = [path.read_text() for path in (hostile / "out").rglob("*.*") if path.suffix in READ_BY_PEOPLE]
    for text in (done.out, done.err, listed.out, *written):
        assert not set("\x1b\r\u202e") & set(text)
    assert 3 == done.code
    assert "share\\x1b[2K\\rPASS" in done.out


def test_standard_output_is_json_alone_whatever_checks_print(harness: Command, hostile: Path) -> None:
    (hostile / "says.py").write_text(SAYS.replace("ERROR", "HarnessError"))

    done = harness("run", "s.suite.yaml", "--json")

    assert "s" == json.loads(done.out)["runs"][0]["suite"]
    assert "a check prints" in done.err
    assert "a plugin prints while it is imported" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", ""),
        ("validate", ""),
        ("plan", ""),
        ("run", "s.suite.yaml", "--out", ""),
        ("run", "s.suite.yaml", "--ledger="),
        ("run", "s.suite.yaml", "--timeout", ""),
        ("gate", "--candidate", ""),
        ("",),
    ],
)
def test_an_empty_argument_is_refused(harness: Command, hostile: Path, arguments: tuple[str, ...]) -> None:
    done = harness(*arguments)

    assert (4, "") == (done.code, done.out)
    assert "is empty; is a variable of the shell not set?" in done.err
    assert not (hostile / ".harness").exists()


def test_a_folder_or_an_argument_whose_name_is_no_text_is_named(
    harness: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    argument = harness("runs", "show", "caf\udce9")
    monkeypatch.chdir(folder)

    for done in (argument, harness("runs", "list")):
        assert (4, "") == (done.code, done.out)
        assert "caf\\udce9' is no name in utf-8; rename it" in done.err
