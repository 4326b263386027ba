from pathlib import Path

import pytest

from conftest import Command
from tests.support.suites import offer

SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d}}
steps:
  - {check: CHECK, require: {m: {at_least: 0}}}
"""
GOOD = """
from harness import Measurement, check, hookimpl, samples
@check("NAME.one")
def one():
    "Measure one."
    yield Measurement(metric="m", sample=samples.exact(value=1, n=1))
@hookimpl
def harness_checks():
    return {one.name: one}
"""


def suite(project: Path, check: str) -> Path:
    path = project / "s.suite.yaml"
    path.write_text(SUITE.replace("CHECK", check))
    return path


@pytest.mark.usefixtures("scores")
def test_a_local_module_is_a_plugin(project: Path, harness: Command) -> None:
    offer(project, mine=GOOD)

    done = harness("run", suite(project, "mine.one"))

    assert 0 == done.code


@pytest.mark.usefixtures("scores")
def test_only_the_plugin_that_is_named_is_imported(project: Path, harness: Command) -> None:
    offer(project, mine=GOOD, broken="raise RuntimeError('never import me')")

    done = harness("run", suite(project, "mine.one"))

    assert 0 == done.code


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("module", "check", "code", "message"),
    [
        (
            "import nope_nope",
            "mine.one",
            3,
            "plugin 'mine' of [tool.harness] plugins local does not import: ModuleNotFound",
        ),
        ("raise RuntimeError('boom')", "mine.one", 3, "does not import: RuntimeError: boom; repair or reinstall"),
        (
            GOOD.replace("harness_checks", "harness_check"),
            "mine.one",
            3,
            "no hook 'harness_check'; did you mean 'harness_checks'?",
        ),
        (
            GOOD.replace("NAME.one", "other.one"),
            "mine.one",
            3,
            "plugin 'mine' offers 'other.one'; its names are 'mine' or start",
        ),
        (
            GOOD.replace("{one.name: one}", "{'mine.two': one}"),
            "mine.two",
            3,
            "offers check 'mine.two' under another name",
        ),
        (GOOD, "mine.on", 4, "plugin 'mine' has no check 'mine.on'; did you mean 'mine.one'?"),
        (GOOD, "mien.one", 4, "no check 'mien.one' is installed; did you mean 'mine'?"),
        ("x = 1", "mine.one", 4, "plugin 'mine' has no check 'mine.one'; there is none"),
        ("from harness_rows import harness_checks", "mine.one", 3, "plugin 'mine' offers 'rows.rate'; its names are"),
    ],
)
def test_a_plugin_that_is_not_right_is_named_with_what_to_do(
    project: Path, harness: Command, module: str, check: str, code: int, message: str
) -> None:
    offer(project, mine=module)

    done = harness("run", suite(project, check))

    assert code == done.code
    assert message in done.err
    assert not (project / ".harness").exists()


def test_two_plugins_of_one_name_are_refused(project: Path, harness: Command) -> None:
    offer(project, rows=GOOD)

    done = harness("plugins")

    assert 4 == done.code
    assert "plugin 'rows' is offered twice, by" in done.err
    assert "uninstall or rename one" in done.err


def test_plugins_lists_without_importing(project: Path, harness: Command) -> None:
    offer(project, mine="raise RuntimeError('never import me')")

    done = harness("plugins")

    assert 0 == done.code
    listed = [line.split() for line in done.out.splitlines()]
    assert ["mine", "[tool.harness]", "plugins", "local"] in listed
    assert ["rows", "promotion-harness-rows"] in [words[:2] for words in listed]


def test_one_plugin_shows_its_checks_parameters_and_metrics(harness: Command) -> None:
    done = harness("plugins", "rows")

    assert "check rows.rate" in done.out
    assert "with column: text; needed" in done.out
    assert "metrics rate" in done.out


def test_an_unknown_plugin_is_a_usage_error(harness: Command) -> None:
    done = harness("plugins", "rowz")

    assert (4, True) == (done.code, "no plugin 'rowz' is installed; did you mean 'rows'?" in done.err)


@pytest.mark.usefixtures("scores")
def test_of_what_is_not_installed_those_of_its_kind_are_named(project: Path, harness: Command) -> None:
    step = "{check: data.freshness, require: {age: {at_most: 2}}}"
    suite = f"name: s\ndata: {{d: {{source: scores.parquet}}}}\ntarget: {{kind: KIND, config: {{}}}}\nsteps: [{step}]\n"
    (project / "s.suite.yaml").write_text(suite)

    report = harness("run", "s.suite.yaml", "--report", "pdf").err
    target = harness("validate", "s.suite.yaml").err

    assert "no report 'pdf' is installed; there is " in report
    assert {"html", "json", "junit", "terminal"} <= set(report.split("there is ")[1].strip().split(", "))
    assert not {"data", "bias", "table", "threads"} & set(report.split("there is ")[1].strip().split(", "))
    assert "no target kind 'KIND' is installed; there is " in target
    assert "table" in target
    assert "quality" not in target.split("there is ")[1]
