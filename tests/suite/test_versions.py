"""Files that people keep say which version they are of; nothing said means the first."""

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.gating.gates import read_gates
from harness.gating.waivers import read_waivers
from harness.suite.suites import read_suite

FILES = {
    "suite": (read_suite, "name: s\ntarget: {kind: table}\nsteps: [{check: rows.rate}]\n"),
    "gates": (read_gates, "gates: {ci: {suites: [s]}}\n"),
    "waivers": (read_waivers, "waivers: []\n"),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("said", ["", "version: 1\n"])
def test_a_file_of_the_first_version_is_read(tmp_path: Path, kind: str, said: str) -> None:
    read, text = FILES[kind]
    path = tmp_path / "s.suite.yaml"
    path.write_text(said + text)

    assert read(path) is not None


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("said", ["2", "0", '"1"', "1.0", "true", "null"])
def test_a_file_of_another_version_is_refused(tmp_path: Path, kind: str, said: str) -> None:
    read, text = FILES[kind]
    path = tmp_path / "s.suite.yaml"
    path.write_text(f"version: {said}\n{text}")

    with pytest.raises(UsageError, match="version: this file is of version .*; this one reads 1, so upgrade the har"):
        read(path)
