"""A real MLflow server on PostgreSQL: many who set aliases or promote at once, and one that dies once it has moved."""

import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from harness_mlflow.promotion import Promoted, set_alias
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from conftest import Command, scored_rows
from tests.support.databases import FOUND, postgres_cluster
from tests.support.loopback import Handler, serve
from tests.support.registered import AGAINST, BIN, GATES, SUITE, register, serve_mlflow, write_rows
from tests.support.signing import new_signers, write_trust

pytestmark = pytest.mark.heavy
SIGNERS = new_signers()
ALIASES, AT_ONCE = 12, 8


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Give the URL of a PostgreSQL of the tests' own."""
    if not FOUND:
        pytest.skip("no PostgreSQL here; install postgresql")
    with postgres_cluster() as url:
        yield url.replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture(scope="module")
def server(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URI of an MLflow server that keeps its records there."""
    with serve_mlflow(tmp_path_factory.mktemp("server"), cluster) as uri:
        yield uri


def test_an_alias_that_postgresql_refuses_to_one_of_two_is_set_again(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(server, "crowded", 2, tmp_path)
    refused: Counter[str] = Counter()
    set_once = MlflowClient.set_registered_model_alias

    def count(self: MlflowClient, *arguments: Any) -> None:
        try:
            set_once(self, *arguments)
        except MlflowException as error:
            refused[f"{error.error_code} {'UniqueViolation' in str(error)}"] += 1
            raise

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", count)
    for number in range(ALIASES):  # each is new, as PostgreSQL refuses one of two who insert the same
        asked = Promoted(model="crowded", alias=f"a{number}", tracking_uri=server)
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            list(crowd.map(set_alias, [asked] * AT_ONCE, ["1", "2"] * (AT_ONCE // 2)))

    aliases = MlflowClient(tracking_uri=server).get_registered_model("crowded").aliases
    assert ALIASES == len(aliases)
    assert {"BAD_REQUEST True"} == set(refused), refused


def test_of_those_who_promote_at_once_against_one_champion_one_moves(
    server: str, cluster: str, project: Path, harness: Command
) -> None:
    """Each is another process, as of machines that share nothing but the server and the ledger, both on PostgreSQL."""
    champion, *digests = register(server, "rush", 4, project / "made")
    MlflowClient(tracking_uri=server).set_registered_model_alias("rush", "champion", "1")
    with sa.create_engine(cluster, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("CREATE DATABASE ledger"))
    ledger = sa.make_url(cluster).set(database="ledger").render_as_string(hide_password=False)
    gates = GATES.replace("URI", server).replace("model: fraud", "model: rush")
    write_trust(project / "ci", SIGNERS)
    (project / "ci" / "gates.yaml").write_text(gates.replace("sqlite:///ledger.db", f'"{ledger}"'))
    (project / "s.suite.yaml").write_text(AGAINST)
    for number, digest in enumerate(digests, start=2):
        rows = write_rows(project, "rush", number, digest, champion)
        judged = harness("run", "s.suite.yaml", "--param", f"table={rows}", "--signer", "file:ci/ci.key")
        assert 0 == judged.code, judged

    command = [str(BIN / "harness"), "promote", "production", "--signer", "file:ci/release.key", "--candidate"]
    started = [
        subprocess.Popen(
            [*command, f"models:/rush/{number}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in (2, 3, 4)
    ]
    ended = [(process.communicate(timeout=300), process.returncode) for process in started]

    moved = [number for number, (_, code) in enumerate(ended, start=2) if code == 0]
    refused = [said for (_, said), code in ended if code != 0]
    assert (1, [3, 3]) == (len(moved), [code for _, code in ended if code != 0]), ended
    for said in refused:
        assert f"models:/rush/{moved[0]}" in said, ended
        assert "by release on" in said, ended
    assert str(moved[0]) == MlflowClient(tracking_uri=server).get_registered_model("rush").aliases["champion"]
    assert 0 == harness("audit").code


class Dying(Handler):
    """Hands requests on, and answers nothing more once an alias was set while there is a file `falls`."""

    to: str
    falls: Path
    down: Path

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.down.exists():
            return self.connection.close()
        headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
        asked = urllib.request.Request(self.to + self.path, data=body or None, headers=headers, method=self.command)
        try:
            with urllib.request.urlopen(asked, timeout=120) as reply:
                status, kind, answer = reply.status, reply.headers.get("Content-Type"), reply.read()
        except urllib.error.HTTPError as error:
            status, kind, answer = error.code, error.headers.get("Content-Type"), error.read()
        if self.command == "POST" and self.path.endswith("/alias") and self.falls.exists():
            self.falls.rename(self.down)
            return self.connection.close()
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        return None

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


def test_a_server_that_dies_once_it_has_moved_is_asked_by_the_next_command(
    server: str, project: Path, harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAX_RETRIES", "BACKOFF_FACTOR"):
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", "1")
    (digest,) = register(server, "fraud", 1, project / "made")
    rows = scored_rows(400)
    pq.write_table(rows.append_column("made", pa.array([f"models:/fraud/1@{digest}"] * 400)), "scores.parquet")
    (project / "s.suite.yaml").write_text(SUITE)
    write_trust(project / "ci", SIGNERS)
    falls, down = project / "falls", project / "down"
    release = ("--signer", "file:ci/release.key")
    asked = ("promote", "production", "--candidate", "models:/fraud/1", *release)

    with serve(type("Own", (Dying,), {"to": server, "falls": falls, "down": down})) as uri:
        (project / "ci" / "gates.yaml").write_text(GATES.replace("URI", uri))
        assert 0 == harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key").code
        falls.touch()

        died = harness(*asked)
        audited, back = harness("audit"), harness("rollback", "production", *release)
        down.unlink()
        again = harness(*asked)

        assert (3, True) == (died.code, "whether it moved is not known: the next promote or rollback" in died.err), died
        assert (1, True) == (audited.code, "nobody can say now who is promoted" in audited.out), audited
        assert (3, True) == (back.code, "check tracking_uri and that the store answers" in back.err), back
        assert (0, True) == (again.code, "had moved and was not recorded; it is now" in again.err), again
        assert 0 == harness("audit").code
    assert "1" == MlflowClient(tracking_uri=server).get_registered_model("fraud").aliases["champion"]
