"""What all values of a column come to, as an expression that the database evaluates in the query that counts rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from harness_data.predicates import fitting_values, is_among, is_number
from harness_data.schemas import Aggregate

ANY_KIND = ("minimum", "maximum", "distinct", "distinct_share")
FUNCTIONS: Mapping[str, Callable[[Any, ir.BooleanValue, Any], ir.Value]] = {
    "minimum": lambda value, among, _: value.min(where=among),
    "maximum": lambda value, among, _: value.max(where=among),
    "distinct": lambda value, among, _: value.nunique(where=among),
    "distinct_share": lambda value, among, _: value.nunique(where=among) / value.count(where=among),
    "mean": lambda value, among, _: value.mean(where=among),
    "median": lambda value, among, _: value.quantile(0.5, where=among),
    "stdev": lambda value, among, _: value.std(where=among, how="sample"),
    "sum": lambda value, among, _: _sum(value, among),
    "quantile": lambda value, among, share: value.quantile(share, where=among),
}


def aggregate(value: ir.Value, among: ir.BooleanValue, asked: Aggregate) -> ir.Value | None:
    """Return what the values among some rows come to; None if values of their kind have no such thing."""
    kind = value.type()
    if asked.of not in ANY_KIND and not (is_number(kind) or kind.is_boolean()):
        return None
    own = value if asked.of in ANY_KIND else _as_number(value, asked.of)
    return FUNCTIONS[asked.of](own, among, asked.share)


def _sum(value: ir.NumericValue, among: ir.BooleanValue) -> ir.NumericValue:
    total = value.sum(where=among)
    return total.cast("int64") if value.type().is_integer() else total


def _as_number(value: ir.Value, of: str) -> ir.NumericValue:
    """Return a value as the number whose mean or sum is asked: engines disagree what those of whole numbers are."""
    number = value.ifelse(1, 0) if value.type().is_boolean() else value
    return number if of == "sum" else number.cast("float64")


def count_absent(value: ir.Value, asked: Sequence[Any], among: ir.BooleanValue) -> tuple[ir.IntegerValue, int]:
    """Return how many of the values asked for no row holds, and how many were asked for."""
    fitting = list(fitting_values(value.type(), asked))
    others = sum(1 for each in asked if not fitting_values(value.type(), [each]))
    if not fitting:
        return ibis.literal(others), others
    found = value.nunique(where=among & is_among(value, fitting).fill_null(False))
    return len(fitting) + others - found, len(fitting) + others
