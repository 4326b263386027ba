"""Offers the handbook as a target: asked in this process, started on loopback, or found at a URL."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import Field, SecretStr

from harness import (
    Connect,
    Dataset,
    Datasets,
    Endpoint,
    HarnessError,
    Identity,
    Reply,
    Request,
    UsageError,
    hookimpl,
    pick,
    send_request,
)
from rag_target.asking import QUESTION, Answers, Ask, Asked
from rag_target.flows import FlowName
from rag_target.index import Retrieval, Store
from rag_target.opening import NO_TRIAL, Book, Chat, Embeddings, Models, Trial, open_guarded, open_handbook, place_model
from rag_target.planting import read_planted
from rag_target.rails.policy import Policy
from rag_target.remote import RemoteHandbook, run_service
from rag_target.wire import answer_body

OF_ITS_OWN = (False, None, "exact", "own", 5, None, None, None)  # what a handbook that is opened here may differ in
SERVICE = ("fastapi", "uvicorn", "prometheus_client")


@dataclass(frozen=True, kw_only=True)
class App:
    """A handbook that can be asked: how, who answers, and where it listens if it is a service."""

    ask: Ask
    identity: Callable[[], Identity]
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class HandbookTarget:
    """A handbook, and datasets with what it answered to their questions."""

    datasets: Datasets
    app: App
    answers: Answers | None
    stream: bool = False

    @property
    def url(self) -> str | None:
        """Return where it listens, if it is a service."""
        return self.app.url

    def identity(self) -> Identity:
        """Return which version answers, with the digest of all that it is made of."""
        return self.app.identity()

    def dataset(self, name: str) -> Dataset:
        """Return a dataset with the answers to its questions, each asked once a run; one without questions as it is."""
        data = pick(self.datasets, name)
        return self.answers.add_to(data) if self.answers and QUESTION in data.columns else data

    def request(self, row: Mapping[str, object]) -> Request:
        """Return the request that asks a row's question."""
        if QUESTION not in row:
            raise UsageError(f"rows to ask have a column {QUESTION!r}; add it to the data")
        asked = {QUESTION: row[QUESTION], **({"stream": True} if self.stream else {})}
        return Request(path="/v1/ask", body=json.dumps(asked).encode(), headers=self.app.headers)

    def send(self, request: Request) -> Reply:
        """Send one request and return the answer."""
        if self.url is None:
            raise UsageError("the handbook is asked in this process; add `serve: true` to start it as a service")
        return send_request(self.url, request)


@contextmanager
def handbook(
    datasets: Datasets,
    *,
    data: Annotated[str, Field(description="the dataset whose questions are asked")],
    retrieval: Annotated[Retrieval | None, Field(description="default: hybrid, or bm25 without its packages")] = None,
    store: Annotated[Store, Field(description="where vectors are kept: each searches all of them")] = "exact",
    flow: Annotated[FlowName, Field(description="who finds and has written: this package, or a framework")] = "own",
    k: Annotated[int, Field(ge=1, le=50, description="passages that an answer is written from")] = 5,
    chat: Annotated[Chat | None, Field(description="a model behind an OpenAI-compatible URL; else it quotes")] = None,
    chat_at: Annotated[Endpoint | None, Field(description="the suite's endpoint of that model, by a door")] = None,
    embeddings: Annotated[Embeddings | None, Field(description="a model of vectors; default: the packaged one")] = None,
    embed_at: Annotated[Endpoint | None, Field(description="the suite's endpoint of that model, by a door")] = None,
    serve: Annotated[bool, Field(description="start it as a service on loopback, as for load")] = False,
    url: Annotated[str | None, Field(description="a handbook that runs elsewhere, as it is")] = None,
    api_key: Annotated[SecretStr | None, Field(description="what the service at `url` asks callers for")] = None,
    ask: Annotated[bool, Field(description="false: add no answers to the data, as for load")] = True,
    stream: Annotated[bool, Field(description="requests of load ask for a stream")] = False,
    at_once: Annotated[int, Field(ge=1, le=64, description="questions asked at the same time")] = 4,
    rails: Annotated[Policy | None, Field(description="what stands before it; {} is all rails; default: none")] = None,
    trial: Annotated[Trial, Field(description="what makes it worth attacking")] = NO_TRIAL,
    plant: Annotated[str | None, Field(description="a dataset of passages to add, as attacks need")] = None,
    bare: Annotated[bool, Field(description="ask each question without rails too, for comparison")] = False,
) -> Iterator[HandbookTarget]:
    """Open the handbook in this process, as a service on loopback, or at a URL."""
    pick(datasets, data)
    if url is not None and (serve, retrieval, store, flow, k, chat, embeddings, rails) != OF_ITS_OWN:
        raise UsageError("target kind 'handbook': a handbook at a `url` is as it is; leave out all but its `api_key`")
    if (url is not None or serve) and (trial, plant, bare) != (NO_TRIAL, None, False):
        raise UsageError("target kind 'handbook': `trial`, `plant` and `bare` are for one in this process")
    if bare and rails is None:
        raise UsageError("target kind 'handbook': `bare` compares a handbook behind `rails` with one without; add them")
    with ExitStack() as stack:
        try:
            models = Models(chat=place_model(chat, chat_at), embeddings=place_model(embeddings, embed_at))
            unguarded = None
            if url is None and not serve:
                planted = read_planted(pick(datasets, plant)) if plant else ()
                book = open_handbook(None, retrieval, store, k, models, trial, planted, flow)
                found = _here(book if rails is None else open_guarded(book, rails, trial))
                unguarded = _here(book) if bare else None
            else:
                options = [*_options(retrieval, store, flow, k), *_given(stack, rails)]
                where = url.rstrip("/") if url else stack.enter_context(_service(options, models))
                key = api_key.get_secret_value() if api_key else None
                found = _there(RemoteHandbook(url=where, api_key=key))
        except ValueError as trouble:
            raise UsageError(f"target kind 'handbook': {trouble}") from trouble
        folder = stack.enter_context(TemporaryDirectory(prefix="handbook-"))
        asked = Asked(ask=found.ask, bare=unguarded.ask if unguarded else None)
        answers = Answers(asked=asked, at_once=at_once, folder=Path(folder)) if ask else None
        yield HandbookTarget(datasets=datasets, app=found, answers=answers, stream=stream)


def _here(book: Book) -> App:
    """Return the handbook as it is asked in this process."""
    who = Identity(revision=book.version, digest=book.digest, parts=book.parts)
    return App(ask=lambda question: answer_body(book.ask(question), book.version), identity=lambda: who)


def _there(service: RemoteHandbook) -> App:
    """Return a service as it is asked over HTTP; who it is, it is asked each time."""

    def identity() -> Identity:
        reply = send_request(service.url, Request(method="GET", path="/v1/model", headers=service.headers))
        found = reply.json_object()
        version, digest = found.get("version"), found.get("digest")
        if not isinstance(version, str) or not isinstance(digest, str):
            raise HarnessError(f"{reply.url} names no version with a digest; check that this is the handbook")
        return Identity(revision=version, digest=digest, parts={"proof": "served at /v1/model"})

    return App(ask=service.ask, identity=identity, url=service.url, headers=service.headers)


@contextmanager
def _service(options: Sequence[str], models: Models) -> Iterator[str]:
    """Give the URL of a service started for this run."""
    missing = [name for name in SERVICE if find_spec(name) is None]
    if missing:
        raise ValueError(f"serving needs {', '.join(missing)}: pip install 'promotion-harness[handbook]'")
    with run_service(options, models) as url:
        yield url


def _options(retrieval: Retrieval | None, store: Store, flow: FlowName, k: int) -> Sequence[str]:
    if not isinstance(store, str):
        raise ValueError("a store of Pinecone is for a handbook in this process; leave out `serve`")
    return ["--store", store, "--flow", flow, "--k", str(k), *(["--retrieval", retrieval] if retrieval else [])]


def _given(stack: ExitStack, rails: Policy | None) -> Sequence[str]:
    """Return the option that names a file with the rails' policy, which is gone with the stack."""
    if rails is None:
        return []
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="rails-")))
    (folder / "rails.json").write_text(rails.model_dump_json())
    return ["--rails", str(folder / "rails.json")]


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: handbook}`."""
    return {"handbook": handbook}
