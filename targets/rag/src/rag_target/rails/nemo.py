"""Runs rails as flows of NVIDIA NeMo Guardrails, whose word alone is never taken.

NeMo answers "an internal error" in the place of an answer where an action raises, and lets pass what no flow looked at.
So each action writes down what its rail found; a run counts only if all rails of the stage did, or one blocked, and
NeMo says the same.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.resources import files

from nemoguardrails import LLMRails, RailsConfig

from rag_target.rails.stages import Exchange, Finding, Rail, Stage, Unproven, look

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
        self._rails = {rail.name: rail for rail in rails}
        self._stages = {stage: self._open(stage, names) for stage, names in _by_stage(rails).items()}

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

    def _open(self, stage: Stage, names: Sequence[str]) -> LLMRails:
        os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read whenever rails are made
        section = {SECTIONS[stage]: {"flows": [f"check {name}" for name in names]}}
        asked = {"colang_version": "1.0", "models": [], "enable_rails_exceptions": True, "rails": section}
        rails = LLMRails(RailsConfig.from_content(colang_content=FLOWS, config=asked))
        rails.register_action(self._check_rail, "check_rail")
        return rails

    async def _check_rail(self, rail: str) -> bool:
        """Write down what a rail finds, and tell whether it lets pass; passages are left out later, one by one."""
        record = CURRENT.get()
        try:
            found = look(self._rails[rail], record.exchange)
        except Unproven as failure:
            record.failure = failure
            raise
        record.found.append(found)
        return not found.found or self._rails[rail].stage == "retrieval"


def _by_stage(rails: Sequence[Rail]) -> Mapping[Stage, Sequence[str]]:
    stages: dict[Stage, list[str]] = {}
    for rail in rails:
        stages.setdefault(rail.stage, []).append(rail.name)
    return stages
