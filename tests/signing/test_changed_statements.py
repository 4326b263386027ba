"""Of ten thousand changed statements and envelopes none is accepted, and none ends in anything but a refusal."""

import base64
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey

from harness.signing.envelopes import PAYLOAD_TYPE, sign_statement
from harness.signing.keys import new_signer
from harness.signing.statements import APPROVAL, NAMES, PROMOTION, RUN, WAIVER, Statement, statement_payload
from harness.signing.trust import Trust, read_trust
from harness.signing.verifying import Untrusted, check_subject, verify
from harness.values.canonical import canonical
from tests.support.signing import DIGEST, NOW, new_signers, statement, trust_text

EACH = 625  # of 16 kinds of change: 10,000 in all
SIGNERS = new_signers()
STRANGERS = [new_signer(), new_signer("ecdsa")]
OTHER = "sha256:" + "d" * 64


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a genuine statement is, and what is asked of it."""

    said: Statement
    signers: tuple[str, ...]
    role: str
    now: datetime = NOW

    @property
    def text(self) -> str:
        """Return its envelope."""
        return sign_statement(self.said, [SIGNERS[name] for name in self.signers])


UNTIL = (NOW + timedelta(days=7)).isoformat()
GENUINE = [
    Asked(said=statement(PROMOTION, outcome="pass", runs={"s": OTHER}), signers=("release",), role="promoter"),
    Asked(said=statement(RUN, outcome="pass"), signers=("ci",), role="runner"),
    Asked(said=statement(WAIVER, reason="known", expires=UNTIL), signers=("ann",), role="waiver"),
    Asked(said=statement(APPROVAL, expires=UNTIL), signers=("ann", "bob"), role="risk"),
]
TEXTS = {id(asked): asked.text for asked in GENUINE}  # signed once: ECDSA signs anew each time
Change = Callable[[Asked, str, random.Random], tuple[str, Asked]]
CHANGES: list[Change] = []


def change(made: Change) -> Change:
    CHANGES.append(made)
    return made


def is_accepted(text: str, asked: Asked, trust: Trust) -> bool:
    """Tell whether a text passes for what is asked, as somebody checks it before anything moves."""
    try:
        found = verify(
            text,
            trust,
            predicate_type=asked.said.predicate_type,
            project="demo",
            stage="production",
            role=asked.role,
            now=asked.now,
        )
        check_subject(found.statement, "model", DIGEST)
    except Untrusted:
        return False
    return len(found.persons) >= len(asked.signers)


def document(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def spelled(content: Mapping[str, Any]) -> str:
    return canonical(content) + "\n"


def payload_of(text: str) -> dict[str, Any]:
    return document(base64.b64decode(document(text)["payload"]).decode())


def with_payload(text: str, payload: object) -> str:
    return spelled({**document(text), "payload": base64.b64encode(canonical(payload).encode()).decode()})


def signed_by(said: Statement, *signers: CryptoSigner) -> str:
    return sign_statement(said, list(signers))


@change
def flip_a_bit(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    content = bytearray(text.encode())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content.decode(errors="replace"), asked


@change
def flip_a_byte_of_what_is_signed(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    content = bytearray(base64.b64decode(document(text)["payload"]))
    content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    return spelled({**document(text), "payload": base64.b64encode(bytes(content)).decode()}), asked


@change
def flip_a_byte_of_a_signature(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    found = document(text)
    signature = chance.choice(found["signatures"])
    content = bytearray(base64.b64decode(signature["sig"]))
    content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    signature["sig"] = base64.b64encode(bytes(content)).decode()
    return spelled(found), asked


@change
def cut_or_repeat_a_part(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    start, end = sorted(chance.sample(range(len(text)), 2))
    return chance.choice([text[:start], text[end:], text[:start] + text[end:], text[:end] + text[start:]]), asked


@change
def write_it_otherwise(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    found = document(text)
    gap = " " * chance.randrange(1, 40)
    doubled = text.replace('{"payload"', f'{{"payload":"{chance.random()}","payload"', 1)
    padded = spelled({**found, "payload": found["payload"] + chance.choice("=\n \t!")})
    return chance.choice(
        [json.dumps(found, indent=chance.randrange(9)), gap + text, text + gap, doubled, padded]
    ), asked


@change
def swap_a_subject(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    payload = payload_of(text)
    payload["subject"][0]["digest"]["sha256"] = f"{chance.getrandbits(256):064x}"
    return with_payload(text, payload), asked


@change
def change_what_is_said(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    payload = payload_of(text)
    key = chance.choice([*payload["predicate"], "new"])
    payload["predicate"][key] = chance.choice(["", "pass", "2027-01-01T00:00:00+00:00", chance.random(), None, [], {}])
    return with_payload(text, payload), asked


@change
def reuse_signatures_of_another(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    other = chance.choice([each for each in GENUINE if each is not asked])
    taken = document(TEXTS[id(other)])["signatures"]
    own = document(text)["signatures"]
    return spelled({**document(text), "signatures": chance.choice([taken, [*taken, *own], [*own, *taken]])}), asked


@change
def present_another_statement_of_the_same_persons(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    """Genuine, but of another project, stage, model digest or type than is asked for."""
    said = asked.said
    other = chance.choice(
        [
            replace(said, predicate={**said.predicate, "project": f"demo{chance.randrange(99)}"}),
            replace(said, predicate={**said.predicate, "stage": f"s{chance.randrange(99)}"}),
            replace(said, subjects={"model": f"sha256:{chance.getrandbits(256):064x}"}),
            replace(said, subjects={f"other{chance.randrange(99)}": DIGEST}),
        ]
    )
    return signed_by(other, *(SIGNERS[name] for name in asked.signers)), asked


@change
def sign_as_another_type(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    without = {name: value for name, value in asked.said.predicate.items() if name != "expires"}
    kind = chance.choice([each for each in NAMES if each != asked.said.predicate_type])
    other = Statement(predicate_type=kind, subjects=asked.said.subjects, predicate={**without, "n": chance.random()})
    return signed_by(other, *(SIGNERS[name] for name in asked.signers)), asked


@change
def sign_with_a_foreign_key(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    """Of a stranger, under its own id or under that of somebody who is trusted, alone or beside the genuine one."""
    stranger = chance.choice(STRANGERS)
    claimed = chance.choice([stranger.public_key.keyid, *(each.public_key.keyid for each in SIGNERS.values())])
    key = SSlibKey.from_crypto(stranger._private_key.public_key(), claimed)
    forged = document(signed_by(asked.said, CryptoSigner(stranger._private_key, key)))["signatures"]
    own = [each for each in document(text)["signatures"] if each["keyid"] != claimed]
    return spelled({**document(text), "signatures": chance.choice([forged, [*own, *forged], [*forged, *own]])}), asked


@change
def sign_outside_the_role(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    roles = {"promoter": ["release"], "runner": ["ci"], "waiver": ["ann"], "risk": ["ann", "bob"]}
    others = [name for name in SIGNERS if name not in roles[asked.role]]
    some = chance.sample(others, chance.randrange(1, len(others) + 1))
    return signed_by(asked.said, *(SIGNERS[name] for name in some)), asked


@change
def strip_or_double_a_signature(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    """Of an approval by two, one is taken away, or given twice; of others, all."""
    found = document(text)
    kept = chance.sample(found["signatures"], len(found["signatures"]) - 1)
    ids = [each.public_key.keyid for each in SIGNERS.values()]
    doubled = [{**each, "keyid": id} for each in kept for id in chance.sample(ids, 2)]
    return spelled({**found, "signatures": chance.choice([kept, kept * 2, doubled, []])}), asked


@change
def sign_under_another_payload_type(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    """Signed by the right persons over the right bytes, which the library verifies."""
    kind = chance.choice(["", "text/plain", "application/json", PAYLOAD_TYPE.upper(), PAYLOAD_TYPE + " "])
    envelope = Envelope(statement_payload(asked.said).encode(), kind, {})
    for name in asked.signers:
        envelope.sign(SIGNERS[name])
    return spelled(envelope.to_dict()), asked


@change
def come_too_late_or_too_early(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    """After it expired, or on a clock on which it is not signed yet."""
    late = timedelta(days=7, seconds=chance.randrange(10**7))
    early = -timedelta(minutes=5, seconds=chance.randrange(1, 10**7))
    shift = late if asked.said.expires and chance.random() < 0.5 else early
    return text, replace(asked, now=NOW + shift)


@change
def sign_what_is_no_statement(asked: Asked, text: str, chance: random.Random) -> tuple[str, Asked]:
    """Signed by the right persons, and not what in-toto or this harness spells."""
    payload = payload_of(text)
    odd = chance.choice(
        [
            {**payload, "_type": "https://in-toto.io/Statement/v0.1"},
            {**payload, "subject": []},
            {**payload, "subject": payload["subject"] * 2},
            {**payload, "subject": [{"name": "model", "digest": {"sha1": "c" * 40}}]},
            {**payload, "predicateType": "https://slsa.dev/provenance/v1"},
            {**payload, "predicate": [chance.random()]},
            {**payload, "extra": chance.random()},
            {key: value for key, value in payload.items() if key != "_type"},
            [payload],
            chance.random(),
        ]
    )
    content = chance.choice([canonical(odd), json.dumps(payload, indent=1), canonical(payload) + " "])
    envelope = Envelope(content.encode(), PAYLOAD_TYPE, {})
    for name in asked.signers:
        envelope.sign(SIGNERS[name])
    return spelled(envelope.to_dict()), asked


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    file = tmp_path_factory.mktemp("ci") / "trust.yaml"
    file.write_text(trust_text(SIGNERS))
    return read_trust(file)


@pytest.mark.parametrize("asked", GENUINE, ids=lambda asked: asked.said.name)
def test_what_is_genuine_is_accepted(trust: Trust, asked: Asked) -> None:
    assert is_accepted(TEXTS[id(asked)], asked, trust)


def test_there_are_ten_thousand_changes() -> None:
    assert 10_000 == EACH * len(CHANGES)


@pytest.mark.parametrize("made", CHANGES, ids=lambda made: made.__name__)
def test_nothing_that_is_changed_is_accepted(trust: Trust, made: Change) -> None:
    chance = random.Random(made.__name__)
    accepted: Counter[str] = Counter()
    tried = 0
    while tried < EACH:
        genuine = chance.choice(GENUINE)
        text, asked = made(genuine, TEXTS[id(genuine)], chance)
        if text == TEXTS[id(genuine)] and asked is genuine:
            continue  # chance changed nothing
        tried += 1
        accepted[text] += is_accepted(text, asked, trust)

    assert [] == [text for text, count in accepted.items() if count]


def test_of_a_revoked_key_nothing_is_accepted_but_what_stands(tmp_path: Path) -> None:
    revoked = dict.fromkeys(SIGNERS, f"{{since: 2020-01-01, stand: [{OTHER}]}}")
    (tmp_path / "trust.yaml").write_text(trust_text(SIGNERS, revoked))
    trust = read_trust(tmp_path / "trust.yaml")

    assert not any(is_accepted(TEXTS[id(asked)], asked, trust) for asked in GENUINE)
