"""The `openai` target: a chat model or app behind an OpenAI-compatible URL, asked a prompt for each row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field

from harness.builtin.answers import Answers, MadeOf, Places
from harness.builtin.http import HttpService, Template
from harness.errors import UsageError
from harness.plugins.hooks import hookimpl
from harness.plugins.services import send_request
from harness.plugins.targets import Connect, Datasets, pick
from harness.values.endpoints import Endpoint


@contextmanager
def openai(
    datasets: Datasets,
    *,
    data: Annotated[str, Field(description="the dataset whose rows are asked")],
    endpoint: Annotated[Endpoint, Field(description="the suite's endpoint of the model, by a door if there is one")],
    model: Annotated[str, Field(min_length=1, description="the model that is asked for")],
    prompt: Annotated[str, Field(description="what the user says: `{column}` stands for its value")] = "{question}",
    system: Annotated[str | None, Field(description="what the model is told before")] = None,
    temperature: Annotated[float | None, Field(ge=0, le=2)] = 0.0,
    seed: int | None = None,
    max_tokens: Annotated[int, Field(ge=1, description="that an answer may have")] = 300,
    identity: Annotated[MadeOf | None, Field(description="what it is made of, digested; else it is declared")] = None,
    answer_at: Annotated[str, Field(description="where a reply has its answer")] = "choices.0.message.content",
    contexts_at: Annotated[str | None, Field(description="where it has passages, if it has")] = None,
    ids_at: Annotated[str | None, Field(description="where it has their ids, best first")] = None,
    at_once: Annotated[int, Field(ge=1, le=64, description="rows asked at the same time")] = 4,
    seconds: Annotated[float, Field(gt=0, le=600, description="that an answer may take")] = 60.0,
) -> Iterator[HttpService]:
    """Ask a chat model for each row; the answers, and what became of them, stand beside the rows."""
    pick(datasets, data)
    told = [{"role": "system", "content": system}] if system is not None else []
    body: dict[str, Any] = {"model": model, "messages": [*told, {"role": "user", "content": prompt}]}
    body |= {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
    template = Template(path="/chat/completions", body={name: part for name, part in body.items() if part is not None})
    if not template.columns():
        raise UsageError("target kind 'openai': the prompt names no column, so all rows are alike; add `{column}`")
    places = Places(answer=answer_at, contexts=contexts_at, ids=ids_at, status=partial(read_status, model))
    with TemporaryDirectory(prefix="answers-") as folder:
        send = partial(send_request, str(endpoint).rstrip("/"), seconds=seconds)
        answers = Answers(send=send, places=places, at_once=at_once, folder=Path(folder))
        yield HttpService(
            datasets=datasets,
            url=str(endpoint),
            template=template,
            revision=model,
            made_of=identity,
            answers=answers,
        )


def read_status(model: str, found: object) -> tuple[str, str] | None:
    """Return why a completion is no answer: refused, cut short, or by another model than was asked; else None."""
    try:
        choice = found["choices"][0]  # type: ignore[index]
        message, why = choice["message"], choice.get("finish_reason")
        refusal, by = message.get("refusal"), found.get("model")  # type: ignore[attr-defined]
    except (KeyError, IndexError, TypeError, AttributeError):
        return "unparseable", "the reply has no message"
    if by not in (None, "", model):
        return "errored", f"answered by {by!r}, asked was {model!r}; name the model that answers"
    if refusal or why == "content_filter":
        return "refused", str(refusal or why)
    return ("unparseable", "the answer was cut at max_tokens") if why == "length" else None


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: openai}`."""
    return {"openai": openai}
