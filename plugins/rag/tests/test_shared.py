"""Judges beside people, on public labelled data; all figures are in docs/judges.md."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from harness_rag.judges import FAITHFULNESS, Answer
from harness_rag.tone import tone
from sklearn.metrics import roc_auc_score

pytestmark = pytest.mark.shared


def test_grounded_ranks_responses_as_people_do_and_above_overlap(shared: Path) -> None:
    rows = pq.read_table(shared / "data/faith_begin/begin.parquet").to_pylist()[::4]
    given = [Answer(answer=row["response"] or "", contexts=(row["knowledge"] or "",)) for row in rows]
    good = [row["begin_label"] == "Fully attributable" for row in rows]

    grounded, overlap = (
        roc_auc_score(good, [FAITHFULNESS[name].score(each) for each in given]) for name in ("grounded", "overlap")
    )

    assert grounded > 0.92
    assert grounded > overlap


def test_tone_goes_with_what_people_feel(shared: Path) -> None:
    with gzip.open(shared / "data/tone_vader/amazonReviewSnippets.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][:1000]

    assert np.corrcoef([tone(row["text"]) for row in rows], [row["mean_valence"] for row in rows])[0, 1] > 0.5
