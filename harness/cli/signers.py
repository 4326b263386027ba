"""The signer that a command uses, and whom its project trusts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.credentials import SIGNER
from harness.errors import UsageError
from harness.project import Project
from harness.records.corrections import Correction
from harness.records.entries import Columns
from harness.records.ledger import Ledger
from harness.values.runs import Run

if TYPE_CHECKING:  # what signs costs half a second to import, and most commands sign nothing
    from securesystemslib.signer import Signer

    from harness.signing.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Signs a run, or a registration by id, body and columns, keeps the statement, and returns that of a run."""

    keep_run: Callable[[Run], str]
    keep_registration: Callable[[str, str, Columns], None]


HELP = f"Who signs: file:PATH, env:NAME or a KMS; default ${SIGNER}, then `signer` of [tool.harness]."


def named_signer(project: Project, given: str | None) -> str | None:
    """Return the URI of the signer: --signer, else the environment's, else the settings'; None if nobody is named."""
    return given or project.signer(os.environ)


def signer_of(project: Project, given: str | None) -> "Signer":
    """Return the signer that is named, with `file:` from the root of the project where it stands in the settings."""
    from harness.signing.keys import open_signer  # noqa: PLC0415 - see above

    uri = named_signer(project, given)
    if uri is None:
        raise UsageError(f"nobody is named who signs; give --signer file:PATH, or set {SIGNER}")
    signer = open_signer(uri, os.environ)
    if uri.startswith("env:"):
        del os.environ[uri.removeprefix("env:")]  # so that no suite, plugin or process that is started finds the key
    return signer


def require_run_signer(project: Project, given: str | None, book: Ledger) -> Callable[[Run], str]:
    """Return what signs a run, with the ledger as it stands then. UsageError if nobody is named who signs."""
    from harness.signing.runs import sign_run  # noqa: PLC0415 - see above

    signer = signer_of(project, given)
    return lambda run: sign_run(run, signer, datetime.now(UTC), book.entries())


def open_keeper(project: Project, given: str | None, book: Ledger, *, records: bool) -> Keeper:
    """Return what signs runs and registrations and keeps the statements, of runs in the ledger if it `records`."""
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow, which unsigned runs read elsewhere
    from harness.signing.keeping import keep_signature  # noqa: PLC0415 - see above
    from harness.signing.registrations import sign_registration  # noqa: PLC0415 - see above
    from harness.signing.runs import sign_run  # noqa: PLC0415 - see above

    signer, store = signer_of(project, given), open_bundle(project.evidence())

    def keep_run(run: Run) -> str:
        text = sign_run(run, signer, datetime.now(UTC), book.entries())
        keep_signature(run, text, book if records else None, store, None)
        return text

    def keep_registration(id: str, body: str, columns: Columns) -> None:
        sign_registration(book, store, signer, datetime.now(UTC), id, body, columns)

    return Keeper(keep_run=keep_run, keep_registration=keep_registration)


def correction_signer(project: Project, given: str | None, book: Ledger) -> Callable[[Correction], None]:
    """Return what signs a correction that was recorded and keeps the statement; nothing does if nobody is named."""
    if named_signer(project, given) is None:
        return lambda found: None
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow, which a correction does without
    from harness.signing.records import sign_record  # noqa: PLC0415 - see above
    from harness.signing.statements import CORRECTION  # noqa: PLC0415 - see above

    signer, store = signer_of(project, given), open_bundle(project.evidence())
    return lambda found: sign_record(
        CORRECTION, book, store, signer, datetime.now(UTC), found.id, found.body, found.columns
    )


def trust_of(project: Project) -> "Trust":
    """Return whom the project trusts. UsageError if it does not say."""
    from harness.signing.trust import read_trust  # noqa: PLC0415 - see above

    if not project.trust_file.is_file():
        raise UsageError(
            f"no {str(project.trust_file)!r}, which says whom this project trusts; write it (docs/signing.md), or name "
            f"it with `trust:` in the gates file"
        )
    return read_trust(project.trust_file)
