"""A plugin with an environment of its own that has Arrow and nothing else, and behaves as badly as it is asked to."""

import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import ROOT, Command
from tests.support.isolated import processes_of

ECHOES = '''
from collections.abc import Iterator, Mapping

from harness import Check, Dataset, Endpoint, HarnessError, Measurement, check, hookimpl, samples

METRICS = {"share": "proportion", "mean": "mean", "rows": "exact", "shift": "psi"}


@check("echoes.measure", metrics=METRICS)
def measure(data: Dataset, *, column: str, text: str = "none") -> Iterator[Measurement]:
    """Measure a column of zeros and ones in several ways."""
    import pyarrow as pa

    found = data.rows([data.column("id"), column])
    rows = pa.table({"id": found[data.column("id")], "y": found[column]})
    k = sum(found[column].to_pylist())
    yield Measurement(metric="share", sample=samples.proportion(k=k, n=data.size), labels={"text": text})
    yield Measurement(metric="mean", sample=samples.rows.mean(rows), unit="texts", event="seen")
    yield Measurement(metric="rows", sample=samples.exact(value=found.num_rows, n=found.num_rows))
    shift = samples.psi(reference=[50, 60], current={"a": 1} if text == "mixed" else [55, 55])
    yield Measurement(metric="shift", sample=shift, better="lower")


@check("echoes.misbehave", metrics={"rows": "exact"})
def misbehave(data: Dataset, *, how: str) -> Iterator[Measurement]:
    """Do what a check should not do."""
    import ctypes, json, os, socket, struct, subprocess, sys, time
    from pathlib import Path

    def connection() -> socket.socket:
        places = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
        found = [place for place in places if os.path.exists(place) and "socket:" in os.readlink(place)]
        return socket.socket(fileno=os.dup(int(found[0].rpartition("/")[2])))

    value = 1.0
    if how == "killed":
        os.kill(os.getpid(), 9)
    elif how == "memory":
        value = float(len(bytearray(1 << 33)))
    elif how == "hangs":
        time.sleep(600)
    elif how == "raises":
        raise ValueError("bad things")
    elif how == "refuses":
        raise HarnessError("no such thing; name another")
    elif how == "exits":
        sys.exit(3)
    elif how == "prints":
        print("x" * 200_000, flush=True)
        os.write(1, b"\\x00\\x00\\x00\\x05hello" * 50_000)
        print("and to stderr", file=sys.stderr)
    elif how == "forks":
        if os.fork() == 0:
            value = 2.0
    elif how == "orphans":
        subprocess.Popen(["sleep", "4321"], start_new_session=True)
        os.kill(os.getpid(), 9)
    elif how == "lingers":
        subprocess.Popen(["sleep", "4322"], start_new_session=True)
        Path("left.txt").write_text("left")
    elif how == "daemons":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(4323)
            os._exit(0)
        os.wait()
    elif how == "closes":
        os.close(1)
        sys.stderr.close()
    elif how == "deaf":
        import signal

        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
    elif how == "atexit":
        import atexit

        atexit.register(time.sleep, 600)
    elif how == "files":
        globals()["kept"] = kept = []
        while True:
            kept.append(open(os.devnull))
    elif how == "moves":
        os.chdir("/")
    elif how == "shows":
        Path("shown.txt").write_text("shown")
        yield Measurement(metric="rows", sample=samples.exact(value=1), evidence={"file": Path("shown.txt")})
        return
    elif how == "fills":
        with open("large.bin", "wb") as large:
            large.truncate(1 << 40)
        Path("deep/er").mkdir(parents=True)
        Path("deep/link").symlink_to("/")
        Path("deep").chmod(0)
    elif how == "raw":
        connection().sendall(b"\\xff" * 64)
        time.sleep(600)
    elif how == "large":
        yield Measurement(metric="rows", sample=samples.exact(value=1), text=["x" * (1 << 27)])
        return
    elif how == "unicode":
        os.write(2, b"\\xff\\xfe \\x1b[31m")
        raise ValueError("\\ud800 \\x1b[31m")
    elif how == "stopped":
        os.kill(os.getpid(), 19)
    elif how == "supervisor":
        subprocess.Popen(["sleep", "4324"])
        os.kill(os.getppid(), 9)
        time.sleep(600)
    elif how == "unasked":
        body = json.dumps({"measurements": []}).encode()
        connection().sendall(struct.pack(">I", len(body)) + body)
    elif how == "late":
        import threading

        threading.Timer(0.5, data.rows).start()
    elif how == "threads":
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            tables = list(pool.map(lambda name: data.rows([name]), list(data.columns) * 4))
        value = float(all(table.column_names == [name] for table, name in zip(tables, list(data.columns) * 4)))
    elif how == "nan":
        value = float("nan")
    elif how == "half":
        connection().sendall(struct.pack(">I", 1000) + b"{")
        os._exit(0)
    elif how == "long":
        connection().sendall(struct.pack(">I", 1 << 31))
        time.sleep(600)
    elif how == "schema":
        body = json.dumps({"verdict": "pass"}).encode()
        connection().sendall(struct.pack(">I", len(body)) + body)
        time.sleep(600)
    elif how == "steals":
        yield Measurement(metric="rows", sample=samples.exact(value=1), evidence={"file": Path("/etc/passwd")})
        return
    elif how == "environment":
        wanted = sorted(set(os.environ) - {"HOME", "PATH", "LANG", "TMPDIR", "LC_CTYPE"})
        raise HarnessError(f"variables {wanted}")
    elif how == "network":
        socket.create_connection(("127.0.0.1", data.size), timeout=2).close()
    elif how == "other":
        yield 7  # type: ignore[misc]
        return
    elif how == "unknown":
        yield Measurement(metric="rows", sample=samples.nothing(value=1))
        return
    yield Measurement(metric="rows", sample=samples.exact(value=value))


@check("echoes.call", metrics={"found": "exact"})
def call(
    data: Dataset, *, judge: Endpoint, model: str = "good", path: str = "/chat/completions", port: int = 0
) -> Iterator[Measurement]:
    """Ask a model for a number; with `port`, knock at one of the host's first."""
    import json, os, socket, urllib.request

    if port:
        with socket.socket() as other:
            if other.connect_ex(("127.0.0.1", port)) == 0:
                raise HarnessError(f"port {port} was reached")
    asked = json.dumps({"model": model, "messages": [{"role": "user", "content": "41"}]}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(judge + path, asked, headers)) as answer:
        said = answer.read().decode()
    content = json.loads(said)["choices"][0]["message"]["content"] if said.startswith("{") else len(said)
    yield Measurement(metric="found", sample=samples.exact(value=int(content)), evidence={"url": judge})


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    return {"echoes.measure": measure, "echoes.misbehave": misbehave, "echoes.call": call}
'''


def lock_of(name: str) -> str:
    """Return a lock of one distribution as this repository's own lock has it."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    found = next(package for package in packages if package["name"] == name)
    hashes = " ".join(f"--hash={wheel['hash']}" for wheel in found["wheels"])
    return f"{name}=={found['version']} {hashes}\n"


@pytest.fixture(autouse=True)
def _leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every test here to what workers may leave behind: no process and no file."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield
    assert [] == list(temporary.iterdir())
    assert [] == processes_of(temporary)


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where environments of these tests are kept, apart from the user's."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def echoes(project: Path, harness: Command, environments: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the plugin `echoes`, described as isolated; its description."""
    downloads = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    monkeypatch.setenv("UV_CACHE_DIR", os.environ.get("UV_CACHE_DIR") or str(downloads))
    monkeypatch.setenv("XDG_CACHE_HOME", str(environments))
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["echoes"]\n')
    (project / "echoes.py").write_text(ECHOES)
    (project / "echoes.lock.txt").write_text(lock_of("pyarrow"))
    described = harness("plugins", "describe", "echoes", "--write", "--lock", "echoes.lock.txt")
    assert described.code == 0, described.err
    sys.modules.pop("echoes")
    return project / "echoes.harness-plugin.json"


@pytest.fixture
def isolate(echoes: Path) -> Callable[..., None]:
    """Change how the plugin is isolated: a second for a step, less memory."""

    def change(**how: object) -> None:
        found = json.loads(echoes.read_text())
        found["isolated"] = {**found["isolated"], **how} if how else None
        echoes.write_text(json.dumps(found))

    return change
