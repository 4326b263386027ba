"""Where a project keeps things: `[tool.harness]` of the nearest pyproject.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError, did_you_mean

STORE = ".harness"
KEYS = ("project", "gates", "ledger", "plugins", "signer")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A project's name, and where its gates, ledger, evidence, local plugins and signer are."""

    root: Path
    project: str
    ledger: str
    gates: Path
    plugins: tuple[str, ...] = ()
    signer: str | None = None

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
    document = _read_toml(file) if file else {}
    given = _table(file, document) if file else {}
    named = _section(document, "project").get("name", root.name)  # a folder's name changes with each checkout
    return Settings(
        root=root,
        project=str(given.get("project", named)),
        ledger=str(given.get("ledger", f"sqlite:///{root / STORE / 'ledger.db'}")),
        gates=root / str(given.get("gates", "ci/gates.yaml")),
        plugins=tuple(map(str, given.get("plugins", ()))),  # type: ignore[call-overload]
        signer=str(given["signer"]) if "signer" in given else None,
    )


def _read_toml(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}; make it a readable file in UTF-8") from error


def _table(file: Path, document: Mapping[str, Any]) -> Mapping[str, object]:
    table = _section(_section(document, "tool"), "harness")
    for key in table:
        if key not in KEYS:
            raise UsageError(f"{file}: [tool.harness] has no key {key!r}{did_you_mean(key, KEYS)}")
    return table


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name, {})
    return found if isinstance(found, dict) else {}
