from copy import copy
from pathlib import Path
from pickle import dumps, loads

import pyarrow as pa
import pytest

import harness as public
from conftest import scored_rows
from harness.errors import UsageError
from tests.support.suites import suite


@pytest.mark.usefixtures("scores")
def test_a_notebook_runs_a_suite_and_asks_for_a_verdict(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    assert ("pass", "interactive") == (run.outcome, run.origin)
    assert run["rate"].explain().startswith("PASS  rate")
    assert not (project / ".harness" / "ledger.db").exists()


def test_a_frame_takes_the_place_of_a_table(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"), data={"d": scored_rows(500, rate=0.95)})

    assert 500 == run.datasets["d"].rows


def test_a_pandas_frame_will_do(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"), data={"d": scored_rows(500).to_pandas()})

    assert 500 == run.datasets["d"].rows


@pytest.mark.usefixtures("scores")
def test_verdicts_come_as_a_frame(project: Path) -> None:
    frame = public.run(suite(project, "{at_least: 0.7}")).to_frame()

    assert ["rate"] == list(frame["metric"])
    assert ["pass"] == list(frame["outcome"])
    assert frame["lower"][0] < frame["value"][0] < frame["upper"][0]


@pytest.mark.usefixtures("scores")
def test_a_run_shows_itself_as_html(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    shown = run._repr_html_()

    assert "<table" in shown
    assert "79" in shown


@pytest.mark.usefixtures("scores")
def test_a_run_and_its_verdicts_are_explained_by_one_function(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    texts = [public.explain(found) for found in (run, run["rate"], run.record, run.record.verdicts[0])]

    assert [run["rate"].explain()] * 4 == texts


@pytest.mark.usefixtures("scores")
def test_a_view_can_be_copied_and_pickled(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    copied, unpickled = copy(run), loads(dumps(run))

    assert (run, run) == (copied, unpickled)


@pytest.mark.usefixtures("scores")
def test_a_view_has_what_the_record_has_and_nothing_else(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    assert run.record.candidate == run.candidate
    assert run.record.verdicts[0].estimate == run["rate"].estimate
    with pytest.raises(AttributeError, match="'Run' object has no attribute 'nope'"):
        run.nope  # noqa: B018


@pytest.mark.usefixtures("scores")
def test_a_verdict_that_is_not_there_is_named(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    with pytest.raises(KeyError, match="judged no 'rat'; did you mean 'rate'"):
        run["rat"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"e": pa.table({"id": [1]})}, "has no dataset 'e'; there is d"),
        ({"d": [1, 2]}, "data 'd' is a list; give a pandas, polars or Arrow table"),
    ],
)
def test_a_frame_that_does_not_fit_is_a_usage_error(project: Path, data: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        public.run(suite(project, "{at_least: 0.7}"), data=data)


@pytest.mark.usefixtures("scores")
def test_a_process_that_has_a_key_measures_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_SIGNER", "env:KEY")

    with pytest.raises(UsageError, match="neither a key nor the way into the ledger; found HARNESS_SIGNER in"):
        public.run(suite(project, "{at_least: 0.7}"))


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("ledger", "message"),
    [
        ("postgresql+psycopg://127.0.0.1:1/none", "found PGPASSWORD in the environment"),
        ("postgresql+psycopg://someone:s3cretword@127.0.0.1:1/none", "the ledger's URL holds a password"),
    ],
    ids=["variable", "url"],
)
def test_a_process_that_can_open_the_ledger_measures_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, ledger: str, message: str
) -> None:
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(f"ledger: {ledger}\ngates: {{ci: {{suites: [s]}}}}\n")
    monkeypatch.setenv("PGPASSWORD", "s3cretword")

    with pytest.raises(UsageError, match=message) as refused:
        public.run(suite(project, "{at_least: 0.7}"))

    assert "s3cretword" not in str(refused.value)


@pytest.mark.usefixtures("scores")
def test_what_opens_another_server_than_the_ledger_may_be_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cretword")

    assert "pass" == public.run(suite(project, "{at_least: 0.7}")).outcome


def test_every_public_name_is_there() -> None:
    assert all(getattr(public, name) is not None for name in public.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'nope'"):
        _ = public.nope


@pytest.mark.usefixtures("scores")
def test_a_run_is_explained_by_function_as_by_method(project: Path) -> None:
    run = public.run(suite(project, "{at_least: 0.7}"))

    assert public.explain(run) == run.explain() == public.explain(run.record)
    assert public.explain(run).startswith("PASS  rate")


def test_dir_lists_the_public_names() -> None:
    assert set(public.__all__) == {name for name in dir(public) if not name.startswith("_")}
