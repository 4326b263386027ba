"""The pipelines file that the docs show is one that is read, and says what they say."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from harness_ci.commands import command
from harness_ci.pipelines import read_pipelines
from harness_ci.ramps import Ramp

from conftest import ROOT

PAGE = (ROOT / "docs" / "control.md").read_text()


def test_the_file_of_the_docs_is_checked_as_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    blocks = [block for block in found if not block.startswith(("# canary", "# of", "    stages:"))]
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "pipelines.yaml").write_text("".join(blocks))
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(command, ["check"])

    (said,) = re.findall(r"^harness ci check +# (.*)$", PAGE, re.MULTILINE)
    assert (done.exit_code, done.output) == (0, said + "\n")


def test_the_canary_of_a_stage_is_one_as_the_docs_write_it() -> None:
    (block,) = re.findall(r"^```yaml\n(# of the stage.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

    assert (5, 10) == Ramp(**yaml.safe_load(block)["canary"]).weights


def test_the_schedule_of_the_docs_is_one_that_is_read(tmp_path: Path) -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (first, scheduled) = found[0], next(block for block in found if block.startswith("    stages:"))
    stage, schedule = scheduled.split("    stages:\n")[1].split("    schedule:")
    text = first.replace("    stages:\n", f"    stages:\n{stage}").replace(
        "    on: {", f"    schedule:{schedule}    on: {{"
    )
    (tmp_path / "p.yaml").write_text(text)

    target = read_pipelines(tmp_path / "p.yaml").targets["fraud"]

    assert ("cd", ("again",)) == (target.stages["again"].examines, target.schedule["matured"].stages)
