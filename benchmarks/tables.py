"""Tables and the plot of error rates."""

from collections.abc import Sequence

Row = tuple[str, ...]
EXACT, APPROXIMATE = 0.05, 0.06


def table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def drawn(rows: Sequence[Row]) -> str:
    """Return the rates at the threshold as an SVG: a dot per cell for each side, a line at 5 %."""
    height, scale = 14 * len(rows) + 40, 4000
    marks = [f'<line x1="{290 + 0.05 * scale:.0f}" x2="{290 + 0.05 * scale:.0f}" y1="20" y2="{height}" stroke="#888"/>']
    marks.append(f'<text x="{290 + 0.05 * scale - 8:.0f}" y="14">5 %</text>')
    for index, row in enumerate(rows):
        y = 32 + 14 * index
        marks.append(f'<text x="0" y="{y + 4}">{row[0]}: {row[1]}</text>')
        for text, fill in ((row[3], "#c33"), (row[4], "#36c")):
            marks.append(f'<circle cx="{290 + float(text[:-1]) / 100 * scale:.0f}" cy="{y}" r="4" fill="{fill}"/>')
    body = "\n".join(marks)
    style = 'font-family="sans-serif" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" {style}>\n{body}\n</svg>\n'
