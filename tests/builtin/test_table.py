"""The `table` target says who scored its rows, proven where they name a digest."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.builtin.table import table
from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.testing import dataset
from harness.values.identity import Identity
from tests.support.digests import digest_of


def _scored_by(folder: Path, name: str) -> dict[str, Dataset]:
    pq.write_table(pa.table({"id": [1, 2], "score": [0.1, 0.2], "by": [name, name]}), folder / "d.parquet")
    return {"d": dataset(pq.read_table(folder / "d.parquet"), "d")}


def _identity(datasets: dict[str, Dataset]) -> Identity:
    with table(datasets, data="d", score="score", made_by="by") as opened:
        return opened.identity()


def test_rows_that_name_a_digest_prove_who_scored_them(tmp_path: Path) -> None:
    expected = ("m/2", digest_of("m/2"))

    actual = _identity(_scored_by(tmp_path, f"m/2@{digest_of('m/2')}"))

    assert expected == (actual.revision, actual.digest)


def test_rows_that_name_only_a_revision_prove_nothing(tmp_path: Path) -> None:
    actual = _identity(_scored_by(tmp_path, "m/2"))

    assert ("m/2", None) == (actual.revision, actual.digest)


@pytest.mark.parametrize("digest", ["", "ab", "A" * 64])
def test_rows_that_name_half_a_digest_are_refused(tmp_path: Path, digest: str) -> None:
    datasets = _scored_by(tmp_path, f"m/2@sha256:{digest}")

    with pytest.raises(HarnessError, match=r"dataset 'd', column 'by': 'm/2' has the digest 'sha256:.*proves nothing"):
        _identity(datasets)
