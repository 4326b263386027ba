"""A project keeps its name wherever it is checked out, and a settings file that cannot be read is told."""

from pathlib import Path

import pytest

from harness import UsageError
from harness.settings import find_settings


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[project]\nname = "fraud"', "fraud"),
        ('[project]\nname = "fraud"\n[tool.harness]\nproject = "cards"', "cards"),
        ("[tool.harness]", "checkout"),
        ('project = "odd"\ntool = 3', "checkout"),
    ],
)
def test_a_project_is_called_as_its_file_says(tmp_path: Path, text: str, name: str) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(text)

    assert name == find_settings(folder).project


@pytest.mark.parametrize("content", [b'[project]\nname = "Caf\xe9"', b"\xff\xfe[\x00", b"[project", b"\x00"])
def test_a_settings_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)

    with pytest.raises(UsageError, match=r"pyproject\.toml (is not TOML|cannot be read)"):
        find_settings(tmp_path)
