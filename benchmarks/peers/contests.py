"""Who takes part in which job: the floor, promotion-harness, and its peers, each with what it measures and its pins."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to do a job: a script in `contestants/`, run in the environment that `pins/PINS.txt` describes."""

    name: str
    job: str
    script: str
    measures: str
    packages: tuple[str, ...]
    pins: str | None = None
    entry: str = "run"

    @property
    def is_peer(self) -> bool:
        """Tell whether it is someone else's: neither the floor nor promotion-harness."""
        return self.pins is not None


def _peer(
    job: str, pins: str, measures: str, name: str = "", entry: str = "run", also: tuple[str, ...] = ()
) -> Contestant:
    package = pins.replace("_", "-")
    return Contestant(
        name=name or package,
        job=job,
        script=f"{job}_{pins}.py",
        measures=measures,
        packages=(package, *(also or ("pandas", "numpy"))),
        pins=pins,
        entry=entry,
    )


def _here(job: str, name: str, script: str, measures: str, packages: tuple[str, ...], entry: str = "run") -> Contestant:
    return Contestant(name=name, job=job, script=script, measures=measures, packages=packages, entry=entry)


OURS = ("promotion-harness", "duckdb", "pyarrow")
CONTESTANTS = (
    _here("drift", "floor", "drift_floor.py", "pyarrow decodes both files, one row group at a time", ("pyarrow",)),
    _here("drift", "harness, check", "drift_ours.py", "KS, PSI, JS, Wasserstein, missing, new categories", OURS),
    _here("drift", "harness, run", "drift_ours.py", "the same, with digests, intervals and verdicts", OURS, "whole"),
    _peer("drift", "scipy", "`ks_2samp`, `wasserstein_distance`; `chi2_contingency`", "SciPy loop"),
    _peer("drift", "evidently", "its default: Wasserstein; Jensen-Shannon", "Evidently, default"),
    _peer("drift", "evidently", "KS; chi-square", "Evidently, KS", "kolmogorov_smirnov"),
    _peer("drift", "nannyml", "its default: Jensen-Shannon", "NannyML, default"),
    _peer(
        "drift",
        "nannyml",
        "KS on 10,000 bins, its default from 10,000 rows; chi-square",
        "NannyML, KS",
        "kolmogorov_smirnov",
    ),
    _peer("drift", "whylogs", "profiles (sketches), then its default: KS; chi-square", "whylogs"),
    _peer("drift", "deepchecks", "`FeatureDrift` of all rows: KS; Cramer's V", "deepchecks, all rows"),
    _peer(
        "drift", "deepchecks", "`FeatureDrift` of 100,000 sampled rows, its default", "deepchecks, default", "sampled"
    ),
    _here("validation", "floor", "validation_floor.py", "DuckDB, one query written by hand", ("duckdb",)),
    _here("validation", "harness, check", "validation_ours.py", "20 rules and the types of 41 columns", OURS),
    _here("validation", "harness, run", "validation_ours.py", "the same, with digests and verdicts", OURS, "whole"),
    _peer("validation", "polars", "polars, one lazy query written by hand", "polars by hand", also=("pyarrow",)),
    _peer("validation", "pandera", "the same rules, pandas, lazy", "pandera, pandas", "with_pandas"),
    _peer("validation", "pandera", "the same rules, polars, lazy", "pandera, polars", "with_polars", ("polars",)),
    _peer(
        "validation",
        "pandera",
        "the same rules, Ibis on DuckDB, lazy",
        "pandera, Ibis",
        "with_ibis",
        ("ibis-framework",),
    ),
    _peer("validation", "great_expectations", "the same rules, pandas", "Great Expectations"),
    _here("bias", "floor", "bias_floor.py", "DuckDB counts by group, label and decision", ("duckdb",)),
    _here("bias", "harness, check", "bias_ours.py", "5 rates of 14 groups, their ratios and gaps: counts", OURS),
    _here("bias", "harness, run", "bias_ours.py", "the same, with digests, intervals and verdicts", OURS, "whole"),
    _peer("bias", "fairlearn", "`MetricFrame`: 5 rates of 8 groups, ratios, differences", "Fairlearn"),
    _peer("bias", "fairlearn", "the same, intervals of 5 bootstrap resamples", "Fairlearn, n_boot=5", "resampled"),
    _peer("bias", "aif360", "`ClassificationMetric`: 5 rates, ratios, differences; group against group", "AIF360"),
)
JOBS = ("drift", "validation", "bias")
