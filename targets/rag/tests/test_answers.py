"""The default answers quote the handbook, say where, and abstain where little fits."""

import re

import pytest
from rag_target.generation import ABSTENTION, Extractive
from rag_target.handbook import Handbook
from rag_target.index import Index
from rag_target.questions import read_questions
from rag_target.words import split_sentences

QUESTIONS = read_questions()
QUOTE = re.compile(r"(.+?) \[([a-z0-9/-]+)\](?: |$)")


@pytest.fixture(scope="session")
def book(lexical: Index) -> Handbook:
    return Handbook(index=lexical, generator=Extractive(index=lexical))


def test_each_sentence_is_quoted_from_the_passage_that_it_names(book: Handbook) -> None:
    for question in QUESTIONS:
        found = book.ask(question.question)
        quotes = QUOTE.findall(found.text)

        assert found.status == ("ok" if quotes else "refused")
        assert {name for _, name in quotes} <= {hit.passage.id for hit in found.hits}
        for sentence, name in quotes:
            assert sentence in split_sentences(book.index.passages[name].text)


def test_most_answers_hold_the_facts_and_most_questions_without_answer_are_declined(book: Handbook) -> None:
    answered = [(q, book.ask(q.question)) for q in QUESTIONS]
    right = [all(f.lower() in a.text.lower() for f in q.facts) for q, a in answered if q.answerable]
    declined = [a.status == "refused" for q, a in answered if not q.answerable]

    assert sum(right) / len(right) > 0.7
    assert sum(declined) / len(declined) > 0.5


@pytest.mark.parametrize("question", ["", "?", "Zwetschgenkuchen?"])
def test_what_the_handbook_knows_nothing_of_is_declined(book: Handbook, question: str) -> None:
    found = book.ask(question)

    assert ("refused", ABSTENTION) == (found.status, found.text)


def test_quoting_is_free_and_counts_words(book: Handbook) -> None:
    found = book.ask("Which code is used if a machine keeps the money?")

    assert (0.0, "words") == (found.cost, found.usage.counted)
    assert len(found.text.split()) == found.usage.completion_tokens
    assert 0 < found.seconds.retrieval <= found.seconds.first_piece <= found.seconds.total


def test_the_identity_changes_with_all_that_an_answer_depends_on(book: Handbook, hybrid: Index) -> None:
    fewer = Handbook(index=book.index, generator=book.generator, k=3)
    others = Handbook(index=hybrid, generator=Extractive(index=hybrid))

    assert 3 == len({book.digest, fewer.digest, others.digest})
    assert book.digest == Handbook(index=book.index, generator=book.generator).digest
    assert {"code", "prompts", "index.corpus", "k", "generator"} <= set(book.parts)
    assert others.version.startswith("extractive+hybrid@")
