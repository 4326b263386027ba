"""The code of a target as its repository has it: a mirror that is fetched, and a folder per pipeline."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness import HarnessError, UsageError, write_atomic
from harness_ci.pipelines import TargetPipeline
from harness_ci.planning import Plan

PATIENCE = 300  # seconds that one command of Git may take
PAUSES = (1, 2, 4, 8)  # seconds between tries
QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ASKPASS": "true"}
SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false")


class NotThere(HarnessError):
    """The repository was reached, and does not have what an event named."""


@dataclass(frozen=True, kw_only=True)
class Repositories:
    """The mirrors of all targets, below one folder; `root` is what paths in the pipelines file are relative to."""

    folder: Path
    root: Path

    def head(self, name: str, target: TargetPipeline) -> str:
        """Return the commit that the protected branch of a target's repository is at now."""
        found = _git(self.folder, "ls-remote", "--", self._url(target), f"refs/heads/{target.repository.branch}")
        if not found:
            raise NotThere(f"{target.repository.url} has no branch {target.repository.branch!r}; name one that it has")
        return found.split()[0]

    def _url(self, target: TargetPipeline) -> str:
        """Return where the repository is; a folder is relative to the pipelines file."""
        folder = self.root / target.repository.url
        return str(folder) if folder.exists() else target.repository.url

    def check_out(self, name: str, target: TargetPipeline, plan: Plan, folder: Path) -> str:
        """Put a revision into a folder, whole or not at all; return its commit.

        Of the protected branch it is the head, as events come in any order; the commit that an event named must be part
        of it. A checkout that is there already is taken as it is.
        """
        done = folder.with_name(folder.name + ".revision")
        if done.exists():
            return done.read_text()
        mirror = self._fetch_patiently(name, target, plan)
        revision = self._revision(mirror, target, plan)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _git(folder, "clone", "--quiet", "--no-checkout", "--no-hardlinks", "--", str(mirror), ".")
        _git(folder, "fetch", "--quiet", "origin", revision)
        _git(folder, "checkout", "--quiet", "--detach", revision)
        _ignore(folder, ".harness")
        self._link(folder, target)
        write_atomic(done, revision)
        return revision

    def _fetch_patiently(self, name: str, target: TargetPipeline, plan: Plan) -> Path:
        """Return the mirror, fetched; a forge that is down is asked again."""
        for pause in PAUSES:
            try:
                return self._fetch(name, target, plan)
            except HarnessError:
                time.sleep(pause)
        return self._fetch(name, target, plan)

    def _fetch(self, name: str, target: TargetPipeline, plan: Plan) -> Path:
        mirror = self.folder / f"{name}.git"
        if not (mirror / "HEAD").exists():
            _git(self.folder, "init", "--quiet", "--bare", str(mirror))
            _git(mirror, "config", "uploadpack.allowAnySHA1InWant", "true")
        branch = target.repository.branch
        wanted = [f"+refs/heads/{branch}:refs/heads/{branch}"]
        wanted += [f"+refs/pull/{plan.pull}/head:refs/pull/{plan.pull}/head"] if plan.pull is not None else []
        _git(mirror, "fetch", "--quiet", "--no-tags", "--force", "--", self._url(target), *wanted)
        return mirror

    def _revision(self, mirror: Path, target: TargetPipeline, plan: Plan) -> str:
        """Return the commit to take; NotThere where it is not what was told."""
        ref = f"refs/heads/{target.repository.branch}" if plan.pull is None else f"refs/pull/{plan.pull}/head"
        head = _git(mirror, "rev-parse", "--verify", f"{ref}^{{commit}}")
        asked = plan.revision or head
        if plan.pull is not None and asked != head:
            raise NotThere(f"pull request {plan.pull} is at {head[:12]} by now, not at {asked[:12]}")
        try:
            _git(mirror, "merge-base", "--is-ancestor", asked, head)
        except HarnessError as error:
            raise NotThere(f"commit {asked[:12]} is not on {target.repository.branch!r}; push it there") from error
        return head

    def _link(self, folder: Path, target: TargetPipeline) -> None:
        """Make what stays between pipelines, such as data, appear in a checkout; Git does not see it."""
        for inside, outside in target.link.items():
            place = folder / inside
            if place.exists() or place.is_symlink():
                raise UsageError(f"`link` {inside!r} is in the repository already; link to a path that is not")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to((self.root / outside).resolve())
            _ignore(folder, inside)


def _ignore(folder: Path, inside: str) -> None:
    """Let Git not see a path that no commit has."""
    with (folder / ".git" / "info" / "exclude").open("a") as exclude:
        exclude.write(f"/{inside}\n")


def _git(folder: Path, *arguments: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, **QUIET}
    try:
        done = subprocess.run(
            ["git", *SAFE, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HarnessError(f"git {arguments[0]} did not end: {error}") from error
    if done.returncode:
        raise HarnessError(f"git {arguments[0]} failed: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout.strip()
