"""What a statistic is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, GetPydanticSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import core_schema

# An Arrow table or None; who only reads records need not import pyarrow.
Rows = Annotated[
    SkipJsonSchema[Any],
    GetPydanticSchema(lambda _source, _handler: core_schema.any_schema()),
    Field(exclude=True),
]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a statistic is computed from: mergeable counts, or rows.

    `harness.samples` builds it. `rows` has one row per observation: the columns the statistic reads, `id`, `weight`,
    and any number of `cluster.<column>` and `slice.<column>` columns.

    `digest` names the rows by their content. They are stored in the evidence `file`, among those of the metric `of`, in
    the slice `where`.
    """

    statistic: str
    counts: Mapping[str, float] = field(default_factory=dict)
    rows: Rows = field(default=None, repr=False, compare=False)
    digest: str | None = None
    file: str | None = None
    of: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
