"""Writes a first suite from what a table tells."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.presets.columns import Column, Table, positives
from harness.presets.fill import as_yaml, fill_template, template
from harness.presets.roles import Roles, guess
from harness.suite.names import SUFFIX

LISTED = 7  # columns of a schema, so that the suite stays on one screen
IBIS = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "UUID": "uuid", "DOUBLE": "float64"} | {
    "TIMESTAMP": "timestamp",
    "DECIMAL": "decimal",
    "FLOAT": "float32",
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "UBIGINT": "uint64",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line names: where to write, and the columns whose role it tells."""

    out: Path
    schemas: Path
    label: str | None = None
    positive: str | None = None
    score: str | None = None
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Written:
    """A suite's text, and what was taken for what."""

    text: str
    summary: str


def classifier(table: Table, wanted: Wanted) -> Written:
    """Return a suite that asks a scored table for recall, precision and AUC."""
    roles = guess(table, label=wanted.label, positive=wanted.positive, score=wanted.score, key=wanted.id)
    names = {"label": roles.label, "score": roles.score, "decision": roles.decision, "id": roles.id, "time": roles.time}
    columns = {role: as_yaml(column.name) for role, column in names.items() if column is not None}
    groups = ", ".join(as_yaml(column.name) for column in roles.clusters)
    values = _common(table, wanted) | {role: columns.get(role) for role in ("label", "id", "time")}
    values |= {
        "positives": f"{positives(table, roles.label, roles.positive):,}",
        "label_values": _label_values(roles),
        "exclude": f"{{{columns['label']}: [null]}}" if roles.label.missing else None,
        "unlabelled": f"{roles.label.missing:,}",
        "cluster": f"[{groups}]" if groups else None,
        "config": _config(columns, roles.score, as_yaml(f"{suite_name(wanted.out)}-v1")),
        "recall": "0.6",
        "precision": "0.6",
        "auc": "0.6" if roles.score else None,
    }
    message = [f"{role} {column}" for role, column in columns.items()] + ([f"cluster {groups}"] if groups else [])
    message += [f"{roles.label.missing:,} rows without a label left out"] if roles.label.missing else []
    return Written(text=fill_template(template("classifier.suite.yaml"), values), summary=", ".join(message))


def data(table: Table, wanted: Wanted) -> Written:
    """Return a suite that asks the next file for the types, nulls and ranges of this one."""
    rules = [f"{as_yaml(column.name)}: {_rules(column)}" for column in table.columns.values()]
    left = [as_yaml(name) for name in list(table.columns)[LISTED:]]
    values = _common(table, wanted) | {
        f"column_{index + 1}": rules[index] if index < len(rules) else None for index in range(LISTED)
    }
    values["more"] = f"and likewise: {', '.join(left)}" if left else None
    message = f"{min(len(rules), LISTED)} of {len(rules)} columns"
    return Written(text=fill_template(template("data.suite.yaml"), values), summary=message)


def latency(table: Table, wanted: Wanted) -> Written:
    """Return a suite that sends the rows of a table to a service, and asks how many answers come late."""
    sent = [f'{as_yaml(column)}: "{{{column}}}"' for column in table.columns if re.fullmatch(r"\w+", column)]
    if not sent:
        raise UsageError(f"{table.uri} has no column that a request can name ({table.columns_text()}); rename one")
    values = _common(table, wanted) | {
        f"column_{index + 1}": sent[index] if index < len(sent) else None for index in range(LISTED)
    }
    values["more"] = f"and likewise: {', '.join(sent[LISTED:])}" if sent[LISTED:] else None
    return Written(
        text=fill_template(template("latency.suite.yaml"), values), summary=f"{len(sent[:LISTED])} columns to send"
    )


def rag(table: Table, wanted: Wanted) -> Written:
    """Return a suite that judges recorded answers: what needs no judge as musts, what a judge says as shoulds."""
    found = {role: _named(table, names) for role, names in OF_ANSWERS.items()}
    for role in ("answer", "contexts"):
        if found[role] is None:
            raise UsageError(
                f"{table.uri} has no column of {role} ({table.columns_text()}); call one {', '.join(OF_ANSWERS[role])}"
            )
    columns = {role: name and as_yaml(name) for role, name in found.items()}
    key = wanted.id or _named(table, ("id", "question_id"))
    values = _common(table, wanted) | columns | {
        "id": key and as_yaml(key),
        "relevance": "0.3" if found["question"] else None,
        "abstention": "0.5" if found["answerable"] else None,
    }  # fmt: skip
    message = [f"{role} {column}" for role, column in columns.items() if column]
    return Written(text=fill_template(template("rag.suite.yaml"), values), summary=", ".join(message))


PRESETS: Mapping[str, Callable[[Table, Wanted], Written]] = {
    "classifier": classifier,
    "data": data,
    "latency": latency,
    "rag": rag,
}
LATER: Sequence[str] = ("fraud",)
OF_ANSWERS: Mapping[str, Sequence[str]] = {
    "answer": ("answer", "response", "output", "completion"),
    "contexts": ("contexts", "context", "passages", "documents", "retrieved_contexts"),
    "question": ("question", "query", "input", "user_input"),
    "gold": ("gold", "gold_answer", "reference", "expected", "ground_truth"),
    "answerable": ("answerable",),
    "status": ("status",),
}


def schema_path(folder: Path, name: str, file: Path) -> str:
    """Return where a file finds its schema: from the file's own folder, as editors read it."""
    return Path(os.path.relpath(folder / f"{name}.json", file.resolve().parent)).as_posix()


def suite_file(source: Path) -> Path:
    """Return where a suite goes when nothing else is said: here, named like its table."""
    return Path(f"{suite_name(source)}{SUFFIX}")


def _named(table: Table, names: Sequence[str]) -> str | None:
    """Return the column that has the first of some names, whatever the case of its letters."""
    known = {name.lower(): name for name in table.columns}
    return next((known[name] for name in names if name in known), None)


def _common(table: Table, wanted: Wanted) -> dict[str, str | None]:
    folder = wanted.out.resolve().parent
    return {
        "name": as_yaml(suite_name(wanted.out)),
        "file": as_yaml(os.path.relpath(wanted.out)),
        "source": as_yaml(Path(os.path.relpath(table.uri, folder)).as_posix()),
        "rows": f"{table.rows:,}",
        "model": as_yaml(f"{suite_name(wanted.out)}-v1"),
        "schema": schema_path(wanted.schemas, "suite", wanted.out),
    }


def suite_name(path: Path) -> str:
    """Return a suite's name as a suite may be called."""
    stem = path.name.removesuffix(SUFFIX).rsplit(".", 1)[0] if not path.name.endswith(SUFFIX) else path.name
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", stem.removesuffix(SUFFIX)).strip("-._")
    return clean or "suite"


def _config(columns: Mapping[str, str], score: Column | None, model: str) -> str:
    own = {role: columns[role] for role in ("score", "decision") if role in columns}
    if "decision" not in own and score is not None:
        own["operating_point"] = f"{{threshold: {_threshold(score)}}}"
    return f"{{{', '.join(f'{key}: {value}' for key, value in {'data': 'scored', 'model': model, **own}.items())}}}"


def _label_values(roles: Roles) -> str | None:
    """Return which word means 1 and which 0; None where the label holds these."""
    if roles.positive is None:
        return None
    words = (str(roles.label.low), str(roles.label.high))
    return f"{{{', '.join(f'{as_yaml(word)}: {int(word == roles.positive)}' for word in words)}}}"


def _threshold(score: Column) -> str:
    """Return the middle of the scale: a placeholder that decides something."""
    return "0.5" if score.is_within(0, 1) else f"{(float(str(score.low)) + float(str(score.high))) / 2:.3g}"


def _rules(column: Column) -> str:
    rules = {
        "type": _ibis(column.type),
        "nullable": "true" if column.missing else "false",
        "min": "0" if column.never_negative else None,
    }
    return f"{{{', '.join(f'{key}: {value}' for key, value in rules.items() if value is not None)}}}"


def _ibis(kind: str) -> str | None:
    """Return the type as a schema writes it, a decimal of any precision; None where that would not be short."""
    return IBIS.get(kind.partition("(")[0] if kind.endswith(")") else kind)
