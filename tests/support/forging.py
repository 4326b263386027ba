"""Changes a ledger as somebody who can write to it would: bodies edited, and the chain over them computed anew."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.records.digests import run_digest
from harness.records.entries import CHAINED, GENESIS, entry_digest
from harness.records.runs import as_json, from_json
from harness.values.canonical import canonical, sha256

Document = dict[str, Any]


@contextmanager
def opened(ledger: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger without what keeps it append-only, and chain it anew at the end."""
    connection = sqlite3.connect(ledger)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    _chain(connection)
    connection.commit()
    connection.close()


def forge_runs(ledger: Path, change: Callable[[Document], object], *, digest: bool = True) -> None:
    """Change the body of every run, with its digest if asked, the columns it is found by, and the chain."""
    with opened(ledger) as connection:
        runs = connection.execute("SELECT seq, body FROM bodies JOIN entries USING (seq) WHERE kind = 'run'").fetchall()
        for seq, body in runs:
            document = json.loads(body)
            change(document)
            write_body(connection, seq, with_own_digest(document) if digest else document)


def with_own_digest(document: Document) -> Document:
    """Return a run's document with the digest of what it says now."""
    run = from_json(canonical(document))
    return as_json(run) | {"digest": run_digest(run)}


def write_body(connection: sqlite3.Connection, seq: int, document: Document) -> None:
    """Replace a run's body, and the columns that it is found by."""
    body, who = canonical(document), document["candidate"]
    connection.execute("UPDATE bodies SET body = ? WHERE seq = ?", (body, seq))
    columns = {
        "body_digest": sha256(body),
        "suite": document["suite"],
        "revision": who["revision"],
        "candidate": who["digest"],
        "outcome": document["outcome"],
        "digest": document["digest"],
        "time": datetime.fromisoformat(document["started"]).isoformat(),
    }
    named = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE entries SET {named} WHERE seq = ?", (*columns.values(), seq))


def _chain(connection: sqlite3.Connection) -> None:
    names = ", ".join(f'"{name}"' for name in CHAINED)
    rows = connection.execute(f"SELECT seq, {names} FROM entries ORDER BY seq").fetchall()
    for seq, *_ in rows:
        connection.execute("UPDATE entries SET prev_digest = ? WHERE seq = ?", (f"x{seq}", seq))
    previous = GENESIS
    for seq, *values in rows:
        entry = dict(zip(CHAINED, values, strict=True)) | {"prev_digest": previous}
        digest = entry_digest(entry)
        connection.execute(
            "UPDATE entries SET prev_digest = ?, entry_digest = ? WHERE seq = ?", (previous, digest, seq)
        )
        previous = digest
