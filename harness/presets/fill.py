"""Fills templates line by line, and writes files that are not there yet."""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from harness.documents import parse_yaml
from harness.errors import UsageError
from harness.files import write_atomic

PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_./-]*")


def template(path: str) -> str:
    """Return a template that ships with the host (as .txt, so that no tool takes it for code)."""
    return files("harness.presets").joinpath("templates", *f"{path}.txt".split("/")).read_text(encoding="utf-8")


def fill_template(text: str, values: Mapping[str, str | None]) -> str:
    """Return a template with its values; a line that needs a value which there is not goes away."""
    lines = [Template(line) for line in text.splitlines()]
    kept = [line for line in lines if all(values[name] is not None for name in line.get_identifiers())]
    return "".join(f"{line.substitute(values)}\n" for line in kept)


def as_yaml(text: str) -> str:
    """Return a text as one YAML scalar: plain where YAML reads it back as the same text, else quoted."""
    is_plain = PLAIN.fullmatch(text) and parse_yaml(f"word: {text}", text)["word"] == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def write_new(contents: Mapping[Path, str]) -> Sequence[Path]:
    """Write files that do not exist; where one does, write none."""
    for path in contents:
        if path.exists():
            raise UsageError(f"{path} exists and is not overwritten; move it away, or write elsewhere")
    return [write_atomic(path, content) for path, content in contents.items()]
