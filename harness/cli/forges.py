"""What a forge says of a change: who asked for it, who wrote it, and who approved it. GitHub's REST API."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from harness.errors import HarnessError, UsageError

GITHUB = "github"
PAGE, PAGES = 100, 20
SECONDS = 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")
VARIABLES = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_RUN_ID", "GITHUB_ACTOR")
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")  # with which one writes to the repository, and to a ledger on its branch


@dataclass(frozen=True, kw_only=True)
class Approver:
    """An account that approved, and how."""

    account: str
    how: str


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: the token would go along."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class Forge:
    """A repository at GitHub, and the workflow run that asks."""

    api: str
    repository: str
    token: str
    run: str
    actors: Sequence[str]

    def authors(self, commit: str) -> Sequence[str]:
        """Return who opened the pull requests that brought a commit; none if it came without."""
        return [_login(pull) for pull in self._pulls(commit)]

    def deployment_approvers(self, environment: str) -> Iterator[Approver]:
        """Yield who approved that this workflow run deploys to an environment."""
        for review in self._list(f"actions/runs/{quote(self.run, safe='')}/approvals"):
            names = [str(each.get("name")) for each in _objects(review.get("environments"))]
            if review.get("state") == "approved" and environment in names:
                yield Approver(account=_login(review), how=f"GitHub deployment approval of run {self.run}")

    def reviewers(self, commit: str, candidate: str) -> Iterator[Approver]:
        """Yield whose last review approves the head of a commit's pull request and names the candidate's digest."""
        for pull in self._pulls(commit):
            number, head = pull.get("number"), (pull.get("head") or {}).get("sha")
            last: dict[str, Mapping[str, Any]] = {}
            for review in self._list(f"pulls/{number}/reviews"):
                if review.get("state") in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                    last[_login(review)] = review
            for account, review in last.items():
                is_own = review.get("commit_id") == head and candidate in str(review.get("body"))
                if review.get("state") == "APPROVED" and is_own:
                    yield Approver(account=account, how=f"GitHub review of pull request {number}")

    def _pulls(self, commit: str) -> Sequence[Mapping[str, Any]]:
        return self._list(f"commits/{quote(commit, safe='')}/pulls")

    def _list(self, path: str) -> Sequence[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for page in range(1, PAGES + 1):
            listed = self._get(f"{path}?per_page={PAGE}&page={page}")
            found += listed
            if len(listed) < PAGE:
                return found
        raise HarnessError(f"GitHub lists more than {PAGE * PAGES} entries at {path}, which are not all read")

    def _get(self, path: str) -> Sequence[Mapping[str, Any]]:
        url = f"{self.api}/repos/{self.repository}/{path}"
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.token}"}
        try:
            with build_opener(_NoRedirect).open(Request(url, headers=headers), timeout=SECONDS) as answer:
                document = json.loads(answer.read())
        except (URLError, OSError, ValueError) as error:
            raise HarnessError(f"GitHub does not answer {url}: {error}; nobody's approval is known") from error
        if not isinstance(document, list):
            raise HarnessError(f"GitHub answers {url} with something other than a list; nobody's approval is known")
        return _objects(document)


def forge_named(name: str | None) -> Forge | None:
    """Return the forge that --forge names, as the variables of its workflow say. UsageError if one is not set."""
    if name is None:
        return None
    found = {variable: os.environ.get(variable, "") for variable in VARIABLES}
    missing = [variable for variable, value in found.items() if not value]
    if missing:
        raise UsageError(f"--forge {name} reads {', '.join(VARIABLES)}, and {missing[0]} is not set")
    api, repository, token, run, actor = found.values()
    address = urlsplit(api)
    if address.scheme != "https" and address.hostname not in LOOPBACK:
        raise UsageError(f"GITHUB_API_URL is {api!r}, to which a token would go in the clear; it begins with https://")
    actors = [actor, os.environ.get("GITHUB_TRIGGERING_ACTOR") or actor]
    return Forge(api=api.rstrip("/"), repository=repository, token=token, run=run, actors=actors)


def _objects(listed: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _login(about: Mapping[str, Any]) -> str:
    """Return the account that the forge says; never what Git's author field claims, which anybody writes."""
    user = about.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(login, str) or not login:
        raise HarnessError("GitHub names no account where it should; nobody's approval is known")
    return login
