"""A `pylock.toml` is a lock as requirements with hashes are: what it says is installed, and nothing else."""

import base64
import hashlib
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Command
from tests.support.isolated import reasons, run

WHEEL = "tiny-1.0-py3-none-any.whl"
PYLOCK = f"""lock-version = "1.0"
created-by = "tests"

[[packages]]
name = "tiny"
version = "1.0"
wheels = [{{ path = "{WHEEL}", hashes = {{ sha256 = "HASH" }} }}]
"""
STEP = "- {check: echoes.misbehave, with: {how: not}, require: {rows: {at_least: 1}}}\n"


@pytest.fixture
def pylock(echoes: Path) -> str:
    """A wheel of one module beside the plugin, and the lock that names it."""
    files = {
        "tiny.py": "",
        f"__pycache__/tiny.{sys.implementation.cache_tag}.pyc": "some wheels bring compiled files",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    with zipfile.ZipFile(echoes.with_name(WHEEL), "w") as wheel:
        for name, text in {**files, "tiny-1.0.dist-info/RECORD": f"{record}tiny-1.0.dist-info/RECORD,,\n"}.items():
            wheel.writestr(name, text)
    return PYLOCK.replace("HASH", hashlib.sha256(echoes.with_name(WHEEL).read_bytes()).hexdigest())


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.usefixtures("scores")
def test_a_pylock_is_installed_as_it_says(harness: Command, pylock: str, isolate: Callable[..., None]) -> None:
    Path("pylock.toml").write_text(pylock)
    isolate(lock="pylock.toml")

    prepared = harness("plugins", "prepare", "echoes")
    done, found = run(harness, STEP)

    (site,) = Path(prepared.out.split()[2]).glob("lib/python*/site-packages")
    assert {"tiny"} == {each.name.partition("-")[0] for each in site.glob("*.dist-info")}
    assert 0 == done.code, reasons(found)


@pytest.mark.usefixtures("scores")
def test_compiled_files_of_a_wheel_stay_as_they_are_where_uv_is_told_to_compile(
    harness: Command, pylock: str, isolate: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "fresh"))
    Path("pylock.toml").write_text(pylock)
    isolate(lock="pylock.toml")

    prepared = harness("plugins", "prepare", "echoes")

    assert 0 == prepared.code, prepared.err


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("name", "pattern", "instead", "why"),
    [
        ("pylock.toml", 'sha256 = "[0-9a-f]{8}', 'sha256 = "00000000', "Hash mismatch"),
        ("pylock.toml", ", hashes = {[^}]*}", "", "missing field `hashes`"),
        ("pylock.toml", "wheels = .*", "", "must include one of: `wheels`"),
        ("other.toml", "$", "", "not a valid PEP 751 filename"),
    ],
)
def test_a_pylock_that_does_not_hold_builds_nothing(
    harness: Command, pylock: str, isolate: Callable[..., None], name: str, pattern: str, instead: str, why: str
) -> None:
    Path(name).write_text(re.sub(pattern, instead, pylock, count=1))
    isolate(lock=name)

    done, found = run(harness, STEP)

    assert 3 == done.code
    (said,) = reasons(found).values()
    assert f"cannot be built from {name}" in said
    assert "nothing else is installed instead" in said
    assert re.search(why, said), said
