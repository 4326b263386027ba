"""The versions of what lives long: records in the ledger, and files that people keep."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

RECORD_VERSION = 1
FILE_VERSION = 1


def _readable(given: object) -> object:
    if type(given) is not int or given != FILE_VERSION:
        raise ValueError(f"this file is of version {given!r}; this one reads {FILE_VERSION}, so upgrade the harness")
    return given


FileVersion = Annotated[Literal[1], BeforeValidator(_readable)]
