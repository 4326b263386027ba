"""The rules a suite may write for a column; whatever else it writes is refused before anything is read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from math import ceil, floor
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

TYPES = (
    *("boolean", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
    *("decimal", "string", "date", "time", "timestamp", "interval", "binary", "uuid", "json", "array", "map", "struct"),
)
ORDERED = ("min", "max", "greater_than", "less_than")
AGGREGATES = ("minimum", "maximum", "mean", "median", "stdev", "sum", "distinct", "distinct_share")
Bound = int | Annotated[float, Field(allow_inf_nan=False)] | datetime | date | str
Number = int | Annotated[float, Field(allow_inf_nan=False)]
Value = bool | Bound
Values = Annotated[Sequence[Value], Field(min_length=1)]


def nearest(asked: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" or what there is, to end an error with."""
    names = list(known)
    close = get_close_matches(asked, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(names)}"


def _refusal(kind: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{told}", {"told": message})


def _is_pattern(given: str) -> str:
    try:
        re.compile(given)
    except re.error as error:
        raise _refusal("no_pattern", f"{given!r} is no pattern: {error}") from error
    return given


Pattern = Annotated[str, AfterValidator(_is_pattern)]


class Strict(BaseModel):
    """A mapping whose unknown keys are refused with the nearest that is known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_rules(cls, given: object) -> object:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for name in given if isinstance(given, dict) else ():
            if name not in names:
                raise _refusal("unknown_rule", f"no rule {name!r}{nearest(str(name), names)}")
        return given


class Other(Strict):
    """What another column of the same row holds, or several in sum; `within` is how far an equal value may be off."""

    column: str | None = None
    sum: Annotated[Sequence[str], Field(min_length=1)] | None = None
    within: Annotated[Number, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _names_one_or_several(self) -> "Other":
        if (self.column is None) == (self.sum is None):
            raise _refusal("other", "give `column: NAME` or `sum: [NAME, NAME]`, one of them")
        return self

    @property
    def names(self) -> Sequence[str]:
        """Return the columns that it reads."""
        return [self.column] if self.column is not None else list(self.sum or ())


def _other_or_value(given: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Tell by its form which of both is meant, so that an error is about that one."""
    return Other.model_validate(given) if isinstance(given, dict) else validate(given)


class Range(Strict):
    """Where one number, date or text may lie; all four ends are open where they are left out."""

    min: Bound | None = None
    max: Bound | None = None
    greater_than: Bound | None = None
    less_than: Bound | None = None

    @model_validator(mode="after")
    def _leaves_room(self) -> "Range":
        if all(getattr(self, name) is None for name in ORDERED):
            raise _refusal("no_end", f"names no end, so nothing could break it; give one of {', '.join(ORDERED)}")
        refuse_no_room(self)
        return self


BoundOrOther = Annotated[Bound | Other, WrapValidator(_other_or_value)]
ValueOrOther = Annotated[Value | Other, WrapValidator(_other_or_value)]


class WholeRange(Range):
    """How many there may be."""

    min: Number | None = None
    max: Number | None = None
    greater_than: Number | None = None
    less_than: Number | None = None

    @property
    def least(self) -> int:
        """Return the least whole number in it."""
        above = -1 if self.greater_than is None else floor(self.greater_than)
        return max(0 if self.min is None else ceil(self.min), above + 1)

    @property
    def most(self) -> int | None:
        """Return the greatest whole number in it, if there is one."""
        below = None if self.less_than is None else ceil(self.less_than) - 1
        most = None if self.max is None else floor(self.max)
        return below if most is None else most if below is None else min(most, below)


def refuse_no_room(given: object) -> None:
    """Refuse a least value above the greatest."""
    low, high = getattr(given, "min", None), getattr(given, "max", None)
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        raise _refusal("no_room", f"min {low} is above max {high}, so no value can satisfy both")


class RowRules(Strict):
    """What a value must satisfy, and in `where` which rows are meant; a missing value breaks `nullable` alone."""

    nullable: bool | None = None
    missing: bool = False
    min: BoundOrOther | None = None
    max: BoundOrOther | None = None
    greater_than: BoundOrOther | None = None
    less_than: BoundOrOther | None = None
    equal: ValueOrOther | None = None
    not_equal: ValueOrOther | None = None
    allowed: Values | None = Field(default=None, alias="in")
    not_in: Values | None = None
    matches: Pattern | None = None
    not_matches: Pattern | None = None
    length: WholeRange | None = None
    finite: bool = False

    @model_validator(mode="after")
    def _can_be_kept(self) -> "RowRules":
        refuse_no_room(self)
        for name in (*ORDERED, "not_equal"):
            other = getattr(self, name)
            if isinstance(other, Other) and other.within:
                raise _refusal("within", f"`within` says how far `equal` may be off, and does nothing in `{name}`")
        if self.missing and self.nullable is False:
            raise _refusal("no_room", "`missing: true` asks for no value and `nullable: false` for one")
        return self


class ColumnRules(RowRules):
    """What a column must satisfy: its type, each of its values, and what all of them come to."""

    type: str | None = None
    unique: bool = False
    includes: Values | None = None
    distinct: WholeRange | None = None
    distinct_share: Range | None = None
    minimum: Range | None = None
    maximum: Range | None = None
    mean: Range | None = None
    median: Range | None = None
    stdev: Range | None = None
    sum: Range | None = None
    quantiles: Mapping[Number, Range] | None = None

    @field_validator("type")
    @classmethod
    def _is_a_type(cls, given: str | None) -> str | None:
        name = (given or "").partition("(")[0].partition("<")[0].strip()
        if given is not None and name not in TYPES:
            raise _refusal("unknown_type", f"no type {name!r}{nearest(name, TYPES)}")
        return given

    @field_validator("quantiles")
    @classmethod
    def _are_quantiles(cls, given: Mapping[float, Range] | None) -> Mapping[float, Range] | None:
        for share in given or ():
            if not 0 <= share <= 1:
                raise _refusal("no_quantile", f"a quantile lies from 0 to 1; found {share}")
        return given


Patterns = Mapping[Pattern, ColumnRules]
Unique = Sequence[str] | Sequence[Sequence[str]]


def _as_rules(given: Any) -> Any:
    """Read a value as the one asked for, and a list as those asked for."""
    if isinstance(given, dict | RowRules):
        return given
    return {"in": given} if isinstance(given, list | tuple) else {"equal": given}


Condition = Annotated[RowRules, BeforeValidator(_as_rules, json_schema_input_type=Value | Values | RowRules)]
Where = Annotated[Mapping[str, Condition], Field(min_length=1)]


class SomeRows(Strict):
    """Rules that hold for some rows only: those of which every `where` is true."""

    where: Where
    columns: Mapping[str, ColumnRules] = Field(default_factory=dict)
    unique: Unique = ()

    @model_validator(mode="after")
    def _asks_something(self) -> "SomeRows":
        if not self.columns and not self.unique:
            raise _refusal("no_rules", "names no `columns` and nothing `unique`, so nothing could break it")
        return self
