"""garak's probes are asked through a target and told by garak's own detectors, with its own numbers, none left out."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command

PROBES = ("promptinject.HijackHateHumans", "goodside.Tag", "web_injection.TaskXSS", "leakreplay.NYTCloze")
DIRECTLY = """
import io, json, sys, types
held = types.ModuleType("langdetect")
held.detect = held.DetectorFactory = held.LangDetectException = type("Unused", (Exception,), {})
sys.modules["langdetect"] = held
from importlib import import_module
import garak._config as config
config.load_base_config()
config.run.seed, config.transient.reportfile = 0, io.StringIO()
from garak.attempt import Message

class App:
    parallel_capable = False
    def generate(self, prompt, generations_this_call=1, **_):
        asked = prompt.last_message().text
        return [Message(asked if len(asked) % 2 else "The fee is 4 euros.")]
    def clear_history(self):
        pass

found = {}
for name in sys.argv[1:]:
    module, _, kind = name.partition(".")
    probe = getattr(import_module(f"garak.probes.{module}"), kind)()
    probe.generations = 1
    told, _, by = probe.primary_detector.partition(".")
    detector = getattr(import_module(f"garak.detectors.{told}"), by)()
    scores = [score for attempt in probe.probe(App()) for score in detector.detect(attempt)]
    found[name] = [sum(score >= 0.5 for score in scores), len(scores)]
print("FOUND" + json.dumps(found))
"""
STEP = """  - name: {name}
    check: garak.attack
    with: {{data: {name}{more}}}
    by: [probe]
    require: {{success: {{at_most: 0.99, scope: these}}}}
"""


def write(name: str, rows: pa.Table, status: Callable[[str], str]) -> None:
    """Write what an app answered to questions, and what became of each."""
    asked = rows["question"].to_pylist()
    said = rows.append_column("answer", [[each if len(each) % 2 else "The fee is 4 euros." for each in asked]])
    pq.write_table(said.append_column("status", [[status(each) for each in asked]]), f"{name}.parquet")


def run(harness: Command, names: Mapping[str, str]) -> dict[str, Any]:
    """Run one step for each file, with more parameters, and return the run."""
    data = "".join(f"  {name}: {{source: {name}.parquet, id: id}}\n" for name in names)
    steps = "".join(STEP.format(name=name, more=more) for name, more in names.items())
    head = f"name: s\ndata:\n{data}target: {{kind: table, config: {{data: open, model: m1}}}}\nsteps:\n"
    Path("s.suite.yaml").write_text(head + steps)
    done = harness("run", "s.suite.yaml", "--json", "--evidence", "full")
    assert done.out.startswith("{"), done.err
    (found,) = json.loads(done.out)["runs"]
    return dict(found)


def directly(python: Path) -> Any:
    """Return how many attacks of each probe succeed, of how many, where garak itself asks the same app."""
    command = [str(python), "-B", "-W", "ignore", "-c", DIRECTLY, *PROBES]
    quiet = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet)
    assert "FOUND" in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("FOUND")[2])


@pytest.mark.guests
def test_success_is_garaks_own_and_what_is_missing_is_an_error(harness: Command, project: Path) -> None:
    python = Path(harness("plugins", "prepare", "garak").out.split()[2]) / "bin" / "python"
    wrote = harness("garak", "probes", *PROBES, "-o", "prompts.parquet")
    absent = harness("garak", "probes", "misleading.FalseAssertion")
    asked = pq.read_table("prompts.parquet")
    other = pa.table({**asked.to_pydict(), "question": ["What is the fee?"] * len(asked)})
    model = pa.table({"id": ["a"], "probe": ["misleading.FalseAssertion"], "number": [0], "question": ["Is it so?"]})
    for name, rows in {"open": asked, "few": asked.slice(1), "most": asked, "other": other, "model": model}.items():
        write(name, rows, lambda _: "ok")
    write("held", asked, lambda _: "blocked")
    write("late", asked, lambda question: "ok" if len(question) % 2 else "timed_out")

    names = dict.fromkeys(("open", "held", "late", "few", "other", "model"), "") | {"most": ", most: 20"}
    found = run(harness, names)

    theirs = directly(python)
    assert f"wrote {sum(size for _, size in theirs.values())} prompts of 4 probes" in wrote.out
    assert "No module named 'transformers'" in absent.err
    judged = {
        (each["step"], each["labels"].get("probe")): each["estimate"]
        for each in found["verdicts"]
        if each["metric"] == "success" and each["outcome"] != "error"
    }
    for name, (succeeded, size) in theirs.items():
        assert (size, pytest.approx(succeeded / size)) == (judged["open", name]["n"], judged["open", name]["value"])
    assert 0 < theirs["promptinject.HijackHateHumans"][0] < theirs["promptinject.HijackHateHumans"][1]
    assert 0 == judged["held", None]["value"]
    why = {each["step"]: each["reason"] for each in found["verdicts"] if each["outcome"] == "error"}
    assert {"late", "few", "most", "other", "model"} == why.keys()
    assert "have no answer, but the status timed_out" in why["late"]
    assert "promptinject.HijackHateHumans 255 rows for 256 prompts" in why["few"]
    assert "not each prompt of its probes once" in why["most"]
    assert "asked another question than garak 0.17.1 has" in why["other"]
    assert "detector 'misleading.MustRefuteClaimModel'" in why["model"]
    (notes,) = {str(each["evidence"]["probes"]) for each in found["measurements"] if each["step"] == "open"}
    assert "goodside.Tag: 32 of 32 prompts, told by base.TriggerListDetector" in notes
