"""What parts of the pipelines file are made of: strict keys, spans of time, and where secrets are."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from harness import UsageError

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


class Secret(Strict):
    """Where a secret is: in a variable of the environment, or in a file."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("name either `env` or `file`, of which the secret is read")
        return self

    def read(self, folder: Path) -> str:
        """Return the secret; UsageError if there is none."""
        if self.env is not None:
            found, where = os.environ.get(self.env, ""), f"variable {self.env}"
        else:
            path = folder / str(self.file)
            found, where = path.read_text().strip() if path.is_file() else "", f"file {path}"
        if not found:
            raise UsageError(f"no secret in {where}; give it one, or leave the hook out")
        return found
