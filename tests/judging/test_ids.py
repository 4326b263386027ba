"""Ids are found among others alike, be they few or many."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from harness.judging.ids import FEW, KnownIds, gather_ids

IDS = st.lists(st.text(max_size=3), max_size=60)


@given(known=IDS, others=IDS)
def test_an_id_is_known_if_it_is_among_those_known_however_many_are_asked_for(
    known: list[str], others: list[str]
) -> None:
    ids = KnownIds(ids=pa.array(known, pa.string()))

    one_by_one = [ids.among(pa.array([other])).to_pylist()[0] for other in others]

    assert [other in known for other in others] == one_by_one
    assert one_by_one == ids.among(pa.array(others, pa.string())).to_pylist()


def test_ids_are_gathered_by_target_and_type() -> None:
    numbers, texts = pa.table({"id": [1, 2] * FEW}), pa.table({"id": ["a"]})
    tables = [("candidate", numbers), ("candidate", texts), ("champion", pa.table({"y": [1]})), ("candidate", None)]

    found = gather_ids(tables)

    assert {"candidate": [[1, 2], ["a"]]} == {
        target: [each.ids.to_pylist() for each in known] for target, known in found.items()
    }
