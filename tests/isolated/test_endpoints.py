"""A check in an environment of its own reaches the endpoint that its step names, and nothing else."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import Command
from harness.isolated.doors import Door, is_below
from harness.isolated.guest.doors import open_ports
from harness.plugins.discovery import discover
from harness.settings import find_settings
from harness.suite.steps import resolve
from harness.suite.suites import read_suite
from tests.support.chat import Chat, serve_chat
from tests.support.isolated import SUITE, reasons, run

CALL = "- {name: NAME, check: echoes.call, with: {judge: chat, MORE}, require: {found: {at_least: 42}}}\n"
RATE = "- {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.7}}}\n"


@pytest.fixture
def chat() -> Iterator[Chat]:
    with serve_chat(lambda text: str(int(text) + 1)) as found:
        yield found


def steps(**more: str) -> str:
    return "".join(CALL.replace("NAME", name).replace("MORE", with_) for name, with_ in more.items())


def call(harness: Command, url: str, lines: str, *options: str) -> dict[str, Any]:
    head = SUITE.replace("steps:", f"endpoints: {{chat: {url!r}}}\nsteps:")
    _, found = run(harness, lines, *options, head=head)
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.usefixtures("scores", "echoes")
def test_a_check_reaches_its_endpoint_and_no_other(harness: Command, chat: Chat) -> None:
    port = urlsplit(chat.url).port
    knocks = "path: /../admin", "path: /%2e%2e/admin", f"path: '@127.0.0.1:{port}/v1'"

    with serve_chat(str) as other:
        more = {"good": "model: good", "streamed": "model: stream"}
        more |= {"port": f"port: {port}", "other": f"port: {urlsplit(other.url).port}"}
        more |= {f"path{index}": path for index, path in enumerate(knocks)}
        found = call(harness, chat.url, steps(**more))

    wrong = reasons(found)
    is_enforced = "not enforced" not in found["runs"][0]["plugins"]["echoes"]
    expected = {"path0", "path1", "path2"} if is_enforced else {"path0", "path1", "path2", "port", "other"}
    assert expected == wrong.keys(), wrong
    assert "HTTP Error 403" in wrong["path0"]
    assert [] == other.requests
    paths = {path for path, _ in chat.requests}
    assert {"/v1/chat/completions"} == paths
    assert {urlsplit(chat.url).netloc} == {asked["host"] for _, asked in chat.requests}
    urls = {each["evidence"]["url"] for each in found["runs"][0]["measurements"] if each["evidence"]}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url) for url in urls)
    assert chat.url not in urls


@pytest.mark.usefixtures("scores")
def test_an_endpoint_that_fails_is_the_error_of_its_step(
    harness: Command, chat: Chat, isolate: Callable[..., None]
) -> None:
    isolate(lock="echoes.lock.txt", seconds=4)

    found = call(harness, chat.url, RATE + steps(half="model: half", torn="model: torn", slow="model: slow", good=""))
    down = call(harness, f"http://127.0.0.1:{free_port()}/v1", steps(down="model: good") + RATE)

    wrong = reasons(found)
    assert {"half", "torn", "slow"} == wrong.keys()
    assert "endpoint 'chat' broke off its answer (HTTPException: 987 bytes are missing)" in wrong["half"]
    assert "endpoint 'chat' broke off its answer (IncompleteRead" in wrong["torn"]
    assert "did not end in 4 s, and its process was ended; endpoint 'chat' had not answered 1 request" in wrong["slow"]
    assert {"down"} == reasons(down).keys()
    assert "endpoint 'chat' did not answer (ConnectionRefusedError" in reasons(down)["down"]


@pytest.mark.usefixtures("scores")
def test_results_with_an_endpoint_are_the_same_in_process(
    harness: Command, chat: Chat, isolate: Callable[..., None]
) -> None:
    apart = call(harness, chat.url, steps(good=""))
    isolate()

    together = call(harness, chat.url, steps(good=""))

    for part in ("outcome", "observed", "estimate"):
        assert apart["runs"][0]["verdicts"][0].get(part) == together["runs"][0]["verdicts"][0].get(part)
    assert "pass" == together["runs"][0]["outcome"] == apart["runs"][0]["outcome"]
    assert chat.url == together["runs"][0]["measurements"][0]["evidence"]["url"]


@pytest.mark.usefixtures("scores", "echoes")
def test_an_endpoint_must_be_declared_and_be_a_url(harness: Command) -> None:
    wrong = {
        "http://127.0.0.1:1/v1": "check 'echoes.call', 'judge': no endpoint 'chat'; did you mean 'chats'?",
        "ftp://host/v1": "endpoint 'chats' has no base URL",
        "https://me:secret@host/v1": "endpoint 'chats' has a password in its URL",
        "http://[::1": "endpoint 'chats' has a URL that cannot be read",
    }
    for url, message in wrong.items():
        head = SUITE.replace("steps:", f"endpoints: {{chats: {url!r}}}\nsteps:")
        Path("s.suite.yaml").write_text(head + "  " + steps(good=""))
        done = harness("validate", "s.suite.yaml")
        assert 4 == done.code
        assert message in done.err
        assert "secret" not in done.err


@pytest.mark.usefixtures("scores", "echoes")
def test_another_endpoint_is_another_question_and_another_name_is_not(project: Path) -> None:
    plugins, asked = discover(find_settings(project)), []
    for name, url in (("chat", "http://a/v1"), ("other", "http://a/v1"), ("chat", "http://b/v1")):
        head = SUITE.replace("steps:", f"endpoints: {{{name}: {url!r}}}\nsteps:")
        Path("s.suite.yaml").write_text(head + "  " + steps(good="").replace("judge: chat", f"judge: {name}"))
        asked.append(resolve(read_suite(Path("s.suite.yaml")), plugins).steps[0].asked)

    assert asked[0] == asked[1] != asked[2]


def test_a_socket_may_lie_deep_and_is_gone_with_its_door(tmp_path: Path, chat: Chat) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    door = Door("chat", chat.url, folder / "judge.sock")

    with open_ports({"judge": door.place}) as urls, socket.create_connection(_address(urls["judge"])) as line:
        door.close()
        said = line.recv(1)

    assert b"" == said
    assert [] == list(folder.iterdir())


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/models", True),
        ("/v1?x=1", True),
        ("/v1/a%20b", True),
        ("/v10/models", False),
        ("/v1/../admin", False),
        ("/v1/%2E%2e/admin", False),
        ("/v1/..\\admin", False),
        ("//v1/models", False),
        ("http://other/v1/models", False),
        ("*", False),
    ],
)
def test_a_door_passes_on_what_lies_below_its_endpoint(path: str, expected: bool) -> None:
    assert expected == is_below(path, urlsplit("http://host/v1"))
