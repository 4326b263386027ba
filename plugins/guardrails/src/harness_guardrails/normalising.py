"""Undoes the ways in which text hides from a detector, and remembers where each character came from."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote_to_bytes

PASSES = 3  # what is encoded more often than that stays as it is
PRINTABLE = 0.95  # of decoded bytes, from which they are taken for text
MAJORITY = 0.5

Decode = Callable[[str], str | None]

INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0100-\U000e01ef]+"
)
# Joiners belong to Persian, to Indic scripts and to emoji; within Latin text they only hide.
JOINERS = re.compile("(?<=[\\x00-\u024f])[\u200c\u200d\ufe00-\ufe0f]+|[\u200c\u200d\ufe00-\ufe0f]+(?=[A-Za-z0-9])")
OVERRIDE = re.compile("\u202e[^\u202a-\u202e\u2066-\u2069\n]{8,}")  # shown from its end to its beginning
FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{3,6}\U000e007f")
TAGS = re.compile("[\U000e0000-\U000e007f]+")
MARKS = re.compile("(?<=[\\x00-\\x7f])[\u0300-\u036f]{2,}")
NOT_ASCII = re.compile("[^\\x00-\\x7f]")
WORD = re.compile(r"[^\W\d_]+")
PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
ESCAPE = re.compile(r"(?:\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})+")
BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/_=-])")
HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ :]?){11,}[0-9A-Fa-f]{2}(?![0-9A-Za-z])")
SPACED = re.compile(r"(?<![\w])[A-Za-z](?:([ .\-_*|])[A-Za-z](?:\1[A-Za-z]){3,})(?!\w)")

LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԌаеѕіјкӏорсухԁԛԝһАΑΒΕΖΗΙΚΜΝΟΡΤΥΧαιονρυετκӘɑɡıοⅼ",
    "ABESIJKMHOPCTYXGaesijklopcyxdqwhAABEZHIKMNOPTYXaiovpuetkEagiol",
)


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Text that hides nothing; character i stands for the original's characters from `starts[i]` to `ends[i]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return which span of the original a span of `text`, which is not empty, stands for."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Plain:
    """Return text without invisible characters, look-alikes and encodings, in time linear in its length."""
    plain = Plain(text=text, starts=range(len(text)), ends=range(1, len(text) + 1))
    for _ in range(PASSES):
        before = plain.text
        plain = _decode(_show(plain))
        if plain.text == before:
            break
    return plain


def _show(plain: Plain) -> Plain:
    """Return text without what a reader does not see, or sees as another character."""
    if plain.text.isascii():
        return plain
    for pattern, decode in SHOWN:
        plain = _replace(plain, pattern, decode)
    latin = _is_mostly_latin(plain.text)
    return _replace(plain, WORD, lambda word: _latin(word, latin))


def _decode(plain: Plain) -> Plain:
    for pattern, decode in DECODED:
        plain = _replace(plain, pattern, decode)
    return plain


def _replace(plain: Plain, pattern: re.Pattern[str], decode: Decode) -> Plain:
    """Return text with each match that can be decoded replaced; every new character stands for the whole match."""
    texts: list[str] = []
    starts: list[Sequence[int]] = []
    ends: list[Sequence[int]] = []
    done = 0
    for found in pattern.finditer(plain.text):
        new = decode(found[0])
        if new is None or new == found[0]:
            continue
        first, last = found.span()
        begin, end = plain.origin(first, last)
        texts += [plain.text[done:first], new]
        starts += [plain.starts[done:first], [begin] * len(new)]
        ends += [plain.ends[done:first], [end] * len(new)]
        done = last
    if not texts:
        return plain
    return Plain(
        text="".join([*texts, plain.text[done:]]),
        starts=list(chain(*starts, plain.starts[done:])),
        ends=list(chain(*ends, plain.ends[done:])),
    )


def _nothing(found: str) -> str:
    return ""


def _both_ways(found: str) -> str:
    """Return what is shown backwards as a program reads it, and as a person does."""
    return f"{found[1:]}\n{found[:0:-1]}"


def _untag(found: str) -> str:
    """Return the ASCII text that tag characters spell."""
    return "".join(chr(ord(char) - 0xE0000) for char in found if 0xE0020 <= ord(char) <= 0xE007E)


def _compatible(char: str) -> str | None:
    """Return the ASCII characters that a fullwidth, mathematical or circled one stands for."""
    found = unicodedata.normalize("NFKC", char)
    return found if found.isascii() else None


def _is_mostly_latin(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return sum(char.isascii() for char in letters) > MAJORITY * len(letters)


def _latin(word: str, among_latin: bool) -> str | None:
    """Return a word whose letters of other scripts look Latin; a word wholly of another script only among Latin."""
    if word.isascii():
        return None
    found = word.translate(LOOKALIKES)
    mixed = any(char.isascii() for char in word)
    return found if found.isascii() and (mixed or among_latin) else None


def _unpercent(found: str) -> str | None:
    return _text_of(unquote_to_bytes(found), 1)


def _unescape(found: str) -> str | None:
    parts = re.findall(r"\\[xu]([0-9A-Fa-f]+)", found)
    text = "".join(chr(int(part, 16)) for part in parts)
    return text if text.isprintable() else None


def _unbase64(found: str) -> str | None:
    """Return the text of a base64 run, of either alphabet and padded or not; words and identifiers are none."""
    digits = found.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    text = _text_of(decoded, 8)
    return text if text and sum(char.isalnum() or char in " .,@-'\n" for char in text) > PRINTABLE * len(text) else None


def _unhex(found: str) -> str | None:
    return _text_of(bytes.fromhex(re.sub("[ :]", "", found)), 8)


def _text_of(decoded: bytes, least: int) -> str | None:
    """Return bytes as text, if they are printable UTF-8 of some length."""
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return None
    return text if len(text) >= least and all(char.isprintable() or char in "\n\t\r" for char in text) else None


def _unspace(found: str) -> str:
    """Return `i g n o r e` as a word."""
    return found[::2]


SHOWN: Sequence[tuple[re.Pattern[str], Decode]] = (
    (FLAG, lambda found: found[0]),
    (TAGS, _untag),
    (OVERRIDE, _both_ways),
    (INVISIBLE, _nothing),
    (JOINERS, _nothing),
    (MARKS, _nothing),
    (NOT_ASCII, _compatible),
)
DECODED: Sequence[tuple[re.Pattern[str], Decode]] = (
    (PERCENT, _unpercent),
    (ENTITY, html.unescape),
    (ESCAPE, _unescape),
    (HEX, _unhex),
    (BASE64, _unbase64),
    (SPACED, _unspace),
)
