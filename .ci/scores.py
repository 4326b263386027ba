"""Write 2,000 scored rows to the first parquet named, and 2,000 answers to the second."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

chance = np.random.default_rng(0)
label = (chance.random(2000) < 0.3).astype(int)
score = np.clip(0.5 * label + 0.5 * chance.random(2000), 0, 1)
expected = np.array(["pay", "refund", "ask the bank"])[chance.integers(0, 3, 2000)]
answer = np.where(chance.random(2000) < 0.9, expected, "I do not know")
pq.write_table(pa.table({"id": np.arange(2000), "label": label, "score": score}), sys.argv[1])
pq.write_table(pa.table({"id": np.arange(2000), "expected": expected, "answer": answer}), sys.argv[2])
