"""A small suite on scored rows, and plugins of a project's own."""

from pathlib import Path

SUITE = """name: NAME
data: {d: {source: scores.parquet, id: id, time: at}}
target: {kind: table, config: {data: d}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: ASKED}}
"""


def suite(project: Path, asked: str, name: str = "s") -> Path:
    path = project / f"{name}.suite.yaml"
    path.write_text(SUITE.replace("ASKED", asked).replace("NAME", name))
    return path


def offer(project: Path, **modules: str) -> None:
    """Make modules the project's local plugins."""
    for name, text in modules.items():
        (project / f"{name}.py").write_text(text.replace("NAME", name))
    (project / "pyproject.toml").write_text(f'[tool.harness]\nproject = "demo"\nplugins = {list(modules)}\n')
