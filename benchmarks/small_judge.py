"""What the bundled small language model is worth as a judge: prints a table of docs/judges.md.

    python benchmarks/small_judge.py [DATA]    # needs the group `rag`; DATA: the folder of the labelled sets

Labels of the handbook are by construction: a gold answer with its own passage, and that of another page with it.
"""

import gzip
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from harness_rag.calibrating import calibrate
from harness_rag.llm import ModelJudge, Settings
from rag_target.local_llm import MODEL, PACKAGE, serve_local
from rag_target.passages import read_passages
from rag_target.questions import read_questions

COUNT = 60  # questions of the handbook, and claims of SciFact
FORMS = ("apart", "together")  # the second takes ten minutes of one core and more


def handbook() -> Iterator[dict]:
    """Yield each answer with its own passage, and the answer to a question 37 further on with it."""
    passages = {each.id: each for each in read_passages()}
    asked = [each for each in read_questions() if len(each.relevant) == 1]
    for place, each in enumerate(asked[:COUNT]):
        contexts = [passages[each.relevant[0]].full_text]
        yield {"answer": each.gold, "contexts": contexts, "group": each.page, "label": 1}
        yield {"answer": asked[place + 37].gold, "contexts": contexts, "group": each.page, "label": 0}


def scifact(data: Path) -> Iterator[dict]:
    """Yield claims with the abstracts that support them, or do not."""
    with gzip.open(data / "rag_scifact/pairs_train.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = list(map(json.loads, file))
    for row in rows[:: len(rows) // COUNT][:COUNT]:
        label = int(row["label"] == "SUPPORT")
        yield {"answer": row["claim"], "contexts": [row["abstract"]], "group": row["claim_id"], "label": label}


def main() -> None:
    file = Path(str(find_spec(PACKAGE).origin)).with_name(MODEL)
    revision = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    sets = {"handbook": list(handbook())}
    if sys.argv[1:]:
        sets["SciFact"] = list(scifact(Path(sys.argv[1])))
    print(f"{MODEL} {revision}")
    with serve_local() as url, tempfile.TemporaryDirectory() as folder:
        for title, rows in sets.items():
            labels = Path(folder) / "labels.jsonl"
            labels.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
            for form in FORMS:
                began = time.perf_counter()
                settings = Settings(model=MODEL, revision=revision, max_tokens=100, statements=form, at_once=1, seed=1)
                found = calibrate(ModelJudge(url, settings), labels)
                cells = " | ".join(str(found.figures[name]) for name in ("auroc", "sensitivity", "specificity"))
                took = time.perf_counter() - began
                print(f"| {title} | {form} | {len(rows)} | {found.lost} | {cells} | {took:.0f} s |", flush=True)
                print(f"  not proven: {found.unfit}", flush=True)


if __name__ == "__main__":
    main()
