"""The comment of a pull request shows a decision as plain lines, whatever the artefact holds."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness_ci.commands import command
from harness_ci.comments import LIMIT, LINES, WIDTH, render_comment

from harness import HarnessError

INJECTED = "x\n```\n<img src=x onerror=alert(1)> @everyone [a](javascript:1)\n~~~\n\u202eevil\x1b[31m"


def decision(**changed: object) -> dict[str, Any]:
    identity = {"revision": "m2", "digest": "sha256:" + "1" * 64, "parts": {}}
    finding = {"outcome": "fail", "reason": "at most 60 %; at least 70 % was asked", "suite": "s", "key": None}
    return {
        "record_version": 1, "project": "shop", "gate": "ci", "gate_digest": "", "candidate": identity,
        "outcome": "fail", "findings": [finding], "warnings": [], "runs": {}, "suites": {}, "datasets": {},
        "plugins": {}, "decided": "2026-11-27T00:00:00Z", "blocks": True, **changed,
    }  # fmt: skip


def pack(*members: tuple[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return made.getvalue()


def shown(**changed: object) -> str:
    return render_comment(pack(("decision.json", json.dumps(decision(**changed)))))


def test_a_decision_is_shown_as_plain_lines(tmp_path: Path) -> None:
    (tmp_path / "d.zip").write_bytes(pack(("summary.md", "# no"), ("decision.json", json.dumps(decision()))))

    done = CliRunner().invoke(command, ["comment", str(tmp_path / "d.zip")])

    assert 0 == done.exit_code
    assert done.output.startswith("### ❌ Fail\n\nWhat the run of this pull request says of itself")
    assert "candidate  m2 sha256:111" in done.output
    assert "at least 70 % was asked" in done.output


@pytest.mark.parametrize("where", ["gate", "project", "warnings", "reason", "suite"])
def test_nothing_ends_the_block_of_code_or_hides(where: str) -> None:
    finding = {"outcome": "fail", "reason": "r", "suite": "s", "key": None}
    changed: dict[str, object] = {where: INJECTED}
    if where == "warnings":
        changed = {"warnings": [INJECTED]}
    if where in ("reason", "suite"):
        changed = {"findings": [{**finding, where: INJECTED}]}

    text = shown(**changed)

    before, block, after = text.split("```")
    assert "\n" == after
    assert "<img" not in before
    assert all(" " <= each <= "~" or each == "\n" for each in block)


def test_long_and_many_lines_are_cut() -> None:
    text = shown(warnings=["w" * 1000] * 500)

    lines = text.split("```")[1].splitlines()
    assert (LINES + 2, True) == (len(lines), max(map(len, lines)) <= WIDTH)
    assert lines[-1].startswith("and ")


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"", "no archive"),
        (b"PK\x03\x04" + b"\0" * 50, "no archive"),
        (b"x" * (LIMIT + 1), "larger than"),
        (pack(("summary.md", "x")), "has no decision.json"),
        (pack(("../decision.json", json.dumps(decision()))), "has no decision.json"),
        (pack(("decision.json", b" " * (LIMIT + 1))), "larger than"),
        (pack(("decision.json", b"[" * 100_000)), "no decision of a gate"),
        (pack(("decision.json", "{}")), "no decision of a gate"),
        (pack(("decision.json", b"\xff\xfe")), "no decision of a gate"),
        (pack(("decision.json", json.dumps(decision(outcome="passed")))), "no decision of a gate"),
        (pack(("decision.json", json.dumps(decision(outcome=["pass"])))), "no decision of a gate"),
    ],
)
def test_what_is_no_decision_is_refused_and_nothing_of_it_is_shown(archive: bytes, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        render_comment(archive)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_two_decisions_is_refused() -> None:
    text = json.dumps(decision(outcome="pass"))

    with pytest.raises(HarnessError, match="or several"):
        render_comment(pack(("decision.json", text), ("decision.json", text)))


def test_a_damaged_archive_is_refused() -> None:
    archive = bytearray(pack(("decision.json", json.dumps(decision()))))
    archive[60:80] = b"\0" * 20

    with pytest.raises(HarnessError, match="no archive that can be read"):
        render_comment(bytes(archive))
