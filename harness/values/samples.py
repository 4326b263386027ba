"""What a statistic is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pyarrow as pa
from pydantic import Field, GetPydanticSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import core_schema

Rows = Annotated[
    SkipJsonSchema[pa.Table | None],
    GetPydanticSchema(lambda _source, _handler: core_schema.any_schema()),
    Field(exclude=True),
]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a statistic is computed from: mergeable counts, or rows.

    `rows` has one row per observation: `y` (0/1 or a number), `score`, `id`, `weight`, and any number of
    `cluster.<column>` and `slice.<column>` columns.
    Rows of `proportion` and `mean`: `y`; of `auc`, `average_precision`, `brier` and `calibration`: `y` and `score`; of
    `f1`: `score` is the decision; of `value_rate`: `score` is what a row is worth; of `gap` and `ratio`: `y` and
    `reference`, 1 in the reference group; of `judged`: `score` by the judge, `y` by a person or missing; of
    `exceedance`: `y`, `score` the latency, and `time`.
    Counts of `proportion`: `k` of `n`; of `gap`, `ratio` and `canary` also `k_ref` of `n_ref`; of `sequence`: `k`, `n`
    (it and `canary` may have `plan`); of `odds` the four of each rate, `tpr.k` to
    `fpr.n_ref`; of `psi`, `js` and `ks`: `reference.<bin>` and `current.<bin>` (and `within`, by how
    much the counts may be off); of `judged`: `k`,
    `n`, `tp` of `positives`, `tn` of `negatives`; of `exceedance`: `n.<block>`, `k.<block>`, `near.<block>`; of `exact`
    and `point`: `value` (and `n`).

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
