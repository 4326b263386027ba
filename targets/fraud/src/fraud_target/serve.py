"""The commands that fill a store and serve a model from it: `fraud-target load`, `online`, `serve`."""

import asyncio
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from fraud_target.options import refusals_told

KINDS = "The feature store: redis://HOST:PORT, feast:FOLDER or hopsworks:PROJECT."
STORE = click.option(
    "--store",
    envvar="STORE_URL",
    required=True,
    help="The feature store: redis://HOST:PORT, feast:FOLDER or hopsworks:PROJECT.",
)
GRACE = 10  # seconds for requests in flight when the service is told to stop
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@click.command()
@STORE
@click.option("--transactions", type=click.Path(path_type=Path, exists=True), required=True, help="The offline table.")
@click.option("--until", type=click.DateTime(), required=True, help="Payments before this instant (UTC) are history.")
def load(store: str, transactions: Path, until: datetime) -> None:
    """Fill a feature store from the offline table."""
    from fraud_target.loading import load as loaded  # noqa: PLC0415  only the service's extra has redis

    with refusals_told():
        click.echo(f"loaded {loaded(transactions, until, store):,} payments made before {until}")


@click.command()
@STORE
@click.option(
    "--payments", type=click.Path(path_type=Path, exists=True), required=True, help="Payments, with is_fraud."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The features, as parquet.")
def online(store: str, payments: Path, out: Path) -> None:
    """Send payments to a feature store and write the features it gave, to be compared with the offline ones."""
    from fraud_target.replaying import replay  # noqa: PLC0415  only the service's extra has redis
    from fraud_target.store import StoreDown  # noqa: PLC0415
    from fraud_target.stores import store_at  # noqa: PLC0415

    with refusals_told():
        opened = store_at(store)
        try:
            click.echo(f"wrote the online features of {asyncio.run(replay(payments, opened, out)):,} payments to {out}")
        except StoreDown as trouble:
            raise ValueError(str(trouble)) from trouble


def _check_pin(context: click.Context, parameter: click.Parameter, pin: str | None) -> str | None:
    """Return the digest to serve, None where nothing was said; an empty one was meant to pin, and is refused."""
    if pin is not None and not DIGEST.fullmatch(pin):
        raise click.BadParameter(
            f"asked for sha256: and 64 hex digits, found {pin!r}; give the digest, or unset MODEL_DIGEST to serve any"
        )
    return pin


@click.command()
@STORE
@click.option("--model", envvar="MODEL_URI", required=True, help="models:/NAME/VERSION, an alias, or a folder.")
@click.option(
    "--digest",
    default=lambda: os.environ.get("MODEL_DIGEST"),  # an `envvar` that is empty would count as none
    callback=_check_pin,
    help="Serve no other model than this one; default: what MODEL_DIGEST holds.",
)
@click.option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="MLflow store.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--in-flight", type=click.IntRange(1), default=128, show_default=True, help="Requests at once.")
@click.option("--api-key", envvar="API_KEY", help="What callers must send as X-API-Key.")
@click.option(
    "--fallback-score",
    envvar="FALLBACK_SCORE",
    type=click.FloatRange(0, 1),
    help="Answer this score, marked `fallback: true`, while the store is down; default: answer 503.",
)
@click.option(
    "--follow-every",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds between looks at where an alias points.",
)
def serve(
    store: str,
    model: str,
    digest: str | None,
    tracking_uri: str | None,
    host: str,
    port: int,
    follow_every: float,
    **limits: Any,
) -> None:
    """Serve a model over HTTP."""
    import uvicorn  # noqa: PLC0415  only the service's extra has it

    from fraud_target.app import create_app  # noqa: PLC0415
    from fraud_target.bounded_http import BoundedHttp  # noqa: PLC0415
    from fraud_target.following import Alias  # noqa: PLC0415
    from fraud_target.limits import Limits  # noqa: PLC0415
    from fraud_target.served import is_alias, load_model  # noqa: PLC0415
    from fraud_target.stores import store_at  # noqa: PLC0415

    with refusals_told():
        features = store_at(store)
        found = load_model(model, pinned=digest, tracking_uri=tracking_uri)
    alias = Alias(uri=model, pinned=digest, every=follow_every) if is_alias(model) else None
    app = create_app(found, features, Limits(**limits), alias=alias)
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE,
        http=BoundedHttp,
        proxy_headers=False,
        ws="none",
    )
