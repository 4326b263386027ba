"""What crosses between host and worker: datasets as plain values, rows in Arrow files, samples as calls."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa

from harness import samples
from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.values.measurements import Measurement

FIELDS = {item.name for item in fields(Measurement)} - {"readings", "check", "step", "target", "asked"}
Keep = Callable[[Path], str]  # keeps a file that a check made, and says in words where


def describe_dataset(data: Dataset) -> Mapping[str, Any]:
    """Return what a worker knows of a dataset before it asks for rows."""
    return {
        "name": data.name,
        "uri": data.uri,
        "digest": data.digest,
        "size": data.size,
        "columns": dict(data.columns),
        "roles": asdict(data.roles),
    }


def write_rows(data: Dataset, columns: object, folder: Path) -> Path:
    """Write rows of the named columns (None: of all) as an Arrow file, batch by batch, and return it."""
    if columns is not None and not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        raise HarnessError(f"rows of {data.name!r} were asked for with columns {columns!r}; name them in a list")
    file, batches = folder / f"{uuid4().hex}.arrow", data.batches(columns)
    first = next(batches, None)
    schema = data.rows(columns).schema if first is None else first.schema
    with pa.OSFile(str(file), "wb") as stream, pa.ipc.new_file(stream, schema) as writer:
        for batch in [] if first is None else [first]:
            writer.write_batch(batch)
        for batch in batches:
            writer.write_batch(batch)
    return file


def read_measurements(answer: Mapping[str, Any], check: str, folder: Path, keep: Keep) -> list[Measurement]:
    """Return what a worker measured; what is no measurement is a HarnessError."""
    return [_measurement(each, check, folder, keep) for each in answer["measurements"]]


def _measurement(found: object, check: str, folder: Path, keep: Keep) -> Measurement:
    if not isinstance(found, dict) or "$other" in found:
        raise HarnessError(f"check {check!r} returned {_kind(found)}, not Measurement values")
    if set(found) - FIELDS or not {"metric", "sample"} <= set(found):
        raise HarnessError(f"check {check!r} returned a mapping with {sorted(found)}, not Measurement values")
    try:
        named = {name: _value(part, folder) for name, part in found.items() if name != "evidence"}
        evidence = {name: _evidence(part, folder, keep) for name, part in found.get("evidence", {}).items()}
        return Measurement(**{**named, "evidence": evidence, "text": tuple(named.get("text", ()))})
    except HarnessError:
        raise
    except (TypeError, ValueError, AttributeError, OSError, pa.ArrowException) as error:
        raise HarnessError(f"check {check!r} raised {type(error).__name__}: {error}") from error


def _kind(found: object) -> str:
    return str(found["$other"]) if isinstance(found, dict) and "$other" in found else type(found).__name__


def _value(part: Any, folder: Path) -> Any:
    """Return a part of an answer: samples are built by the host's own functions, and rows are read."""
    if isinstance(part, list):
        return [_value(each, folder) for each in part]
    if not isinstance(part, dict):
        return part
    if "$rows" in part:
        return _read_rows(_own_file(part["$rows"], folder))
    if "$sample" in part:
        build = _builder(str(part["$sample"]))
        return build(*_value(part["given"], folder), **_value(part["named"], folder))
    return {name: _value(each, folder) for name, each in part.items()}


def _builder(name: str) -> Callable[..., Any]:
    """Return a function of `harness.samples`, or of its `rows`."""
    place, plain = (samples.rows, name.removeprefix("rows.")) if name.startswith("rows.") else (samples, name)
    known = [each for each in vars(place) if callable(getattr(place, each)) and each[0].islower()]
    own = [each for each in known if getattr(place, each).__module__ == place.__name__]
    if plain not in own:
        raise HarnessError(f"there is no harness.samples.{name}; there is {', '.join(sorted(own))}")
    function: Callable[..., Any] = getattr(place, plain)
    return function


def _evidence(part: Any, folder: Path, keep: Keep) -> Any:
    return keep(_own_file(part["$file"], folder)) if isinstance(part, dict) and "$file" in part else part


def _own_file(name: object, folder: Path) -> Path:
    """Return a file that the worker made in its folder; any other is refused."""
    file = (folder / str(name)).resolve()
    if folder.resolve() not in file.parents or not file.is_file():
        raise HarnessError(f"{str(name)!r} is no file of the worker's own folder; write it to the working directory")
    return file


def _read_rows(file: Path) -> pa.Table:
    with pa.OSFile(str(file)) as stream:
        table = pa.ipc.open_file(stream).read_all()
    file.unlink()
    return table
