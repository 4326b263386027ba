"""What DVC's files say of the data that they stand for: paths and digests, whatever else is written beside them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness import HarnessError, read_yaml

LOCK = "dvc.lock"
DIGESTS = ("md5", "etag", "checksum", "sha256")
LIMIT = 10_000_000  # bytes of a file


def is_dvc(path: Path) -> bool:
    """Tell whether a file is one of DVC: `NAME.dvc` or `dvc.lock`."""
    return (path.suffix == ".dvc" or path.name == LOCK) and path.is_file()


def digest_dvc(path: Path) -> str:
    """Return a digest of the outputs that a file of DVC names with theirs; HarnessError where it does not say one."""
    if path.stat().st_size > LIMIT:
        raise HarnessError(f"{path} is larger than {LIMIT:,} bytes, and no file of DVC")
    found = sorted(_outputs(read_yaml(path), path))
    if not found:
        raise HarnessError(f"{path} names no data")
    return "sha256:" + hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _outputs(document: object, path: Path) -> Iterator[tuple[str, str]]:
    """Yield path and digest of each output, in order of their places."""
    for out in _listed(document, path):
        digest = next((out[name] for name in DIGESTS if isinstance(out.get(name), str) and out[name]), None)
        if digest is None or not isinstance(out.get("path"), str):
            raise HarnessError(f"{path} names data without a digest; `dvc commit` writes it")
        yield out["path"], digest


def _listed(document: object, path: Path) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        raise HarnessError(f"{path} is no file of DVC")
    stages = document.get("stages", {}) if path.name == LOCK else {"": document}
    for stage in stages.values() if isinstance(stages, Mapping) else ():
        outs = stage.get("outs") if isinstance(stage, Mapping) else None
        for out in outs if isinstance(outs, list) else ():
            if not isinstance(out, Mapping):
                raise HarnessError(f"{path} names an output that is none")
            yield out
