"""Keeps the files that checks made, such as reports of other libraries: they show rows, so not at every level."""

import hashlib
from pathlib import Path

from harness.records.evidence_store import Bundle


def keep_file(bundle: Bundle, level: str, file: Path) -> str:
    """Keep a file among the evidence by the digest of its content, at level "full"; return what a record says of it."""
    if level != "full":
        return f"not kept at evidence level {level!r}, as it may show rows; run with --evidence full"
    content = file.read_bytes()
    name = f"{hashlib.sha256(content).hexdigest()}{file.suffix}"
    bundle.write(name, content)
    return name
