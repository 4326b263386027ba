"""What an expectation of Great Expectations asks, as steps of a suite; or why it cannot be asked."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unsaid import UNSAID

Asked = Mapping[str, Any]
Step = dict[str, Any]
TYPES = {
    **{"int": "int64", "int64": "int64", "Int64": "int64", "integer": "int64", "bigint": "int64", "LongType": "int64"},
    **{"float": "float64", "float64": "float64", "Float": "float64", "DoubleType": "float64", "FLOAT": "float64"},
    **{"str": "string", "string": "string", "object": "string", "StringType": "string", "TEXT": "string"},
    **{"bool": "boolean", "BooleanType": "boolean", "BOOLEAN": "boolean", "datetime64": "timestamp"},
    **{"datetime": "timestamp", "Timestamp": "timestamp", "TimestampType": "timestamp", "DATETIME": "timestamp"},
    **{"INTEGER": "int64", "IntegerType": "int64", "VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "float64"},
}


class NotAsked(Exception):
    """An expectation that the checks cannot say, and why."""


def steps(expectation: str, asked: Asked, columns: Sequence[str]) -> list[Step]:
    """Return the steps of a suite that ask what an expectation asks."""
    name = expectation.split("__")[0].replace("_tz_naive", "").replace("_tz_informed", "")
    if name in UNSAID:
        raise NotAsked(UNSAID[name])
    found = TRANSLATIONS[name](asked, columns)
    if asked.get("row_condition"):
        found = [_on_some_rows(step, asked) for step in found]
    return [_with_share(step, asked.get("mostly")) for step in found]


def schema(**given: Any) -> Step:
    """Return a step of `data.schema`."""
    return {"check": "data.schema", "with": given, "require": {"violations": {"at_most": 0}}}


def bad_rows(expression: str) -> Step:
    """Return a step of `data.sql`."""
    return {"check": "data.sql", "with": {"bad": {"bad": expression}}, "require": {"violations": {"at_most": 0}}}


def _rule(asked: Asked, **rules: Any) -> list[Step]:
    return [schema(columns={asked["column"]: {"nullable": True, **rules}})]


def _with_share(step: Step, mostly: Any) -> Step:
    """Return a step that asks the share of rows to be kept, of these rows exactly."""
    if mostly is None:
        return step
    if not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise NotAsked("no share: the argument is wrong and its own library refuses it")
    share = {"violations": {"at_most": round(1 - mostly, 10), "scope": "these"}}
    return {**step, "with": {**step["with"], "sample": True}, "require": share}


def _on_some_rows(step: Step, asked: Asked) -> Step:
    """Return a step on the rows of a condition, as `(a == 5) & (b == "e")`."""
    if asked.get("condition_parser") != "pandas":
        raise NotAsked("a parser of conditions that does not exist: its own library refuses it")
    parts = [part.strip() for part in asked["row_condition"].split("&")]
    terms = [re.fullmatch(r"\(?(\w+)\s*(==|!=|<)\s*([^)]+?)\)?", part) for part in parts]
    names = {"==": "equal", "!=": "not_equal", "<": "less_than"}
    where: dict[str, dict[str, Any]] = {}
    for term in terms:
        if term is None:
            raise NotAsked(f"a condition in another language: {asked['row_condition']}")
        text = term[3]
        value = text.strip("\"'") if text[0] in "\"'" else float(text) if "." in text else int(text)
        where.setdefault(term[1], {})[names[term[2]]] = value
    if step["check"] == "data.sql":
        whole = " AND ".join(
            f'"{column}" {term[2].replace("==", "=")} {term[3]}' for term in terms if term for column in [term[1]]
        )
        return bad_rows(f"coalesce({whole}, false) AND ({step['with']['bad']['bad']})")
    kept = {key: value for key, value in step["with"].items() if key in ("columns", "unique")}
    return {**step, "with": {"some_rows": [{"where": where, **kept}]}}


def _range(asked: Asked, low: str = "min", high: str = "max") -> dict[str, Any]:
    """Return the ends of a range, strict ones under their names."""
    ends = {
        ("greater_than" if asked.get("strict_min") else low): asked.get("min_value"),
        ("less_than" if asked.get("strict_max") else high): asked.get("max_value"),
    }
    found = {name: value for name, value in ends.items() if value is not None}
    if any(isinstance(value, dict) for value in found.values()):
        raise NotAsked(
            "an end that is computed when it runs, as now() - 1 day: a suite holds values; see data.freshness"
        )
    if not found:
        raise NotAsked("no end at all: every table would pass, which its own library says or refuses")
    return found


def _between(asked: Asked, _: Sequence[str]) -> list[Step]:
    return _rule(asked, **_range(asked))


def _length(asked: Asked, _: Sequence[str]) -> list[Step]:
    value = asked.get("value")
    return _rule(asked, length={"min": value, "max": value} if value is not None else _range(asked))


def _values(asked: Asked, *rules: str) -> list[Step]:
    if not asked.get("value_set") or None in asked["value_set"]:
        raise NotAsked("no values are named, or one that is missing: every table would pass or none")
    return _rule(asked, **dict.fromkeys(rules, asked["value_set"]))


def _aggregate(name: str) -> Callable[[Asked, Sequence[str]], list[Step]]:
    return lambda asked, _: _rule(asked, **{name: _range(asked)})


def _quantiles(asked: Asked, _: Sequence[str]) -> list[Step]:
    ranges = asked["quantile_ranges"]
    pairs = zip(ranges["quantiles"], ranges["value_ranges"], strict=True)
    found = {share: _range({"min_value": low, "max_value": high}) for share, (low, high) in pairs}
    return _rule(asked, quantiles=found)


def _like(pattern: str) -> str:
    """Return a pattern of LIKE, with the classes `[a-z]` that one engine knows, as a regular expression."""
    parts = re.findall(r"\[[^\]]+\]|.", pattern, re.DOTALL)
    return "^(?s:" + "".join(_like_part(each) for each in parts) + ")$"


def _like_part(part: str) -> str:
    return part if len(part) > 1 else {"%": ".*", "_": "."}.get(part, re.escape(part))


def _patterns(key: str, rule: str, read: Callable[[str], str] = str) -> Callable[[Asked, Sequence[str]], list[Step]]:
    def translate(asked: Asked, _: Sequence[str]) -> list[Step]:
        found = asked[key]
        if isinstance(found, str):
            return _rule(asked, **{rule: read(found)})
        if asked.get("match_on", "any") == "all":
            return [step for each in found for step in _rule(asked, **{rule: read(each)})]
        return _rule(asked, **{rule: "|".join(f"(?:{read(each)})" for each in found)})

    return translate


def _type(asked: Asked, _: Sequence[str]) -> list[Step]:
    names = asked["type_list"] if "type_list" in asked else [asked["type_"]]
    if names is None:
        raise NotAsked("no type is named: every table would pass")
    known = {TYPES.get(str(name).rpartition(".")[2]) for name in names}
    if None in known:
        raise NotAsked(f"the name of a type of another engine or library: {', '.join(map(str, names))}")
    if len(known) > 1:
        raise NotAsked("one of several types: a column has one")
    return _rule(asked, type=known.pop())


def _names(asked: Asked) -> tuple[str, str]:
    return f'"{asked["column_A"]}"', f'"{asked["column_B"]}"'


def _pair(asked: Asked, kept: str) -> list[Step]:
    """Return the rows of which something is not true of two columns, less those left out for what they lack."""
    both = asked.get("ignore_row_if", "both_values_are_missing")
    word = {"both_values_are_missing": " AND ", "either_value_is_missing": " OR "}.get(both)
    lacking = word.join(f"{name} IS NULL" for name in _names(asked)) if word else "false"
    return [bad_rows(f"NOT ({lacking}) AND NOT coalesce({kept}, false)")]


def _greater(asked: Asked, _: Sequence[str]) -> list[Step]:
    rule = "min" if asked.get("or_equal") else "greater_than"
    if asked.get("ignore_row_if") == "either_value_is_missing":
        return [schema(columns={asked["column_A"]: {"nullable": True, rule: {"column": asked["column_B"]}}})]
    return _pair(asked, f" {'>=' if asked.get('or_equal') else '>'} ".join(_names(asked)))


def _equal(asked: Asked, _: Sequence[str]) -> list[Step]:
    if asked.get("ignore_row_if") == "either_value_is_missing":
        return [schema(columns={asked["column_A"]: {"nullable": True, "equal": {"column": asked["column_B"]}}})]
    return _pair(asked, " = ".join(_names(asked)))


def _in_pairs(asked: Asked, _: Sequence[str]) -> list[Step]:
    own = _names(asked)
    pairs = " OR ".join(
        f"{own[0]} = {_literal(one)} AND {own[1]} = {_literal(other)}" for one, other in asked["value_pairs_set"]
    )
    return _pair(asked, pairs)


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else "NULL" if value is None else str(value)


def _lacking(asked: Asked) -> str:
    word = {"any_value_is_missing": " OR ", "all_values_are_missing": " AND "}.get(
        asked.get("ignore_row_if", "all_values_are_missing")
    )
    return "(" + word.join(f'"{name}" IS NULL' for name in asked["column_list"]) + ")" if word else "false"


def _sum(asked: Asked, _: Sequence[str]) -> list[Step]:
    total = " + ".join(f'"{name}"' for name in asked["column_list"])
    return [bad_rows(f"NOT {_lacking(asked)} AND NOT coalesce({total} = {asked['sum_total']}, false)")]


def _unlike(asked: Asked, _: Sequence[str]) -> list[Step]:
    names = [f'"{name}"' for name in asked["column_list"]]
    pairs = [f"coalesce({one} = {other}, false)" for at, one in enumerate(names) for other in names[at + 1 :]]
    return [bad_rows(f"NOT {_lacking(asked)} AND ({' OR '.join(pairs)})")]


def _unique_together(asked: Asked, _: Sequence[str]) -> list[Step]:
    if asked.get("ignore_row_if") == "any_value_is_missing":
        return [schema(unique=asked["column_list"])]
    names = ", ".join(f'"{name}"' for name in asked["column_list"])
    return [bad_rows(f"NOT {_lacking(asked)} AND count(*) OVER (PARTITION BY {names}) > 1")]


def _ordered_rows(sign: str) -> Callable[[Asked, Sequence[str]], list[Step]]:
    """Rows of a table have no order, so they are given one by a column of their own, `row number`."""

    def translate(asked: Asked, _: Sequence[str]) -> list[Step]:
        name, equal = f'"{asked["column"]}"', "=" if asked.get("strictly") else ""
        before = f'lag({name}) OVER (PARTITION BY {name} IS NULL ORDER BY "row number")'
        return [bad_rows(f"coalesce({name} {sign}{equal} {before}, false)")]

    return translate


def _scores(asked: Asked, _: Sequence[str]) -> list[Step]:
    name = f'"{asked["column"]}"'
    score = f"({name} - avg({name}) OVER ()) / stddev({name}) OVER ()"
    score = f"abs({score})" if asked["double_sided"] else score
    return [bad_rows(f"{name} IS NOT NULL AND NOT {score} < {asked['threshold']}")]


def _format(asked: Asked, _: Sequence[str]) -> list[Step]:
    name = f'"{asked["column"]}"'
    bad = f"{name} IS NOT NULL AND try_strptime({name}, '{asked['strftime_format']}') IS NULL"
    return [*_rule(asked, type="string"), bad_rows(bad)]


def _json(asked: Asked, _: Sequence[str]) -> list[Step]:
    name = f'"{asked["column"]}"'
    return [*_rule(asked, type="string"), bad_rows(f"{name} IS NOT NULL AND NOT json_valid({name})")]


def _set_of_columns(asked: Asked, _: Sequence[str]) -> list[Step]:
    if asked.get("column_set") is None:
        raise NotAsked("no columns are named: every table would pass")
    return [
        schema(
            columns={name: {"nullable": True} for name in asked["column_set"]}, strict=asked.get("exact_match", True)
        )
    ]


def _list_of_columns(asked: Asked, _: Sequence[str]) -> list[Step]:
    if asked.get("column_list") is None:
        raise NotAsked("no columns are named: every table would pass")
    return [schema(columns={name: {"nullable": True} for name in asked["column_list"]}, strict=True, ordered=True)]


def _exists(asked: Asked, columns: Sequence[str]) -> list[Step]:
    if "column_index" in asked:
        raise NotAsked("the place of one column: `ordered` says the order of all that are declared")
    return _rule(asked)


def _column_count(asked: Asked, _: Sequence[str]) -> list[Step]:
    value = asked.get("value")
    return [schema(column_count={"min": value, "max": value} if value is not None else _range(asked))]


def _row_count(asked: Asked, _: Sequence[str]) -> list[Step]:
    value = asked.get("value")
    ends = {"min": value, "max": value} if value is not None else _range(asked)
    kinds = {"min": "at_least", "max": "at_most"}
    required = [{kinds[name]: end} for name, end in ends.items()]
    return [{"check": "data.volume", "with": {}, "require": {"rows": required}}]


def _rows_query(asked: Asked, _: Sequence[str]) -> list[Step]:
    where = re.fullmatch(r"SELECT \* FROM \{batch\} WHERE (.+)", asked["unexpected_rows_query"])
    if where is None:
        raise NotAsked("a query of more than a condition of rows")
    return [bad_rows(f"coalesce({where[1]}, false)")]


TRANSLATIONS: Mapping[str, Callable[[Asked, Sequence[str]], list[Step]]] = {
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_between_mssql": _between,
    "expect_column_values_to_be_in_set": lambda asked, _: _values(asked, "in"),
    "expect_column_values_to_not_be_in_set": lambda asked, _: _values(asked, "not_in"),
    "expect_column_distinct_values_to_be_in_set": lambda asked, _: _values(asked, "in"),
    "expect_column_distinct_values_to_contain_set": lambda asked, _: _values(asked, "includes"),
    "expect_column_distinct_values_to_equal_set": lambda asked, _: _values(asked, "in", "includes"),
    "expect_column_values_to_be_null": lambda asked, _: _rule(asked, missing=True),
    "expect_column_values_to_not_be_null": lambda asked, _: _rule(asked, nullable=False),
    "expect_column_values_to_be_unique": lambda asked, _: _rule(asked, unique=True),
    "expect_column_value_lengths_to_be_between": _length,
    "expect_column_value_lengths_to_equal": _length,
    "expect_column_values_to_match_regex": _patterns("regex", "matches"),
    "expect_column_values_to_not_match_regex": _patterns("regex", "not_matches"),
    "expect_column_values_to_match_regex_list": _patterns("regex_list", "matches"),
    "expect_column_values_to_not_match_regex_list": _patterns("regex_list", "not_matches"),
    "expect_column_values_to_match_like_pattern": _patterns("like_pattern", "matches", _like),
    "expect_column_values_to_not_match_like_pattern": _patterns("like_pattern", "not_matches", _like),
    "expect_column_values_to_match_like_pattern_list": _patterns("like_pattern_list", "matches", _like),
    "expect_column_values_to_not_match_like_pattern_list": _patterns("like_pattern_list", "not_matches", _like),
    "expect_column_min_to_be_between": _aggregate("minimum"),
    "expect_column_max_to_be_between": _aggregate("maximum"),
    "expect_column_mean_to_be_between": _aggregate("mean"),
    "expect_column_median_to_be_between": _aggregate("median"),
    "expect_column_stdev_to_be_between": _aggregate("stdev"),
    "expect_column_sum_to_be_between": _aggregate("sum"),
    "expect_column_quantile_values_to_be_between": _quantiles,
    "expect_column_proportion_of_unique_values_to_be_between": _aggregate("distinct_share"),
    "expect_column_unique_value_count_to_be_between": _aggregate("distinct"),
    "expect_column_values_to_be_of_type": _type,
    "expect_column_values_to_be_in_type_list": _type,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_column_pair_values_to_be_in_set": _in_pairs,
    "expect_multicolumn_sum_to_equal": _sum,
    "expect_select_column_values_to_be_unique_within_record": _unlike,
    "expect_compound_columns_to_be_unique": _unique_together,
    "expect_column_values_to_be_increasing": _ordered_rows("<"),
    "expect_column_values_to_be_decreasing": _ordered_rows(">"),
    "expect_column_value_z_scores_to_be_less_than": _scores,
    "expect_column_values_to_match_strftime_format": _format,
    "expect_column_values_to_be_json_parseable": _json,
    "expect_table_columns_to_match_set": _set_of_columns,
    "expect_table_columns_to_match_ordered_list": _list_of_columns,
    "expect_column_to_exist": _exists,
    "expect_table_column_count_to_equal": _column_count,
    "expect_table_column_count_to_be_between": _column_count,
    "expect_table_row_count_to_equal": _row_count,
    "expect_table_row_count_to_be_between": _row_count,
    "unexpected_rows_expectation": _rows_query,
}
