"""A project as a commit has it: its settings and all that its gates ask for, whatever the working tree says."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import UsageError
from harness.git_tree import Commit, find_commit
from harness.settings import Settings, find_settings

GATES = "ci/gates.yaml"


@dataclass(frozen=True, kw_only=True)
class PolicyTree:
    """The files of a commit, which last as long as this value; `settings` are those that the commit has."""

    commit: Commit
    settings: Settings
    folder: Path
    lasting: TemporaryDirectory[str] = field(repr=False)

    @property
    def root(self) -> Path:
        """Return where the project's root lies in the working tree."""
        return self.commit.top / self.settings.root.relative_to(self.folder)

    @property
    def settings_here(self) -> Settings:
        """Return the commit's settings for the working tree, where ledger and evidence lie."""
        there, here = str(self.settings.root), self.root
        return replace(self.settings, root=here, ledger=self.settings.ledger.replace(there, str(here)))

    def place(self, path: Path) -> Path:
        """Return where a file of the working tree lies in the commit."""
        place = path.resolve()
        if not place.is_relative_to(self.commit.top):
            raise UsageError(f"{path} lies outside {self.commit.top}, so commit {self.commit.ref} does not hold it")
        return self.folder / place.relative_to(self.commit.top)

    def contains(self, path: Path) -> bool:
        """Tell whether a path leads to a place in the commit's files."""
        return path.resolve().is_relative_to(self.folder)


def read_policy_tree(ref: str, start: Path) -> PolicyTree:
    """Return the project around a folder as the commit has it that a ref names."""
    commit = find_commit(ref, start)
    lasting = TemporaryDirectory(prefix=f"harness-{commit.digest[:12]}-")
    folder = commit.write(Path(lasting.name).resolve())
    settings = _settings_below(folder, start.resolve().relative_to(commit.top), commit.top.name)
    return PolicyTree(commit=commit, settings=settings, folder=folder, lasting=lasting)


def _settings_below(folder: Path, inside: Path, name: str) -> Settings:
    """Return the settings of the nearest pyproject.toml in the tree; without one, those that a project has then."""
    settings = find_settings(folder / inside)
    if settings.root.is_relative_to(folder) and (settings.root / "pyproject.toml").is_file():
        return settings
    root = folder / inside
    project = inside.name or name
    return Settings(root=root, project=project, ledger=f"sqlite:///{root}/.harness/ledger.db", gates=root / GATES)
