"""A digest proves something or is not there."""

import pytest

from harness.errors import HarnessError
from harness.records.runs import RUN, as_json
from harness.values.identity import Identity
from tests.support.decisions import run, verdict
from tests.support.digests import digest_of

REFUSED = [
    "",
    "x",
    "sha256:",
    "sha256:ab",
    "sha256:" + "A" * 64,
    "sha256:" + "g" * 64,
    "sha256:" + "a" * 63,
    "sha256:" + "a" * 65,
    "sha256:" + "a" * 64 + "\n",
    " sha256:" + "a" * 64,
    "md5:" + "a" * 64,
    "a" * 64,
]


@pytest.mark.parametrize("digest", REFUSED)
def test_what_proves_nothing_is_no_digest(digest: str) -> None:
    with pytest.raises(HarnessError, match=r"'m/2' has the digest .*, which proves nothing; give `sha256:` and 64 hex"):
        Identity(revision="m/2", digest=digest)


@pytest.mark.parametrize("digest", [None, digest_of("m/2")])
def test_a_digest_is_whole_or_none(digest: str | None) -> None:
    found = Identity(revision="m/2", digest=digest)

    assert digest == found.digest


@pytest.mark.parametrize("digest", REFUSED)
def test_a_record_cannot_bring_one_in(digest: str) -> None:
    document = {name: value for name, value in as_json(run(verdict("pass"))).items() if name != "outcome"}
    document["candidate"]["digest"] = digest

    with pytest.raises(HarnessError, match="which proves nothing"):
        RUN.validate_python(document)
