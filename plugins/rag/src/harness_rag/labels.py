"""Answers that people labelled, as a file says them: one JSON object a line."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from harness import UsageError
from harness_rag.judges import Answer


def _whole(given: object) -> object:
    if given is None:
        return None
    if isinstance(given, bool | int | float) and given in (0, 1):
        return int(given)
    raise ValueError("is 1 where people call the answer good, and 0 where they do not")


def _texts(given: object) -> object:
    return [given] if isinstance(given, str) else given


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    answer: str
    contexts: Annotated[list[str], BeforeValidator(_texts)] = []
    question: str | None = None
    label: Annotated[int | None, BeforeValidator(_whole)] = None
    answer_digest: str | None = None
    group: str | int | None = None


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """An answer and whether people call it good, 0 or 1; those of one `group`, as of one document, depend."""

    given: Answer
    label: int
    group: str


def read_labels(path: Path) -> Sequence[Labelled]:
    """Return the labels of a file, in order; a line that cannot be read or has no label is an error."""
    return [_labelled(path, number, row) for number, row in _read_lines(path)]


def read_answers(path: Path) -> Sequence[Answer]:
    """Return the answers of a file, in order, whether labelled or not."""
    return [_given(row) for _, row in _read_lines(path)]


def answer_digest(answer: str) -> str:
    """Return the digest that tells which answer a label is of."""
    return f"sha256:{hashlib.sha256(answer.encode(errors='surrogatepass')).hexdigest()}"


def _read_lines(path: Path) -> Sequence[tuple[int, _Line]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}; name a file of JSON lines in UTF-8") from error
    found = [(number, _read_line(path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise UsageError(f"{path} is empty; give one JSON object a line with `answer`, `contexts` and `label`")
    return found


def _read_line(path: Path, number: int, line: str) -> _Line:
    try:
        return _Line.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, line {number} is no JSON object: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path}, line {number}: {_complaints(error)}") from error


def _labelled(path: Path, number: int, row: _Line) -> Labelled:
    if row.label is None:
        raise UsageError(f"{path}, line {number} has no `label`; say 1 where people call the answer good, else 0")
    if row.answer_digest not in (None, answer_digest(row.answer)):
        raise UsageError(
            f"{path}, line {number}: the label is of another answer: its digest is {row.answer_digest}, this "
            f"answer's is {answer_digest(row.answer)}; label this answer anew"
        )
    group = f"line {number}" if row.group is None else f"group {row.group}"
    return Labelled(given=_given(row), label=row.label, group=group)


def _given(row: _Line) -> Answer:
    return Answer(answer=row.answer, contexts=tuple(row.contexts), question=row.question or "")


def _complaints(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the line'}: {each['msg']}" for each in error.errors())
