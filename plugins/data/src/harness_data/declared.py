"""The rules a suite may write for a column; whatever else it writes is refused before anything is read."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

TYPES = (
    *("boolean", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
    *("decimal", "string", "date", "time", "timestamp", "interval", "binary", "uuid", "json", "array", "map", "struct"),
)
Bound = int | Annotated[float, Field(allow_inf_nan=False)] | datetime | date | str
Value = bool | Bound


def nearest(asked: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" or what there is, to end an error with."""
    names = list(known)
    close = get_close_matches(asked, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(names)}"


class ColumnRules(BaseModel):
    """What every row of one column must satisfy; a missing value breaks `nullable` and no other rule."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    type: str | None = None
    nullable: bool = False
    min: Bound | None = None
    max: Bound | None = None
    allowed: Sequence[Value] | None = Field(default=None, alias="in", min_length=1)
    unique: bool = False

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_rules(cls, given: object) -> object:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for name in given if isinstance(given, dict) else ():
            if name not in names:
                message = f"no rule {name!r}{nearest(str(name), names)}"
                raise PydanticCustomError("unknown_rule", "{told}", {"told": message})
        return given

    @field_validator("type")
    @classmethod
    def _is_a_type(cls, given: str | None) -> str | None:
        name = (given or "").partition("(")[0].partition("<")[0].strip()
        if given is not None and name not in TYPES:
            raise PydanticCustomError("unknown_type", "{told}", {"told": f"no type {name!r}{nearest(name, TYPES)}"})
        return given

    @model_validator(mode="after")
    def _leaves_room(self) -> "ColumnRules":
        low, high = self.min, self.max
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            message = f"min {low} is above max {high}, so no value can satisfy both"
            raise PydanticCustomError("no_room", "{told}", {"told": message})
        return self
