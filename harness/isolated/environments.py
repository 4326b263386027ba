"""Environments of isolated plugins: built by uv from a lock with hashes, once, and held to what was installed."""

import base64
import csv
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.errors import HarnessError
from harness.files import write_atomic
from harness.plugins.description_files import read_description
from harness.plugins.description_places import FILE, description_file
from harness.plugins.discovery import Installed, Plugins
from harness.plugins.specs import Isolation, PluginDescription
from harness.values.canonical import canonical, sha256

SECONDS = 1800  # that a download of everything may take
SHOWN = 600  # characters of what uv says


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A plugin that has an environment of its own: what it says of itself, its source and its lock."""

    plugin: Installed
    description: PluginDescription
    isolation: Isolation
    source: Path

    @property
    def lock(self) -> Path:
        """Return the file that names every distribution of the environment with its hashes."""
        return self.source.parent / self.isolation.lock

    @cached_property
    def folder(self) -> Path:
        """Return where the environment of this lock is, or will be built, for this system and Python."""
        if not self.lock.is_file():
            raise HarnessError(
                f"plugin {self.plugin.name!r} has no lock {self.lock}; reinstall {self.plugin.distribution}"
            )
        built_for = [self.python, platform.system(), platform.machine()]
        digest = sha256(canonical([self.lock.read_text(encoding="utf-8"), *built_for])).removeprefix("sha256:")
        return cache_folder() / f"{self.plugin.name}-{digest[:20]}"

    @property
    def python(self) -> str:
        """Return the version of Python that the lock was made for; by default this one."""
        return self.isolation.python or f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment that is there and holds what was installed; `digest` names that, on every machine alike."""

    folder: Path
    digest: str

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def bytecode(self) -> Path:
        """Return where Python keeps what it compiled, apart from what was installed."""
        return self.folder / "bytecode"


def find_guest(plugins: Plugins, name: str) -> Guest | None:
    """Return a plugin with an environment of its own, from its description alone; None where it has none."""
    installed = plugins.known.get(name)
    description = read_description(installed.module) if installed else None
    if installed is None or description is None or description.isolated is None:
        return None
    return Guest(
        plugin=installed, description=description, isolation=description.isolated, source=_source(installed.module)
    )


def prepare(guest: Guest) -> Environment:
    """Return a guest's environment, built if it is not there, and refused if it is not what was installed."""
    if not guest.folder.is_dir():
        _build(guest)
    return Environment(folder=guest.folder, digest=_digest_installed(guest))


def built_digests(plugins: Plugins, names: Iterable[str]) -> Mapping[str, str]:
    """Return the digest of each named plugin's environment, as its lock gives it and if it is built here."""
    found = {name: guest for name in names if (guest := find_guest(plugins, name)) and guest.lock.is_file()}
    return {name: prepare(guest).digest for name, guest in found.items() if guest.folder.is_dir()}


def cache_folder() -> Path:
    """Return where environments are kept: the user's cache, for all projects."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "promotion-harness" / "environments"


def _source(module: str) -> Path:
    """Return the file of the top-level package or module that holds a plugin."""
    file = description_file(module.split(".")[0])
    if file is None:
        raise HarnessError(f"module {module!r} is not installed as a folder or a file; reinstall its distribution")
    package = file.with_name("__init__.py")
    return package if file.name == FILE else file.with_name(f"{file.name.split('.')[0]}.py")


def _build(guest: Guest) -> None:
    """Install the lock beside its place and move it there, whole: hashes are required and nothing is resolved anew."""
    uv, made = _find_uv(guest), guest.folder.with_name(f".{uuid.uuid4().hex}.part")
    own = f"{sys.version_info.major}.{sys.version_info.minor}" == guest.python
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        _run_uv(guest, [uv, "venv", "--quiet", "--python", sys.executable if own else guest.python, str(made)])
        sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--no-build", "--no-compile-bytecode"]
        _run_uv(guest, [*sync, "--python", str(made / "bin" / "python"), str(guest.lock)])
        with suppress(OSError):  # another process was faster
            made.rename(guest.folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _find_uv(guest: Guest) -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise HarnessError(f"plugin {guest.plugin.name!r} needs uv to build its environment; run `pip install uv`")
    return found


def _run_uv(guest: Guest, command: list[str]) -> None:
    """Run uv, which compiles nothing: compiled files that a wheel brings would not be what was installed."""
    env = {name: value for name, value in os.environ.items() if name != "UV_COMPILE_BYTECODE"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, env=env
        )
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"the environment of plugin {guest.plugin.name!r} was not built in {SECONDS} s") from error
    if done.returncode:
        said = " ".join(done.stderr.split())[-SHOWN:]
        raise HarnessError(
            f"the environment of plugin {guest.plugin.name!r} cannot be built from {guest.lock.name}: {said}; nothing "
            f"else is installed instead: give it an index that has these files, or a lock for Python {guest.python}"
        )


def _digest_installed(guest: Guest) -> str:
    """Return the digest of the files that were installed, each of which must still be what its RECORD says.

    Files of which size, place and times are as when they were last read are not read again.
    """
    recorded, site = dict(_files_of_records(guest)), _site_packages(guest)
    stats, known = dict(_stats(site)), guest.folder / "verified.json"
    before = _read_stats(known)
    _refuse_strangers(guest, stats, recorded)
    _refuse_changes(guest, {path: recorded[path] for path in recorded if stats.get(path) != before.get(path, ())})
    if stats != before:
        write_atomic(known, json.dumps(stats))
    return sha256(canonical(sorted(recorded.items())))


def _read_stats(known: Path) -> Mapping[str, object]:
    try:
        found = json.loads(known.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_strangers(guest: Guest, found: Iterable[str], recorded: Mapping[str, str]) -> None:
    for path in sorted({*found} - {*recorded}):
        raise _change_error(guest, f"{path} was not installed by its lock")


def _refuse_changes(guest: Guest, recorded: Mapping[str, str]) -> None:
    for path, expected in recorded.items():
        if expected and _record_hash(_site_packages(guest) / path) != expected:
            raise _change_error(guest, f"{path} is not what was installed")


def _change_error(guest: Guest, what: str) -> HarnessError:
    return HarnessError(
        f"the environment of plugin {guest.plugin.name!r} was changed after it was built: {what}; remove "
        f"{guest.folder} and run `harness plugins prepare {guest.plugin.name}`"
    )


def _site_packages(guest: Guest) -> Path:
    return guest.folder / "lib" / f"python{guest.python}" / "site-packages"


def _files_of_records(guest: Guest) -> Iterator[tuple[str, str]]:
    """Yield each installed file with its hash, nothing for RECORD itself; scripts, which name their place, are none."""
    site = _site_packages(guest)
    for record in sorted(site.glob("*.dist-info/RECORD")):
        with record.open(newline="", encoding="utf-8") as lines:
            for path, expected, _ in csv.reader(lines):
                if not path.startswith(".."):
                    yield path, expected


def _stats(site: Path) -> Iterator[tuple[str, list[int]]]:
    """Yield each file that Python could read there with what changes when it does: nobody sets the last of the times.

    Bytecode is kept elsewhere, so what stands here is not read.
    """
    for folder, folders, names in os.walk(site):
        folders[:] = [name for name in folders if name != "__pycache__"]
        at = "" if folder == str(site) else f"{os.path.relpath(folder, site)}/"
        for name in names:
            stat = os.stat(f"{folder}/{name}")
            yield at + name, [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]


def _record_hash(file: Path) -> str:
    """Return a file's hash as RECORD writes it; nothing that can match where it is gone."""
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").digest()
    except OSError:
        return "gone"
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def guests(plugins: Plugins) -> Mapping[str, Guest]:
    """Return all plugins installed that have an environment of their own."""
    found = {name: find_guest(plugins, name) for name in plugins.known}
    return {name: guest for name, guest in found.items() if guest is not None}
