"""The `http` target makes a request of each row and tells who answers."""

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from harness import Expect, HarnessError, UsageError
from harness.builtin.http import Template, http
from tests.support.digests import digest_of
from tests.support.loopback import Handler, serve

DIGEST = digest_of("fraud/2")
ANSWERS = {"/model": {"version": "fraud/2", "digest": DIGEST}, "/short": {"version": "fraud/2", "digest": "sha256:ab"}}
NOT_TEXT = {"/number": {"version": 7}, "/digest": {"version": "v1", "digest": 12}, "/nameless": {"digest": DIGEST}}
ROW = {"id": 7, "amount": 1.5, "at": datetime(2026, 3, 1, 12)}


class Answer(Handler):
    """Answers /model with an identity, and anything else with a list."""

    def do_GET(self) -> None:
        message: object = {**ANSWERS, **NOT_TEXT}.get(self.path, [1])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(message).encode())


@pytest.fixture
def url() -> Iterator[str]:
    with serve(Answer) as url:
        yield url


def test_a_place_that_is_a_whole_text_keeps_the_type_of_its_column() -> None:
    template = Template(path="/v1/{id}", body={"amount": "{amount}", "note": "row {id}", "at": ["{at}"], "fixed": 3})
    with http({}, url="http://127.0.0.1:1/", request=template) as service:
        request = service.request(ROW)

    assert request.path == "/v1/7"
    assert json.loads(request.body) == {"amount": 1.5, "note": "row 7", "at": ["2026-03-01T12:00:00"], "fixed": 3}


def test_an_expected_value_may_come_from_a_column() -> None:
    expect = Expect(json={"echo": {"id": "{id}"}, "ok": True})
    with http({}, url="http://127.0.0.1:1", expect=expect) as service:
        request = service.request(ROW)

    assert request.expect.is_body(b'{"echo": {"id": 7}, "ok": true}')
    assert not request.expect.is_body(b'{"echo": {"id": 8}, "ok": true}')


def test_a_column_in_the_path_cannot_leave_its_place() -> None:
    with http({}, url="http://127.0.0.1:1", request=Template(path="/v1/{id}")) as service:
        request = service.request({"id": "../x y\r\nHost: z"})

    assert request.path == "/v1/..%2Fx%20y%0D%0AHost%3A%20z"


def test_a_column_that_no_row_has_is_named() -> None:
    with (
        http({}, url="http://127.0.0.1:1", request=Template(body={"a": "{amont}"})) as service,
        pytest.raises(UsageError, match="'amont'; did you mean 'amount'"),
    ):
        service.request(ROW)


def test_the_served_identity_carries_the_digest(url: str) -> None:
    with http({}, url=url, identity_path="/model") as service:
        identity = service.identity()

    assert ("fraud/2", DIGEST) == (identity.revision, identity.digest)


def test_a_service_with_half_a_digest_is_refused(url: str) -> None:
    with (
        http({}, url=url, identity_path="/short") as service,
        pytest.raises(HarnessError, match="/short: 'fraud/2' has the digest 'sha256:ab', which proves nothing"),
    ):
        service.identity()


def test_a_service_that_serves_another_model_is_refused(url: str) -> None:
    with (
        http({}, url=url, identity_path="/model", model="fraud/3") as service,
        pytest.raises(HarnessError, match=r"serves fraud/2, asked was fraud/3"),
    ):
        service.identity()


def test_what_names_no_version_is_refused(url: str) -> None:
    with (
        http({}, url=url, identity_path="/other") as service,
        pytest.raises(HarnessError, match="answered list, not an object"),
    ):
        service.identity()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/number", "says version: 7, digest: null;"),
        ("/digest", 'says version: "v1", digest: 12;'),
        ("/nameless", "says version: null, digest: "),
    ],
)
def test_an_identity_that_is_no_text_is_refused_with_what_was_said(url: str, path: str, said: str) -> None:
    with http({}, url=url, identity_path=path) as service, pytest.raises(HarnessError, match="answer both") as refused:
        service.identity()
    assert f"{path} {said}" in str(refused.value)


def test_a_service_that_is_not_there_is_named() -> None:
    with (
        http({}, url="http://127.0.0.1:1", identity_path="/model") as service,
        pytest.raises(HarnessError, match="does not answer"),
    ):
        service.identity()


def test_a_url_without_a_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="http://HOST:PORT"), http({}, url="localhost:80"):
        pass


def test_a_url_with_a_login_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError, match="has a login in its url") as refused, http({}, url="http://u:secret@h:80"):
        pass
    assert "secret" not in str(refused.value)


def test_without_identity_path_the_revision_is_only_declared() -> None:
    with http({}, url="http://127.0.0.1:1", model="v9") as service:
        identity = service.identity()

    assert ("v9", None, "declared") == (identity.revision, identity.digest, identity.parts["proof"])
