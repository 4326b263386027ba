"""What a comment in a pull request says of a decision that the pull request's own run left, read as a stranger's.

Who wrote the code wrote the artefact: nothing of it is unpacked, rendered as markup, or believed.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from harness import GateDecision, HarnessError

MEMBER = "decision.json"
LIMIT = 1_000_000  # bytes, of the archive and of what is read from it
LINES, WIDTH = 30, 200
TITLES = {
    "pass": "✅ Pass",
    "waived": "✅ Pass, with a waiver",
    "fail": "❌ Fail",
    "inconclusive": "🟡 Inconclusive",
    "error": "❌ Could not be judged",
}
NOTE = "What the run of this pull request says of itself, by its own code: nothing of it is signed or promoted."
DECISION = TypeAdapter(GateDecision)
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def render_comment(archive: bytes) -> str:
    """Return the Markdown of a comment; HarnessError where the archive holds no decision that may be read."""
    found = _read_decision(_read_member(archive))
    lines = list(_describe(found))
    left = len(lines) - LINES
    shown = [*lines[:LINES], *([f"and {left} more"] if left > 0 else [])]
    return "\n".join([f"### {TITLES[found.outcome]}", "", NOTE, "", "```text", *map(_defuse, shown), "```", ""])


def _read_member(archive: bytes) -> bytes:
    """Return the decision's bytes from a zip archive, of which nothing else is opened."""
    if len(archive) > LIMIT:
        raise HarnessError(f"the artefact is larger than {LIMIT:,} bytes; nothing of it is shown")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if opened.namelist().count(MEMBER) != 1:
                raise HarnessError(f"the artefact has no {MEMBER}, or several; nothing of it is shown")
            with opened.open(MEMBER) as member:
                found = member.read(LIMIT + 1)
    except UNREADABLE as error:
        raise HarnessError(f"the artefact is no archive that can be read: {type(error).__name__}") from error
    if len(found) > LIMIT:
        raise HarnessError(f"{MEMBER} is larger than {LIMIT:,} bytes; nothing of it is shown")
    return found


def _read_decision(text: bytes) -> GateDecision:
    try:
        return DECISION.validate_json(text)
    except (ValidationError, HarnessError, RecursionError) as error:
        raise HarnessError(
            f"{MEMBER} is no decision of a gate ({type(error).__name__}); nothing of it is shown"
        ) from None


def _describe(decision: GateDecision) -> Iterator[str]:
    yield f"gate       {decision.gate}"
    yield f"candidate  {decision.candidate.revision} {decision.candidate.digest or ''}"
    yield from decision.reasons
    yield from (f"beware: {warning}" for warning in decision.warnings)


def _defuse(line: str) -> str:
    """Return a line in which nothing ends a block of code, hides, or reads as another direction."""
    plain = "".join(each if " " <= each <= "~" and each not in "`~" else "?" for each in line)
    return plain if len(plain) <= WIDTH else f"{plain[: WIDTH - 3]}..."
