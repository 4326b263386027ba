"""Rows are stored once for a step, and those of every metric and slice are found again."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import samples
from harness.errors import HarnessError
from harness.records.contract import keep_declared
from harness.records.evidence import read_file, store_samples
from harness.records.evidence_store import Bundle, open_bundle
from harness.running.slices import slice_measurements
from harness.testing import dataset
from harness.values.measurements import Measurement
from harness.values.samples import Sample

SHOPS = {"id": list(range(6)), "shop": ["a", "b", "a", "b", "a", "c"]}
WORDS = [f"write to user{number}@example.com" for number in range(6)]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return open_bundle(tmp_path)


def measured(metric: str, statistic: str, **columns: list[float]) -> Measurement:
    rows = pa.table({"id": list(range(6)), **columns, "said": WORDS})
    return Measurement(metric=metric, sample=Sample(statistic=statistic, rows=rows), text=("said",), step="s")


def measured_step(y: tuple[float, ...] = (0, 1, 1, 0, 1, 1)) -> list[Measurement]:
    """Return three metrics, two of them on the same rows, each whole and by shop."""
    scores = [0.1, 0.9, 0.8, 0.2, 0.7, 0.6]
    wholes = [
        measured("share", "proportion", y=list(y)),
        measured("ranking", "auc", y=list(y), score=scores),
        measured("error", "brier", y=list(y), score=scores),
    ]
    data = dataset(SHOPS, id="id")
    return list(slice_measurements([keep_declared(whole) for whole in wholes], ["shop"], data, set()))


def only_file(bundle: Bundle) -> Path:
    (file,) = Path(bundle.where).glob("*.parquet")
    return file


def digests(measurements: list[Measurement], bundle: Bundle) -> dict[str, str | None]:
    return {str(m.key): m.sample.digest for m in store_samples(measurements, bundle, "ids")}


def test_the_rows_of_every_metric_and_slice_are_found_in_one_file(bundle: Bundle) -> None:
    stored = store_samples(measured_step(), bundle, "ids")

    file = read_file(only_file(bundle).name, bundle)

    assert 12 == len(stored)
    assert [m.sample.rows for m in stored] == [file.find_rows(m.sample) for m in stored]


def test_metrics_on_the_same_rows_share_them(bundle: Bundle) -> None:
    store_samples(measured_step(), bundle, "ids")

    rows = pq.read_table(only_file(bundle))

    assert {"share": 6, "ranking": 6} == {of: rows["measurement"].to_pylist().count(of) for of in ("share", "ranking")}
    assert 12 == rows.num_rows


def test_the_same_rows_are_written_once(bundle: Bundle) -> None:
    for _ in range(2):
        store_samples(measured_step(), bundle, "ids")

    assert only_file(bundle).exists()


def test_a_slice_keeps_its_digest_when_another_changes(bundle: Bundle) -> None:
    before = digests(measured_step(), bundle)

    after = digests(measured_step((0, 1, 1, 0, 1, 0)), bundle)

    changed = {name for name in before if before[name] != after[name]}
    metrics = ("share", "ranking", "error")
    assert {*metrics, *(f"{metric}[shop=c]" for metric in metrics)} == changed


def test_the_digest_of_a_whole_metric_does_not_depend_on_its_slices(bundle: Bundle) -> None:
    sliced = digests(measured_step(), bundle)

    alone = digests([keep_declared(measured("share", "proportion", y=[0, 1, 1, 0, 1, 1]))], bundle)

    assert alone["share"] == sliced["share"]


@pytest.mark.parametrize(
    ("level", "kept"),
    [("ids", None), ("masked", "write to [email]"), ("full", "write to user0@example.com")],
)
def test_text_is_kept_as_the_level_says(bundle: Bundle, level: str, kept: str | None) -> None:
    store_samples(measured_step(), bundle, level)

    rows = pq.read_table(only_file(bundle))

    assert kept == (rows["text.said"][0].as_py() if "text.said" in rows.column_names else None)


def test_what_a_suite_planted_is_masked(bundle: Bundle) -> None:
    store_samples(measured_step(), bundle, "masked", ["write"])

    assert "[canary] to [email]" == pq.read_table(only_file(bundle))["text.said"][0].as_py()


def test_a_level_changes_neither_what_is_judged_nor_its_digest(bundle: Bundle) -> None:
    stored = [store_samples(measured_step(), bundle, level) for level in ("none", "ids", "masked", "full")]

    assert 1 == len({tuple(m.sample.digest for m in each) for each in stored})
    assert {("id", "y")} == {tuple(each[0].sample.rows.column_names) for each in stored if each[0].sample.rows}


def test_level_none_writes_nothing(bundle: Bundle) -> None:
    stored = store_samples(measured_step(), bundle, "none")

    assert [] == list(Path(bundle.where).iterdir())
    assert {None} == {m.sample.file for m in stored}


def test_rows_moved_to_another_slice_are_noticed(bundle: Bundle) -> None:
    stored = store_samples(measured_step(), bundle, "ids")
    file = only_file(bundle)
    rows = pq.read_table(file)
    at = rows.column_names.index("slice.shop")
    moved = pa.array(["b" if shop == "c" else shop for shop in rows["slice.shop"].to_pylist()])
    pq.write_table(rows.set_column(at, "slice.shop", moved), file)

    read = read_file(file.name, bundle)

    of_a, of_b = (next(m for m in stored if m.labels == {"shop": shop}) for shop in "ab")
    assert of_a.sample.rows == read.find_rows(of_a.sample)
    with pytest.raises(HarnessError, match="was changed since"):
        read.find_rows(of_b.sample)


def test_columns_of_one_name_and_two_types_are_refused(bundle: Bundle) -> None:
    other = Measurement(metric="other", sample=samples.rows.mean(pa.table({"id": ["a"], "y": [1.0]})))

    with pytest.raises(HarnessError, match="use one type"):
        store_samples([*measured_step(), keep_declared(other)], bundle, "ids")
