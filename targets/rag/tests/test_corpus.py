"""The handbook answers what it is said to answer, in one place, and nothing that it is said not to answer."""

import re
from pathlib import Path

import pytest
from rag_target.passages import read_passages
from rag_target.questions import Question, read_questions

PASSAGES = {passage.id: passage for passage in read_passages()}
QUESTIONS = read_questions()
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


def plain(text: str) -> str:
    return " ".join(text.lower().split())


def holds(passage: str, facts: list[str]) -> bool:
    return all(plain(fact) in plain(PASSAGES[passage].full_text) for fact in facts)


def gold_text(question: Question) -> str:
    return plain(" ".join(PASSAGES[name].full_text for name in question.relevant))


def test_the_handbook_is_as_large_as_a_retriever_needs_to_be_tried() -> None:
    unanswerable = [question for question in QUESTIONS if not question.answerable]

    assert len({passage.page for passage in PASSAGES.values()}) >= 40
    assert all(50 <= len(passage.text.split()) <= 120 for passage in PASSAGES.values())
    assert len(QUESTIONS) >= 150
    assert 0.2 == pytest.approx(len(unanswerable) / len(QUESTIONS), abs=0.01)
    assert sum(len(question.relevant) == 2 for question in QUESTIONS) >= 10


def test_ids_and_questions_are_unique() -> None:
    assert len(QUESTIONS) == len({question.id for question in QUESTIONS})
    assert len(QUESTIONS) == len({plain(question.question) for question in QUESTIONS})


def test_the_facts_of_a_gold_answer_stand_in_its_passages() -> None:
    missing = [
        (question.id, fact)
        for question in QUESTIONS
        if question.answerable
        for fact in question.facts or ["(no fact)"]
        if plain(fact) not in gold_text(question)
    ]

    assert [] == missing


def test_each_number_of_a_gold_answer_stands_in_its_passages() -> None:
    wrong = [
        (question.id, number)
        for question in QUESTIONS
        for number in NUMBER.findall(question.gold)
        if number not in NUMBER.findall(gold_text(question))
    ]

    assert [] == wrong


def test_no_other_passage_holds_all_facts_of_an_answer() -> None:
    twice = [
        (question.id, other)
        for question in QUESTIONS
        if question.answerable
        for other in PASSAGES
        if other not in question.relevant and holds(other, [*question.facts])
    ]

    assert [] == twice


def test_both_passages_are_needed_where_two_are_named() -> None:
    enough_alone = [
        (question.id, name)
        for question in QUESTIONS
        if len(question.relevant) == 2
        for name in question.relevant
        if holds(name, [*question.facts])
    ]

    assert [] == enough_alone


def test_what_an_unanswerable_question_asks_for_stands_nowhere() -> None:
    everything = plain(" ".join(passage.full_text for passage in PASSAGES.values()))
    unanswerable = [question for question in QUESTIONS if not question.answerable]

    assert all(question.absent and not question.gold and not question.relevant for question in unanswerable)
    assert [] == [(q.id, phrase) for q in unanswerable for phrase in q.absent if plain(phrase) in everything]


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ({}, "no passage in"),
        ({"a.md": "## Only\ntext\n"}, "does not start with one `# Title`"),
        ({"a.md": "# A\n\nloose text\n\n## B\n\ntext\n"}, "does not start with one `# Title`"),
        ({"a.md": "# A\n\n## B\n\n"}, "section 'B' is empty"),
        ({"a.md": "# A\n\n## B c\n\none\n\n## B, c\n\ntwo\n"}, "have the id 'a/b-c'"),
    ],
)
def test_a_folder_that_is_no_handbook_is_refused(tmp_path: Path, pages: dict[str, str], message: str) -> None:
    for name, text in pages.items():
        (tmp_path / name).write_text(text)

    with pytest.raises(ValueError, match=message):
        read_passages(tmp_path)
