"""One HTML page on which a person labels answers and saves what they said, without any server."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Label answers</title>
<style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}}
article{{border-top:1px solid #888;padding:1rem 0}}
blockquote{{margin:.5rem 0;padding-left:1rem;border-left:3px solid #888}}
pre{{white-space:pre-wrap;font:inherit;margin:0}} label{{margin-right:1.5rem}} button{{font:inherit;padding:.4rem 1rem}}
footer{{position:sticky;bottom:0;background:#fff;padding:1rem 0;border-top:1px solid #888}}
@media(prefers-color-scheme:dark){{body,footer{{color:#eee;background:#111}}}}
</style>
<h1>Is each answer faithful to its contexts?</h1>
<p>Good: all that it says stands in the contexts or follows from them. Leave out what you cannot tell.</p>
{articles}
<footer><button id="save">Save labels</button> <span id="count" role="status"></span></footer>
<script>
const ids = {ids};
const given = () => ids.flatMap((id, at) => {{
  const box = document.querySelector(`input[name=a${{at}}]:checked`);
  return box ? [JSON.stringify({{id, label: Number(box.value)}})] : [];
}});
const show = () => document.getElementById("count").textContent = `${{given().length}} of ${{ids.length}}`;
document.addEventListener("change", show); show();
document.getElementById("save").addEventListener("click", () => {{
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([given().join("\\n") + "\\n"], {{type: "application/jsonl"}}));
  link.download = "labels.jsonl"; link.click();
}});
</script>
</html>
"""


def label_page(rows: Sequence[tuple[str, Mapping[str, Any]]], columns: Mapping[str, str]) -> str:
    """Return the page for rows by id; `columns` says which hold the question, if any, the answer and the contexts."""
    articles = "\n".join(_article(at, row, columns) for at, (_, row) in enumerate(rows))
    ids = json.dumps([row_id for row_id, _ in rows]).replace("<", "\\u003c")
    return PAGE.format(articles=articles, ids=ids)


def shown(row: Mapping[str, Any], columns: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """Return the texts of a row by what they are, in the order in which a person reads them."""
    found = {what: row.get(name) for what, name in columns.items()}
    listed = {what: value if isinstance(value, list) else [value] for what, value in found.items()}
    return {what: [str(each) for each in values if each is not None] for what, values in listed.items()}


def _article(at: int, row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    parts = "".join(
        f"<h3>{escape(what)}</h3>" + "".join(f"<blockquote><pre>{escape(each)}</pre></blockquote>" for each in texts)
        for what, texts in shown(row, columns).items()
    )
    boxes = "".join(
        f'<label><input type="radio" name="a{at}" value="{value}"> {word}</label>'
        for value, word in ((1, "good"), (0, "bad"))
    )
    return f"<article><h2>{at + 1}</h2>{parts}<p>{boxes}</p></article>"
