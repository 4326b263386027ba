"""What parts of the pipelines file are made of: strict keys, and spans of time."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(written: object) -> object:
    """Return the seconds of a span such as 30m; anything else as it is, to be refused."""
    found = re.fullmatch(r"(\d+)([smhd])", written) if isinstance(written, str) else None
    if isinstance(written, timedelta):
        return written
    if not found:
        raise ValueError("should be a span such as 90s, 30m, 4h or 7d")
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


Span = Annotated[timedelta, BeforeValidator(_seconds, json_schema_input_type=str), Field(gt=timedelta(0))]


class Strict(BaseModel):
    """A part of the file: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
