"""What text in a CSV file means: a column is converted only if each of its values could be written back as it was."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.tables.sql import quote_text

WORDS = "('nan', 'NaN', 'inf', '-inf', 'Inf', '-Inf', 'Infinity', '-Infinity')"
DAY = r"\d{4}-\d{2}-\d{2}"
TIME = r"([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,6})?)?"
ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)"
POWER = r"-?\d(\.\d+)?[eE][+-]\d{1,3}|-?\d\.\d+E\d{1,3}"  # as programs print it: 1e-05, 1.0E-5, 1.0E7; 1E5 is a name
MACROS = (
    "csv_integer(v) AS CAST(TRY_CAST(v AS BIGINT) AS VARCHAR) = v",
    r"csv_whole(v) AS regexp_full_match(v, '[+-]?\d+') AND TRY_CAST(v AS BIGINT) IS NOT NULL",
    # 15 digits survive as a double; 16 or 17 if they are its shortest name, as Python prints it, or C's with %.17g
    "csv_shortest(v) AS CAST(TRY_CAST(v AS DOUBLE) AS VARCHAR)",
    "csv_digits(v) AS length(ltrim(replace(v, '.', ''), '-0'))",
    "csv_plain(v) AS csv_digits(v) <= 15 OR format('{:.17g}', TRY_CAST(v AS DOUBLE)) = v",
    r"csv_power_name(v) AS regexp_replace(regexp_replace(lower(v), 'e(\d)', 'e+\1'), 'e(.)(\d)$', 'e\10\2')",
    "csv_power_digits(v) AS csv_digits(split_part(lower(v), 'e', 1))",
    "csv_power(v) AS isfinite(TRY_CAST(v AS DOUBLE)) AND (TRY_CAST(v AS DOUBLE) <> 0 OR csv_power_digits(v) = 0) AND "
    "(csv_power_digits(v) <= 15 OR csv_shortest(v) = csv_power_name(v))",
    "csv_number(v) AS CASE WHEN csv_shortest(v) = v THEN true WHEN csv_shortest(v) = v || '.0' THEN true "
    rf"WHEN regexp_full_match(v, '-?(0|[1-9]\d*)(\.\d+)?') THEN csv_plain(v) "
    rf"WHEN regexp_full_match(v, '{POWER}') THEN csv_power(v) ELSE v IN {WORDS} END",
    # how a number is written, in bits: whole, with .0, with a zero too many, its places after the point, with a power
    "csv_way(v) AS CASE WHEN contains(v, 'e') OR contains(v, 'E') THEN 1::BIGINT << 60 WHEN contains(v, 'n') OR "
    "contains(v, 'N') THEN 0 WHEN contains(v, '.') THEN (8::BIGINT << least(strlen(v) - strpos(v, '.'), 50)) | "
    "CASE WHEN NOT suffix(v, '0') THEN 0 WHEN strlen(v) - strpos(v, '.') = 1 THEN 2 ELSE 4 END ELSE 9 END",
    # the numbers of a column are written in one way: with so many places each, or with no zero too many
    "csv_one_way(v) AS bit_or(csv_way(v)) <> 0 AND (bit_count((bit_or(csv_way(v)) & ((1::BIGINT << 60) - 1)) >> 3) < 2 "
    "OR (bit_or(csv_way(v)) & 4 = 0 AND bit_or(csv_way(v)) & 3 < 3))",
    rf"csv_decimal(v) AS v IN {WORDS} OR (regexp_full_match(v, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') "
    "AND isfinite(TRY_CAST(v AS DOUBLE)))",
    "csv_truth(v) AS lower(v) IN ('true', 'false')",
    "csv_one_case(v) AS bool_and(v = lower(v)) OR bool_and(v = upper(v)) OR bool_and(v IN ('True', 'False'))",
    f"csv_day(v) AS regexp_full_match(v, '{DAY}') AND TRY_CAST(v AS DATE) IS NOT NULL",
    f"csv_moment(v) AS regexp_full_match(v, '{DAY}[ T]{TIME}') AND TRY_CAST(v AS TIMESTAMP) IS NOT NULL",
    f"csv_zoned(v) AS regexp_full_match(v, '{DAY}[ T]{TIME}{ZONE}') AND TRY_CAST(v AS TIMESTAMPTZ) IS NOT NULL",
    "csv_in_zone(v) AS csv_day(v) OR csv_moment(v) OR csv_zoned(v)",
    "csv_no_zone(v) AS csv_day(v) OR csv_moment(v)",
    "csv_any(v) AS true",
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How text becomes a value, and the macros that tell that it is one: each by itself, and all of a column together.

    `declared` tells which texts are values once a suite says of which type the column is.
    """

    cast: str
    fits: str
    declared: str
    together: str = ""


READINGS: Mapping[str, Reading] = {
    "int64": Reading(cast="CAST({v} AS BIGINT)", fits="csv_integer", declared="csv_whole"),
    "float64": Reading(cast="CAST({v} AS DOUBLE)", fits="csv_number", declared="csv_decimal", together="csv_one_way"),
    "boolean": Reading(cast="CAST({v} AS BOOLEAN)", fits="csv_truth", declared="csv_truth", together="csv_one_case"),
    "date": Reading(cast="CAST({v} AS DATE)", fits="csv_day", declared="csv_day"),
    "timestamp": Reading(cast="CAST({v} AS TIMESTAMP)", fits="csv_moment", declared="csv_no_zone"),
    "timestamp('UTC')": Reading(cast="CAST({v} AS TIMESTAMPTZ)", fits="csv_zoned", declared="csv_in_zone"),
    "string": Reading(cast="{v}", fits="csv_any", declared="csv_any"),
}


def parse_type(name: str) -> str:
    """Return the type that a suite declares: one of `READINGS`, or how a date is written (`%m/%d/%Y`)."""
    if name in READINGS or "%" in name:
        return name
    raise ValueError(f"{name!r} is none of {', '.join(READINGS)}, nor a date as it is written: %m/%d/%Y")


def cast(kind: str, value: str) -> str:
    """Return the SQL that converts text, which is SQL too, to a type; a date as it is written is in UTC."""
    if kind in READINGS:
        return READINGS[kind].cast.format(v=value)
    return f"CAST(strptime({value}, {quote_text(kind)}) AS TIMESTAMP)"


def declared_fits(kind: str, value: str) -> str:
    """Return the SQL that tells whether text is of a type that a suite declares."""
    if kind in READINGS:
        return f"{READINGS[kind].declared}({value})"
    return f"try_strptime({value}, {quote_text(kind)}) IS NOT NULL"
