"""garak's probes of one question of text, and its detectors of strings: no generators, no models, no network.

This runs in garak's own environment, where nothing of the host is: in a worker, or as a program that prints prompts.
"""

import json
import math
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

HIT = 0.5  # from which score up garak counts a success
SEED = 0


class ProbeError(Exception):
    """Something that garak's probes and detectors cannot do here."""


class _NoTranslation(Exception):
    """Stands for what garak takes from langdetect, which has no wheel; only translations use it."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One prompt of a probe, by its number there, and garak's own record of the attempt."""

    number: int
    prompt: str
    attempt: Any


@dataclass(frozen=True, kw_only=True)
class OpenProbe:
    """A probe with its prompts, all or `most` of them, of `size` that it has, and what tells its successes."""

    name: str
    size: int
    attacks: Sequence[Attack]
    probe: Any
    detector: Any

    def __str__(self) -> str:
        return f"{self.name}: {len(self.attacks)} of {self.size} prompts, told by {self.probe.primary_detector}"

    def succeeded(self, attack: Attack, answer: str) -> bool:
        """Tell whether garak's detector finds in an answer what the attack wanted; no clear score is a ProbeError."""
        attempt = attack.attempt
        try:
            attempt.outputs = [answer]
            for output in attempt.outputs:
                output.lang = attempt.lang
            scores = list(self.detector.detect(self.probe._postprocess_hook(attempt)))
        except Exception as error:
            raise ProbeError(f"{self._where(attack)} cannot be told: {_said(error)}") from error
        if len(scores) != 1 or not isinstance(scores[0], int | float) or not 0 <= scores[0] <= 1:
            raise ProbeError(f"{self._where(attack)} has the scores {scores}, not one from 0 to 1; leave the probe out")
        return bool(scores[0] >= HIT)

    def _where(self, attack: Attack) -> str:
        return f"an answer to prompt {attack.number} of probe {self.name!r}, by {self.probe.primary_detector},"


def open_probe(name: str, most: int | None) -> OpenProbe:
    """Return a probe such as `promptinject.HijackHateHumans` with its detector; ProbeError if it cannot be used here.

    Of more than `most` prompts some are taken that lie evenly between the first and the last.
    """
    if most is not None and most < 1:
        raise ProbeError(f"`most` is a number of prompts from 1 up; found {most}")
    probe = _make("probes", name, f"probe {name!r}")
    _refuse_conversations(name, probe)
    detector = _make("detectors", probe.primary_detector, f"detector {probe.primary_detector!r} of probe {name!r}")
    attempts = [_attempt(probe, prompt, number) for number, prompt in enumerate(probe.prompts)]
    taken = range(0, len(attempts), 1 if most is None else math.ceil(len(attempts) / most))
    attacks = [Attack(number=at, prompt=_question(name, attempts[at]), attempt=attempts[at]) for at in taken]
    return OpenProbe(name=name, size=len(attempts), attacks=attacks, probe=probe, detector=detector)


def version() -> str:
    """Return garak's version."""
    return str(_garak().version)


def _garak() -> Any:
    """Return garak's configuration, loaded once, with a seed, so that a probe has the same prompts each time."""
    detect = ModuleType("langdetect")
    for name in ("detect", "DetectorFactory", "LangDetectException"):
        setattr(detect, name, _NoTranslation)
    sys.modules.setdefault("langdetect", detect)
    config = import_module("garak._config")
    if not config.is_loaded:
        config.load_base_config()
        config.run.seed = SEED
    return config


def _make(kind: str, name: str, what: str) -> Any:
    """Return a new probe or detector; garak's errors, and a model or package that is not there, are a ProbeError."""
    _garak()
    module, _, made = str(name).partition(".")
    random.seed(name)
    try:
        found = getattr(import_module(f"garak.{kind}.{module}"), made)
        if not found.__module__.startswith(f"garak.{kind}."):
            raise AttributeError(f"garak has no {name!r}")
        return found()
    except Exception as error:
        raise ProbeError(
            f"{what} cannot be used: {_said(error)}; name another, as `harness garak list` does"
        ) from error


def _refuse_conversations(name: str, probe: Any) -> None:
    """Refuse a probe that talks with a model by itself, or has no prompts."""
    if type(probe).probe is not import_module("garak.probes.base").Probe.probe:
        raise ProbeError(f"probe {name!r} drives a model by itself, and has no prompts to ask an app; name another")
    if not probe.prompts:
        raise ProbeError(f"probe {name!r} has no prompts without a download; name another")


def _attempt(probe: Any, prompt: Any, number: int) -> Any:
    message = import_module("garak.attempt").Message
    return probe._mint_attempt(
        message(prompt, lang=probe.lang) if isinstance(prompt, str) else prompt, number, None, probe.lang
    )


def _question(name: str, attempt: Any) -> str:
    """Return what one user is to ask; more turns, or something else than text, are a ProbeError."""
    turns = attempt.prompt.turns
    if len(turns) != 1 or turns[0].role != "user" or turns[0].content.data_path or not turns[0].content.text:
        raise ProbeError(f"probe {name!r} asks in several turns, or more than text; name one of single questions")
    return str(turns[0].content.text)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def known_probes() -> Iterator[tuple[str, str]]:
    """Yield the names of garak's probes that can be used here, each with what tells its successes."""
    for path in sorted(import_module("garak.probes").__path__):
        _garak()
        for module in import_module("pkgutil").iter_modules([path]):
            yield from _usable(module.name)


def _usable(module: str) -> Iterator[tuple[str, str]]:
    try:
        held = import_module(f"garak.probes.{module}")
    except Exception:  # noqa: BLE001 - it needs a package that is not there
        return
    for name, made in sorted(vars(held).items()):
        if isinstance(made, type) and made.__module__ == held.__name__ and not name.startswith("_"):
            try:
                found = open_probe(f"{module}.{name}", 1)
            except (ProbeError, AttributeError):
                continue
            yield found.name, f"{found.size} prompts, told by {found.probe.primary_detector}"


def _refuse_network(event: str, _arguments: object) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        raise ProbeError("it asks for the network, which is off here")


def main(names: Sequence[str], most: int | None) -> None:
    """Print the prompts of probes, one JSON object a line; without names, which probes there are."""
    sys.addaudithook(_refuse_network)
    with redirect_stdout(sys.stderr):
        lines = [json.dumps(each) for each in _lines(names, most)]
    print("\n".join(lines))


def _lines(names: Sequence[str], most: int | None) -> Iterator[Mapping[str, object]]:
    if not names:
        yield from ({"probe": name, "told_by": by} for name, by in known_probes())
    for name in names:
        for attack in open_probe(name, most).attacks:
            yield {"probe": name, "number": attack.number, "question": attack.prompt}


if __name__ == "__main__":
    try:
        main(sys.argv[2:], int(sys.argv[1]) or None)
    except ProbeError as error:
        sys.exit(str(error))
