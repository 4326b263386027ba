"""Where code may reach: plugins and targets see public names only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import harness
from conftest import ROOT

OUTSIDE = ("ci", "plugins", "reports", "targets")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def sources(part: str) -> list[Path]:
    return [
        path for folder in OUTSIDE for path in (ROOT / folder).rglob(f"{part}/**/*.py") if ".venv" not in path.parts
    ]


def test_plugins_and_targets_import_public_names_only() -> None:
    allowed = {"harness", *(f"harness.{name}" for name in harness.__all__)}

    found = {
        (path.name, name)
        for path in sources("src")
        for name in imports(path)
        if name.split(".")[0] == "harness" and name not in allowed
    }

    assert set() == found


def test_plugins_and_targets_do_not_import_each_other() -> None:
    packages = {
        path.parent.name: path.parent for folder in OUTSIDE for path in (ROOT / folder).rglob("src/*/__init__.py")
    }

    found = {
        (path.name, name)
        for package, folder in packages.items()
        for path in folder.rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in set(packages) - {package}
    }

    assert len(packages) >= 6
    assert set() == found
