"""Makes text printable: what others wrote may hold characters that move a cursor, turn lines around or end them."""

import re
import unicodedata
from urllib.parse import unquote

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (as bidirectional ones), lone surrogates, line ends
JOINERS = "\u200c\u200d"  # of Persian words and of emoji


def printable(text: str, keep: str = "") -> str:
    """Return a text in which each hidden character is an escape, such as `\\x1b`, but for those kept."""
    if text.isprintable():
        return text
    return "".join(each if _is_shown(each) or each in keep else _escape(each) for each in text)


def printable_lines(text: str) -> str:
    """Return a text whose lines stay lines, those after the first indented, so that none looks like another message."""
    return "\n  ".join(printable(line) for line in text.split("\n"))


def _is_shown(each: str) -> bool:
    return each.isprintable() or each in JOINERS or unicodedata.category(each) not in HIDDEN


def _escape(each: str) -> str:
    return each.encode("unicode_escape").decode("ascii")


def without_login(text: str) -> str:
    """Return a text with `***` in the place of who logs in, and with which password, in a URL."""
    return re.sub(r"://(?:[^@/\s]*:\S*|[^@/]*)@", "://***@", text)


def hide_secrets(text: str, address: str) -> str:
    """Return a text about an address with `***` in the place of its secrets, also where it cannot be read as a URL."""
    password = address.partition("://")[2].rpartition("@")[0].partition(":")[2]
    pieces = [piece for piece in re.split(r"[:/@?#\[\]]", password) if len(piece) > 3]  # where a driver cuts a bad one
    options = re.findall(r"[?&;]\w*(?:pass|token|key|secret)\w*=([^&;]+)", address, re.IGNORECASE)
    secrets = {part for part in (address, password, *pieces, *options) if part}
    for secret in sorted(secrets | set(map(unquote, secrets)), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
