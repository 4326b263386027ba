"""Reads a handbook: a folder of markdown pages, each section of which is a passage with an id of its own."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

OWN = Path(__file__).parent / "corpus"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A section of a page; its id is `page/heading` in lower case, with dashes for blanks."""

    id: str
    title: str
    heading: str
    text: str

    @property
    def page(self) -> str:
        """Return the page that it stands on."""
        return self.id.partition("/")[0]

    @property
    def full_text(self) -> str:
        """Return what is searched: the title, the heading and the text."""
        return f"{self.title}. {self.heading}. {self.text}"


def read_passages(folder: Path = OWN) -> Sequence[Passage]:
    """Return all passages of a folder in the order of their ids; ValueError if there are none, or two of one id."""
    found = [passage for page in sorted(folder.glob("*.md")) for passage in _read_page(page)]
    if not found:
        raise ValueError(f"no passage in {folder}; a handbook is a folder of *.md pages with `## ` sections")
    ids = [passage.id for passage in found]
    repeated = next((name for name in ids if ids.count(name) > 1), None)
    if repeated:
        raise ValueError(f"two passages of {folder} have the id {repeated!r}; give one another heading")
    return sorted(found, key=lambda passage: passage.id)


def corpus_digest(passages: Sequence[Passage]) -> str:
    """Return `sha256:` of all ids and texts."""
    lines = "\n".join(f"{passage.id}\t{passage.full_text}" for passage in passages)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def _read_page(page: Path) -> Iterator[Passage]:
    head, *sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    title = head.strip().removeprefix("# ").strip()
    if not head.startswith("# ") or "\n" in title:
        raise ValueError(f"{page} does not start with one `# Title`; all its text stands in `## ` sections")
    for section in sections:
        heading, _, text = section.partition("\n")
        if not text.strip():
            raise ValueError(f"{page}: section {heading!r} is empty; write it, or leave it out")
        name = f"{page.stem}/{_as_id(heading)}"
        yield Passage(id=name, title=title, heading=heading.strip(), text=" ".join(text.split()))


def _as_id(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower().replace("'", "")).strip("-")
