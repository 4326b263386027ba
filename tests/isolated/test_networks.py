"""What a run says of the network where the system does not take it away, and that it needs none itself."""

import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import Command
from tests.support.chat import serve_chat
from tests.support.isolated import SUITE, reasons, run_refused, write_suite

NOTE = "network not enforced"
CALL = "- {name: NAME, check: echoes.call, with: {judge: chat, MORE}, require: {found: {at_least: 42}}}\n"
RATE = "- {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.7}}}\n"
MEASURE = "- {check: echoes.measure, with: {column: ok}, require: {share: {at_least: 0.7}, rows: {at_least: 400}}}\n"


@pytest.mark.usefixtures("scores", "echoes")
def test_where_namespaces_are_refused_the_run_and_its_verdicts_say_so() -> None:
    more = {"good": "model: good", "path": "path: /../admin"}

    with serve_chat(lambda text: str(int(text) + 1)) as chat:
        more["port"] = f"port: {urlsplit(chat.url).port}"
        calls = "".join(CALL.replace("NAME", name).replace("MORE", with_) for name, with_ in more.items())
        head = SUITE.replace("steps:", f"endpoints: {{chat: {chat.url!r}}}\nsteps:")
        done = run_refused("namespaces", "run", write_suite(RATE + calls, head), "--json", "--report", "html")
        asked = {path for path, _ in chat.requests}

    (judged,) = json.loads(done.out)["runs"]
    notes = {verdict["step"]: verdict.get("notes", []) for verdict in judged["verdicts"]}
    wrong = reasons({"runs": [judged]})
    assert judged["plugins"]["echoes"].endswith(f", {NOTE}")
    assert NOTE not in judged["plugins"]["rows"]
    assert [f"{NOTE} for echoes.call"] == notes["good"]
    assert not notes["rows.rate"]
    (page,) = Path(".harness/reports").rglob("*.html")
    assert f"{NOTE} for echoes.call" in page.read_text()
    assert {"path", "port"} == wrong.keys(), wrong
    assert "HTTP Error 403" in wrong["path"]
    assert "was reached" in wrong["port"]
    assert {"/v1/chat/completions"} == asked


@pytest.mark.usefixtures("scores", "echoes")
def test_a_run_needs_no_network_once_its_environment_is_built(harness: Command) -> None:
    prepared = harness("plugins", "prepare", "echoes")
    suite = write_suite(RATE + MEASURE)

    built = run_refused("internet", "run", suite, "--json")
    shutil.rmtree(prepared.out.split()[2])
    bare = run_refused("internet", "run", suite, "--json")

    assert 0 == built.code, built.err
    assert "pass" == json.loads(built.out)["runs"][0]["outcome"]
    missing = reasons(json.loads(bare.out))
    assert {"echoes.measure"} == missing.keys()
    assert "cannot be built from echoes.lock.txt" in missing["echoes.measure"]
