"""Says what a run found as in-toto's standard test result, for tools that know that and nothing of this harness."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from securesystemslib.signer import Signer

from harness.errors import UsageError
from harness.judging.phrases import describe_asked
from harness.signing.envelopes import sign_payload
from harness.signing.runs import run_statement
from harness.signing.statements import STATEMENT_TYPE
from harness.values.canonical import canonical
from harness.values.identity import CANDIDATE
from harness.values.runs import Run
from harness.values.verdicts import Verdict

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"


def sign_test_result(run: Run, signer: Signer, issued: datetime) -> str:
    """Return the envelope of a run's test result. UsageError if no digest says of which candidate it is."""
    if run.candidate.digest is None:
        raise UsageError(
            f"run {run.id} is of {run.candidate.revision!r}, which no digest names, so a test result would be of "
            f"nothing; record made_by in the rows, or judge the model"
        )
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [_resource(run.candidate.revision, run.candidate.digest)],
        "predicateType": TEST_RESULT,
        "predicate": describe_test_result(run, issued),
    }
    return sign_payload(canonical(statement), [signer])


def describe_test_result(run: Run, issued: datetime) -> Mapping[str, Any]:
    """Return the predicate: a must that is not met is FAILED, be it undecided, as `reasons` tell."""
    failed = [verdict for verdict in run.verdicts if _is_missed(verdict, "must")]
    warned = [verdict for verdict in run.verdicts if _is_missed(verdict, "should")]
    passed = [verdict for verdict in run.verdicts if verdict.outcome == "pass"]
    named = {name: digest for name, digest in run_statement(run, issued, ()).subjects.items() if name != CANDIDATE}
    return {
        "result": "FAILED" if failed or run.outcome != "pass" else "WARNED" if warned else "PASSED",
        "configuration": [_resource(name, digest) for name, digest in named.items()],
        "passedTests": [_name(verdict) for verdict in passed],
        "warnedTests": [_name(verdict) for verdict in warned],
        "failedTests": [_name(verdict) for verdict in failed],
        "reasons": {_name(each): f"{each.outcome}: {each.reason}".rstrip(": ") for each in (*failed, *warned)},
    }


def _is_missed(verdict: Verdict, severity: str) -> bool:
    return verdict.requirement.severity == severity and verdict.outcome != "pass"


def _name(verdict: Verdict) -> str:
    return f"{verdict.step}: {verdict.name}, {describe_asked(verdict)}"


def _resource(name: str, digest: str) -> Mapping[str, Any]:
    return {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
