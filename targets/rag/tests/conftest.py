"""The index that most tests ask: built once, as embedding takes seconds."""

import pytest
from rag_target.index import Index, build_index
from rag_target.passages import read_passages


@pytest.fixture(scope="session")
def hybrid() -> Index:
    return build_index(read_passages(), "hybrid")


@pytest.fixture(scope="session")
def lexical() -> Index:
    return build_index(read_passages(), "bm25")
