"""Opens a handbook from what a suite or a command asks for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from rag_target.chat_model import ChatModel
from rag_target.embedding import Embedder
from rag_target.embedding_model import RemoteEmbedder
from rag_target.flows import FlowName, open_flow
from rag_target.generation import Extractive, Generator, Unanswered, Unguarded
from rag_target.handbook import Handbook
from rag_target.index import Retrieval, Store, build_index, installed_retrieval
from rag_target.parrot import Parrot
from rag_target.passages import OWN, Passage, read_passages
from rag_target.rails.detecting import describe_detectors
from rag_target.rails.engines import open_engine
from rag_target.rails.guarded import Guarded
from rag_target.rails.own import DETECTORS, open_rails
from rag_target.rails.policy import Canary, Policy
from rag_target.usage import Price

Book = Handbook | Guarded  # what is asked
KEYS = {"chat": "OPENAI_API_KEY", "embeddings": "EMBEDDINGS_API_KEY"}  # the environment's names for models' keys


class Prices(BaseModel):
    """What a million tokens cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    completion: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Chat(BaseModel):
    """A language model behind an OpenAI-compatible base URL; its name must stand for one model for good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = ""
    model: str
    model_digest: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: int = 0
    max_tokens: Annotated[int, Field(ge=1)] = 300
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    price: Prices | None = None
    api_key: SecretStr | None = None


class Embeddings(BaseModel):
    """A model behind an OpenAI-compatible base URL that turns texts into vectors; its name must stand for one model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = ""
    model: str
    model_digest: str | None = None
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    api_key: SecretStr | None = None


class Models(BaseModel):
    """The models that a handbook asks over HTTP: who writes, and who embeds; None is what comes in packages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chat: Chat | None = None
    embeddings: Embeddings | None = None


class Trial(BaseModel):
    """What makes a handbook worth attacking: passages and a secret that are planted, a model that obeys anybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parrot: Annotated[bool, Field(description="answer as the most gullible model: repeat whatever is asked")] = False
    canary: Annotated[Canary | None, Field(description="a secret in the rules that the model is told")] = None


NO_TRIAL = Trial()
NO_MODELS = Models()
Model = TypeVar("Model", Chat, Embeddings)


def place_model(model: Model | None, url: str | None) -> Model | None:
    """Return a model at its own base URL or at the one given; ValueError unless there is exactly one."""
    if model is None and url is None:
        return None
    if model is None or bool(model.base_url) == bool(url):
        raise ValueError("a model is reached by its `base_url` or by an endpoint of the suite: give one of them")
    return model.model_copy(update={"base_url": url}) if url else model


def open_handbook(
    corpus: Path | None = None,
    retrieval: Retrieval | None = None,
    store: Store = "exact",
    k: int = 5,
    models: Models = NO_MODELS,
    trial: Trial = NO_TRIAL,
    planted: Sequence[Passage] = (),
    flow: FlowName = "own",
) -> Handbook:
    """Return a handbook ready to be asked; ValueError if its pages, packages or model are not as they must be.

    Without `retrieval` it is the best that is installed, without a model it quotes.
    """
    chat = models.chat
    if trial.parrot and chat is not None:
        raise ValueError("a parrot answers in place of a model; leave out `chat` or `parrot`")
    embedder = _embedder(models.embeddings)
    best: Retrieval = "hybrid" if embedder else installed_retrieval()
    try:
        index = build_index([*read_passages(corpus or OWN), *planted], retrieval or best, store, embedder)
    except Unanswered as failure:
        raise ValueError(f"the passages are not embedded: {failure}") from failure
    generator: Generator = Extractive(index=index) if chat is None else _chat_model(chat, trial.canary)
    if trial.parrot:
        generator = Parrot(canary=trial.canary)
    return Handbook(index=index, generator=generator, k=k, flow=open_flow(flow, index, generator))


def open_guarded(book: Handbook, policy: Policy, trial: Trial = NO_TRIAL) -> Guarded:
    """Return a handbook behind rails that have found their sentinels; ValueError if they did not.

    The canary of a trial is one that the rails look for.
    """
    if trial.canary is not None:
        policy = policy.model_copy(update={"canaries": [*policy.canaries, trial.canary]})
    rails = open_rails(policy, book.index)
    engine = open_engine(policy.engine, rails)
    made_of = describe_detectors([DETECTORS[name] for name in policy.names if name in DETECTORS])
    guarded = Guarded(book=book, policy=policy, rails=rails, engine=engine, made_of=made_of)
    try:
        guarded.prove()
    except Unguarded as failure:
        raise ValueError(f"rails that do not work stand before nothing: {failure}") from failure
    return guarded


def read_model(kind: type[Model], file: Path | None, key: str | None) -> Model | None:
    """Return the model that a JSON file names, with its key; ValueError if it is none."""
    if file is None:
        return None
    found = kind.model_validate_json(file.read_bytes())
    return found.model_copy(update={"api_key": SecretStr(key)}) if key else found


def _embedder(model: Embeddings | None) -> Embedder | None:
    if model is None:
        return None
    key = model.api_key.get_secret_value() if model.api_key else None
    return RemoteEmbedder(**model.model_dump(exclude={"api_key"}), api_key=key)


def _chat_model(chat: Chat, canary: str | None) -> ChatModel:
    given = chat.model_dump(exclude={"price", "api_key"})
    price = Price(prompt=chat.price.prompt, completion=chat.price.completion) if chat.price else None
    key = chat.api_key.get_secret_value() if chat.api_key else None
    return ChatModel(**given, price=price, api_key=key, canary=canary)
