"""Ragas' faithfulness, statement by statement: its prompts ask, and each of its verdicts is counted."""

from collections.abc import Sequence
from typing import Any

from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import Faithfulness

from harness import HarnessError
from harness_ragas.answers import Answer, Verdict
from harness_ragas.chat_model import ChatModel


class _Asked(InstructorBaseRagasLLM):  # type: ignore[misc]
    """A chat model as Ragas calls one."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    async def agenerate(self, prompt: str, response_model: Any) -> Any:
        return await self.model.ask(prompt, response_model)

    def generate(self, prompt: str, response_model: Any) -> Any:
        raise NotImplementedError("this model is only asked without blocking")


class FaithfulnessJudge:
    """Breaks an answer into statements, and says of each whether its contexts imply it."""

    def __init__(self, model: ChatModel) -> None:
        self.metric = Faithfulness(llm=_Asked(model))

    async def __call__(self, answer: Answer) -> Sequence[Verdict]:
        """Return a verdict, `1` or `0`, for each statement; where they do not match it is a HarnessError."""
        statements = await self.metric._create_statements(answer.question, answer.response)
        if not statements:
            raise HarnessError("the model found no statement in the answer")
        found = (await self.metric._create_verdicts(statements, "\n".join(answer.contexts))).statements
        if len(found) != len(statements):
            raise HarnessError(f"{len(found)} verdicts came back for {len(statements)} statements")
        for statement, each in zip(statements, found, strict=True):
            if _words(each.statement) != _words(statement):
                raise HarnessError(f"a verdict on {each.statement!r} came back for the statement {statement!r}")
            if each.verdict not in (0, 1):
                raise HarnessError(f"a verdict is {each.verdict!r}, neither 0 nor 1")
        return [Verdict(statement=each.statement, said=str(each.verdict), reason=each.reason) for each in found]


def _words(text: str) -> list[str]:
    """Return the words of a text, as a model may set other commas and capitals when it copies one."""
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
