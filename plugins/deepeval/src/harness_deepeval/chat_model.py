"""A chat model that is asked once for each thing, and whose whole answer must be the JSON object asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from openai import AsyncOpenAI, OpenAIError
from pydantic import ValidationError

from harness import HarnessError
from harness_deepeval.answers import Answer, Verdict

SECONDS = 300.0  # that one call may take
AT_ONCE = 8
SHOWN = 3  # troubles that an error names

Judge = Callable[[Answer], Awaitable[Sequence[Verdict]]]


class ChatModel:
    """A model at an OpenAI-compatible URL; `answered_by` are the names that it gave itself."""

    def __init__(self, url: str, model: str) -> None:
        self.client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=SECONDS)
        self.model = model
        self.answered_by: set[str] = set()

    async def ask(self, prompt: str, schema: Any) -> Any:
        """Return the one object of a pydantic schema that the model answers; anything else is a HarnessError."""
        answer = await self.client.chat.completions.create(
            model=self.model,
            messages=[{"role": "user", "content": prompt}],
            temperature=0,
            response_format={"type": "json_object"},
        )
        self.answered_by.add(" ".join(filter(None, [answer.model, answer.system_fingerprint])))
        if not answer.choices or answer.choices[0].finish_reason != "stop":
            ended = answer.choices[0].finish_reason if answer.choices else "no choice"
            raise HarnessError(f"the model's answer ended with {ended!r}, not whole; give it more tokens")
        text = (answer.choices[0].message.content or "").strip()
        try:
            return schema.model_validate_json(_without_fence(text))
        except ValidationError as error:
            why = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:SHOWN])
            raise HarnessError(f"the model's answer is not one {schema.__name__} as JSON ({why})") from error

    @property
    def said(self) -> str:
        """Return which model was asked for, and which ones answered."""
        return f"asked for {self.model}; answered by {', '.join(sorted(self.answered_by))}"


def judge_all(judge: Judge, answers: Sequence[Answer]) -> list[Sequence[Verdict]]:
    """Return the verdicts on each answer; if one has no whole verdict there is no number, but a HarnessError."""
    found = asyncio.run(_judge_all(judge, answers))
    lost = [f"{answer.id}: {each}" for answer, each in zip(answers, found, strict=True) if isinstance(each, str)]
    if lost:
        more = f"; and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
        raise HarnessError(
            f"{len(lost)} of {len(answers)} answers have no whole verdict, so there is no number that counts them all: "
            f"{'; '.join(lost[:SHOWN])}{more}"
        )
    return [each for each in found if not isinstance(each, str)]


async def _judge_all(judge: Judge, answers: Sequence[Answer]) -> list[Sequence[Verdict] | str]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def judge_one(answer: Answer) -> Sequence[Verdict] | str:
        async with turns:
            try:
                return await judge(answer)
            except (HarnessError, OpenAIError) as error:
                return f"{type(error).__name__}: {error}" if isinstance(error, OpenAIError) else str(error)

    return await asyncio.gather(*(judge_one(answer) for answer in answers))


def _without_fence(text: str) -> str:
    """Return what stands in the one Markdown fence around a text, if there is one."""
    start, _, rest = text.partition("\n")
    is_fenced = start.strip() in ("```", "```json") and rest.endswith("```")
    return rest.removesuffix("```").strip() if is_fenced else text
