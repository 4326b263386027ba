"""Runs rails as flows of NVIDIA NeMo Guardrails, whose word alone is never taken.

NeMo answers "an internal error" in the place of an answer where an action raises, and lets pass what no flow looked at.
So the action of a stage writes down what each rail found; a run counts only if all rails of the stage did, or one
blocked, and NeMo says the same. One flow a stage, started by itself, as NeMo starts rails that run side by side: as
part of a whole conversation NeMo reads its history again at each of some thirty events, and a chain took 3.3 times the
processor of its detectors.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.resources import files

from nemoguardrails import LLMRails, RailsConfig

from rag_target.rails.plain import Plain
from rag_target.rails.stages import Exchange, Finding, Rail, Stage, Unproven

os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read when NeMo is imported


FLOWS = (files("rag_target.rails") / "rails.co").read_text("utf-8")
FLOW = "check stage"
HELD_BACK = "HeldBackRailException"


@dataclass(kw_only=True)
class Record:
    """What is looked at, and what rails have said of it so far."""

    exchange: Exchange
    found: list[Finding] = field(default_factory=list)
    failure: Unproven | None = None


CURRENT: ContextVar[Record] = ContextVar("current")  # NeMo's actions run in the tasks of one run


class Nemo:
    """One configuration of NeMo a stage; of its retrieval the rails look at each passage."""

    def __init__(self, rails: Sequence[Rail]) -> None:
        self._stages = {stage: _open(stage, own) for stage, own in _by_stage(rails).items()}

    def run(self, stage: Stage, exchange: Exchange) -> Sequence[Finding]:
        """Return what each rail of a stage found; after one that blocks, none is asked."""
        if stage not in self._stages:
            return []
        record = Record(exchange=exchange)
        CURRENT.set(record)
        asked = self._stages[stage].runtime.generate_events([{"type": "start_flow", "flow_id": FLOW}])
        with closing(asyncio.new_event_loop()) as loop:  # asyncio.run sets up signals, which costs as much as a flow
            events = loop.run_until_complete(asked)
        if record.failure is not None:
            raise record.failure
        blocks = stage != "retrieval" and any(each.found for each in record.found)
        if _is_held_back(events) != blocks:
            raise Unproven(f"NeMo says otherwise than the rails of the {stage} stage")
        return record.found


def _is_held_back(events: Sequence[Mapping[str, object]]) -> bool | None:
    """Tell whether a flow held back what its stage looks at; None if it did not end by itself."""
    kinds = [event["type"] for event in events]
    acted = [event.get("status") for event in events if event["type"] == "InternalSystemActionFinished"]
    if kinds[-1] != "Listen" or not acted or set(acted) != {"success"} or "BotIntent" in kinds:
        return None
    return HELD_BACK in kinds


def _open(stage: Stage, rails: Sequence[Rail]) -> LLMRails:
    os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read whenever rails are made
    section = {stage: {"flows": [FLOW]}}
    asked = {"colang_version": "1.0", "models": [], "enable_rails_exceptions": True, "rails": section}
    opened = LLMRails(RailsConfig.from_content(colang_content=FLOWS, config=asked))
    opened.runtime.flow_configs = {FLOW: opened.runtime.flow_configs[FLOW]}  # a hundred of its own are asked otherwise

    async def check_stage() -> bool:
        """Write down what each rail finds, and tell whether it lets pass; passages are left out later, one by one.

        A failure is written down, too, and not raised: NeMo would log it with all that it quotes.
        """
        record = CURRENT.get()
        try:
            record.found += Plain(rails=rails).run(stage, record.exchange)
        except Unproven as failure:
            record.failure = failure
            return False
        return stage == "retrieval" or not any(each.found for each in record.found)

    opened.register_action(check_stage, "check_stage")
    return opened


def _by_stage(rails: Sequence[Rail]) -> Mapping[Stage, Sequence[Rail]]:
    stages: dict[Stage, list[Rail]] = {}
    for rail in rails:
        stages.setdefault(rail.stage, []).append(rail)
    return stages
