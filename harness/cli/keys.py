"""`harness keys`: makes keys, shows whose one is, and says what a revoked one leaves standing."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.groups import Group
from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.signers import trust_of
from harness.errors import HarnessError, UsageError, did_you_mean
from harness.project import Project, instant, open_project
from harness.records.entries import Entry
from harness.records.ledger import Ledger

if TYPE_CHECKING:  # what signs costs half a second to import
    from harness.signing.trust import Trust

PRIVATE = 0o600
KINDS = ("ed25519", "ecdsa")
gates_option = click.option(
    "--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml."
)


@click.group("keys", cls=Group)
def command() -> None:
    """Make keys, show whose one is, and say what a revoked one leaves standing."""


@command.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), default="ed25519", help="The kind of key; ecdsa is on P-256.")
def new_key(file: Path, kind: str) -> int:
    """Write a private key to FILE, which only its owner may read, and the public one to FILE.pub."""
    from harness.signing import keys  # noqa: PLC0415 - what signs costs half a second to import

    public = file.with_name(f"{file.name}.pub")
    signer = keys.new_signer("ecdsa" if kind == "ecdsa" else "ed25519")
    for path, content, mode in ((file, keys.private_pem(signer), PRIVATE), (public, keys.public_pem(signer), 0o644)):
        _write_new(path, content.encode() if isinstance(content, str) else content, mode)
    say(f"key {signer.public_key.keyid}")
    say(f"  private  {file}: keep it where only the signer reads it; it is in no backup of ours")
    say(f"  public   {public}: name it in trust.yaml, as in `keys: [{{file: {public.name}}}]`")
    return 0


@command.command("show")
@click.argument("key")
@gates_option
def show_key(key: str, gates: Path | None) -> int:
    """Show KEY, a signer (file:PATH, env:NAME) or a file with a public key, and who has it in this project."""
    from harness.signing import keys  # noqa: PLC0415 - what signs costs half a second to import

    if Path(key).is_file():
        public = keys.read_public(Path(key).read_text(encoding="utf-8", errors="replace"), key)
    else:
        signer = keys.open_signer(key, os.environ)
        public = keys.read_public(keys.public_pem(signer), key)
    say(f"key {public.keyid} ({public.keytype})")
    project = open_project(gates)
    if not project.trust_file.is_file():
        say(f"  nobody's: there is no {project.trust_file}, which would say whom this project trusts")
        return 0
    trust = trust_of(project)
    found = trust.keys.get(public.keyid)
    if found is None:
        say(f"  nobody's: {trust.origin} does not name it")
        return 0
    roles = [role for role, grants in trust.roles.items() if any(grant.person == found.person for grant in grants)]
    say(f"  of {found.person}, who signs as {', '.join(roles) or 'nothing, having no role'}")
    if found.revoked:
        say(f"  revoked since {found.revoked.since:%Y-%m-%d %H:%M} UTC; {len(found.revoked.stand)} statements stand")
    return 0


@command.command("revoke")
@click.argument("key")
@click.option("--since", required=True, metavar="TIME", help="Since when it may be in other hands (ISO 8601, UTC).")
@click.option("--ledger", metavar="URL", help="The ledger to read.")
@gates_option
def revoke_key(key: str, since: str, ledger: str | None, gates: Path | None) -> int:
    """List what KEY, a key's id or its person, signed since, and print what to write to trust.yaml.

    The order is that of the ledger: whoever has the key can write any date into a statement.
    """
    project = open_project(gates)
    trust = trust_of(project)
    ids = {id for id, each in trust.keys.items() if key in (id, each.person)}
    if len(ids) != 1:
        names = [*trust.keys, *trust.persons]
        found = f"{key} has {len(ids)} keys: {', '.join(sorted(ids))}" if ids else f"no key {key!r} in {trust.origin}"
        raise UsageError(f"{found}{'' if ids else did_you_mean(key, names)}; name one key by its id")
    moment = instant(since, "--since")
    book = open_ledger(project, ledger)
    _refuse_loss(project, book, trust)
    before, after = _signed_by(next(iter(ids)), book, moment)
    for id, line in after.items():
        say(f"not trusted any more: {line} ({id})")
    say(f"{len(after)} statements were recorded since {moment:%Y-%m-%d %H:%M} UTC, {len(before)} before; write this to")
    say(f"the key in {trust.origin}, in a change that is reviewed:")
    say(f"        revoked: {{since: {moment.isoformat()}, stand: [{', '.join(before)}]}}")
    return 0


def _refuse_loss(project: Project, book: Ledger, trust: "Trust") -> None:
    """Refuse a ledger that is not as it was signed: what it says to have recorded before would stand."""
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow
    from harness.signing.anchors import find_loss  # noqa: PLC0415 - as above

    loss = find_loss(open_bundle(project.evidence()), book, book.entries(), project.name, trust)
    if loss:
        raise HarnessError(f"this ledger cannot say what was recorded before: {loss}")


def _signed_by(key: str, book: Ledger, since: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return what a key signed by the statement's digest, in words: what was recorded before a time, and since.

    Statements on runs stand in neither: a gate asks for fresh ones, which another key signs.
    """
    from harness.signing.envelopes import open_envelope  # noqa: PLC0415 - as above
    from harness.signing.statements import NAMES, RUN  # noqa: PLC0415

    kinds = set(NAMES.values()) - {NAMES[RUN]}
    placed = [(entry, moment) for entry, moment in _placed(book.entries()) if entry.kind in kinds]
    found: tuple[dict[str, str], dict[str, str]] = {}, {}
    for (entry, moment), text in zip(placed, book.bodies([entry for entry, _ in placed]), strict=True):
        envelope, statement = open_envelope(text)
        if key in envelope.signatures:
            about = " ".join(
                filter(None, (statement.name, statement.stage, entry.revision, f"{moment:%Y-%m-%d %H:%M}"))
            )
            found[moment >= since][statement.digest] = about
    return found


def _placed(entries: Iterable[Entry]) -> Iterator[tuple[Entry, datetime]]:
    """Yield entries with when they were recorded, none before the one it follows, whatever its writer's clock said."""
    latest: datetime | None = None
    for entry in entries:
        recorded = datetime.fromisoformat(entry.recorded)
        latest = max(latest, recorded) if latest else recorded
        yield entry, latest


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet, which from its first moment only those whom `mode` names may read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UsageError(
            f"{str(path)!r} is there already, and no key is written over another; name a new file"
        ) from error
    except OSError as error:
        raise HarnessError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
