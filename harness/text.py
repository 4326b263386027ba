"""Makes text printable: what others wrote may hold characters that move a cursor, turn lines around or end them."""

import re
import unicodedata

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
    return re.sub(r"://[^@/]*@", "://***@", text)
