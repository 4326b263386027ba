"""The `file` promoter: what is promoted stands in a small JSON file, which is replaced whole."""

import json
from collections.abc import Mapping
from dataclasses import replace
from os.path import lexists
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from harness.documents import parse
from harness.errors import HarnessError
from harness.files import digest_folder, write_atomic
from harness.plugins.hooks import hookimpl
from harness.plugins.promoters import Promoter
from harness.values.canonical import canonical_pretty
from harness.values.identity import Identity

IDENTITY = TypeAdapter(Identity)


class Pointer(BaseModel):
    """What a gate says under `promote: {file: ...}`: the pointer file, and the folder where models lie by revision.

    With `files`, the digest that counts is of all files in that folder's folder of the revision; without, the pointer's
    own word for it.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    path: str
    files: str | None = None


class PointerFile:
    """The promoter: a model is promoted by writing its revision and digest into a file."""

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the revision in the pointer file, or None where there is no such file."""
        found = _read_pointer(_parse_config(config))
        return found.revision if found else None

    def move(self, config: Mapping[str, Any], identity: Identity) -> None:
        """Replace the pointer file, if the files of the revision are those that were judged."""
        asked = _parse_config(config)
        if identity.digest is None:
            raise HarnessError(f"{identity.revision} is only declared, without digest; judge what proves its digest")
        found = _read_digest(asked, identity)
        if found != identity.digest:
            message = f"{identity.revision} was judged as {identity.digest}, its files are {found} now"
            raise HarnessError(f"{message}; put those back, or judge what is there")
        content = canonical_pretty({"revision": identity.revision, "digest": identity.digest})
        try:
            write_atomic(Path(asked.path), content)
        except OSError as error:
            raise HarnessError(f"{asked.path} was not written: {error}; name a file that can be written") from error

    def read_back(self, config: Mapping[str, Any]) -> Identity | None:
        """Return who stands in the pointer file, with the digest of its files as they are."""
        asked = _parse_config(config)
        found = _read_pointer(asked)
        return replace(found, digest=_read_digest(asked, found)) if found else None


def _parse_config(config: Mapping[str, Any]) -> Pointer:
    return parse(Pointer, dict(config), "promote: file")


def _read_pointer(asked: Pointer) -> Identity | None:
    """Return who the pointer file names; one that is not whole, or leads nowhere, is an error: nobody wrote it so."""
    path = Path(asked.path)
    try:
        return IDENTITY.validate_python(json.loads(path.read_text(encoding="utf-8"))) if lexists(path) else None
    except (OSError, ValueError, ValidationError, HarnessError) as error:
        found = " ".join(str(error).split())[:200]
        remedy = 'it holds {"revision": NAME, "digest": "sha256:..."}, or is not there'
        raise HarnessError(f"{asked.path} does not say who is promoted: {found}; {remedy}") from error


def _read_digest(asked: Pointer, who: Identity) -> str | None:
    """Return the digest of the files of a revision; without `files` the one that is said."""
    if asked.files is None:
        return who.digest
    folder = Path(asked.files).resolve()
    place = (folder / who.revision).resolve()
    if folder not in place.parents:
        raise HarnessError(f"{who.revision!r} leads out of {asked.files}; a revision is the name of a folder in there")
    return digest_folder(place)


@hookimpl
def harness_promoters() -> Mapping[str, Promoter]:
    """Offer `promote: {file: PATH}`."""
    return {"file": PointerFile()}
