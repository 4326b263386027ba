"""Looks at the page with a real browser, which reports whatever its security policy had to stop."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from harness_reports.html import page, report

from harness import GateDecision, Report, Run, Verdict

MakeRun = Callable[..., Run]
MakeVerdict = Callable[..., Verdict]
MakeDecision = Callable[..., GateDecision]
Look = Callable[..., tuple[list[str], bytes]]

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
]
pytestmark = [pytest.mark.heavy, pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Open a file, return what the console said and the screenshot."""

    def looked(file: Path, width: int = 1200) -> tuple[list[str], bytes]:
        shot = tmp_path / "shot.png"
        options = [f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}", f"--window-size={width},1600"]
        offline = "--host-resolver-rules=MAP * ~NOTFOUND"
        command = [str(BROWSER), *QUIET, *options, offline, file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return [line for line in done.stderr.splitlines() if "CONSOLE" in line], shot.read_bytes()

    return looked


@pytest.mark.parametrize("width", [375, 1200])
def test_page_renders_without_a_word_on_the_console(
    tmp_path: Path,
    look: Look,
    run: MakeRun,
    verdict: MakeVerdict,
    width: int,
) -> None:
    report(Report(runs=[run(verdict(), verdict("fail"), verdict("error", estimate=None))]), tmp_path)

    console, picture = look(tmp_path / "report.html", width)

    assert [] == console
    assert len(picture) > 20_000


def test_request_or_script_would_have_been_told(
    tmp_path: Path,
    look: Look,
    run: MakeRun,
    verdict: MakeVerdict,
) -> None:
    spoilt = page(Report(runs=[run(verdict())])).replace(
        "<main>", '<main><img src="https://example.org/a.png"><script>1</script>'
    )
    (tmp_path / "spoilt.html").write_text(spoilt)

    console, _ = look(tmp_path / "spoilt.html")

    assert 2 == len(console)


def test_page_of_a_decision_renders_without_a_word_on_the_console(
    tmp_path: Path,
    look: Look,
    run: MakeRun,
    verdict: MakeVerdict,
    decision: MakeDecision,
) -> None:
    report(Report(runs=[run(verdict("fail"))], decision=decision("waived", warnings=("look out",))), tmp_path)

    console, picture = look(tmp_path / "report.html")

    assert [] == console
    assert len(picture) > 20_000
