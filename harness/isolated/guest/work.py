"""The worker: loads one plugin, performs its checks one after the other, and says what they measured."""

import importlib
import importlib.util
import os
import socket
import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import Absent, HarnessError, UsageError
from harness.isolated.guest.doors import open_ports
from harness.isolated.guest.frames import BrokenFrameError, receive_frame, send_frame
from harness.isolated.guest.offers import Builders, Built, Check, Dataset, Measurement, Roles, check, hookimpl

FOLDER = Path.cwd()  # the worker's own, which goes with it
OFFERED = {
    "Absent": Absent,
    "Check": Check,
    "Dataset": Dataset,
    "Endpoint": str,
    "HarnessError": HarnessError,
    "Measurement": Measurement,
    "Roles": Roles,
    "UsageError": UsageError,
    "check": check,
    "hookimpl": hookimpl,
    "samples": Builders(),
}


class Host:
    """The other side: asked for rows, and told what was measured; a forked copy of this process tells nothing.

    All that it says bears the number of what was asked. Threads of a check may ask at once; one that outlives its step
    gets nothing more.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.process = os.getpid()
        self.number = 0
        self.turn = threading.Lock()

    def receive(self) -> dict[str, Any] | None:
        """Return what the host asks next, or None where it has ended, or hung up as it was told what it did not ask."""
        try:
            asked = receive_frame(self.connection)
        except ConnectionError:
            asked = None
        self.number = asked["number"] if asked else 0
        return asked

    def send(self, frame: dict[str, Any]) -> None:
        """Tell the host something, or end where this is a copy of the worker."""
        if os.getpid() != self.process:
            os._exit(0)
        send_frame(self.connection, {**frame, "number": self.number})

    def finish(self, answer: dict[str, Any]) -> None:
        """Tell the host what came of a step; what cannot be told is an error of that step."""
        with self.turn:
            try:
                self.send(answer)
            except (BrokenFrameError, ValueError, RecursionError, MemoryError) as trouble:
                self.send({"error": f"what was measured cannot be sent: {type(trouble).__name__}: {trouble}"})
            self.number = 0

    def rows(self, number: int, name: str, columns: Sequence[str] | None) -> Any:
        """Return rows of a dataset as an Arrow table, which the host writes to a file."""
        import pyarrow as pa  # noqa: PLC0415 - a plugin that reads no rows needs no Arrow

        with self.turn:
            if number != self.number:
                raise HarnessError(f"rows of {name!r} were asked for when their step had ended")
            self.send({"rows": name, "columns": None if columns is None else list(columns)})
            answer = receive_frame(self.connection) or {"error": "the host has ended"}
        if "error" in answer:
            raise HarnessError(str(answer["error"]))
        file = Path(answer["file"])
        table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
        file.unlink()
        return table


def serve(descriptor: int) -> None:
    """Perform what the host asks for until it ends; the first frame says which plugin."""
    host = Host(socket.socket(fileno=descriptor))
    vars(sys.modules["harness"]).update(OFFERED, __getattr__=_refuse_name)
    checks: Mapping[str, Check] = {}
    output = os.dup(1)
    while (asked := host.receive()) is not None:
        _restore_process(output)
        if "module" in asked:
            answer, checks = _load(asked)
        else:
            answer = _perform(asked, checks, host)
        _flush_output()
        host.finish(answer)


def _restore_process(output: int) -> None:
    """Give a step its folder and somewhere to print, whatever the one before did to them."""
    os.chdir(FOLDER)
    for number in (1, 2):
        os.dup2(output, number)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None or getattr(sys, name).closed:
            setattr(sys, name, open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False))  # noqa: SIM115


def _flush_output() -> None:
    """Print what waits to be printed; whoever closed the stream wants none of it."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        sys.stderr.flush()


def _refuse_name(name: str) -> object:
    message = f"harness.{name} is not there for a plugin in its own environment, which has {', '.join(OFFERED)}"
    raise AttributeError(message)


def _load(asked: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Check]]:
    """Import the plugin from the place where the host found it, and call its hook."""
    try:
        module = _import_from(asked["module"], Path(asked["file"]))
        return {"loaded": asked["module"]}, module.harness_checks()
    except BaseException as trouble:  # noqa: BLE001 - a stranger's module may raise anything
        traceback.print_exc()
        return {"error": f"does not import in its environment: {type(trouble).__name__}: {trouble}"}, {}


def _import_from(name: str, file: Path) -> Any:
    """Return a module of the one top-level module or package in a file; nothing beside it can be imported."""
    top = name.split(".")[0]
    places = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(top, file, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python source")
    module = importlib.util.module_from_spec(spec)
    sys.modules[top] = module
    spec.loader.exec_module(module)
    return importlib.import_module(name)


def _perform(asked: Mapping[str, Any], checks: Mapping[str, Check], host: Host) -> dict[str, Any]:
    name = asked["check"]
    if name not in checks:
        return {
            "error": f"its plugin offers no check {name!r}; write its description anew with `harness plugins describe`"
        }
    try:
        with open_ports(asked["doors"]) as urls:
            found = checks[name].measure(**{**_arguments(asked, host), **urls})
            answer: dict[str, Any] = {"measurements": [_measured(each) for each in found]}
    except HarnessError as trouble:
        answer = {"error": str(trouble)}
    except BaseException as trouble:  # noqa: BLE001 - a stranger's check may raise anything, exit, or cancel itself
        with suppress(OSError, ValueError, AttributeError):
            traceback.print_exc()
        answer = {"error": f"check {name!r} raised {type(trouble).__name__}: {trouble}", "unfit": True}
    return answer


def _arguments(asked: Mapping[str, Any], host: Host) -> Mapping[str, Any]:
    """Return the arguments of a check: its datasets, and its parameters with paths as paths."""
    fetch: Callable[..., Any] = partial(host.rows, host.number)
    datasets = {
        argument: Dataset(**{**told, "roles": Roles(**told["roles"])}, fetch=fetch)
        for argument, told in asked["datasets"].items()
    }
    params = {name: Path(value) if name in asked["paths"] else value for name, value in asked["params"].items()}
    return {**datasets, **params}


def _measured(found: Any) -> Any:
    """Return a measurement as JSON has it; of anything else, what it is."""
    return plain(found) if isinstance(found, Measurement) else {"$other": type(found).__name__}


def plain(value: Any) -> Any:
    """Return a value as JSON has it; rows and files are named, numbers of NumPy are Python's."""
    if isinstance(value, Measurement):
        return {name: plain(part) for name, part in vars(value).items()}
    if isinstance(value, Built):
        return {"$sample": value.name, "given": plain(value.given), "named": plain(value.named)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, Path):
        return {"$file": str(value.resolve())}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return _plain_array(value)


def _plain_array(value: Any) -> Any:
    """Return what another library made: a table as a file of its rows, an array as a list, a number as a number."""
    if hasattr(value, "__arrow_c_stream__") and hasattr(value, "schema"):
        return {"$rows": _write_rows(value)}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"a {type(value).__name__} cannot leave the worker; return plain values and Arrow tables")


def _write_rows(table: Any) -> str:
    import pyarrow as pa  # noqa: PLC0415 - a plugin that returns no rows needs no Arrow

    file = FOLDER / f"{uuid.uuid4().hex}.arrow"
    with pa.OSFile(str(file), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return str(file.name)
