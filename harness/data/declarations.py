"""What a suite declares of a table, parsed without opening anything."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from harness.tables.csv_types import parse_type

LONGEST = timedelta(days=100 * 365)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: object) -> timedelta:
    """Return "45d", "24h", "30m", "90s" or "2w" as a time span."""
    found = re.fullmatch(r"(\d+)([smhdw])", text) if isinstance(text, str) else None
    if isinstance(text, timedelta):
        return text
    if not found:
        raise ValueError("is a number and a unit: 90s, 30m, 24h, 45d or 2w")
    try:
        span = timedelta(**{UNITS[found[2]]: int(found[1])})
    except OverflowError:
        span = timedelta.max
    if span > LONGEST:
        raise ValueError(f"is at most {LONGEST.days // 365} years")
    return span


def validate_origin(text: str) -> str:
    """Return where a suite says that a table came from; only what DVC's own files say may begin with `dvc:`."""
    if not re.fullmatch(r"\w+:\S+", text):
        raise ValueError("is a system and a name in it: mlflow:/RUN/DATASET or feast:VIEW@VERSION")
    if text.startswith("dvc:"):
        raise ValueError("is read from FILE.dvc or dvc.lock and held to the bytes; leave it out")
    return text


def validate_label_values(meanings: Mapping[str, int]) -> Mapping[str, int]:
    """Return what the values of a label mean; that some mean 0 and some mean 1 is what a label is for."""
    if set(meanings.values()) != {0, 1}:
        raise ValueError("says which values mean 1 and which mean 0: {fraud: 1, legit: 0}")
    return meanings


SPAN_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^\d+[smhdw]$"})
NAMES_SCHEMA = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
Duration = Annotated[timedelta, BeforeValidator(duration), SPAN_SCHEMA]
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given), NAMES_SCHEMA
]

Types = Annotated[Mapping[str, Annotated[str, AfterValidator(parse_type)]], Field(min_length=1)]
Value = str | int | float | bool | None
LabelValues = Annotated[Mapping[str, Literal[0, 1]], AfterValidator(validate_label_values)]
Origin = Annotated[str, AfterValidator(validate_origin), WithJsonSchema({"type": "string", "pattern": r"^\w+:\S+$"})]


class Labels(BaseModel):
    """Labels that arrive in a table of their own, joined by id; `absent_is` is the label of rows not in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    connection: SecretStr | None = None
    origin: Origin | None = None
    types: Types | None = None
    on: str
    column: str
    absent_is: Value = None


class Source(BaseModel):
    """A table as a suite declares it: where it is, what its columns mean, which rows count.

    `label_values` say what each value of the label means, 0 or 1; any other value is an error. `exclude` names values
    of rows that can have no outcome; null is a missing one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    connection: SecretStr | None = None
    origin: Origin | None = None
    types: Types | None = None
    id: str | None = None
    label: str | None = None
    label_values: LabelValues | None = None
    time: str | None = None
    cluster: Names = ()
    weight: str | None = None
    human: str | None = None
    labels: Labels | None = None
    mature_after: Duration | None = None
    window: Annotated[Duration, Field(gt=timedelta())] | None = None
    exclude: Mapping[str, Annotated[Sequence[Value], Field(min_length=1)]] = {}
