"""Steps of one suite start together, each in its thread, and import what they need without waiting for each other."""

import ast
import subprocess
import sys
from pathlib import Path

import harness_data
import pytest

MODULES = sorted(Path(harness_data.__file__).parent.glob("*.py"))
TOGETHER = """
import sys, threading
errors = []
def load(name):
    try:
        __import__(name)
    except BaseException as error:
        errors.append(f"{name}: {error!r}")
threads = [threading.Thread(target=load, args=(name,)) for name in sys.argv[1:]]
[each.start() for each in threads]
[each.join() for each in threads]
sys.exit("; ".join(errors) or 0)
"""


def imported(path: Path) -> list[str]:
    """The modules that a file imports at its top, in order."""
    found: list[str] = []
    for node in ast.parse(path.read_text()).body:
        found += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        found += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_ibis_before_parts_of_it_which_import_each_other(path: Path) -> None:
    names = imported(path)
    parts = [names.index(name) for name in names if name.startswith(("ibis.", "pandera."))]

    assert not parts or path.stem == "pandera_files" or names.index("ibis") < min(parts)


def test_modules_of_all_checks_may_be_imported_at_once() -> None:
    names = [f"harness_data.{name}" for name in ("violations", "sql_rules", "schemas", "pandera_files", "tables")]

    done = subprocess.run([sys.executable, "-c", TOGETHER, *names, "ibis"], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr.strip().splitlines()[-1] if done.returncode else "")
