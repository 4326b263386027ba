"""Opens a handbook from what a suite or a command asks for."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from rag_target.chat_model import ChatModel
from rag_target.generation import Extractive, Generator
from rag_target.handbook import Handbook
from rag_target.index import Retrieval, StoreName, build_index, installed_retrieval
from rag_target.passages import OWN, read_passages
from rag_target.usage import Price

KEY = "OPENAI_API_KEY"  # the environment's name for a model's key


class Prices(BaseModel):
    """What a million tokens cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    completion: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Chat(BaseModel):
    """A language model behind an OpenAI-compatible base URL; its name must stand for one model for good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str
    model: str
    model_digest: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: int = 0
    max_tokens: Annotated[int, Field(ge=1)] = 300
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    price: Prices | None = None
    api_key: SecretStr | None = None


def open_handbook(
    corpus: Path | None = None,
    retrieval: Retrieval | None = None,
    store: StoreName = "exact",
    k: int = 5,
    chat: Chat | None = None,
) -> Handbook:
    """Return a handbook ready to be asked; ValueError if its pages, packages or model are not as they must be.

    Without `retrieval` it is the best that is installed, without `chat` it quotes.
    """
    index = build_index(read_passages(corpus or OWN), retrieval or installed_retrieval(), store)
    generator: Generator = Extractive(index=index) if chat is None else _chat_model(chat)
    return Handbook(index=index, generator=generator, k=k)


def read_chat(file: Path, key: str | None) -> Chat:
    """Return the model that a JSON file names; ValueError if it is none."""
    chat = Chat.model_validate_json(file.read_bytes())
    return chat.model_copy(update={"api_key": SecretStr(key)}) if key else chat


def _chat_model(chat: Chat) -> ChatModel:
    given = chat.model_dump(exclude={"price", "api_key"})
    price = Price(prompt=chat.price.prompt, completion=chat.price.completion) if chat.price else None
    key = chat.api_key.get_secret_value() if chat.api_key else None
    return ChatModel(**given, price=price, api_key=key)
