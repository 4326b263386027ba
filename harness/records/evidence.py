"""Stores the rows behind a step's samples in one file, and finds those of a sample in it again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.errors import HarnessError
from harness.plugins.masks import mask_found
from harness.records.contract import SLICE, TEXT, judged_columns
from harness.records.evidence_store import Bundle
from harness.records.masking import mask, mask_planted
from harness.records.partition import Partition, number_groups, split_rows
from harness.records.row_digests import content_digest
from harness.values.keys import metric_key
from harness.values.measurements import Measurement
from harness.values.samples import Sample

OF = "measurement"
COLUMNS = b"harness.columns"  # which columns the rows of each metric have: others are of its neighbours


def store_samples(
    measurements: Sequence[Measurement], bundle: Bundle, level: str, planted: Sequence[str] = ()
) -> Sequence[Measurement]:
    """Return a step's measurements of one target with the digests of their rows, which are written to one file.

    The file holds the rows of each whole metric, which its slices are parts of: `measurement` names the first that has
    these rows, `slice.<column>` the slices they are in. Level "ids" keeps the columns that are judged, "masked" also
    those that are named as text, masked, "full" these as they are; "none" keeps no rows, only their digests. What was
    `planted` is masked, too.
    """
    wholes = {_name(m): m for m in measurements if m.sample.rows is not None and not m.sample.where}
    kept = {name: _keep_level(whole.sample.rows, level, planted) for name, whole in wholes.items()}
    names = _share_names(kept)
    file = _write({name: kept[name] for name in dict.fromkeys(names.values())}, bundle) if level != "none" else None
    return [_with_file(m, file, names) for m in measurements]


@dataclass(frozen=True, kw_only=True)
class EvidenceFile:
    """One file of evidence that was read; what is asked of it more than once is found once."""

    name: str
    where: str
    rows: pa.Table
    is_whole: bool = True
    _parts: dict[tuple[str, tuple[str, ...]], Partition] = field(default_factory=dict, repr=False, compare=False)

    def find_rows(self, sample: Sample) -> pa.Table:
        """Return the rows of a sample, which must have its digest unless some of the file were erased."""
        columns = tuple(sample.where)
        split = self._split(sample.of, columns)
        rows = split.part(tuple(sample.where[name] for name in columns))
        if self.is_whole and content_digest(rows) != sample.digest:
            raise HarnessError(
                f"evidence {self.name} in {self.where} does not have the digest of {sample.of!r} that was recorded "
                f"({sample.digest}); it was changed since"
            )
        return rows

    def _split(self, of: str, columns: tuple[str, ...]) -> Partition:
        if (of, columns) not in self._parts:
            self._parts[of, columns] = _split_part(self.rows, of, columns)
        return self._parts[of, columns]


def read_file(name: str | None, bundle: Bundle) -> EvidenceFile:
    """Return a file of evidence, or what remains of it; one that is not there, changed or damaged is an error."""
    left, stone = bundle.find(name) if name else (None, None)
    if name is None or left is None or left not in bundle:
        message = "it was kept at level none, purged, or kept elsewhere: a shared ledger needs a shared `evidence:`"
        raise HarnessError(f"no evidence {name or 'of these rows'} in {bundle.where}; {message}")
    try:
        rows = pq.ParquetFile(BytesIO(bundle.read(left))).read()
    except pa.ArrowException as error:
        message = " ".join(str(error).split())
        raise HarnessError(
            f"evidence {name} in {bundle.where} is damaged ({message}); restore it from a copy"
        ) from error
    if stone and stone.rows and _file_name(rows) != left:
        raise HarnessError(f"evidence {left} in {bundle.where}, which remains of {name}, was changed since")
    return EvidenceFile(name=name, where=bundle.where, rows=rows, is_whole=not (stone and stone.rows))


def write_rows(rows: pa.Table, bundle: Bundle) -> str:
    """Write a file of rows under the name that their content gives it, unless it is there; return the name."""
    file = _file_name(rows)
    if file not in bundle:
        buffer = BytesIO()
        pq.write_table(rows, buffer, compression="zstd")
        bundle.write(file, buffer.getvalue())
    return file


def _file_name(rows: pa.Table) -> str:
    return f"{content_digest(rows).rsplit(':', 1)[1]}.parquet"


def _split_part(rows: pa.Table, of: str, columns: Sequence[str]) -> Partition:
    """Return the rows of one metric by the columns it is sliced by, without what only its neighbours have."""
    kept = json.loads((rows.schema.metadata or {}).get(COLUMNS, b"{}")).get(of, [])
    lacking = [name for name in (OF, *kept, *(SLICE + name for name in columns)) if name not in rows.column_names]
    if lacking or not kept:
        raise HarnessError(
            f"evidence has no {lacking[0] if lacking else of!r}, which was recorded; it was changed since"
        )
    own = rows.filter(pc.equal(rows[OF], of))
    groups = [own[SLICE + name] for name in columns]
    codes, found = number_groups(groups, [sorted(group.unique().to_pylist()) for group in groups], own.num_rows)
    return split_rows(own.select(kept), codes, found)


def _keep_level(rows: pa.Table, level: str, planted: Sequence[str]) -> pa.Table:
    """Return the columns that a level keeps, texts masked where it says so."""
    texts = [name for name in rows.column_names if name.startswith(TEXT)]
    if level not in ("masked", "full"):
        return rows.drop_columns(texts)
    for name in texts if level == "masked" else ():
        words = _mask_texts(rows[name].to_pylist(), planted)
        rows = rows.set_column(rows.column_names.index(name), name, pa.array(words, pa.string()))
    return rows


def _mask_texts(texts: Sequence[str | None], planted: Sequence[str]) -> Sequence[str | None]:
    """Return texts without what was planted, has the form of an address or a number, or is found by a package."""
    masked = {text: mask_found(mask(mask_planted(text, planted))) for text in set(texts) if text is not None}
    return [None if text is None else masked[text] for text in texts]


def _share_names(kept: Mapping[str, pa.Table]) -> Mapping[str, str]:
    """Return for each metric the first that has the same rows: they are kept once."""
    first: dict[str, str] = {}
    return {name: first.setdefault(content_digest(rows), name) for name, rows in kept.items()}


def _write(parts: Mapping[str, pa.Table], bundle: Bundle) -> str | None:
    """Return the name of the file with these rows, by their content; it is written unless it is there."""
    if not parts:
        return None
    tables = [rows.append_column(OF, pa.array([name] * len(rows), pa.string())) for name, rows in parts.items()]
    columns = {name: judged_columns(rows) for name, rows in parts.items()}
    whole = _concat(tables).replace_schema_metadata({COLUMNS: json.dumps(columns)})
    return write_rows(whole, bundle)


def _concat(tables: Sequence[pa.Table]) -> pa.Table:
    try:
        return pa.concat_tables(tables, promote_options="default")
    except pa.ArrowException as error:
        message = " ".join(str(error).split())
        raise HarnessError(
            f"a step's rows are kept in one file, but columns of one name differ in type ({message}); use one type"
        ) from error


def _with_file(measurement: Measurement, file: str | None, names: Mapping[str, str]) -> Measurement:
    """Return the measurement on the columns that are judged, with what finds them again."""
    sample = measurement.sample
    if sample.rows is None:
        return measurement
    rows = sample.rows.select(judged_columns(sample.rows))
    digest = sample.digest or content_digest(rows)
    kept = replace(sample, rows=rows, digest=digest, file=file, of=names[_name(measurement)])
    return replace(measurement, sample=kept)


def _name(measurement: Measurement) -> str:
    """Return the whole metric that a measurement is, or is a slice of, as it stands in the file."""
    own = {key: value for key, value in measurement.labels.items() if key not in measurement.sample.where}
    return str(metric_key(measurement.step, measurement.metric, own))
