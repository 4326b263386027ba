"""`harness verify`: who signed what, and whether what is at hand is what they signed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.printing import say
from harness.cli.signers import trust_of
from harness.errors import HarnessError, UsageError, did_you_mean
from harness.files import digest_file, digest_folder
from harness.project import open_project
from harness.values.canonical import canonical_pretty
from harness.values.identity import CANDIDATE

if TYPE_CHECKING:  # what signs costs half a second to import
    from harness.signing.trust import Trust
    from harness.signing.verifying import Verified

REFUSED = 1


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--type", "kind", default="promotion", metavar="NAME", help="What it must be; default promotion.")
@click.option("--trust", "trust_file", type=click.Path(path_type=Path), metavar="FILE", help="Who is trusted.")
@click.option("--project", "named", metavar="NAME", help="The project it must be about; with --trust, must be given.")
@click.option("--stage", default="", metavar="NAME", help="The stage it must be for.")
@click.option("--role", default="", metavar="NAME", help="In which role it is signed, such as an approval's group.")
@click.option("--model", type=click.Path(path_type=Path), metavar="PATH", help="The folder or file it must be about.")
@click.option("--data", "tables", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="Data it names.")
@click.option("--json", "as_text", is_flag=True, help="Print what was verified as JSON.")
def command(
    file: Path,
    kind: str,
    trust_file: Path | None,
    named: str | None,
    stage: str,
    role: str,
    model: Path | None,
    tables: Sequence[Path],
    as_text: bool,
) -> int:
    """Verify the signed statement in FILE: its signatures, what it says and of which digests.

    Exit code 0 if it holds, 1 if it is refused. With --trust it reads nothing but the files that are named, so a
    service can ask at its start: no network, no ledger, and no clock for what was promoted.
    """
    from harness.signing import verifying  # noqa: PLC0415 - what signs costs half a second to import

    trust, project = _trust_and_project(trust_file, named)
    try:
        found = verifying.verify(
            _read(file),
            trust,
            predicate_type=_type_named(kind),
            project=project,
            stage=stage,
            role=role,
            now=datetime.now(UTC) if kind in _expiring() else None,
        )
        lines = [*about_lines(found), *_matches(found, model, tables)]
    except verifying.Untrusted as error:
        say(canonical_pretty({"verified": False, "reason": str(error)}) if as_text else f"REFUSED  {file}\n  {error}")
        return REFUSED
    say(canonical_pretty(_as_document(found)).rstrip() if as_text else "\n".join([f"VERIFIED  {file}", *lines]))
    return 0


def _trust_and_project(file: Path | None, named: str | None) -> "tuple[Trust, str]":
    from harness.signing.trust import read_trust  # noqa: PLC0415 - as above

    if file is not None:
        if not named:
            raise UsageError("--trust reads no project, so say which one the statement must be about: --project NAME")
        return read_trust(file), named
    project = open_project()
    return trust_of(project), named or project.name


def _type_named(kind: str) -> str:
    from harness.signing.statements import NAMES  # noqa: PLC0415 - as above

    types = {name: type for type, name in NAMES.items()}
    if kind not in types:
        raise UsageError(f"no statement is called {kind!r}{did_you_mean(kind, types)}")
    return types[kind]


def _expiring() -> Sequence[str]:
    from harness.signing.statements import EXPIRING, NAMES  # noqa: PLC0415 - as above

    return [NAMES[each] for each in EXPIRING]


def _read(file: Path) -> str:
    from harness.signing.verifying import Untrusted  # noqa: PLC0415 - as above

    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Untrusted(f"not accepted: {str(file)!r} is no text in UTF-8; take the file as it was written") from error
    except OSError as error:
        raise HarnessError(f"{str(file)!r} cannot be read: {error.strerror or error}; name a statement") from error


def about_lines(found: "Verified") -> Iterator[str]:
    """Yield what a statement says, who signed it in which role and when, and of which digests, in lines of words."""
    statement = found.statement
    where = f"project {statement.project}{f', stage {statement.stage}' if statement.stage else ''}"
    yield f"  says     {statement.name} for {where}"
    yield f"  signed   by {', '.join(sorted(found.persons))} as {found.role}, {statement.issued:%Y-%m-%d %H:%M} UTC"
    if statement.expires:
        yield f"  until    {statement.expires:%Y-%m-%d %H:%M} UTC"
    yield from (f"  about    {name} {digest}" for name, digest in sorted(statement.subjects.items()))


def _matches(found: "Verified", model: Path | None, tables: Sequence[Path]) -> Iterator[str]:
    """Yield that each thing at hand is what was signed. Untrusted if one is another."""
    from harness.signing.verifying import Untrusted, check_subject  # noqa: PLC0415 - as above

    if model is not None:
        check_subject(found.statement, CANDIDATE, digest_folder(model) if model.is_dir() else digest_file(model))
        yield f"  model    {model} is the {CANDIDATE} that was signed"
    for table in tables:
        digest = digest_file(table)
        names = [name for name, each in found.statement.subjects.items() if each == digest and name != CANDIDATE]
        if not names:
            raise Untrusted(f"not accepted: {str(table)!r} ({digest}) is none of the data that it names")
        yield f"  data     {table} is {names[0]}"


def _as_document(found: "Verified") -> Mapping[str, object]:
    statement = found.statement
    return {
        "verified": True,
        "type": statement.name,
        "digest": statement.digest,
        "role": found.role,
        "persons": sorted(found.persons),
        "keys": list(found.keys),
        "issued": statement.issued.isoformat(),
        "subjects": dict(statement.subjects),
        "predicate": dict(statement.predicate),
    }
