"""A pointer file says who is promoted, and only what was judged is written into it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.builtin.file import harness_promoters
from harness.errors import HarnessError, UsageError
from harness.files import digest_folder, write_atomic
from harness.testing import conformance
from harness.values.identity import Identity

POINTER = harness_promoters()["file"]
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def config(tmp_path: Path) -> Mapping[str, Any]:
    """A pointer beside a folder with two models."""
    for revision in ("m/1", "m/2"):
        write_atomic(tmp_path / "models" / revision / "weights", f"of {revision}")
    return {"path": str(tmp_path / "champion.json"), "files": str(tmp_path / "models")}


def judged(config: Mapping[str, Any], revision: str) -> Identity:
    return Identity(revision=revision, digest=digest_folder(Path(config["files"]) / revision))


def test_conformance() -> None:
    conformance("file")


def test_what_was_moved_is_read_back_as_it_was_judged(config: Mapping[str, Any]) -> None:
    for who in (judged(config, "m/1"), judged(config, "m/2")):
        POINTER.move(config, who)

        assert (who.revision, who) == (POINTER.current(config), POINTER.read_back(config))


def test_nothing_promoted_is_read_back_as_nobody(config: Mapping[str, Any]) -> None:
    assert POINTER.current(config) is None
    assert POINTER.read_back(config) is None


def test_without_files_the_pointer_is_taken_at_its_word(config: Mapping[str, Any]) -> None:
    alone = {"path": config["path"]}

    POINTER.move(alone, Identity(revision="anything", digest=DIGEST))

    assert Identity(revision="anything", digest=DIGEST) == POINTER.read_back(alone)


def test_files_that_changed_are_read_back_as_they_are(config: Mapping[str, Any]) -> None:
    who = judged(config, "m/1")
    POINTER.move(config, who)

    write_atomic(Path(config["files"]) / "m/1" / ".gitattributes", "added later")

    found = POINTER.read_back(config)
    assert found is not None
    assert (who.revision, True) == (found.revision, who.digest != found.digest)


@pytest.mark.parametrize(
    ("who", "message"),
    [
        (Identity(revision="m/2", digest=DIGEST), "was judged as sha256:aaaa.*, its files are sha256:.* now"),
        (Identity(revision="m/2"), "m/2 is only declared, without digest"),
        (Identity(revision="m/3", digest=DIGEST), "m/3' cannot be read"),
        (Identity(revision="../models/m/2", digest=DIGEST), "was judged as"),
        (Identity(revision="../..", digest=DIGEST), "leads out of"),
        (Identity(revision="/etc", digest=DIGEST), "leads out of"),
    ],
)
def test_what_is_not_what_was_judged_is_refused_and_nothing_moves(
    config: Mapping[str, Any], who: Identity, message: str
) -> None:
    first = judged(config, "m/1")
    POINTER.move(config, first)

    with pytest.raises(HarnessError, match=message):
        POINTER.move(config, who)

    assert first == POINTER.read_back(config)


def test_a_link_out_of_the_models_is_refused(config: Mapping[str, Any], tmp_path: Path) -> None:
    outside = write_atomic(tmp_path / "outside" / "weights", "x").parent
    (tmp_path / "models" / "linked").symlink_to(outside)

    with pytest.raises(HarnessError, match="'linked' leads out of"):
        POINTER.move(config, Identity(revision="linked", digest=digest_folder(outside)))


@pytest.mark.parametrize("written", ["", "{", "[]", '{"revision": "m/1"', json.dumps({"revision": "m", "digest": "x"})])
def test_a_pointer_that_is_not_whole_is_an_error_and_no_first_promotion(
    config: Mapping[str, Any], written: str
) -> None:
    write_atomic(Path(config["path"]), written)

    for read in (POINTER.current, POINTER.read_back):
        with pytest.raises(HarnessError, match=r"champion.json does not say who is promoted"):
            read(config)


def test_a_pointer_that_leads_nowhere_is_an_error_and_no_first_promotion(config: Mapping[str, Any]) -> None:
    Path(config["path"]).symlink_to("/a-disk/that/is/not/mounted/champion.json")

    with pytest.raises(HarnessError, match="does not say who is promoted: .*No such file"):
        POINTER.current(config)


def test_an_unknown_key_is_refused(config: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError, match="unknown key 'folder'"):
        POINTER.current({**config, "folder": "x"})
