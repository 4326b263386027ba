"""Writes the published JSON schemas: python tests/support/schemas.py."""

from pathlib import Path

from harness.presets.published import PUBLISHED
from harness.presets.published import schema_text as schema

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PUBLISHED:
        (FOLDER / f"{name}.json").write_text(schema(name))
