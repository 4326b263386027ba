"""Write 2,000 scored rows to the parquet named."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

chance = np.random.default_rng(0)
label = (chance.random(2000) < 0.3).astype(int)
score = np.clip(0.5 * label + 0.5 * chance.random(2000), 0, 1)
pq.write_table(pa.table({"id": np.arange(2000), "label": label, "score": score}), sys.argv[1])
