"""How often a judge errs on answers that people labelled: its threshold, its shares of right, and their intervals."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness import HarnessError, Sample, estimate, samples
from harness_rag.judges import Answer, Instrument, Judgement
from harness_rag.labels import read_labels

FEWEST, FEWEST_OF_A_KIND = 50, 10  # labels: with fewer a threshold is a guess
LEAST_AUROC = 0.6  # the lower bound of what a judge must show, to be more than a coin with some luck
FOLDS = 5
UNSCORED = -1.0  # of a labelled answer that got no verdict: below any that did
MOST_UNSCORED = 0.05
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Folds = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A share, 0 to 1, with one-sided bounds of 95 % each; `n` are the labels it is of, `n_eff` what they are worth."""

    value: float
    lower: float
    upper: float
    n: int
    n_eff: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.lower:.3f} to {self.upper:.3f}, n {self.n})"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What labels say of a judge: scores from a threshold up are called good.

    Each fold of the labels has a threshold that was chosen on the others; the figures are of each fold's own answers.
    `lost` are the labelled answers that got no verdict, `unfit` says why the judge decides no must.
    """

    judge: str
    digest: str
    labels: str
    thresholds: tuple[float, ...]
    figures: Mapping[str, Figure]
    lost: int = 0
    unfit: str = ""

    def calls_good(self, answer: Answer, score: float) -> bool:
        """Tell whether a scored answer is called good: by the threshold of one fold, drawn by the answer's digest.

        So its chance to be called good wrongly is that of the labelled answers, which one threshold of all is not.
        """
        drawn = hashlib.sha256(repr(answer).encode(errors="backslashreplace")).digest()
        return score >= self.thresholds[int.from_bytes(drawn[:8]) % len(self.thresholds)]

    def errors(self) -> Mapping[str, float]:
        """Return how many good answers the judge called good and bad ones bad, of how many independent ones."""
        good, bad = self.figures["sensitivity"], self.figures["specificity"]
        return {
            "tp": good.value * good.n_eff,
            "positives": good.n_eff,
            "tn": bad.value * bad.n_eff,
            "negatives": bad.n_eff,
        }


def calibrate(judge: Instrument, path: Path) -> Calibration:
    """Return what the labels of a file say of a judge; labels of one kind alone are an error."""
    found = read_labels(path)
    labels = np.array([each.label == 1 for each in found])
    if labels.all() or not labels.any():
        raise HarnessError(
            f"{path}: all {len(labels)} labels are {int(labels[0])}, so nothing tells how often {judge.name!r} errs on "
            f"the others; label some of each kind"
        )
    judged = judge.judge_all([each.given for each in found])
    scores = np.array([each.score if each.fate == "scored" else UNSCORED for each in judged])
    groups = [each.group for each in found]
    folds = deal_folds(labels, groups)
    figures = measure_figures(scores, labels, groups)
    return Calibration(
        judge=judge.name,
        digest=judge.digest,
        labels=f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        thresholds=fit_thresholds(scores, labels, folds),
        figures=figures,
        lost=sum(each.fate != "scored" for each in judged),
        unfit=judge.doubt or _unscored(judged) or _unfit(figures),
    )


def measure_figures(scores: Numbers, labels: Flags, groups: Sequence[str]) -> Mapping[str, Figure]:
    """Return AUROC, sensitivity, specificity and agreement with people; answers of one group count together."""
    decided = decide_across(scores, labels, groups)
    right = (decided == labels).astype(float)
    of = np.array(groups)
    ranked = pa.table({"y": labels.astype(float), "score": scores, **_cluster(of)})
    return {
        "auroc": _figure(samples.rows.auc(ranked)),
        "sensitivity": _share(right[labels], of[labels]),
        "specificity": _share(right[~labels], of[~labels]),
        "agreement": _share(right, of),
    }


def fit_threshold(scores: Numbers, labels: Flags) -> float:
    """Return the score that best parts good from bad (Youden 1950); of several, the middle one."""
    known = np.unique(scores)
    between = np.concatenate([[known[0]], (known[1:] + known[:-1]) / 2])
    good, bad = np.sort(scores[labels]), np.sort(scores[~labels])
    sensitivity = 1 - np.searchsorted(good, between) / max(len(good), 1)
    specificity = np.searchsorted(bad, between) / max(len(bad), 1)
    gain = sensitivity + specificity
    best = between[gain >= gain.max() - 1e-12]
    return float(best[len(best) // 2])


def fit_thresholds(scores: Numbers, labels: Flags, folds: Folds) -> tuple[float, ...]:
    """Return for each fold the threshold that best parts the answers of the others."""
    return tuple(fit_threshold(scores[folds != fold], labels[folds != fold]) for fold in range(folds.max() + 1))


def decide_across(scores: Numbers, labels: Flags, groups: Sequence[str]) -> Flags:
    """Return which answers are called good, each by a threshold that was chosen on other groups than its own."""
    folds = deal_folds(labels, groups)
    decided: Flags = scores >= np.array(fit_thresholds(scores, labels, folds))[folds]
    return decided


def deal_folds(labels: Flags, groups: Sequence[str]) -> Folds:
    """Return the fold of each answer, at most five: groups are whole, and good and bad ones are dealt out in turn."""
    kinds = dict.fromkeys(groups, False)
    for group, label in zip(groups, labels, strict=True):
        kinds[group] = kinds[group] or bool(label)
    if len(kinds) < 2:
        raise HarnessError("all labels are of one group, so no threshold can be tried on another; label more groups")
    order = sorted(kinds, key=lambda group: (kinds[group], hashlib.sha256(group.encode()).digest()))
    fold = {group: place % FOLDS for place, group in enumerate(order)}
    return np.array([fold[group] for group in groups])


def _share(right: Numbers, groups: NDArray[np.str_]) -> Figure:
    return _figure(samples.rows.proportion(pa.table({"y": right, **_cluster(groups)})))


def _cluster(groups: NDArray[np.str_]) -> Mapping[str, pa.Array]:
    return {"cluster.group": pa.array(groups.tolist())} if len(set(groups.tolist())) < len(groups) else {}


def _figure(sample: Sample) -> Figure:
    seen = estimate(sample)
    return Figure(
        value=seen.value, lower=seen.lower or 0.0, upper=1.0 if seen.upper is None else seen.upper, n=seen.n,
        n_eff=min(seen.n_eff, float(seen.n)),
    )  # fmt: skip


def _unscored(judged: Sequence[Judgement]) -> str:
    """Return that too many labelled answers got no verdict, with the first reason, or nothing."""
    lost = [each for each in judged if each.fate != "scored"]
    if len(lost) <= MOST_UNSCORED * len(judged):
        return ""
    return f"{len(lost)} of {len(judged)} labelled answers got no verdict; of the first: {lost[0].why}"


def _unfit(figures: Mapping[str, Figure]) -> str:
    """Return why a judge decides nothing alone, or nothing."""
    good, bad, auroc = figures["sensitivity"].n, figures["specificity"].n, figures["auroc"]
    if good + bad < FEWEST or min(good, bad) < FEWEST_OF_A_KIND:
        return (
            f"its calibration has {good} good and {bad} bad answers; {FEWEST} labels are needed, and "
            f"{FEWEST_OF_A_KIND} of each kind"
        )
    if auroc.lower < LEAST_AUROC:
        return f"its AUROC is {auroc.value:.2f}, maybe only {auroc.lower:.2f}; at least {LEAST_AUROC:g} is needed"
    if figures["sensitivity"].value + figures["specificity"].value <= 1:
        return "it is no better than chance on answers that its threshold was not chosen on"
    return ""
