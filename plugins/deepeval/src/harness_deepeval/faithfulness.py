"""DeepEval's faithfulness, claim by claim: its metric asks, and each of its verdicts is counted."""

from collections.abc import Sequence
from typing import Any

from deepeval.metrics import FaithfulnessMetric
from deepeval.models import DeepEvalBaseLLM
from deepeval.test_case import LLMTestCase

from harness import HarnessError
from harness_deepeval.answers import Answer, Verdict
from harness_deepeval.chat_model import ChatModel

PASSING = ("yes", "borderline")  # as DeepEval has it: what contradicts nothing is faithful


class _Asked(DeepEvalBaseLLM):  # type: ignore[misc]
    """A chat model as DeepEval calls one."""

    def __init__(self, model: ChatModel) -> None:
        self.chat = model
        super().__init__(model.model)

    def load_model(self) -> ChatModel:
        return self.chat

    def get_model_name(self) -> str:
        return self.chat.model

    async def a_generate(self, prompt: str, schema: Any) -> Any:
        return await self.chat.ask(prompt, schema)

    def generate(self, prompt: str, schema: Any) -> Any:
        raise NotImplementedError("this model is only asked without blocking")


class FaithfulnessJudge:
    """Finds the claims of an answer and the truths of its contexts, and says of each claim whether they agree."""

    def __init__(self, model: ChatModel) -> None:
        self.model = _Asked(model)

    async def __call__(self, answer: Answer) -> Sequence[Verdict]:
        """Return `yes`, `no` or `borderline` for each claim; where they do not match it is a HarnessError."""
        case = LLMTestCase(
            input=answer.question, actual_output=answer.response, retrieval_context=list(answer.contexts)
        )
        metric = FaithfulnessMetric(model=self.model, include_reason=False, eval_mode="llm")
        score = await metric.a_measure(case, _show_indicator=False)
        if not metric.claims:
            raise HarnessError("the model found no claim in the answer")
        if len(metric.verdicts) != len(metric.claims):
            raise HarnessError(f"{len(metric.verdicts)} verdicts came back for {len(metric.claims)} claims")
        found = [
            Verdict(statement=claim, said=each.verdict.value, reason=each.reason or "")
            for claim, each in zip(metric.claims, metric.verdicts, strict=True)
        ]
        own = sum(each.said in PASSING for each in found) / len(found)
        if own != score:
            raise HarnessError(f"DeepEval's own score is {score}, but its verdicts give {own}")
        return found
