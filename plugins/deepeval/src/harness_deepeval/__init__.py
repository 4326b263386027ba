"""A check that DeepEval makes without a language model, in an environment of its own."""

from collections.abc import Iterator, Mapping

from harness import Check, Dataset, HarnessError, Measurement, check, hookimpl, samples


@check("deepeval.exact_match", metrics={"exact_match": "proportion"})
def exact_match(data: Dataset, *, response: str, reference: str) -> Iterator[Measurement]:
    """Measure how often an answer is the one expected, less spaces around it."""
    from deepeval.metrics import ExactMatchMetric
    from deepeval.test_case import LLMTestCase

    columns = [*([data.roles.id] if data.roles.id else []), *data.roles.cluster, response, reference]
    rows = data.rows(list(dict.fromkeys(columns)))
    pairs = list(zip(rows[reference].to_pylist(), rows[response].to_pylist(), strict=True))
    if any(not isinstance(text, str) for pair in pairs for text in pair):
        raise HarnessError(f"dataset {data.name!r}: {response!r} or {reference!r} has rows without a text; repair them")
    cases = [LLMTestCase(input="answer", actual_output=given, expected_output=expected) for expected, given in pairs]
    scores = [ExactMatchMetric().measure(case, _show_indicator=False) for case in cases]
    kept = {"id": rows[data.roles.id]} if data.roles.id else {}
    kept |= {f"cluster.{name}": rows[name] for name in data.roles.cluster}
    table = type(rows).from_pydict({**kept, "y": [float(score) for score in scores]})
    yield Measurement(metric="exact_match", unit="answers", sample=samples.rows.proportion(table))


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer one check."""
    return {"deepeval.exact_match": exact_match}
