"""What `harness new` writes runs as it is; where it cannot guess it asks."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from conftest import Command, scored_rows

ROWS = 2_000


def write(path: Path, **columns: object) -> None:
    chance = np.random.default_rng(1)
    fraud = (chance.random(ROWS) < 0.12).astype(int)
    plain = {"txn_id": np.arange(ROWS), "is_fraud": fraud, "score": 0.5 * fraud + 0.5 * chance.random(ROWS)}
    kept = {name: values for name, values in {**plain, **columns}.items() if values is not None}
    pq.write_table(pa.table(kept), path)


def config_of(path: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(path.read_text())["target"]["config"]
    return found


def source_of(path: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(path.read_text())["data"]["scored"]
    return found


def test_newcomer_gets_from_a_table_to_a_verdict_in_two_commands(project: Path, harness: Command) -> None:
    write(project / "scores.parquet")

    made = harness("new", "suite", "--preset", "classifier", "--from", "scores.parquet")
    done = harness("run", "scores.suite.yaml")

    assert (0, "") == (made.code, made.err)
    assert "label is_fraud, score score, id txn_id" in made.out
    assert (0, "") == (done.code, done.err)
    assert "PASS  scores: 3 pass of 3 musts" in done.out


def write_words(path: Path, *words: str, missing: int = 0) -> None:
    """Write a table as another system exports it: semicolons, a label in words, some of them missing."""
    rng = np.random.default_rng(1)
    y = (rng.random(ROWS) < 0.3).astype(int)
    score = np.clip(0.4 * y + 0.6 * rng.random(ROWS), 0, 1)
    labels = ["" if row < missing else words[y[row]] for row in range(ROWS)]
    lines = [f"T-{row:05};{score[row]:.4f};{labels[row]};0{1 + row % 9}/10/2026" for row in range(ROWS)]
    path.write_text("\n".join(["Booking No;Model Score;Outcome;Booked on", *lines]) + "\n")


def test_newcomer_with_labels_in_words_gets_to_a_verdict_in_two_commands(project: Path, harness: Command) -> None:
    write_words(project / "export.csv", "legit", "fraud", missing=7)

    made = harness("new", "suite", "export.csv")
    done = harness("run", "export.suite.yaml")

    assert (0, "") == (made.code, made.err)
    assert 'label Outcome, score "Model Score", id "Booking No", 7 rows without a label left out' in made.out
    source = source_of(project / "export.suite.yaml")
    assert {"label_values": {"fraud": 1, "legit": 0}, "exclude": {"Outcome": [None]}}.items() <= source.items()
    assert "PASS  export: 3 pass of 3 musts" in done.out
    assert "without 7 rows where Outcome is missing" in harness("runs", "explain", "latest").out


def test_which_of_two_words_means_1_is_asked_for_where_neither_says_so(project: Path, harness: Command) -> None:
    write_words(project / "export.csv", "A", "B")

    asked = harness("new", "suite", "export.csv", "--label", "Outcome")
    wrong = harness("new", "suite", "export.csv", "--label", "Outcome", "--positive", "C")
    made = harness("new", "suite", "export.csv", "--label", "Outcome", "--positive", "B")

    assert "the label 'Outcome' is 'A' or 'B'; say which means 1: --positive VALUE" in asked.err
    assert "--positive C: the label 'Outcome' is 'A' or 'B'" in wrong.err
    assert (0, "") == (made.code, made.err)
    assert {"A": 0, "B": 1} == source_of(project / "export.suite.yaml")["label_values"]


def test_suite_has_at_most_twenty_lines_with_every_role(project: Path, harness: Command) -> None:
    times = np.datetime64("2026-01-01T00:00:00", "s") + 60 * np.arange(ROWS)
    write(project / "scores.parquet", event_ts=times, customer_id=np.arange(ROWS) % 300)

    harness("new", "suite", "--from", "scores.parquet")

    suite = project / "scores.suite.yaml"
    assert len(suite.read_text().splitlines()[1:]) <= 20  # below the line that is for editors
    roles = {"source": "scores.parquet", "id": "txn_id", "label": "is_fraud", "time": "event_ts"}
    assert {**roles, "cluster": ["customer_id"]} == source_of(suite)


def test_thresholds_are_called_placeholders(project: Path, harness: Command) -> None:
    write(project / "scores.parquet")

    harness("new", "suite", "--from", "scores.parquet")

    assert "Each threshold is a placeholder, not advice" in (project / "scores.suite.yaml").read_text()


def test_decision_column_takes_the_place_of_an_operating_point(project: Path, harness: Command) -> None:
    write(project / "scores.parquet", decision=np.arange(ROWS) % 2)

    harness("new", "suite", "--from", "scores.parquet")

    assert {"data": "scored", "model": "scores-v1", "score": "score", "decision": "decision"} == config_of(
        project / "scores.suite.yaml"
    )


def test_decisions_alone_are_not_asked_for_a_ranking(project: Path, harness: Command) -> None:
    write(project / "scores.parquet", score=None, decision=np.arange(ROWS) % 2)

    harness("new", "suite", "--from", "scores.parquet")
    done = harness("run", "scores.suite.yaml")

    assert "roc_auc" not in (project / "scores.suite.yaml").read_text()
    assert 1 == done.code


def test_latency_suite_sends_the_columns_of_its_table(project: Path, harness: Command) -> None:
    pq.write_table(pa.table({"id": [1], "amount": [2.5], "two words": ["x"]}), project / "payments.parquet")

    made = harness("new", "suite", "--preset", "latency", "--from", "payments.parquet")
    valid = harness("validate", "payments.suite.yaml")

    assert (0, "") == (made.code, made.err)
    assert (0, "") == (valid.code, valid.err)
    request = config_of(project / "payments.suite.yaml")["request"]
    assert {"method": "POST", "path": "/v1/score", "body": {"id": "{id}", "amount": "{amount}"}} == request


def test_latency_suite_of_a_service_that_is_not_there_is_an_error(project: Path, harness: Command) -> None:
    pq.write_table(pa.table({"id": [1]}), project / "payments.parquet")
    harness("new", "suite", "--preset", "latency", "--from", "payments.parquet")
    suite = project / "payments.suite.yaml"
    suite.write_text(suite.read_text().replace("127.0.0.1:8000", "127.0.0.1:1").replace("duration: 60", "duration: 2"))

    done = harness("run", "payments.suite.yaml")

    assert 3 == done.code
    assert "nothing listens on 127.0.0.1:1; start the service, or repair the url" in done.out


def test_suite_elsewhere_still_finds_its_table(project: Path, harness: Command) -> None:
    write(project / "scores.parquet")

    harness("new", "suite", "--from", "scores.parquet", "--out", "suites/first/my.suite.yaml")
    done = harness("run", "suites/first")

    assert "../../scores.parquet" == source_of(project / "suites/first/my.suite.yaml")["source"]
    assert "PASS  my:" in done.out


def test_strange_names_are_quoted(project: Path, harness: Command) -> None:
    chance = np.random.default_rng(1)
    write(
        project / "my scores: 1.parquet",
        score=None,
        txn_id=None,
        is_fraud=None,
        **{
            "no": np.arange(ROWS).astype(str),
            'a "label", # really': (chance.random(ROWS) < 0.5),
            "score: {x}": chance.random(ROWS),
        },
    )

    made = harness("new", "suite", "--from", "my scores: 1.parquet")
    done = harness("run", "my-scores-1.suite.yaml")

    assert (0, "") == (made.code, made.err)
    assert done.code in (1, 2)
    assert "my-scores-1: " in done.out


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"is_fraud": None}, "is the label: none holds 0 and 1 (or false and true, or two words); add --label COLUMN"),
        ({"is_fraud": np.ones(ROWS, dtype=int)}, "is the label: none holds 0 and 1"),
        (
            {"is_fraud": None, "weekend": np.arange(ROWS) % 2, "night": np.arange(ROWS) % 2},
            "is the label: each of weekend, night holds 0 and 1 (or false and true, or two words); add --label",
        ),
        ({"score": None}, "is the score: none holds fractions between 0 and 1 in every row; add --score COLUMN"),
        (
            {"score": None, "old_score": np.linspace(0, 1, ROWS), "new_score": np.linspace(0, 1, ROWS)},
            "is the score: each of old_score, new_score holds",
        ),
        (
            {"txn_id": None, "order_id": np.arange(ROWS), "basket_id": np.arange(ROWS)},
            "is the id: each of order_id, basket_id is different in every row; add --id COLUMN",
        ),
    ],
)
def test_what_cannot_be_guessed_is_asked_for(
    project: Path, harness: Command, columns: dict[str, object], message: str
) -> None:
    write(project / "scores.parquet", **columns)

    made = harness("new", "suite", "--from", "scores.parquet")

    assert 4 == made.code
    assert message in made.err
    assert "(it has " in made.err
    assert not (project / "scores.suite.yaml").exists()


@pytest.mark.parametrize("preset", ["classifier", "data", "latency"])
def test_generated_suites_name_their_model_and_a_schema_that_is_there(
    project: Path, harness: Command, preset: str
) -> None:
    import json

    import jsonschema

    write(project / "scores.parquet")

    harness("new", "suite", "--preset", preset, "--from", "scores.parquet", "--out", "suites/a.suite.yaml")

    suite = project / "suites" / "a.suite.yaml"
    assert "a-v1" == config_of(suite)["model"]
    first = suite.read_text().splitlines()[0]
    schema = suite.parent / first.removeprefix("# yaml-language-server: $schema=")
    jsonschema.validate(yaml.safe_load(suite.read_text()), json.loads(schema.read_text()))


def test_init_writes_what_gets_from_a_table_to_a_gate(project: Path, harness: Command) -> None:
    write(project / "scores.parquet")

    made = harness("init", "--from", "scores.parquet")
    codes = [harness("run", "suites").code, harness("gate", "ci", "--candidate", "scores-v1").code]

    assert (0, "", [0, 0]) == (made.code, made.err, codes)
    gates = (project / "ci" / "gates.yaml").read_text()
    assert gates.startswith("# yaml-language-server: $schema=../.harness/schemas/gates.json\n")


def test_init_overwrites_nothing(project: Path, harness: Command) -> None:
    write(project / "scores.parquet")
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text("gates: {mine: {suites: [mine]}}")

    made = harness("init", "--from", "scores.parquet")

    assert (4, True) == (made.code, "ci/gates.yaml exists and is not overwritten" in made.err)
    assert not (project / "suites").exists()


@pytest.mark.parametrize("name", ["gates", "waivers", "run", "decision"])
def test_schemas_are_printed(harness: Command, name: str) -> None:
    import json

    from conftest import ROOT

    assert json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text()) == json.loads(
        harness("schema", name).out
    )
    assert "no schema 'suit'; did you mean 'suite'?" in harness("schema", "suit").err


def test_named_columns_win_over_guesses(project: Path, harness: Command) -> None:
    other = np.linspace(0, 1, ROWS)
    write(project / "scores.parquet", weekend=np.arange(ROWS) % 2, other=other, key=np.arange(ROWS))

    named = ("--label", "weekend", "--score", "other", "--id", "key")
    harness("new", "suite", "--from", "scores.parquet", *named)

    found = source_of(project / "scores.suite.yaml")
    assert ("weekend", "key") == (found["label"], found["id"])
    assert "other" == config_of(project / "scores.suite.yaml")["score"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--label", "isfraud"), "scores.parquet has no column 'isfraud' for --label; did you mean 'is_fraud'?"),
        (
            ("--label", "score"),
            "--label score: a label is 0 or 1 (or false and true, or two words), and both occur; found",
        ),
        (("--score", "note"), "--score note: a score is a number in every row; found VARCHAR, 0 missing"),
        (("--id", "is_fraud"), "--id is_fraud: 2000 rows carry 2 different values"),
    ],
)
def test_named_column_that_cannot_play_its_role_is_refused(
    project: Path, harness: Command, option: tuple[str, str], message: str
) -> None:
    write(project / "scores.parquet", note=np.array(["a", "b"])[np.arange(ROWS) % 2])

    made = harness("new", "suite", "--from", "scores.parquet", *option)

    assert 4 == made.code
    assert message in made.err


def test_score_outside_zero_to_one_gets_a_threshold_on_its_scale(project: Path, harness: Command) -> None:
    write(project / "scores.parquet", score=np.linspace(-4, 10, ROWS))

    harness("new", "suite", "--from", "scores.parquet", "--score", "score")

    assert {"threshold": 3} == config_of(project / "scores.suite.yaml")["operating_point"]


def test_nan_scores_are_no_score(project: Path, harness: Command) -> None:
    score = np.linspace(0, 1, ROWS)
    score[5] = np.nan
    write(project / "scores.parquet", score=score)

    made = harness("new", "suite", "--from", "scores.parquet", "--score", "score")

    assert 4 == made.code
    assert "found DOUBLE, 1 missing" in made.err


def test_existing_suite_is_never_overwritten(project: Path, harness: Command) -> None:
    write(project / "scores.parquet")
    (project / "scores.suite.yaml").write_text("mine")

    made = harness("new", "suite", "--from", "scores.parquet")

    assert 4 == made.code
    assert "scores.suite.yaml exists and is not overwritten" in made.err
    assert "mine" == (project / "scores.suite.yaml").read_text()


@pytest.mark.parametrize("preset", ["fraud"])
def test_preset_of_later_is_refused_by_naming_those_there_are(harness: Command, preset: str) -> None:
    made = harness("new", "suite", "--preset", preset, "--from", "scores.parquet")

    assert 4 == made.code
    assert f"error: preset '{preset}' is not there yet; there is classifier, data, latency, rag\n" == made.err


def test_misspelt_preset_is_refused_with_a_suggestion(harness: Command) -> None:
    made = harness("new", "suite", "--preset", "clasifier", "--from", "scores.parquet")

    assert "no preset 'clasifier'; did you mean 'classifier'?" in made.err


def test_missing_and_empty_tables_are_named(project: Path, harness: Command) -> None:
    pq.write_table(scored_rows(400).slice(0, 0), project / "empty.parquet")

    missing = harness("new", "suite", "--from", "absent.parquet")
    empty = harness("new", "suite", "--from", "empty.parquet")

    assert "no file at 'absent.parquet'" in missing.err
    assert (3, True) == (empty.code, "empty.parquet has no rows" in empty.err)


@pytest.mark.usefixtures("scores")
def test_data_preset_writes_the_rules_the_table_keeps_today(project: Path, harness: Command) -> None:
    made = harness("new", "suite", "--preset", "data", "--from", "scores.parquet")
    done = harness("run", "scores.suite.yaml")

    step = yaml.safe_load((project / "scores.suite.yaml").read_text())["steps"][0]
    assert (0, "") == (made.code, made.err)
    assert {"violations": {"at_most": 0}} == step["require"]
    assert (0, False) == (done.code, "error" in done.err)  # a busy machine says there what runs
    assert {"type": "float64", "nullable": False, "min": 0} == step["with"]["columns"]["score"]


def test_data_preset_runs_on_any_type_of_column(project: Path, harness: Command) -> None:
    at = pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("us", tz="UTC"))
    kinds = {"id": [1, 2, 3], "at": at, "list": [[1], [2], []], "none": pa.array([None] * 3, pa.float64())}
    price = pa.array([Decimal("1.50")] * 3)
    pq.write_table(pa.table({**kinds, "price": price, "blob": [b"a"] * 3}), project / "kinds.parquet")

    made = harness("new", "suite", "--preset", "data", "--from", "kinds.parquet")
    done = harness("run", "kinds.suite.yaml")

    assert (0, "") == (made.code, made.err)
    assert (0, "") == (done.code, done.err)


def test_data_preset_says_which_columns_it_left_out(project: Path, harness: Command) -> None:
    write(project / "wide.parquet", **{f"c{index}": np.arange(ROWS) for index in range(10)})

    made = harness("new", "suite", "--preset", "data", "--from", "wide.parquet")

    text = (project / "wide.suite.yaml").read_text()
    assert "7 of 13 columns" in made.out
    assert "# and likewise: c4, c5, c6, c7, c8, c9" in text
    assert len(text.splitlines()[1:]) <= 20


def test_plugin_installs_and_runs_as_generated(project: Path, installed: Command) -> None:
    made = installed("new", "plugin", "card_age")
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv) if uv.exists() else "uv", "pip", "install", "--quiet", "--no-deps", "--target", "site"]
    subprocess.run([*command, "--python", sys.executable, "./card_age"], cwd=project, check=True)
    done = installed("run", "card_age/example", PYTHONPATH=str(project / "site"))

    module = project / "card_age/src/harness_card_age/__init__.py"
    assert (0, "") == (made.code, made.err)
    assert len(module.read_text().splitlines()) <= 15
    assert (0, "") == (done.code, done.err)
    assert "PASS  card_age-example" in done.out


def test_plugin_is_tested_before_it_is_installed(project: Path, harness: Command) -> None:
    made = harness("new", "plugin", "card_age")

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "card_age/tests"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)

    assert (0, True) == (made.code, "then: pytest card_age/tests; pip install -e ./card_age" in made.out)
    assert (0, True) == (done.returncode, "1 passed" in done.stdout)


def test_target_runs_as_generated(project: Path, harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    made = harness("new", "target", "own_model")
    monkeypatch.chdir(project / "own_model")
    done = harness("run", "own_model.suite.yaml")

    assert (0, "") == (made.code, made.err)
    assert len((project / "own_model/own_model.py").read_text().splitlines()) <= 15
    assert (0, "") == (done.code, done.err)
    assert "PASS  own_model" in done.out


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("plugin", "Card-Age", "a name is lower-case letters, digits and _"),
        ("plugin", "../up", "a name is lower-case letters, digits and _"),
        ("target", "class", "a name is lower-case letters, digits and _"),
        ("plugin", "table", "a plugin 'table' is installed already"),
        ("target", "random", "a Python module 'random' exists already"),
    ],
)
def test_name_that_would_not_work_is_refused(
    project: Path, harness: Command, kind: str, name: str, message: str
) -> None:
    before = sorted(project.iterdir())

    made = harness("new", kind, name)

    assert 4 == made.code
    assert message in made.err
    assert before == sorted(project.iterdir())


def test_second_plugin_of_a_name_leaves_the_first_alone(project: Path, harness: Command) -> None:
    (project / "mine/src/harness_mine").mkdir(parents=True)
    (project / "mine/src/harness_mine/__init__.py").write_text("precious")

    made = harness("new", "plugin", "mine")

    assert 4 == made.code
    assert "exists and is not overwritten" in made.err
    assert ["src"] == [path.name for path in (project / "mine").iterdir()]


@pytest.mark.parametrize("command", [("init",), ("new", "suite")])
def test_the_table_is_named_by_position_or_by_option_and_once(
    project: Path, harness: Command, command: tuple[str, ...]
) -> None:
    write(project / "scores.parquet")

    none = harness(*command)
    both = harness(*command, "scores.parquet", "--from", "other.parquet")
    one = harness(*command, "scores.parquet")

    assert (4, 4, 0) == (none.code, both.code, one.code)
    assert f"as in `harness {' '.join(command)} scores.parquet`; here are scores.parquet" in none.err
    assert "name one table; found 'scores.parquet' and --from 'other.parquet'" in both.err
