"""The verdicts in the docs are those that the product writes."""

import re

import pytest

from tests.support.decision_texts import PAGE, TEXTS, filled, text


def test_every_verdict_in_the_docs_is_written_by_the_product() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert set(TEXTS) == set(re.findall(r"<!-- verdict: (.+?) -->", page))
    assert filled(page) == page, "run: python tests/support/decision_texts.py"


@pytest.mark.parametrize("name", TEXTS)
def test_verdicts_in_the_docs_hold_no_statistics(name: str) -> None:
    words = text(name).lower()

    for word in ("alpha", "n_eff", "holm", "confidence", "interval", "p-value", "korn", "clopper", "significan"):
        assert word not in words
