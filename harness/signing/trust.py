"""Whom a project trusts: the persons of `ci/trust.yaml`, their keys, and the roles in which they sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from securesystemslib.signer import SSlibKey

from harness.documents import parse, read_yaml
from harness.errors import UsageError, did_you_mean
from harness.signing.keys import key_pem, read_public
from harness.values.canonical import canonical, sha256
from harness.values.versions import FileVersion

RUNNER, PROMOTER, WAIVER_ROLE, OVERRIDE_ROLE = "runner", "promoter", "waiver", "override"
WEAKENING_ROLE = "weakening"
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@+-]*$")]  # no two look alike
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


def _with_zone(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Revoked(BaseModel):
    """Since when a key is not trusted (UTC), and which statements stand, by digest, as they were recorded before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[datetime, AfterValidator(_with_zone)]
    stand: Sequence[Digest] = ()


class WrittenKey(BaseModel):
    """A public key as PEM, written here or in a file beside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public: str | None = None
    file: str | None = None
    revoked: Revoked | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.public is None) == (self.file is None):
            raise ValueError("name the key either as `public:`, its PEM, or as `file:`, where that stands")
        return self


class Person(BaseModel):
    """A person, or a machine that signs: its keys, and its accounts at a forge (`github: ann-smith`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Sequence[WrittenKey] = ()
    accounts: Mapping[str, str] = {}


class Grant(BaseModel):
    """A person in a role: anywhere, or where `projects`, `stages` or `models` are named, only there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Name
    projects: Sequence[str] | None = Field(default=None, min_length=1)
    stages: Sequence[str] | None = Field(default=None, min_length=1)
    models: Sequence[str] | None = Field(default=None, min_length=1)

    def covers(self, project: str, stage: str, model: str) -> bool:
        """Tell whether this holds for a project, stage and model."""
        asked = ((self.projects, project), (self.stages, stage), (self.models, model))
        return all(named is None or value in named for named, value in asked)


def _grant(given: object) -> object:
    return {"person": given} if isinstance(given, str) else given


class TrustFile(BaseModel):
    """The file as written; who is in a role must be a person in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: FileVersion = 1
    persons: Mapping[Name, Person] = Field(min_length=1)
    roles: Mapping[Name, Sequence[Annotated[Grant, BeforeValidator(_grant)]]] = {}

    @model_validator(mode="after")
    def _knows_its_persons(self) -> Self:
        for role, grants in self.roles.items():
            for grant in grants:
                if grant.person not in self.persons:
                    raise ValueError(
                        f"role {role!r} is of {grant.person!r}, who is not in persons"
                        f"{did_you_mean(grant.person, self.persons)}"
                    )
        return self


@dataclass(frozen=True, kw_only=True)
class TrustedKey:
    """A key, whose it is, and whether it was revoked."""

    id: str
    key: SSlibKey
    person: str
    revoked: Revoked | None = None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whom a project trusts; `origin` is the file for errors, `digest` that of what it says, with the key material."""

    origin: str
    digest: str
    keys: Mapping[str, TrustedKey]
    persons: Mapping[str, Person]
    roles: Mapping[str, Sequence[Grant]]

    def persons_in(self, role: str, *, project: str, stage: str = "", model: str = "") -> frozenset[str]:
        """Return the persons who have a role for a project, stage and model."""
        grants = self.roles.get(role, ())
        return frozenset(grant.person for grant in grants if grant.covers(project, stage, model))

    def person_of_account(self, forge: str, account: str) -> str | None:
        """Return the person who has an account at a forge, or None."""
        return next((name for name, each in self.persons.items() if each.accounts.get(forge) == account), None)


def read_trust(path: Path) -> Trust:
    """Return whom a trust file trusts. UsageError if one key stands in it twice, under whatever name."""
    written = parse(TrustFile, read_yaml(path), str(path))
    keys: dict[str, TrustedKey] = {}
    for person, key in ((name, key) for name, each in written.persons.items() for key in each.keys):
        found = _read_key(key, person, path)
        if found.id in keys:
            holders = " and ".join(dict.fromkeys((keys[found.id].person, person)))
            raise UsageError(f"{path}: one key stands there twice, of {holders} ({found.id}); give each its own")
        keys[found.id] = found
    _refuse_shared_accounts(written, path)
    return Trust(
        origin=str(path),
        digest=sha256(canonical(_plain(written, list(keys)))),
        keys=keys,
        persons=written.persons,
        roles=written.roles,
    )


def trust_as_document(trust: Trust) -> Mapping[str, Any]:
    """Return whom a project trusts as a trust file says it, with the keys in it; accounts at forges are left out."""
    persons: dict[str, list[Any]] = {name: [] for name in trust.persons}
    for each in trust.keys.values():
        revoked = {"revoked": each.revoked.model_dump(mode="json")} if each.revoked else {}
        persons[each.person].append({"public": key_pem(each.key), **revoked})
    roles = {
        role: [each.model_dump(mode="json", exclude_none=True) for each in found] for role, found in trust.roles.items()
    }
    return {"version": 1, "persons": {name: {"keys": keys} for name, keys in persons.items()}, "roles": roles}


def _read_key(written: WrittenKey, person: str, path: Path) -> TrustedKey:
    origin = f"{path}: the key of {person}"
    pem = written.public if written.public is not None else _read_pem(path.parent / str(written.file), origin)
    key = read_public(pem, origin)
    return TrustedKey(id=key.keyid, key=key, person=person, revoked=written.revoked)


def _read_pem(file: Path, origin: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{origin}: {str(file)!r} cannot be read: {error}; put the public key there") from error


def _refuse_shared_accounts(written: TrustFile, path: Path) -> None:
    seen: dict[tuple[str, str], str] = {}
    for name, person in written.persons.items():
        for account in person.accounts.items():
            if account in seen:
                raise UsageError(f"{path}: {seen[account]} and {name} share the account {account[1]!r} at {account[0]}")
            seen[account] = name


def _plain(written: TrustFile, ids: Sequence[str]) -> Mapping[str, Any]:
    """Return what the file says, however it is laid out, with the material of its keys in their order."""
    return {**written.model_dump(mode="json", exclude_defaults=True), "material": list(ids)}
