"""What the docs show is what the product reads."""

import re
from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness.documents import parse, parse_yaml
from harness.gating.gates import GatesFile
from harness.gating.waivers import WaiversFile
from harness.signing.trust import TrustFile
from harness.suite.suites import SuiteFile

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FILES = {"gates": GatesFile, "waivers": WaiversFile, "persons": TrustFile}
WHOLE = {"name": "x", "target": {"kind": "table"}, "steps": [{"check": "rows.rate"}]}


def blocks(language: str) -> list[tuple[str, str]]:
    found = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(page.name, block) for page in PAGES for block in found.findall(page.read_text())]


@pytest.mark.parametrize(("page", "block"), blocks("yaml"))
def test_yaml_in_the_docs_is_a_file_that_is_read_or_a_part_of_a_suite(page: str, block: str) -> None:
    if block.lstrip().startswith("- run:"):
        return
    document = parse_yaml(re.sub(r"\{env: (\w+)\}", r"\1", block), page)
    if {"jobs", "targets", "canaries", "canary", "stages"} & {
        *document
    }:  # which tests/cli/test_ci.py and ci/tests read
        return

    kind = next((kind for key, kind in FILES.items() if key in document), None)
    found = parse(kind, document, page) if kind else _suite(document, page)

    assert found


def _suite(document: object, page: str) -> SuiteFile:
    assert isinstance(document, dict)
    baselines = {"champion": {"config": {}}} if "baselines" not in document else {}
    return parse(SuiteFile, {**WHOLE, **({"baselines": baselines} if baselines else {}), **document}, page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    missing = [link for link in links if not (page.parent / link).exists()]

    assert [] == missing


def test_commands_in_the_quickstart_run_as_shown(project: Path, harness: Command) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = np.random.default_rng(0)
    label = (chance.random(3000) < 0.3).astype(int)
    score = np.clip(0.3 * label + 0.7 * chance.random(3000), 0, 1)
    pq.write_table(pa.table({"id": np.arange(3000), "label": label, "score": score}), project / "scores.parquet")
    gates = next(block for page, block in blocks("yaml") if page == "quickstart.md" and "gates:" in block)
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(gates)
    (project / "out").mkdir()
    text = (ROOT / "docs" / "quickstart.md").read_text()
    typed = [line.split("     #")[0] for line in re.findall(r"^harness (?!gate)(.*)$", text, re.MULTILINE)]

    codes = [harness(*line.split()).code for line in typed]

    assert len(codes) >= 4
    assert all(code < 3 for code in codes), list(zip(typed, codes, strict=True))
