"""How each model of whole texts is trained: on one half of its rows, reported on rows that it has not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness_guardrails.detectors import Detector
from harness_guardrails.hashing import Linear
from harness_guardrails.injection import prompt_features
from harness_guardrails.instructions import WorstSentence, sentence_features
from harness_guardrails.normalising import normalise
from harness_guardrails.refusal import Openings, answer_features
from harness_guardrails.sentences import split_sentences
from harness_guardrails.toxicity import toxic_features
from harness_guardrails.training import own
from harness_guardrails.training.copies import without_copies
from harness_guardrails.training.fitting import Example, Rows, at_best_f1, balance, fit, fit_telling
from harness_guardrails.training.sources import Row, half, read_rows
from harness_guardrails.wording import windows
from harness_guardrails.worst_part import Features, WorstPart

LEARNED, REPORTED = 0, 1
PIECE, PROMPTS = 300, 6000  # characters of an attack, sentences of prompts that are learned from
FOLDS, PASSED = 3, 0.95  # of benign prompts
COMPLIES = "1_full_compliance"

Unseen = Mapping[str, Sequence[Example]]
Label = Callable[[Row], int | None]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model, the detector that scores with it, and labelled texts that it has not seen, by their source."""

    linear: Linear
    detector: Detector
    unseen: Unseen


def train_injection(shared: Path, *, trigger_words: bool = True) -> Trained:
    """Train on every part of prompts, each source of a label weighing the same; without NotInject if it is left out.

    Of in-the-wild jailbreaks one half is learned from, but for variants of what is reported on. The threshold lets
    95 of 100 benign prompts of WildGuard pass, of those learned from, each scored by a model that has not seen it.
    """
    benign = {name: _read(name, shared, "prompt", lambda row: 0) for name in ("notinject", "wildguard")}
    emails = _read("emails", shared, "context", lambda row: 0 if row["label"] == 0 else None)
    wild = _read("in-the-wild", shared, "prompt", lambda row: 1)
    other = _read("piguard", shared, "prompt", lambda row: int(str(row["label"])))
    known = [_read(name, shared, "text", lambda row: int(str(row["label"]))) for name in ("s-labs", "neuralchemy")]
    attacks = without_copies(_half(wild, LEARNED), [*_half(wild, REPORTED), *other])
    halves = [*(_half(benign["notinject"], LEARNED) if trigger_words else ()), *_half(emails, LEARNED)]
    chosen = _half(benign["wildguard"], LEARNED)
    # they count as prose: in known attacks, `answer` and `reply` are words of attacks
    offices = [Example(text=text, label=0, source="movie") for text in own.ASKED_OF_OFFICES]
    learned = [*known[0], *known[1], *attacks, *halves, *chosen, *_prose(shared), *offices]
    linear = _fit_passing(learned, chosen)
    rest = {"in-the-wild": wild, **benign, "emails": emails}
    unseen = {name: _half(examples, REPORTED) for name, examples in rest.items()}
    unseen |= {} if trigger_words else {"notinject": benign["notinject"]}
    seen = {each.text for each in learned}
    unseen["piguard"] = [each for each in other if each.text not in seen]
    unseen["advbench"] = _read("advbench", shared, "goal", lambda row: 1)
    return Trained(linear=linear, detector=WorstPart(linear=linear, features=prompt_features), unseen=unseen)


def _fit_passing(learned: Sequence[Example], chosen: Sequence[Example]) -> Linear:
    """Return a model whose threshold lets `PASSED` of `chosen` pass, scored by models that have not seen them."""
    parts = [(each, words) for each in learned for words in windows(normalise(each.text).text)]
    known = list(zip((each for each, _ in parts), prompt_features([words for _, words in parts]), strict=True))

    def learn(left_out: Sequence[Example]) -> WorstPart:
        out = frozenset(left_out)
        kept = [(each, found) for each, found in known if each not in out]
        examples = [each for each, _ in kept]
        weights = balance(examples, power=0)
        rows = Rows(features=[found for _, found in kept], labels=[each.label for each in examples], weights=weights)
        return WorstPart(linear=fit_telling(rows, 4.0), features=prompt_features)

    folds = [chosen[fold::FOLDS] for fold in range(FOLDS)]
    passed = sorted(score for fold in folds for score in learn(fold).scores([each.text for each in fold]))
    return replace(learn(()).linear, threshold=float(passed[int(PASSED * len(passed))]))


def train_instructions(shared: Path) -> Trained:
    """Train on sentences: of prompts, which ask for something, of half of BIPIA's attacks and of our own, beside prose.

    The threshold lets 99 of 100 film reviews through that are left out to choose it. Reported are e-mails and
    attacks of the other halves, by where in the e-mail the attack stands.
    """
    mail = read_rows("emails", shared)
    attacks = [str(row["attack"])[:PIECE] for row in read_rows("bipia", shared) if half(str(row["attack"])) == LEARNED]
    asking = {"bipia": attacks, "own": own.ASKED_OF_MODELS, "prompts": _prompts(shared)}
    letters = [str(row["context"]) for row in mail if row["label"] == 0 and _letter(row) == LEARNED]
    reviews = [each.text for each in _half(_read("movie", shared, "text", lambda row: 0)[::2], LEARNED)]
    telling = {"own": own.SAID_TO_STAFF, "letters": _sentences(letters), "reviews": _sentences(reviews[::2])}
    learned = [
        Example(text=one, label=label, source=source)
        for label, sources in ((1, asking), (0, telling))
        for source, texts in sources.items()
        for one in texts
    ]
    linear = fit(_rows(learned, [sentence_features(each.text) for each in learned]), 4.0)
    passed = sorted(WorstSentence(linear=linear).scores(reviews[1::2]))
    found = WorstSentence(linear=replace(linear, threshold=float(max(0.5, passed[int(0.99 * len(passed))]))))
    return Trained(linear=found.linear, detector=found, unseen=_unseen_mail(mail))


def train_toxicity(shared: Path) -> Trained:
    """Train on halves of two sources, prose, and sentences of our own on self-harm.

    The threshold has the highest F1 on rows of Surge that are left out to choose it, and learned from afterwards.
    """
    surge = _read("surge", shared, "text", lambda row: int(row["is_toxic"] == "Toxic"))
    tweets = _read("davidson", shared, "tweet", lambda row: int(str(row["class"]) != "2"))[::3]
    mine = _own(own.SELF_HARM, own.NO_SELF_HARM)
    learned = [*_half(surge, LEARNED), *_half(tweets, LEARNED), *mine, *_prose(shared)]
    chosen = _half(surge, LEARNED)[::2]
    apart = _fit_parts([each for each in learned if each not in chosen], toxic_features, 1.0)
    scores = WorstPart(linear=apart, features=toxic_features).scores([each.text for each in chosen])
    threshold = at_best_f1(apart, [each.label for each in chosen], scores).threshold
    linear = replace(_fit_parts(learned, toxic_features, 1.0), threshold=threshold)
    found = WorstPart(linear=linear, features=toxic_features)
    unseen = {"surge": _half(surge, REPORTED), "davidson": _half(tweets, REPORTED)}
    return Trained(linear=linear, detector=found, unseen=unseen)


def train_refusal(shared: Path) -> Trained:
    """Train on Mistral's answers, which are openly licensed, and sentences of our own; report on other models'."""
    rows = read_rows("xstest", shared)
    answers = [_example(row, "completion", int(row["final_label"] != COMPLIES), str(row["model"])) for row in rows]
    learned = [each for each in answers if each.source.startswith("mistral")]
    learned += _own(own.REFUSALS, own.ANSWERS)
    linear = fit(_rows(learned, answer_features([each.text for each in learned])), 1.0)
    others = sorted({each.source for each in answers if not each.source.startswith("mistral")})
    unseen = {name: [each for each in answers if each.source == name] for name in others}
    return Trained(linear=linear, detector=Openings(linear=linear), unseen=unseen)


def _fit_parts(examples: Sequence[Example], features: Features, strength: float) -> Linear:
    """Return a model of the first part of each text."""
    parts = [windows(normalise(each.text).text)[0] for each in examples]
    return fit(_rows(examples, features(parts)), strength)


def _rows(examples: Sequence[Example], features: Sequence[set[str]]) -> Rows:
    return Rows(features=features, labels=[each.label for each in examples], weights=balance(examples))


def _prompts(shared: Path) -> Sequence[str]:
    """Return the first sentences of prompts, of those that are halved only what is learned from."""
    kept = {"wildguard": "prompt", "notinject": "prompt", "s-labs": "text", "neuralchemy": "text"}
    texts = [str(row[key]) for name, key in kept.items() for row in read_rows(name, shared)]
    sentences = [one for text in texts if half(text) == LEARNED for one in split_sentences(text)[:3]]
    return sentences[:: max(1, len(sentences) // PROMPTS)]


def _sentences(texts: Sequence[str]) -> Sequence[str]:
    return [sentence for text in texts for sentence in split_sentences(text)]


def _letter(row: Row) -> int:
    """Return in which half an e-mail is: with or without an attack it is the same e-mail."""
    return half(str(row["id"]).rsplit("-", 1)[0])


def _unseen_mail(mail: Sequence[Row]) -> Unseen:
    """Return e-mails, clean and with attacks, both unseen, by where the attack stands."""
    rest = [row for row in mail if _letter(row) == REPORTED]
    clean = [Example(text=str(row["context"]), label=0, source="clean") for row in rest if row["label"] == 0]
    attacked = [row for row in rest if row["label"] == 1 and half(str(row["attack"])) == REPORTED]
    return {
        f"attack at the {place}": [
            *clean,
            *(Example(text=str(row["context"]), label=1, source=place) for row in attacked if row["position"] == place),
        ]
        for place in ("start", "middle", "end")
    }


def _read(name: str, shared: Path, text: str, label: Label) -> Sequence[Example]:
    """Return the rows of a source that have a text and a label."""
    rows = [(row, label(row)) for row in read_rows(name, shared) if row[text]]
    return [_example(row, text, found, name) for row, found in rows if found is not None]


def _prose(shared: Path) -> Sequence[Example]:
    """Return sentences of film reviews: they are neither attacks nor, but for a few, toxic."""
    return _half(_read("movie", shared, "text", lambda row: 0)[::20], LEARNED)


def _own(positive: Sequence[str], negative: Sequence[str]) -> list[Example]:
    pairs = [(text, label) for label, texts in ((1, positive), (0, negative)) for text in texts]
    return [Example(text=text, label=label, source="own") for text, label in pairs]


def _half(examples: Sequence[Example], which: int) -> Sequence[Example]:
    return [each for each in examples if half(each.text) == which]


def _example(row: Row, text: str, label: int, source: str) -> Example:
    return Example(text=str(row[text] or ""), label=label, source=source)
