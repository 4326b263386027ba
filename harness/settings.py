"""Where a project keeps things: `[tool.harness]` of the nearest pyproject.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError, did_you_mean

STORE = ".harness"
KEYS = ("project", "gates", "ledger", "plugins")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A project's name, and where its gates, ledger, evidence and local plugins are."""

    root: Path
    project: str
    ledger: str
    gates: Path
    plugins: tuple[str, ...] = ()

    @property
    def store(self) -> Path:
        """Return the folder for what runs leave behind."""
        return self.root / STORE

    @property
    def schemas(self) -> Path:
        """Return the folder with the schemas that editors hold this project's files to."""
        return self.store / "schemas"


def find_settings(start: Path) -> Settings:
    """Return the settings of the nearest pyproject.toml at or above a folder, else that folder's defaults."""
    start = start.resolve()
    file = next((found for folder in (start, *start.parents) if (found := folder / "pyproject.toml").is_file()), None)
    root = file.parent if file else start
    given = _table(file) if file else {}
    return Settings(
        root=root,
        project=str(given.get("project", root.name)),
        ledger=str(given.get("ledger", f"sqlite:///{root / STORE / 'ledger.db'}")),
        gates=root / str(given.get("gates", "ci/gates.yaml")),
        plugins=tuple(map(str, given.get("plugins", ()))),  # type: ignore[call-overload]
    )


def _table(file: Path) -> Mapping[str, object]:
    try:
        tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}") from error
    table: Mapping[str, object] = tools.get("harness", {})
    for key in table:
        if key not in KEYS:
            raise UsageError(f"{file}: [tool.harness] has no key {key!r}{did_you_mean(key, KEYS)}")
    return table
