"""Alerts that fire become degradations; Alertmanager repeats itself, so one is known by what and since when."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness_ci.events import Event
from harness_ci.triggers.reading import Unreadable, pick

MOST = 1000  # alerts in one delivery


def read_alerts(payload: Mapping[str, Any], target: str) -> Iterator[Event]:
    """Yield a degradation for each alert that fires."""
    alerts = pick(payload, "alerts", kind=list)
    if len(alerts) > MOST:
        raise Unreadable(f"{len(alerts)} alerts in one delivery, of which at most {MOST} are read")
    for alert in alerts:
        if pick(alert, "status") == "firing":
            fingerprint, since = pick(alert, "fingerprint"), pick(alert, "startsAt")
            name = pick(alert, "labels", "alertname")
            yield Event(
                key=f"{target}:alert:{fingerprint}:{since}", kind="degradation", target=target, subject=name
            )  # fmt: skip
