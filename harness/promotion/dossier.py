"""Gathers what a promotion rests on, to be read, verified and measured again elsewhere: files that make one zip."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, UsageError
from harness.promotion.model_card import COMPARISON, MODEL_CARD, SLICES, champion_comparison, model_card, slice_table
from harness.promotion.moves import Move, read_moves
from harness.promotion.reproducing import EARLIER, REQUIREMENTS, SCRIPT, requirements, script
from harness.promotion.standing import PROMOTES
from harness.records.artefacts import EVIDENCE, list_evidence
from harness.records.digests import decision_digest
from harness.records.entries import Entry
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.records.runs import as_json, decision_from_json
from harness.signing.runs import statements_of
from harness.signing.statements import APPROVAL, NAMES, WAIVER
from harness.signing.trust import Trust, trust_as_document
from harness.values.canonical import canonical_pretty
from harness.values.identity import Identity, short_identity
from harness.values.runs import Run

STATEMENT, TRUST, VERIFICATION = "statement.intoto.json", "trust.yaml", "verification.txt"
CHANGED = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say, as what is in one is to give the same one again
READABLE, RUNNABLE = 0o100644, 0o100755
CONTENTS = {
    STATEMENT: "what was signed: the promotion, with all digests",
    VERIFICATION: "what `harness verify` says of it",
    TRUST: "whom the project trusts, with their public keys, for verifying it again",
    MODEL_CARD: "what the model is, on what it was judged, how it did, and its limits",
    COMPARISON: "the candidate beside the champion that it replaced",
    SLICES: "what was judged of slices, and of bias",
    "decision.json": "what the gate decided, and why",
    "runs/": "the runs that it decided on, each with its signed statement",
    "waivers/": "signed waivers that were used",
    "approvals/": "signed approvals, and approvals.json with all that counted",
    "environment.json": "code, versions, plugins and machines",
    f"{EARLIER}/": "runs of before that the looks count, needed to measure again (with their rows: --rows)",
    SCRIPT: "measures the runs again and compares their digests; says what it needs",
    REQUIREMENTS: "the distributions that measured",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A promotion that moved, its runs, and the suite file of each by name, from the root of the project."""

    move: Move
    runs: Sequence[Run]
    files: Mapping[str, str]
    verification: str


def find_promoted(book: Ledger, entries: Sequence[Entry], who: Identity, stage: str | None) -> Move:
    """Return the last promotion of a model that moved, to a stage or to any. UsageError if there is none."""
    moved = [move for move in read_moves(book, entries, stage) if move.outcome == "moved" and move.kind in PROMOTES]
    own = [move for move in moved if move.candidate.key == who.key]
    if own:
        return own[-1]
    where = f"to {stage}" if stage else "to any stage"
    known = ", ".join(dict.fromkeys(short_identity(move.candidate) for move in moved)) or "nobody"
    raise UsageError(
        f"{short_identity(who)} was never promoted {where}, so there is no dossier of it; there is {known}"
    )


def read_decided(book: Ledger, entries: Sequence[Entry], move: Move) -> Sequence[Run]:
    """Return the runs that a promotion was decided on, oldest first. HarnessError if the ledger lacks one."""
    wanted = set(move.predicate.get("runs", {}).values())
    found = {entry.digest: entry for entry in entries if entry.kind == "run" and entry.digest in wanted}
    if set(found) != wanted:
        lacking = ", ".join(sorted(wanted - {str(digest) for digest in found}))
        raise HarnessError(f"the ledger holds no run {lacking}, on which it was promoted; bring back the ledger")
    return sorted(book.read_runs(list(found.values())), key=lambda run: run.started)


def list_files(
    case: Case, book: Ledger, entries: Sequence[Entry], trust: Trust, rows: Bundle | None
) -> Mapping[str, bytes]:
    """Return the files of a dossier by name; the same records give the same files.

    With `rows`, the evidence that earlier looks count is among them.
    """
    move, runs = case.move, case.runs
    earlier = _read_earlier(book, entries, runs)
    found = {
        STATEMENT: move.envelope,
        VERIFICATION: case.verification,
        TRUST: canonical_pretty(trust_as_document(trust)),
        MODEL_CARD: model_card(move, runs),
        COMPARISON: champion_comparison(runs),
        SLICES: slice_table(runs),
        "decision.json": _read_decision(book, entries, move),
        "environment.json": canonical_pretty(_environment(move, runs)),
        "approvals/approvals.json": canonical_pretty(list(move.predicate.get("approvals", ()))),
        **_vouchers(book, entries, move),
        **{f"runs/{run.suite}/{name}": text for run in runs for name, text in _run_files(run, book, entries).items()},
        **{f"{EARLIER}/{run.id}/run.json": canonical_pretty(as_json(run)) for run in earlier},
        SCRIPT: script(move, runs, case.files, has_earlier=bool(earlier)),
        REQUIREMENTS: requirements(runs),
    }
    kept = _read_rows(earlier, rows) if rows else {}
    index = _index(move, found, has_rows=bool(kept))
    return {**{name: text.encode() for name, text in {"README.md": index, **found}.items()}, **kept}


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of some files: the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, CHANGED)
            entry.external_attr = (RUNNABLE if name.endswith(".sh") else READABLE) << 16
            entry.create_system = 3  # Unix, wherever it is made
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _read_earlier(book: Ledger, entries: Sequence[Entry], runs: Sequence[Run]) -> Sequence[Run]:
    """Return the runs that these were judged together with, but for these, which are measured again."""
    wanted = {id for run in runs for id in run.earlier or ()} - {run.id for run in runs}
    return book.read_runs([entry for entry in entries if entry.kind == "run" and entry.id in wanted])


def _read_rows(earlier: Sequence[Run], rows: Bundle) -> Mapping[str, bytes]:
    """Return the evidence of some runs, beside each."""
    return {
        f"{EARLIER}/{run.id}/{EVIDENCE}/{name}": rows.read(name)
        for run in earlier
        for name in list_evidence(run)
        if name in rows
    }


def _run_files(run: Run, book: Ledger, entries: Sequence[Entry]) -> Mapping[str, str]:
    signed = statements_of(run, book, entries)
    return {"run.json": canonical_pretty(as_json(run)), **({"run.intoto.json": signed[-1]} if signed else {})}


def _read_decision(book: Ledger, entries: Sequence[Entry], move: Move) -> str:
    """Return the decision that was signed, by its digest."""
    own = [entry for entry in entries if entry.kind == "decision" and entry.gate == move.stage and entry.seq < move.seq]
    for body in book.bodies(list(reversed(own))):
        if decision_digest(decision_from_json(body)) == move.predicate.get("decision"):
            return canonical_pretty(json.loads(body))
    raise HarnessError(f"the ledger holds no decision {move.predicate.get('decision')}; bring back the ledger")


def _vouchers(book: Ledger, entries: Sequence[Entry], move: Move) -> Mapping[str, str]:
    """Return the signed waivers that the gate used, and the signed approvals of the candidate recorded before."""
    used = set(move.predicate.get("waivers", ()))
    before = [entry for entry in entries if entry.seq < move.seq and entry.gate == move.stage]
    waivers = [entry for entry in before if entry.kind == NAMES[WAIVER] and entry.id in used]
    approvals = [
        entry for entry in before if entry.kind == NAMES[APPROVAL] and entry.candidate == move.candidate.digest
    ]
    kept = [*waivers, *approvals]
    return {
        f"{entry.kind}s/{entry.id[7:19]}.intoto.json": text for entry, text in zip(kept, book.bodies(kept), strict=True)
    }


def _environment(move: Move, runs: Sequence[Run]) -> Mapping[str, Any]:
    said = move.predicate
    return {
        "code": said.get("code"),
        "policy": said.get("policy"),
        "harness": said.get("harness"),
        "plugins": {run.suite: dict(run.plugins) for run in runs},
        "environment": {run.suite: dict(run.environment) for run in runs},
    }


def _index(move: Move, files: Mapping[str, str], *, has_rows: bool) -> str:
    """Return what the files are, in words."""
    lines = [f"# Dossier: {move.kind} of {short_identity(move.candidate)} to {move.stage}", ""]
    lines += [f"Statement {move.id}.", ""]
    there = [name for name in CONTENTS if name in files or any(file.startswith(name) for file in files)]
    lines += [f"- `{name}`: {CONTENTS[name]}" for name in there]
    rows = "It holds the rows of earlier looks." if has_rows else "No rows are in it."
    return "\n".join([*lines, "", f"{rows} The tables that were judged are named by their digests."]) + "\n"
