"""Runs rails as flows of NVIDIA NeMo Guardrails, whose word alone is never taken.

NeMo answers "an internal error" in the place of an answer where an action raises, and lets pass what no flow looked at.
So the action of a stage writes down what each rail found; a run counts only if all rails of the stage did, or one
blocked, and NeMo says the same. One flow a stage, as NeMo reads its whole history again at every step: nine flows took
some seven times the processor of their detectors.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.resources import files

from nemoguardrails import LLMRails, RailsConfig

from rag_target.rails.plain import Plain
from rag_target.rails.stages import Exchange, Finding, Rail, Stage, Unproven

os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read when NeMo is imported


FLOWS = (files("rag_target.rails") / "rails.co").read_text("utf-8")
SECTIONS: Mapping[Stage, str] = {"input": "input", "retrieval": "input", "output": "output"}


@dataclass(kw_only=True)
class Record:
    """What is looked at, and what rails have said of it so far."""

    exchange: Exchange
    found: list[Finding] = field(default_factory=list)
    failure: Unproven | None = None


CURRENT: ContextVar[Record] = ContextVar("current")  # NeMo's actions run in the tasks of one run


class Nemo:
    """One configuration of NeMo a stage; those of passages are checked one by one, as a stage's input."""

    def __init__(self, rails: Sequence[Rail]) -> None:
        self._stages = {stage: _open(stage, own) for stage, own in _by_stage(rails).items()}

    def run(self, stage: Stage, exchange: Exchange) -> Sequence[Finding]:
        """Return what each rail of a stage found; after one that blocks, none is asked."""
        if stage not in self._stages:
            return []
        record = Record(exchange=exchange)
        CURRENT.set(record)
        role = SECTIONS[stage]
        messages = [{"role": "user", "content": "text"}]
        messages += [{"role": "assistant", "content": "text"}] if role == "output" else []
        found = asyncio.run(self._stages[stage].generate_async(messages=messages, options={"rails": [role]}))
        if record.failure is not None:
            raise record.failure
        said = [str(message["role"]) for message in found.response]
        blocks = stage != "retrieval" and any(each.found for each in record.found)
        if said != (["exception"] if blocks else ["assistant"]):
            raise Unproven(f"NeMo says otherwise than the rails of the {stage} stage")
        return record.found


def _open(stage: Stage, rails: Sequence[Rail]) -> LLMRails:
    os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read whenever rails are made
    section = {SECTIONS[stage]: {"flows": ["check stage"]}}
    asked = {"colang_version": "1.0", "models": [], "enable_rails_exceptions": True, "rails": section}
    opened = LLMRails(RailsConfig.from_content(colang_content=FLOWS, config=asked))

    async def check_stage() -> bool:
        """Write down what each rail finds, and tell whether it lets pass; passages are left out later, one by one."""
        record = CURRENT.get()
        try:
            record.found += Plain(rails=rails).run(stage, record.exchange)
        except Unproven as failure:
            record.failure = failure
            raise
        return stage == "retrieval" or not any(each.found for each in record.found)

    opened.register_action(check_stage, "check_stage")
    return opened


def _by_stage(rails: Sequence[Rail]) -> Mapping[Stage, Sequence[Rail]]:
    stages: dict[Stage, list[Rail]] = {}
    for rail in rails:
        stages.setdefault(rail.stage, []).append(rail)
    return stages
