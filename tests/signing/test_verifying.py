"""A signed statement is believed for what it says, by whom the project trusts, and for nothing else."""

import base64
import json
import os
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement as PublishedStatement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey

from harness.errors import HarnessError, UsageError
from harness.signing.envelopes import sign_statement
from harness.signing.keys import new_signer, open_signer, private_pem, public_pem
from harness.signing.statements import APPROVAL, PROMOTION, RUN, WAIVER, Statement, statement_payload
from harness.signing.trust import Trust, read_trust
from harness.signing.verifying import Untrusted, Verified, check_subject, verify
from tests.support.signing import DIGEST, NOW, new_signers, signed, statement, trust_text, write_trust

SIGNERS = new_signers()


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return read_trust(write_trust(tmp_path_factory.mktemp("ci"), SIGNERS))


promotion = partial(verify, predicate_type=PROMOTION, project="demo", stage="production")


def test_a_promotion_by_a_promoter_holds(trust: Trust) -> None:
    found = promotion(signed(SIGNERS["release"]), trust, now=NOW)

    assert (frozenset({"release"}), "promoter") == (found.persons, found.role)
    assert statement() == found.statement


def test_a_statement_is_one_of_the_in_toto_attestation_framework() -> None:
    document = json.loads(statement_payload(statement()))

    parsed = ParseDict(document, statement_pb2.Statement())

    PublishedStatement.copy_from_pb(parsed).validate()


@pytest.mark.parametrize("who", ["ann", "bob", "ci"])
def test_nobody_signs_outside_their_role(trust: Trust, who: str) -> None:
    with pytest.raises(Untrusted, match=f"{who} signed, whom .* does not name as 'promoter'"):
        promotion(signed(SIGNERS[who]), trust)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"predicate_type": RUN}, "it is a promotion"),
        ({"project": "other"}, "of project 'demo'; asked for was 'other'"),
        ({"stage": "staging"}, "for stage 'production'; asked for was 'staging'"),
    ],
)
def test_a_statement_is_not_reused_for_another_type_project_or_stage(
    trust: Trust, changed: dict[str, str], reason: str
) -> None:
    asked = {"predicate_type": PROMOTION, "project": "demo", "stage": "production", **changed}

    with pytest.raises(Untrusted, match=reason):
        verify(signed(SIGNERS["release"]), trust, **asked)


def test_a_stranger_is_named_by_the_key(trust: Trust) -> None:
    stranger = new_signer()

    with pytest.raises(Untrusted, match=f"{stranger.public_key.keyid}, which is not in trust.yaml"):
        promotion(signed(stranger), trust)


def test_a_key_id_of_somebody_else_does_not_help(trust: Trust) -> None:
    private = new_signer()._private_key
    liar = CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), SIGNERS["release"].public_key.keyid))

    with pytest.raises(Untrusted, match="is not of this statement"):
        promotion(signed(liar), trust)


def test_another_payload_type_is_refused_though_the_library_verifies_it(trust: Trust) -> None:
    envelope = Envelope(statement_payload(statement()).encode(), "text/plain", {})
    envelope.sign(SIGNERS["release"])

    envelope.verify([SIGNERS["release"].public_key], threshold=1)

    with pytest.raises(Untrusted, match="its payload is of type .text/plain."):
        promotion(json.dumps(envelope.to_dict()), trust)


@pytest.mark.parametrize("length", [0, 1, 40, 400, -3, -1])
def test_a_truncated_envelope_is_refused(trust: Trust, length: int) -> None:
    with pytest.raises(Untrusted, match="take the file as it was written"):
        promotion(signed(SIGNERS["release"])[:length], trust)


def test_an_envelope_has_one_spelling(trust: Trust) -> None:
    text = signed(SIGNERS["release"])
    document = json.loads(text)

    for other in (json.dumps(document), text.strip(), text.replace('":', '": '), json.dumps({**document, "x": 1})):
        with pytest.raises(Untrusted, match="written anew"):
            promotion(other, trust)


def test_two_signatures_of_one_person_are_one_person(tmp_path: Path) -> None:
    first, second = new_signer(), new_signer("ecdsa")
    text = trust_text({"ann": first})
    pem = public_pem(second).strip().replace("\n", "\n          ")
    file = tmp_path / "trust.yaml"
    file.write_text(text.replace("roles:", f"      - public: |\n          {pem}\nroles:"))

    found = verify(
        sign_statement(statement(APPROVAL), [first, second]),
        read_trust(file),
        predicate_type=APPROVAL,
        project="demo",
        role="risk",
    )

    assert (frozenset({"ann"}), 2) == (found.persons, len(found.keys))


def test_one_key_cannot_stand_twice_however_it_is_written(tmp_path: Path) -> None:
    key = new_signer("ecdsa")
    file = tmp_path / "trust.yaml"
    file.write_text(trust_text({"ann": key, "bob": key}))

    with pytest.raises(UsageError, match="one key stands there twice, of ann and bob"):
        read_trust(file)


def test_one_account_is_of_one_person(tmp_path: Path) -> None:
    file = tmp_path / "trust.yaml"
    file.write_text("persons: {ann: {accounts: {github: a}}, bob: {accounts: {github: a}}}")

    with pytest.raises(UsageError, match="share the account 'a'"):
        read_trust(file)


def test_a_role_names_persons_there_are(tmp_path: Path) -> None:
    file = tmp_path / "trust.yaml"
    file.write_text("persons: {ann: {}}\nroles: {runner: [anne]}")

    with pytest.raises(UsageError, match="'anne', who is not in persons; did you mean 'ann'"):
        read_trust(file)


@pytest.mark.parametrize("scope", ["stages: [staging]", "projects: [other]", "models: [fraud]"])
def test_a_role_ends_where_the_file_says(tmp_path: Path, scope: str) -> None:
    file = tmp_path / "trust.yaml"
    text = trust_text({"release": SIGNERS["release"]})
    file.write_text(text.replace("promoter: [release]", f"promoter: [{{person: release, {scope}}}]"))

    with pytest.raises(Untrusted, match="does not name as 'promoter' for demo production"):
        promotion(signed(SIGNERS["release"]), read_trust(file))


def test_a_waiver_expires_and_a_promotion_does_not(trust: Trust) -> None:
    until = (NOW + timedelta(days=1)).isoformat()
    waiver = signed(SIGNERS["ann"], WAIVER, expires=until)

    def ask(now: object) -> Verified:
        return verify(waiver, trust, predicate_type=WAIVER, project="demo", now=now)  # type: ignore[arg-type]

    assert ask(NOW + timedelta(hours=23)).persons
    with pytest.raises(Untrusted, match="expired at 2026-11-27 12:00 UTC"):
        ask(NOW + timedelta(days=1))
    assert promotion(signed(SIGNERS["release"]), trust, now=NOW + timedelta(days=3650)).persons
    with pytest.raises(HarnessError, match="a promotion does not expire"):
        statement(PROMOTION, expires=until)


def test_what_was_signed_later_than_now_is_refused_with_both_times(trust: Trust) -> None:
    early = NOW - timedelta(hours=1)

    with pytest.raises(Untrusted, match="signed at 2026-11-26 12:00 UTC, and it is 2026-11-26 11:00 UTC: a clock"):
        promotion(signed(SIGNERS["release"]), trust, now=early)
    assert promotion(signed(SIGNERS["release"]), trust).persons


def test_of_a_revoked_key_only_what_is_listed_stands(tmp_path: Path) -> None:
    stands, backdated = statement(), statement(reason="of later, dated back")
    file = tmp_path / "trust.yaml"
    text = trust_text(SIGNERS, {"release": f"{{since: 2026-11-27, stand: [{stands.digest}]}}"})
    file.write_text(text)
    trust = read_trust(file)

    assert promotion(sign_statement(stands, [SIGNERS["release"]]), trust).persons
    with pytest.raises(Untrusted, match="the key of release that signed it was revoked since 2026-11-27"):
        promotion(sign_statement(backdated, [SIGNERS["release"]]), trust)


def test_a_subject_is_of_its_digest() -> None:
    check_subject(statement(), "model", DIGEST)

    with pytest.raises(Untrusted, match="is not about"):
        check_subject(statement(), "model", "sha256:" + "d" * 64)
    with pytest.raises(Untrusted, match="has no subject 'data'"):
        check_subject(statement(), "data", DIGEST)


@pytest.mark.parametrize(
    ("subjects", "predicate", "reason"),
    [
        ({}, {}, "names no subject"),
        ({"model": "sha1:abc"}, {}, "has the digest 'sha1:abc'"),
        ({"model": DIGEST}, {"project": ""}, "names no 'project'"),
        ({"model": DIGEST}, {"issued": "yesterday"}, "'yesterday' for 'issued'"),
        ({"model": DIGEST}, {"issued": "2026-11-26T12:00:00"}, "without its zone"),
        ({"model": DIGEST}, {"stage": 1}, "1 for 'stage'"),
    ],
)
def test_a_statement_says_of_what_and_when(subjects: dict[str, str], predicate: dict[str, object], reason: str) -> None:
    about = {"project": "demo", "issued": NOW.isoformat(), **predicate}

    with pytest.raises(HarnessError, match=reason):
        Statement(predicate_type=PROMOTION, subjects=subjects, predicate=about)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_signer_is_opened_from_a_file_and_from_the_environment(tmp_path: Path, kind: str) -> None:
    made = new_signer(kind)  # type: ignore[arg-type]
    (tmp_path / "k").write_bytes(private_pem(made))

    opened = [
        open_signer(f"file:{tmp_path / 'k'}", {}),
        open_signer("env:KEY", {"KEY": private_pem(made).decode()}),
    ]

    assert {made.public_key.keyid} == {each.public_key.keyid for each in opened}


def test_a_signer_that_cannot_be_opened_says_why_and_quotes_no_key(tmp_path: Path) -> None:
    pem = private_pem(new_signer()).decode()
    (tmp_path / "broken").write_text(pem[:60])

    with pytest.raises(UsageError, match="cannot be read"):
        open_signer(f"file:{tmp_path / 'absent'}", {})
    with pytest.raises(UsageError, match="is no private key") as broken:
        open_signer(f"file:{tmp_path / 'broken'}", {})
    with pytest.raises(UsageError, match="the environment has no KEY"):
        open_signer("env:KEY", {})
    with pytest.raises(UsageError, match="did you mean 'file'"):
        open_signer("files:x", {})
    with pytest.raises(UsageError, match="#PUBLIC.pem"):
        open_signer("awskms:alias/x", {})
    assert pem.splitlines()[1][:20] not in str(broken.value)


def test_base64_that_decodes_alike_is_another_spelling(trust: Trust) -> None:
    document = json.loads(signed(SIGNERS["release"]))
    padded = base64.b64encode(base64.b64decode(document["payload"]) + b" ").decode()

    for payload in (document["payload"] + "\n", padded):
        with pytest.raises(Untrusted):
            promotion(json.dumps({**document, "payload": payload}, separators=(",", ":")) + "\n", trust)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_signer_that_has_another_key_than_it_says_signs_nothing(kind: str) -> None:
    """As a KMS does whose key was rotated while the file with the public one was not."""
    signer, other = new_signer(kind), new_signer(kind)  # type: ignore[arg-type]
    signer._public_key = other.public_key

    with pytest.raises(HarnessError, match="signed with another key than its public one"):
        sign_statement(statement(), [signer])


@pytest.mark.parametrize("uri", ["awskms:alias/x", "gcpkms:projects/x", "azurekms:x", "hv:k"])
def test_a_kms_that_cannot_be_reached_is_a_plain_error(tmp_path: Path, uri: str) -> None:
    os.environ.pop("AWS_DEFAULT_REGION", None)
    (tmp_path / "public.pem").write_text(public_pem(new_signer("ecdsa")))

    with pytest.raises(UsageError, match="cannot be opened"):
        open_signer(f"{uri}#{tmp_path / 'public.pem'}", {})
