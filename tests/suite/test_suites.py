from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.suite.suites import Suite, find_suites, read_suite

HEAD = "name: x\ntarget: {kind: table, config: {data: d}}\n"
STEP = "steps:\n  - {check: rows.rate, require: {rate: {at_least: 0.5}}}\n"


def asking(asked: str) -> str:
    return f"steps:\n  - check: rows.rate\n    require: {{rate: {asked}}}\n"


def read(tmp_path: Path, text: str, **params: str) -> Suite:
    path = tmp_path / "x.suite.yaml"
    path.write_text(text)
    return read_suite(path, params, {"TOKEN": "secret"})


def test_a_parameter_takes_the_place_of_its_reference(tmp_path: Path) -> None:
    text = "name: x\nparams: {model: str, t: float}\ntarget: {kind: table, config: {data: d, model: {param: model}}}\n"

    suite = read(tmp_path, text + STEP, model="m/1", t="0.5")

    assert suite.target.config["model"] == "m/1"
    assert suite.values == {"model": "m/1", "t": 0.5}


def test_an_environment_variable_takes_the_place_of_its_reference(tmp_path: Path) -> None:
    text = "name: x\ntarget: {kind: table, config: {data: d, key: {env: TOKEN}}}\n"

    suite = read(tmp_path, text + STEP)

    assert suite.target.config["key"] == "secret"
    assert "secret" not in str(suite.values)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEAD + "owner: [{env: TOKEN}]\n" + STEP, "owner"),
        (HEAD + "data: {d: {source: a.parquet, exclude: {env: TOKEN}}}\n" + STEP, "data.d.exclude"),
        (HEAD + "endpoints: {a: {env: TOKEN}}\n" + STEP, "endpoint 'a'"),
        (HEAD + asking("{at_least: {env: TOKEN}}"), "rate.0.at_least"),
        (HEAD + asking("{at_least: 1, severity: {env: TOKEN}}"), "rate.0.severity"),
    ],
)
def test_an_environment_variable_of_the_wrong_type_is_not_shown(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)

    assert place in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        'owner: "a\\e[2K"\n',
        'data: {"d\\n": {source: a.parquet}}\n',
        'baselines: {"c\\u202e": {}}\n',
    ],
)
def test_a_name_with_hidden_characters_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="holds hidden characters.*rename it"):
        read(tmp_path, HEAD + text + STEP)


def test_a_slice_is_asked_for_as_slices_are_written(tmp_path: Path) -> None:
    asked = '{at_least: 0.5, where: {"channel\\e": "web\\npos"}}'
    suite = read(tmp_path, HEAD + asking(asked))

    assert {"channel\\x1b": "web\\npos"} == suite.steps[0].requirements[0].where


@pytest.mark.parametrize(
    ("text", "params", "message"),
    [
        (HEAD + "params: {model: str}\n" + STEP, {}, "parameter 'model' has no value; add --param model=VALUE"),
        (
            HEAD + "params: {model: str}\n" + STEP,
            {"modle": "x"},
            "no parameter 'modle' in params; did you mean 'model'?",
        ),
        (HEAD + "params: {t: float}\n" + STEP, {"t": "high"}, "parameter 't' is a float; found 'high'"),
        (HEAD + "params: {b: bool}\n" + STEP, {"b": "maybe"}, "parameter 'b' is a bool; found 'maybe'"),
        (HEAD + "owner: {env: NOPE}\n" + STEP, {}, "environment variable 'NOPE' has no value; set it"),
        (HEAD + "owner: {param: nope}\n" + STEP, {}, "parameter 'nope' has no value; declare it in params"),
        (HEAD + "steps: []\n", {}, "steps"),
        (HEAD + "stepps: []\n" + STEP, {}, "unknown key 'stepps'; did you mean 'steps'?"),
        (HEAD + "data: {d: {source: a.parquet, window: 3 days}}\n" + STEP, {}, "data.d.window: is a number and a unit"),
        (HEAD.replace("name: x", "name: ../x") + STEP, {}, "name: String should match"),
        (HEAD + "1: 2\n" + STEP, {}, r":3:1: key 1 is no word as other keys are; write it in quotes"),
        (HEAD + "data: {d: {web: 1, 2: 1}}\n" + STEP, {}, r":3:20: key 2 is no word"),
        ("[a, b]: 2\n", {}, r"key \('a', 'b'\) is no word"),
    ],
)
def test_what_is_wrong_in_a_suite_is_said(tmp_path: Path, text: str, params: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, text, **params)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("{}", "asks for one of at_least, at_most, lose_at_most, gain_at_least; found none of them"),
        ("{at_least: 0.5, at_most: 0.6}", "found at_least and at_most"),
        ("{lose_at_most: 0.1}", "lose_at_most needs versus: BASELINE"),
        ("{at_least: 0.5, versus: champion}", "at_least does not go with versus: BASELINE"),
        ("{versus: champion, lose_at_most: 0.1}", "no baseline 'champion'"),
        ("{at_least: 0.8, plan_for: 0.7}", "rows.rate.rate: plan_for 0.7 is not more than the 0.8 that is asked"),
        ("{at_least: 0.8, plan_for: 0.8}", "plan_for 0.8 is not more than the 0.8 that is asked"),
        ("{at_most: 0.1, plan_for: 0.2}", "plan_for 0.2 is not less than the 0.1 that is asked"),
        ("{at_least: .nan}", "finite number"),
        ("{at_leas: 0.5}", "unknown key 'at_leas'; did you mean 'at_least'?"),
        ("{at_least: 0.5, severity: maybe}", "severity"),
        ("{at_least: 0.5, alpha: 0.6}", "alpha"),
    ],
)
def test_a_requirement_asks_one_clear_thing(tmp_path: Path, asked: str, message: str) -> None:
    text = HEAD + f"steps:\n  - {{check: rows.rate, require: {{rate: {asked}}}}}\n"

    with pytest.raises(UsageError, match=message):
        read(tmp_path, text)


def test_a_metric_takes_one_requirement_or_a_list(tmp_path: Path) -> None:
    text = HEAD + "steps:\n  - {check: c, require: {rate: [{at_least: 0.5}, {at_most: 0.9}], mean: {at_most: 1}}}\n"

    suite = read(tmp_path, text)

    assert [("rate", 0.5), ("rate", None), ("mean", None)] == [
        (r.metric, r.at_least) for r in suite.steps[0].requirements
    ]


def test_a_check_used_twice_is_numbered(tmp_path: Path) -> None:
    suite = read(tmp_path, HEAD + "steps:\n  - {check: c}\n  - {check: c}\n  - {check: c, name: third}\n")

    assert ["c", "c#2", "third"] == [suite.step_name(index) for index in range(3)]


def test_a_baseline_overrides_the_target(tmp_path: Path) -> None:
    suite = read(tmp_path, HEAD + "baselines: {champion: {config: {score: old}}}\n" + STEP)

    own = {"data": "d", "score": "old", "model": "champion in old"}
    assert own == dict(suite.target_for("champion").config)


def test_a_folder_stands_for_the_suites_below_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/one.suite.yaml", "two.suite.yaml", "other.yaml"):
        (tmp_path / name).write_text("")

    found = find_suites([tmp_path])

    assert [tmp_path / "a/one.suite.yaml", tmp_path / "two.suite.yaml"] == found


def test_a_folder_without_suites_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no \*\.suite\.yaml file"):
        find_suites([tmp_path])


def test_two_steps_of_one_name_are_refused(tmp_path: Path) -> None:
    steps = "steps:\n  - {check: c, name: 'c#2'}\n  - {check: c}\n  - {check: c}\n"

    with pytest.raises(UsageError, match="2 steps are named 'c#2'; rename one"):
        read(tmp_path, HEAD + steps)
