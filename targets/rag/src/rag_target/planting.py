"""Reads passages that are added to the handbook's own, as attacks through documents need."""

from collections.abc import Sequence

from harness import Dataset, HarnessError
from rag_target.passages import Passage


def read_planted(data: Dataset) -> Sequence[Passage]:
    """Return the passages of a dataset's columns `passage` (an id) and `text`; a row without id is none."""
    data.must_have(["passage", "text"])
    rows = data.rows(["passage", "text"]).to_pylist()
    return [_passage(data.name, row["passage"], row["text"]) for row in rows if row["passage"] is not None]


def _passage(name: str, key: object, text: object) -> Passage:
    page, _, heading = str(key).partition("/")
    if not heading or not isinstance(text, str) or not text.strip():
        raise HarnessError(f"dataset {name!r}: a planted passage has an id `page/heading` and a text; found {key!r}")
    return Passage(
        id=str(key),
        title=page.replace("-", " ").capitalize(),
        heading=heading.replace("-", " ").capitalize(),
        text=" ".join(text.split()),
    )
