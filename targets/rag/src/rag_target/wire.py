"""What the service reads and writes: questions, answers, and both as OpenAI's clients know them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_target.answers import Answer
from rag_target.index import Hit
from rag_target.usage import Timings, Usage

LONGEST = 2000  # characters of a question
Text = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"\S")]


class Asked(BaseModel):
    """A question."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text
    stream: bool = False


class Message(BaseModel):
    """A message of a chat."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class Chatted(BaseModel):
    """A chat, whose last message of the user is the question; other parameters are the service's own."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: Annotated[Sequence[Message], Field(min_length=1, max_length=100)]
    stream: bool = False


class Context(BaseModel):
    """A passage that was found."""

    id: str
    score: float
    text: str


class AnswerBody(BaseModel):
    """What `/v1/ask` answers: `cost` is null where no price is known.

    `refused` means that no page has the answer, `blocked` that a rail held it back.
    """

    answer: str
    status: Literal["ok", "refused", "blocked"]
    contexts: Sequence[Context]
    usage: Usage
    cost: float | None
    seconds: Timings
    version: str


def contexts_of(hits: Sequence[Hit]) -> Sequence[Context]:
    """Return passages as they are sent."""
    return [Context(id=hit.passage.id, score=hit.score, text=hit.passage.text) for hit in hits]


def answer_body(answer: Answer, version: str) -> AnswerBody:
    """Return an answer as `/v1/ask` sends it."""
    return AnswerBody(
        answer=answer.text,
        status=answer.status,
        contexts=contexts_of(answer.hits),
        usage=answer.usage,
        cost=answer.cost,
        seconds=answer.seconds,
        version=version,
    )


def context_json(hits: Sequence[Hit]) -> Sequence[Mapping[str, object]]:
    """Return passages as JSON."""
    return [context.model_dump() for context in contexts_of(hits)]


def completion_json(answer: Answer, version: str, number: str, created: int) -> Mapping[str, object]:
    """Return an answer as an OpenAI chat completion, with its passages beside."""
    message = {"role": "assistant", "content": answer.text}
    return {
        "id": number,
        "object": "chat.completion",
        "created": created,
        "model": version,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage_json(answer),
        "contexts": context_json(answer.hits),
    }


def chunk_json(delta: Mapping[str, str], version: str, number: str, created: int, **more: Any) -> Mapping[str, object]:
    """Return a piece of an answer as OpenAI streams it; the last has a `finish_reason`."""
    choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
    head = {"id": number, "object": "chat.completion.chunk", "created": created, "model": version}
    return {**head, "choices": [choice], **more}


def usage_json(answer: Answer) -> Mapping[str, int]:
    """Return an answer's tokens as OpenAI counts them."""
    prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
