"""Puts statements into DSSE envelopes and takes them out: one statement and its signatures have one spelling."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as LibraryError
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Key, Signer

from harness.errors import HarnessError
from harness.signing.statements import Statement, statement_from_payload, statement_payload
from harness.values.canonical import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST = 20_000_000  # characters of an envelope
TAKE_ORIGINAL = "take the file as it was written"


def sign_statement(statement: Statement, signers: Sequence[Signer]) -> str:
    """Return the text of an envelope that holds a statement, signed by each signer. HarnessError if one cannot."""
    return sign_payload(statement_payload(statement), signers)


def sign_payload(payload: str, signers: Sequence[Signer]) -> str:
    """Return the text of an envelope that holds an in-toto statement of any type. HarnessError if one cannot sign."""
    envelope = Envelope(payload.encode(), PAYLOAD_TYPE, {})
    for signer in signers:
        _sign(envelope, signer)
    return _spell(envelope)


def open_envelope(text: str) -> tuple[Envelope, Statement]:
    """Return an envelope and its statement, both read strictly; who signed is not looked at.

    HarnessError if it is cut off, spelled otherwise than it was written, or holds something other than a statement.
    """
    envelope = _read(text)
    if envelope.payload_type != PAYLOAD_TYPE:
        found = f"its payload is of type {envelope.payload_type!r}"
        raise HarnessError(f"this is no signed statement: {found}, not {PAYLOAD_TYPE!r}")
    if _spell(envelope) != text:
        raise HarnessError(f"this envelope was written anew by something else; {TAKE_ORIGINAL}")
    return envelope, statement_from_payload(envelope.payload)


def list_signing_keys(envelope: Envelope, keys: Mapping[str, Key]) -> Sequence[str]:
    """Return the ids of the keys that signed. HarnessError if one is unknown or a signature is not of its key."""
    for id, signature in envelope.signatures.items():
        if id not in keys:
            raise HarnessError(
                f"it is signed with key {id}, which is not in trust.yaml; add the key, or do not trust it"
            )
        try:
            keys[id].verify_signature(signature, envelope.pae())
        except (LibraryError, ValueError) as error:
            raise HarnessError(
                f"the signature of key {id} is not of this statement: one of them was changed"
            ) from error
    if not envelope.signatures:
        raise HarnessError("nobody signed it; its envelope holds no signature")
    return list(envelope.signatures)


def _sign(envelope: Envelope, signer: Signer) -> None:
    """Add a signature, once it was found to be of the key that the signer says it has."""
    try:
        signer.public_key.verify_signature(envelope.sign(signer), envelope.pae())
    except UnverifiedSignatureError as error:
        message = "signed with another key than its public one, so nobody could verify it"
        raise HarnessError(f"the signer {message}; name the file of the right public key") from error
    except Exception as error:
        raise HarnessError(f"the signer cannot sign: {type(error).__name__}: {error}; nothing was signed") from error


def _read(text: str) -> Envelope:
    if len(text) > LARGEST:
        raise HarnessError(f"this envelope holds more than {LARGEST:,} characters; {TAKE_ORIGINAL}")
    try:
        document: Any = json.loads(text)
        return Envelope.from_dict(document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, LibraryError) as error:
        raise HarnessError(
            f"this is no DSSE envelope, or part of one ({type(error).__name__}); {TAKE_ORIGINAL}"
        ) from error


def _spell(envelope: Envelope) -> str:
    try:
        return canonical(envelope.to_dict()) + "\n"
    except (ValueError, TypeError, AttributeError) as error:
        raise HarnessError(f"this is no DSSE envelope ({type(error).__name__}); {TAKE_ORIGINAL}") from error
