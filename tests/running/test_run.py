"""`harness run` and what it leaves behind."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from tests.support.suites import SUITE, offer, suite

SLICED = """name: s
data: {d: {source: scores.parquet, id: id, label: y}}
target: {kind: table, config: {data: d, score: score, operating_point: {threshold: 0.3}}}
steps:
  - {check: quality.classifier, by: [channel], require: {recall: {at_least: 0.5}}}
"""


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("{at_most: 5}", "asked for at_most: 5, which lies beyond 0 to 1"),
        ("{at_least: 80}", "if percents are meant, write 0.8"),
        ("{at_least: -0.1}", "beyond 0 to 1"),
        ("{versus: champion, lose_at_most: 2}", "if percents are meant, write 0.02"),
    ],
)
def test_percents_where_shares_are_meant_are_refused(project: Path, harness: Command, asked: str, message: str) -> None:
    path = suite(project, asked)
    path.write_text(f"{path.read_text()}baselines: {{champion: {{kind: table, config: {{data: d}}}}}}\n")

    done = harness("validate", path)

    assert 4 == done.code
    assert message in done.err


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    "asked",
    [
        "{at_least: 0}",
        "{at_most: 1}",
        "{at_least: 0.0, scope: these}",
        "{versus: champion, lose_at_most: 1}",
        "[{at_least: 0.7}, {at_least: 0}]",
    ],
)
def test_a_must_that_every_candidate_meets_is_refused(project: Path, harness: Command, asked: str) -> None:
    path = suite(project, asked)
    path.write_text(f"{path.read_text()}baselines: {{champion: {{config: {{score: other}}}}}}\n")

    done = harness("validate", path)

    assert (4, True) == (done.code, "every candidate would pass; ask for what a bad candidate would miss" in done.err)


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize("baseline", ["{}", "{kind: table}", "{config: {data: d}}"])
def test_a_baseline_that_is_the_candidate_itself_is_refused(project: Path, harness: Command, baseline: str) -> None:
    path = suite(project, "{versus: champion, lose_at_most: 0.02}")
    path.write_text(f"{path.read_text()}baselines: {{champion: {baseline}}}\n")

    done = harness("validate", path)

    assert 4 == done.code
    assert "baseline 'champion' is opened as the candidate is" in done.err


@pytest.mark.usefixtures("scores")
def test_what_every_candidate_meets_may_be_shown(project: Path, harness: Command) -> None:
    assert 0 == harness("validate", suite(project, "[{at_least: 0.7}, {at_least: 0, severity: info}]")).code


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("asked", "code", "word"),
    [
        ("{at_least: 0.7}", 0, "PASS"),
        ("{at_least: 0.95}", 1, "FAIL"),
        ("{at_least: 0.8}", 2, "INCONCLUSIVE"),
        ("{at_least: 0.7, where: {channel: web}}", 3, "ERROR"),
        ("{at_least: 0.95, severity: should}", 3, "ERROR"),
        ("[]", 5, "ERROR"),
    ],
)
def test_the_exit_code_tells_the_outcome(project: Path, harness: Command, asked: str, code: int, word: str) -> None:
    done = harness("run", suite(project, asked))

    assert code == done.code
    assert f"{word}  s:" in done.out


@pytest.mark.usefixtures("scores")
def test_several_suites_are_as_good_as_the_worst(project: Path, harness: Command) -> None:
    suite(project, "{at_least: 0.7}", "good")
    suite(project, "{at_least: 0.95}", "bad")

    done = harness("run", project, "--out", project / "out")

    assert 1 == done.code
    summary = json.loads((project / "out" / "summary.json").read_text())
    assert "fail" == summary["outcome"]
    assert [("bad", "fail"), ("good", "pass")] == [(part["suite"], part["outcome"]) for part in summary["suites"]]


@pytest.mark.usefixtures("scores")
def test_a_suite_that_cannot_be_measured_does_not_keep_the_others_from_it(project: Path, harness: Command) -> None:
    suite(project, "{at_least: 0.7}", "good")
    broken = suite(project, "{at_least: 0.7}", "broken")
    broken.write_text(broken.read_text().replace("time: at", "time: at, cluster: nope"))

    done = harness("run", project)

    assert 4 == done.code
    assert "error: broken: dataset 'd' " in done.err
    assert "PASS  good" in done.out


@pytest.mark.usefixtures("scores")
def test_run_json_holds_what_the_schema_promises(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{at_least: 0.8, plan_for: 0.85}"), "--out", project / "out", "--json")

    record = json.loads((project / "out" / "s" / "run.json").read_text())
    assert json.loads(done.out)["runs"] == [record]
    (verdict,) = record["verdicts"]
    assert {"check", "metric", "labels", "outcome", "reason", "n_needed", "estimate"} <= set(verdict)
    assert {"value", "lower", "upper", "level", "n", "n_eff", "method"} <= set(verdict["estimate"])
    assert record["outcome"] == "inconclusive"
    assert record["candidate"]["revision"] == record["datasets"]["d"]["digest"]
    assert record["measurements"][0]["sample"]["digest"].startswith("rows:sha256:")


@pytest.mark.usefixtures("scores")
def test_the_same_thing_has_the_same_digest_whatever_the_clock(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.7}")

    records = [json.loads(harness("run", path, "--json").out)["runs"][0] for _ in range(2)]

    assert records[0]["digest"] == records[1]["digest"]
    assert records[0]["id"] != records[1]["id"]


def test_the_digest_does_not_depend_on_the_order_of_rows(project: Path, harness: Command) -> None:
    rows = scored_rows(300)
    evidence = []
    for table in (rows, rows.take(list(reversed(range(300))))):
        pq.write_table(table, project / "scores.parquet")
        record = json.loads(harness("run", suite(project, "{at_least: 0.7}"), "--json").out)["runs"][0]
        evidence.append(record["measurements"][0]["sample"]["digest"])

    assert evidence[0] == evidence[1]


@pytest.mark.usefixtures("scores")
def test_evidence_none_keeps_no_rows(project: Path, harness: Command) -> None:
    harness("run", suite(project, "{at_least: 0.7}"), "--evidence", "none")

    assert [] == list((project / ".harness").rglob("*.parquet"))


@pytest.mark.usefixtures("scores")
def test_evidence_keeps_the_statistics_columns_and_no_features(project: Path, harness: Command) -> None:
    harness("run", suite(project, "{at_least: 0.7}"))

    (kept,) = (project / ".harness" / "evidence").glob("*.parquet")
    assert ["id", "y", "measurement"] == pq.read_table(kept).column_names


TALKER = """
import pyarrow as pa
from harness import Dataset, Measurement, Sample, check, hookimpl
@check("talker.rate")
def rate(data: Dataset):
    "Measure answers, and return what was said with them."
    rows = data.observations(y="ok")
    said = pa.array(["mail jane@example.com"] * len(rows))
    rows = rows.append_column("prompt", said).append_column("answer", said)
    yield Measurement(metric="m", sample=Sample(statistic="proportion", rows=rows), text=("answer",))
@hookimpl
def harness_checks():
    return {rate.name: rate}
"""


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("level", "kept"),
    [("ids", {}), ("masked", {"text.answer": "mail [email]"}), ("full", {"text.answer": "mail jane@example.com"})],
)
def test_free_text_is_kept_only_where_it_is_named_and_asked_for(
    project: Path, harness: Command, level: str, kept: dict[str, str]
) -> None:
    offer(project, talker=TALKER)
    path = suite(project, "{}")
    path.write_text(
        SUITE.replace("rows.rate, with: {column: ok}", "talker.rate").replace("{rate: ASKED}", "{m: {at_least: 0.5}}")
    )

    harness("run", path, "--evidence", level)

    (file,) = (project / ".harness" / "evidence").glob("*.parquet")
    rows = pq.read_table(file)
    assert ["id", "y", *kept, "measurement"] == rows.column_names
    assert kept == {name: rows[name][0].as_py() for name in kept}


def test_slices_are_judged_beside_the_whole(project: Path, harness: Command, scores: Path) -> None:
    path = suite(project, "{at_least: 0.7}")
    path.write_text(path.read_text().replace("{check: rows.rate,", "{check: rows.rate, by: [channel, [channel, y]],"))

    done = harness("run", path, "--json")

    names = [tuple(verdict["labels"].items()) for verdict in json.loads(done.out)["runs"][0]["verdicts"]]
    assert (1 + 2 + 4) == len(names)
    assert (("channel", "web"), ("y", "1")) in names


def test_a_slice_in_which_no_row_counts_is_an_error_and_not_left_out(project: Path, harness: Command) -> None:
    rows = scored_rows(400)
    named = ["atm" if not y and at % 4 == 0 else "web" for at, y in enumerate(rows["y"].to_pylist())]
    pq.write_table(rows.set_column(4, "channel", pa.array(named)), project / "scores.parquet")
    (project / "s.suite.yaml").write_text(SLICED)

    done = harness("run", "s.suite.yaml", "--json")

    found = {v["labels"].get("channel"): v for v in json.loads(done.out)["runs"][0]["verdicts"]}
    assert 3 == done.code
    assert {None: "pass", "atm": "error", "web": "pass"} == {name: v["outcome"] for name, v in found.items()}
    assert "found zero rows that count here" in found["atm"]["reason"]


@pytest.mark.usefixtures("scores")
def test_a_declared_cluster_widens_the_bounds(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.7}")
    pq.write_table(clustered(), project / "scores.parquet")
    alone = json.loads(harness("run", path, "--json").out)["runs"][0]["verdicts"][0]["estimate"]
    path.write_text(path.read_text().replace("id: id,", "id: id, cluster: terminal,"))

    together = json.loads(harness("run", path, "--json").out)["runs"][0]["verdicts"][0]["estimate"]

    assert together["lower"] < alone["lower"]
    assert 4 * together["n_eff"] < together["n"]
    assert 40 == together["clusters"]


def clustered() -> pa.Table:
    """Forty terminals of ten rows; the rows of one terminal are all right or all wrong."""
    rows = scored_rows(400)
    terminal = pa.array([row // 10 for row in range(400)])
    ok = pa.array([int(row // 10 % 5 > 0) for row in range(400)])
    return rows.set_column(rows.column_names.index("terminal"), "terminal", terminal).set_column(
        rows.column_names.index("ok"), "ok", ok
    )


COUNTER = """
from harness import Dataset, Measurement, check, hookimpl, samples
@check("counter.rate")
def rate(data: Dataset):
    "Count without minding what belongs together."
    yield Measurement(metric="m", sample=samples.proportion(k=390, n=400))
@hookimpl
def harness_checks():
    return {rate.name: rate}
"""


@pytest.mark.usefixtures("scores")
def test_a_check_that_ignores_a_declared_cluster_is_an_error(project: Path, harness: Command) -> None:
    offer(project, counter=COUNTER)
    path = suite(project, "{}")
    text = SUITE.replace("id: id,", "id: id, cluster: terminal,").replace(
        "rows.rate, with: {column: ok}", "counter.rate"
    )
    path.write_text(text.replace("{rate: ASKED}", "{m: {at_least: 0.5}}"))

    done = harness("run", path)

    assert 3 == done.code
    assert "rows of one terminal belong together, but 'counter.rate' measures 'm' without it" in done.out


@pytest.mark.usefixtures("scores")
def test_counts_cannot_be_sliced(project: Path, harness: Command) -> None:
    offer(project, counter=COUNTER)
    path = suite(project, "{}")
    text = SUITE.replace("{check: rows.rate, with: {column: ok}", "{check: counter.rate, by: [channel]")
    path.write_text(text.replace("{rate: ASKED}", "{m: {at_least: 0.5}}"))

    done = harness("run", path)

    assert 3 == done.code
    assert "'m' cannot be split by 'channel': its sample keeps no rows with ids" in done.out


UNSTEADY = """
from contextlib import contextmanager
from itertools import count
from harness import Identity, Measurement, Target, check, hookimpl, pick, samples

@check("unsteady.any")
def any_(target: Target):
    "Measure whatever."
    yield Measurement(metric="m", sample=samples.exact(value=1, n=1))

@check("unsteady.crash")
def crash():
    "Crash."
    raise KeyError("no such thing")

@check("unsteady.exits")
def exits():
    "End the process as if all were well."
    raise SystemExit(0)

@check("unsteady.wrong")
def wrong():
    "Return what is no measurement."
    return [0.99]

@check("unsteady.slow")
def slow():
    "Take long."
    import time
    time.sleep(1.2)
    yield Measurement(metric="m", sample=samples.exact(value=1, n=1))

@check("unsteady.hangs")
def hangs():
    "Wait for what never comes."
    import threading
    threading.Event().wait()
    yield

class Moving:
    url = None
    def __init__(self, datasets): self.datasets, self.seen = datasets, count()
    def identity(self): return Identity(revision=f"v{next(self.seen)}")
    def dataset(self, name): return pick(self.datasets, name)

@contextmanager
def moving(datasets, *, data: str):
    yield Moving(datasets)

@hookimpl
def harness_checks():
    return {found.name: found for found in (any_, crash, exits, wrong, slow, hangs)}

@hookimpl
def harness_targets():
    return {"unsteady": moving}
"""


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("kind", "check", "extra", "message"),
    [
        ("unsteady", "any", [], "the target changed from v1 to v2 during 'unsteady.any'; pin its version"),
        ("table", "crash", [], "check 'unsteady.crash' raised KeyError: 'no such thing'"),
        ("table", "exits", [], "check 'unsteady.exits' raised SystemExit: 0"),
        ("table", "wrong", [], "check 'unsteady.wrong' returned float, not Measurement values"),
        ("table", "slow", ["--timeout", "1s"], "the run's time ended at"),
    ],
)
def test_what_goes_wrong_in_a_step_is_an_error_and_never_a_pass(
    project: Path, harness: Command, kind: str, check: str, extra: list[str], message: str
) -> None:
    offer(project, unsteady=UNSTEADY)
    path = suite(project, "{}")
    text = SUITE.replace("kind: table", f"kind: {kind}").replace("rows.rate, with: {column: ok}", f"unsteady.{check}")
    path.write_text(text.replace("{rate: ASKED}", "{m: {at_least: 0.5}}"))

    done = harness("run", path, *extra)

    assert 3 == done.code
    assert message in done.out


@pytest.mark.heavy
@pytest.mark.usefixtures("scores")
def test_a_check_that_hangs_is_left_behind_and_the_others_are_judged(project: Path, installed: Command) -> None:
    offer(project, unsteady=UNSTEADY)
    step = "  - {check: unsteady.hangs, require: {m: {at_least: 0.5}}}\n"
    path = suite(project, "{at_least: 0.7}")
    path.write_text(path.read_text() + step)

    done = installed("run", path, "--timeout", "15s")

    assert 3 == done.code
    assert "s: unsteady.hangs runs, 1 of 2 done, 10 s so far" in done.err
    assert "1 pass, 1 error of 2 musts" in done.out
    assert "step 'unsteady.hangs' did not end: the run's time ended at" in done.out


@pytest.mark.usefixtures("scores")
def test_an_operating_point_decides_by_rows_other_than_the_judged_ones(project: Path, harness: Command) -> None:
    rows = scored_rows(400, seed=5)
    other = rows.set_column(0, "id", pa.array(range(1000, 1400)))
    pq.write_table(other, project / "validation.parquet")
    text = SUITE.replace("data: {d:", "data: {v: {source: validation.parquet, id: id}, d:").replace(
        "config: {data: d}", "config: {data: d, score: score, operating_point: {alert_rate: 0.1, from: v}}"
    )
    path = suite(project, "{}")
    path.write_text(text.replace("column: ok", "column: decision").replace("ASKED", "{at_most: 0.2}"))

    done = harness("run", path, "--json")

    value = json.loads(done.out)["runs"][0]["verdicts"][0]["estimate"]["value"]
    assert 0.05 < value < 0.15


@pytest.mark.usefixtures("scores")
def test_a_trigger_that_is_misspelt_is_a_usage_error_and_no_promotion_run(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{at_least: 0.7}"), "--trigger", "scheduled")

    assert (4, "") == (done.code, done.out)
    assert "'scheduled' is not one of 'code', 'data', 'degradation', 'schedule', 'manual'" in done.err


def test_validate_reads_no_data(project: Path, harness: Command) -> None:
    done = harness("validate", suite(project, "{at_least: 0.7}"))

    assert (0, "valid: s (1 steps, 1 requirements)\n") == (done.code, done.out)


@pytest.mark.usefixtures("scores")
def test_as_of_is_the_clock_of_windows(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.5}")
    path.write_text(path.read_text().replace("time: at", "time: at, window: 2d"))

    done = harness("run", path, "--as-of", "2026-01-05", "--json")

    assert 48 == json.loads(done.out)["runs"][0]["datasets"]["d"]["rows"]


def test_an_as_of_that_is_no_time_is_a_usage_error(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{at_least: 0.5}"), "--as-of", "yesterday")

    assert (4, True) == (done.code, "--as-of takes an ISO 8601 date or time; found 'yesterday'" in done.err)


def test_a_timeout_that_is_no_span_is_a_usage_error(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{at_least: 0.5}"), "--timeout", "soon")

    assert (4, True) == (done.code, "--timeout is a number and a unit" in done.err)


LEAVING = """
from contextlib import contextmanager
from harness import hookimpl

@contextmanager
def leaving(datasets, *, data: str):
    raise SystemExit(0)
    yield

@hookimpl
def harness_targets():
    return {"leaving": leaving}
"""


@pytest.mark.usefixtures("scores")
def test_a_plugin_that_exits_does_not_end_the_command_with_a_pass(project: Path, harness: Command) -> None:
    offer(project, leaving=LEAVING)
    path = suite(project, "{at_least: 0.1}")
    path.write_text(path.read_text().replace("kind: table", "kind: leaving"))

    done = harness("run", path)

    assert 3 == done.code
    assert "error: s: raised SystemExit: 0; see the lines above" in done.err


SPOILT = """
import pyarrow as pa
from harness import Measurement, Sample, check, hookimpl, samples

def one(value=1, **changes):
    return Measurement(**{"metric": "m", "sample": samples.exact(value=value), **changes})

@check("spoilt.evidence")
def evidence():
    yield one(evidence={"x": float("nan")})

@check("spoilt.labels")
def labels():
    yield one(labels={"column": 3})

@check("spoilt.sample")
def sample():
    yield one(sample=None)

@check("spoilt.counts")
def counts():
    yield one(float("nan"), labels={"column": "a"})
    yield one(labels={"column": "b"})

@check("spoilt.side")
def side():
    yield one(sample=samples.psi(reference=[90, 9], current=[80, 9]))

@check("spoilt.twice")
def twice():
    yield from (one(), one())

def of_rows(rows):
    return Measurement(metric="m", better="higher", sample=Sample(statistic="proportion", rows=rows))

@check("spoilt.frame")
def frame():
    yield of_rows([{"y": 1}])

@check("spoilt.names")
def names():
    yield of_rows(pa.Table.from_arrays([pa.array([1]), pa.array([0])], names=["y", "y"]))

@hookimpl
def harness_checks():
    return {found.name: found for found in (evidence, labels, sample, counts, side, twice, frame, names)}
"""


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("evidence", "returned a measurement of 'm' with evidence.x: Input should be a valid string; found nan"),
        ("labels", "returned a measurement of 'm' with labels.column: Input should be a valid string; found 3"),
        ("sample", "returned a measurement of 'm' with sample: "),
        ("counts", "'m' was measured with counts that are no numbers: {'value': nan}"),
        ("side", "measures 'm' with better='higher', but a 'psi' is better the lower it is"),
        ("twice", "'m' (overall) was measured twice in one step; give each its own labels"),
        ("frame", "returned rows of 'm' as list; give a pyarrow.Table"),
        ("names", "returned rows of 'm' with the column 'y' more than once"),
    ],
)
def test_what_could_not_be_recorded_is_an_error_and_the_ledger_stays_readable(
    project: Path, harness: Command, check: str, message: str
) -> None:
    offer(project, spoilt=SPOILT)
    path = suite(project, "{}")
    text = path.read_text().replace("rows.rate, with: {column: ok}", f"spoilt.{check}")
    path.write_text(text.replace("{rate: {}}", "{m: {at_least: 0.5}}"))

    done = harness("run", path)

    assert 3 == done.code
    assert message in done.out
    assert "error" in harness("runs", "list").out


@pytest.mark.usefixtures("scores")
def test_a_count_that_is_no_number_does_not_keep_the_others_from_being_judged(project: Path, harness: Command) -> None:
    offer(project, spoilt=SPOILT)
    path = suite(project, "{}")
    text = path.read_text().replace("rows.rate, with: {column: ok}", "spoilt.counts")
    path.write_text(text.replace("{rate: {}}", "{m: {at_least: 0.5}}"))

    verdicts = json.loads(harness("run", path, "--json").out)["runs"][0]["verdicts"]

    assert ["error", "pass"] == [verdict["outcome"] for verdict in verdicts]


@pytest.mark.parametrize("kind", [pa.uint64(), pa.binary()])
def test_ids_that_cannot_be_stored_are_an_error_of_the_step(project: Path, harness: Command, kind: pa.DataType) -> None:
    rows = scored_rows(400)
    ids = [2**63 + n if kind == pa.uint64() else b"\xff%d" % n for n in range(400)]
    pq.write_table(rows.set_column(rows.column_names.index("id"), "id", pa.array(ids, kind)), "scores.parquet")

    done = harness("run", suite(project, "{at_least: 0.1}"))

    assert 3 == done.code
    assert "what 'rows.rate' measured cannot be split or stored" in done.out


@pytest.mark.usefixtures("scores")
def test_evidence_that_cannot_be_written_is_an_error_of_the_step(project: Path, harness: Command) -> None:
    (project / ".harness").mkdir()
    (project / ".harness" / "evidence").write_text("a file where a folder should be")

    done = harness("run", suite(project, "{at_least: 0.1}"))

    assert 3 == done.code
    assert f"evidence in {project / '.harness' / 'evidence'}: " in done.out
    assert "error" in harness("runs", "list").out


@pytest.mark.usefixtures("scores")
def test_a_folder_that_cannot_be_written_is_said_with_the_run_that_was_recorded(
    project: Path, harness: Command
) -> None:
    (project / "taken").write_text("a file")

    done = harness("run", suite(project, "{at_least: 0.1}"), "--out", "taken")

    assert 3 == done.code
    assert "error: --out 'taken' cannot be written: " in done.err
    assert harness("runs", "list").out.splitlines()[1].split()[0] in done.err


def test_a_run_records_which_datasets_were_judged(project: Path, harness: Command, scores: Path) -> None:
    path = suite(project, "{at_least: 0.7}")
    path.write_text(path.read_text().replace("data: {d: ", f"data: {{other: {{source: {scores.name}}}, d: "))

    done = harness("run", path, "--json")

    (run,) = json.loads(done.out)["runs"]
    assert {"d": True, "other": False} == {name: data["judged"] for name, data in run["datasets"].items()}


BESIDE = """name: beside
data: {d: {source: scores.parquet, id: id}, other: OTHER}
target: {kind: table, config: {data: d}}
steps:
  - {check: rows.rate, with: {column: ok, data: other}, require: {rate: {at_least: 0.1}}}
  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.7}}}
"""


def beside(project: Path, other: str) -> Path:
    path = project / "beside.suite.yaml"
    path.write_text(BESIDE.replace("OTHER", other))
    return path


def truncated(project: Path) -> None:
    (project / "parts").mkdir()
    for number in (1, 2):
        pq.write_table(pq.read_table(project / "scores.parquet"), project / "parts" / f"{number}.parquet")
    last = project / "parts" / "2.parquet"
    last.write_bytes(last.read_bytes()[:-100])


def of_one_id(project: Path) -> None:
    rows = pq.read_table(project / "scores.parquet").drop_columns(["id"])
    pq.write_table(rows.append_column("id", pa.array([1] * rows.num_rows)), project / "same.parquet")


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("prepare", "other", "message"),
    [
        (lambda _: None, "{source: scores.parquet, exclude: {ok: [0, 1]}}", "'other' (scores.parquet) has no rows"),
        (truncated, "{source: 'parts/*.parquet'}", "; repair or replace parts/*.parquet"),
        (truncated, "{source: 'parts/*.parquet', id: id}", "; repair or replace parts/*.parquet"),
        (of_one_id, "{source: same.parquet, id: id}", "keep one row for each id"),
    ],
)
def test_a_broken_dataset_is_an_error_of_the_steps_that_read_it_and_of_no_other(
    project: Path, harness: Command, prepare: Callable[[Path], None], other: str, message: str
) -> None:
    prepare(project)

    done = harness("run", beside(project, other), "--json")

    (run,) = json.loads(done.out)["runs"]
    assert (3, "error") == (done.code, run["outcome"])
    assert ["error", "pass"] == [verdict["outcome"] for verdict in run["verdicts"]]
    assert "dataset 'other'" in run["verdicts"][0]["reason"]
    assert message in run["verdicts"][0]["reason"]


@pytest.mark.usefixtures("scores")
def test_a_plan_tells_of_a_broken_dataset_beside_what_the_others_decide(project: Path, harness: Command) -> None:
    path = beside(project, "{source: scores.parquet, exclude: {ok: [0, 1]}}")

    done = harness("plan", path)

    assert 3 == done.code
    assert "dataset 'other' (scores.parquet) has no rows" in done.out
    assert "there" in done.out


@pytest.mark.usefixtures("scores")
def test_a_wrong_column_beside_a_broken_dataset_still_ends_before_anything_is_measured(
    project: Path, harness: Command
) -> None:
    path = beside(project, "{source: scores.parquet, exclude: {ok: [0, 1]}}")
    path.write_text(path.read_text().replace("other:", "third: {source: scores.parquet, id: nope}, other:"))

    done = harness("run", path)

    assert 4 == done.code
    assert "has no column 'nope'" in done.err


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    "target",
    [
        "target: {kind: table, config: {data: other}}",
        "baselines: {before: {kind: table, config: {data: other}}}\ntarget: {kind: table, config: {data: d}}",
    ],
)
def test_a_target_that_cannot_be_opened_without_its_data_ends_the_run_with_one_error(
    project: Path, harness: Command, target: str
) -> None:
    path = beside(project, "{source: scores.parquet, exclude: {ok: [0, 1]}}")
    compared = path.read_text().replace("at_least: 0.7", "versus: before, lose_at_most: 0.1")
    declared = compared if "before" in target else path.read_text()
    path.write_text(declared.replace("target: {kind: table, config: {data: d}}", target))

    done = harness("run", path)

    assert (3, "") == (done.code, done.out)
    assert 1 == done.err.count("has no rows; nothing can be measured on it")
