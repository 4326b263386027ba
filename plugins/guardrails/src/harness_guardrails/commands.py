"""`harness guardrails`: train the small models again, and find what is in a text."""

from pathlib import Path

import click

from harness import UsageError

NAMES = ("injection", "instructions", "pii", "refusal", "toxicity")
MODELS = Path(__file__).parent / "models"


@click.group()
def command() -> None:
    """Train the small models of the detectors again, and try a detector on a text."""


@command.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option("--shared", type=click.Path(path_type=Path, file_okay=False), default=Path("../shared"),
              help="Folder of the public reference data.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), default=MODELS,
              help="Folder for NAME.npz; default: where the plugin reads it.")  # fmt: skip
def train(name: str, shared: Path, out: Path) -> None:
    """Train a model again, on rows whose licence allows it, and say what it finds in rows that it has not seen."""
    from harness_guardrails.training import fitting, personal, recipes  # noqa: PLC0415 - scikit-learn loads here

    if not out.is_dir():
        raise UsageError(f"no folder {str(out)!r} to write {name}.npz into; create it")
    if name == "pii":
        linear = personal.train_pii(shared)
        fitting.write_model(out / f"{name}.npz", linear)
    else:
        trained = getattr(recipes, f"train_{name}")(shared)
        linear = trained.linear
        fitting.write_model(out / f"{name}.npz", linear)
        for source, examples in trained.unseen.items():
            scores = trained.detector.scores([each.text for each in examples])
            found = sum(score >= linear.threshold for score in scores)
            labelled = sum(each.label for each in examples)
            click.echo(f"{source}: {found} of {len(examples)} unseen texts detected, {labelled} are labelled 1")
    click.echo(f"wrote {out / name}.npz, threshold {linear.threshold:.3f}")


@command.command()
@click.argument("wheel", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), default=MODELS,
              help="Folder for recurrent.npz and its words; default: where the plugin reads them.")  # fmt: skip
def convert(wheel: Path, out: Path) -> None:
    """Convert the recurrent network of toxic-comment-classifier 0.3.0 from its WHEEL, held to a known digest."""
    from harness_guardrails.training import arrays  # noqa: PLC0415 - needed for this alone

    if not out.is_dir():
        raise UsageError(f"no folder {str(out)!r} to write recurrent.npz into; create it")
    arrays.write_network(arrays.convert_wheel(wheel), out)
    click.echo(f"wrote {out / 'recurrent.npz'}, and its words beside it")


@command.command()
@click.argument("name")
@click.argument("text")
def score(name: str, text: str) -> None:
    """Print what a detector scores a text, its threshold, and the spans that it finds, without what stands there."""
    from harness_guardrails.detectors import open_detector  # noqa: PLC0415

    found = open_detector(name)
    (value,) = found.scores([text])
    click.echo(f"{value:.3f} of {found.threshold:.3f}: {'detected' if value >= found.threshold else 'not detected'}")
    for start, end in found.spans(text) if hasattr(found, "spans") else ():
        click.echo(f"characters {start} to {end}")


@command.command()
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path(),
              help="Folder for attacks.parquet and rounds.parquet; default: this one.")  # fmt: skip
@click.option(
    "--carrier", "carriers", multiple=True, help="A harmless question that attacks stand beside; several are possible."
)
@click.option("--canary", "canaries", multiple=True, help="A string that no answer may hold; several are possible.")
def probes(out: Path, carriers: tuple[str, ...], canaries: tuple[str, ...]) -> None:
    """Write attacks to ask an app: questions, passages to plant, and what stands in the answer if one succeeds."""
    from harness_guardrails.probes import write_probes  # noqa: PLC0415

    made = write_probes(out, carriers or ("What are the opening hours?",), canaries or ("Kestrel-7741-Lagoon",))
    for name, count in made.items():
        click.echo(f"wrote {count} attacks to {out / name}.parquet")
