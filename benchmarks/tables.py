"""Tables and the plot of error rates."""

from collections.abc import Sequence

Row = tuple[str, ...]
EXACT, APPROXIMATE = 0.05, 0.06


def table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw_svg(rows: Sequence[Row]) -> str:
    """Return the rates at the threshold as an SVG: a dot per cell for each side, lines at 5 % and 6 %."""
    height = 14 * len(rows) + 40
    marks = [mark for share in (EXACT, APPROXIMATE) for mark in _line(share, height)]
    for index, row in enumerate(rows):
        y = 32 + 14 * index
        marks.append(f'<text x="0" y="{y + 4}">{row[0]}: {row[1]}</text>')
        for text, fill in ((row[3], "#c33"), (row[4], "#36c")):
            marks.append(f'<circle cx="{_x_position(float(text[:-1]) / 100)}" cy="{y}" r="4" fill="{fill}"/>')
    body = "\n".join(marks)
    style = 'font-family="sans-serif" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="700" height="{height}" {style}>\n{body}\n</svg>\n'


def _line(share: float, height: int) -> list[str]:
    x = _x_position(share)
    line = f'<line x1="{x}" x2="{x}" y1="20" y2="{height}" stroke="#888"/>'
    return [line, f'<text x="{x - 8}" y="14">{share:.0%}</text>']


def _x_position(share: float) -> int:
    return round(380 + 4000 * share)
