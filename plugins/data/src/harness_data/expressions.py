"""Reads the expression of a bad row that a suite writes: SQL that can look at the row's values and do nothing else.

Only what is listed here may be written: a function that nobody thought of may read a file or differ from run to run.
"""

from collections.abc import Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from harness import UsageError
from harness_data.declared import nearest

DIALECT = "duckdb"
PARTS = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Array, exp.Bracket),
    *(exp.Binary, exp.Unary, exp.Between, exp.In, exp.Interval, exp.Var, exp.DataType, exp.DataTypeParam, exp.Slice),
    *(exp.Window, exp.WindowSpec, exp.Order, exp.Ordered, exp.Filter, exp.Where, exp.Distinct, exp.AtTimeZone),
    *(exp.JSONPath, exp.JSONPathPart, exp.Escape),
)
WORDS = """
    Abs And Array ArrayContains ArraySize Ascii Avg Case Cast Ceil Chr Coalesce Concat ConcatWs Contains Count CountIf
    CumeDist Date DateAdd DateDiff DateFromParts DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear
    DenseRank EndsWith Exp Extract FirstValue Floor Greatest Hour If IsInf IsNan JSONExtract JSONExtractScalar JSONType
    Lag LastDay LastValue Lead Least Left Length Levenshtein Ln Log Lower MD5 Max Median Min Minute Month NthValue Ntile
    Nullif Or ParseJSON PercentRank PercentileCont PercentileDisc Pow Quantile Quarter Rank RegexpExtract
    RegexpFullMatch RegexpLike RegexpReplace Repeat Replace Reverse Right Round RowNumber SHA2 Second Sign SplitPart
    Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition StrToDate StrToTime Substring Sum TimeToStr TimestampTrunc
    Trim Trunc TryCast Typeof Upper Variance VariancePop Week WeekOfYear Xor Year
"""
FUNCTIONS = frozenset(WORDS.split())
OTHERS = ("epoch_us", "isfinite", "json_valid", "row", "strlen", "try_strptime")  # that sqlglot has no class for


def read_expression(rule: str, text: str, columns: Mapping[str, str]) -> str:
    """Return the expression as DuckDB's SQL with every name quoted; a UsageError names the rule that is none."""
    what = f"data.sql, rule {rule!r}"
    tree = _parse(what, text)
    for node in tree.walk():
        for message in _complaints(node, columns):
            raise UsageError(f"{what}: {message}; found {text!r}")
    return str(tree.sql(dialect=DIALECT, identify=True, comments=False))


def _parse(what: str, text: str) -> exp.Expr:
    try:
        found = sqlglot.parse(f"SELECT {text}", read=DIALECT)
    except SqlglotError as error:
        message = str(error).splitlines()[0]
        raise UsageError(f"{what}: {text!r} is no SQL expression: {message}") from error
    whole = _only_expression(found)
    if whole is None:
        raise UsageError(
            f"{what}: {text!r} is more than one expression; write what is true of a bad row, as `amount < 0 AND paid`"
        )
    return whole


def _only_expression(statements: Sequence[exp.Expr | None]) -> exp.Expr | None:
    """Return the one thing that one statement selects, from nothing and without more words; None for anything else."""
    select = statements[0] if len(statements) == 1 else None
    if not isinstance(select, exp.Select) or [key for key, value in select.args.items() if value] != ["expressions"]:
        return None
    found: Sequence[exp.Expr] = select.expressions
    return None if len(found) != 1 or isinstance(found[0], exp.Alias | exp.Star) else found[0]


def _complaints(node: exp.Expr, columns: Mapping[str, str]) -> Iterator[str]:
    """Yield what a part of an expression may not be."""
    if isinstance(node, exp.Column):
        yield from _column_complaints(node, columns)
    if isinstance(node, exp.AggFunc) and not node.find_ancestor(exp.Window):
        yield f"{node.sql(dialect=DIALECT)!r} is of many rows; write it with OVER () to compare a row with them"
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in OTHERS:
            yield f"the function {node.name!r} is not among those known to look at values only"
    elif isinstance(node, exp.Func):
        if type(node).__name__ not in FUNCTIONS:
            yield f"the function {node.sql(dialect=DIALECT)!r} is not among those known to look at values only"
    elif not isinstance(node, PARTS) and not (isinstance(node, exp.Star) and isinstance(node.parent, exp.Count)):
        yield f"an expression about a row cannot hold {node.sql(dialect=DIALECT)!r} ({node.key})"


def _column_complaints(node: exp.Column, columns: Mapping[str, str]) -> Iterator[str]:
    if node.table:
        yield f"{node.sql(dialect=DIALECT)!r} names a table; write the column alone"
    elif node.name not in columns:
        yield f"the table has no column {node.name!r}{nearest(node.name, columns)}"
