"""`data.sql` counts the rows of which an expression is true, and takes nothing that could do more than look."""

import pyarrow as pa
import pytest
from harness_data import bad_rows

from harness import Measurement, UsageError
from harness.testing import measure

ROWS = pa.table(
    {
        "id": [1, 2, 3, 4],
        "amount": pa.array([10.0, -1.0, None, 30.0]),
        "state": ["paid", "open", "paid", "{x}"],
        "at": pa.array([0, 86_400_000_000, 0, 0], pa.timestamp("us")),
    }
)
COUNTS = [
    ("amount < 0", 2),  # of the missing amount it is unknown
    ("amount < 0 AND amount IS NOT NULL", 1),
    ("coalesce(amount < 0, false)", 1),
    ("state = 'paid' AND amount > 5", 2),
    ("state = '{x}'", 1),
    ("regexp_matches(state, '^[a-z]{4}$')", 3),
    ("abs(coalesce(amount, 0) - avg(amount) OVER ()) > 15", 1),
    ("amount < lag(amount) OVER (ORDER BY id)", 4),
    ("(id, state) IN ((1, 'paid'), (2, 'paid'))", 1),
    ("at > TIMESTAMP '1970-01-01 12:00:00'", 1),
    ("count(*) OVER (PARTITION BY state) > 1", 2),
    ("try_cast(state AS INTEGER) IS NULL", 4),
    ("CASE WHEN id > 2 THEN true ELSE false END", 2),
    ("false", 0),
]
REFUSED = [
    ("amount <", "is no SQL expression"),
    ("amount < 0; DROP TABLE x", "is more than one expression"),
    ("amount < 0, id", "is more than one expression"),
    ("true FROM other", "is more than one expression"),
    ("true UNION SELECT 1", "is more than one expression"),
    ("true LIMIT 1", "is more than one expression"),
    ("*", "is more than one expression"),
    ("id IN (SELECT id FROM other)", "cannot hold"),
    ("EXISTS (SELECT 1)", "not among those known to look at values only"),
    ("(SELECT true)", "cannot hold"),
    ("COLUMNS('a.*') > 1", "not among those known"),
    ("read_text('/etc/passwd') = ''", "function 'read_text' is not among those known"),
    ("getenv('HOME') = ''", "function 'getenv' is not among"),
    ("pg_sleep(9) IS NULL", "function 'pg_sleep' is not among"),
    ("random() < 0.5", "not among those known"),
    ("at < now()", "function 'now' is not among"),
    ("at < current_timestamp", "not among those known"),
    ("amount < $1", "cannot hold"),
    ("avg(amount) > 3", r"'AVG\(amount\)' is of many rows; write it with OVER \(\)"),
    ("other.amount < 0", "names a table; write the column alone"),
    ("amuont < 0", r"has no column 'amuont'; did you mean 'amount'\?"),
    ("amount - 5", "the expression is a DOUBLE; write what is true of a bad row"),
]


def violations(found: Measurement) -> float:
    return found.sample.counts["value"]


def test_an_expression_counts_the_rows_of_which_it_is_true_or_unknown() -> None:
    found = measure(bad_rows, ROWS, bad={text: text for text, _ in COUNTS})

    assert dict(COUNTS) == {each.labels["rule"]: violations(each) for each in found}
    assert "1" == found[0].evidence["unknown"]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_expression_about_a_row_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"data.sql, rule 'odd': .*{words}"):
        measure(bad_rows, ROWS, bad={"fine": "false", "odd": text})


def test_an_expression_that_the_engine_cannot_ask_is_its_own_error() -> None:
    odd = {
        "type": "state > 5 AND CAST(state AS INTEGER) > 3",
        "fine": "id > 3",
        "date": "extract(year FROM amount) > 3",
    }

    found = {each.labels["rule"]: each for each in measure(bad_rows, ROWS, bad=odd)}

    assert found["type"].failure.startswith("rule 'type' cannot be asked: ")
    assert found["date"].failure.startswith("rule 'date' cannot be asked: ")
    assert 1 == violations(found["fine"])


def test_an_expression_that_fails_on_the_rows_is_its_own_error() -> None:
    rows = {"id": [1, 2], "amount": [1.0, float("inf")]}
    odd = {"far": "amount > stddev(amount) OVER ()", "fine": "id > 1"}

    far, fine = measure(bad_rows, rows, bad=odd)

    assert "rule 'far' cannot be asked: the rows cannot be counted: " in far.failure
    assert 1 == violations(fine)


def test_bad_rows_of_a_sample_are_a_proportion_and_those_of_a_table_keep_ids() -> None:
    (share,) = measure(bad_rows, ROWS, bad={"low": "id < 3"}, sample=True)
    (count,) = measure(bad_rows, ROWS, bad={"low": "id < 3"})

    assert {"k": 2, "n": 4} == dict(share.sample.counts)
    assert {"id": [1, 2]} == count.sample.rows.to_pydict()
