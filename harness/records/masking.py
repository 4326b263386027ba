"""Masks what looks like a person's or an account's number or address in free text, by its form alone.

It is a plain default and no detector: names, streets and whatever has no fixed form stay as they are, and a number that
only looks like one of these is masked as well. Installed packages may find more (`plugins/masks.py`).
"""

import re
from collections.abc import Iterator, Sequence

IBAN_LENGTHS = range(15, 35)
CARD_LENGTHS = range(13, 20)
PHONE_LENGTHS = range(7, 16)

EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
GROUPED = re.compile(r"(?<!\w)[+(]{0,2}\d(?:[ ./()-]{0,2}\d){6,}(?!\w)")
DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?: \d{1,2})?")
LONG = re.compile(r"\d{6,}")


def mask(text: str) -> str:
    """Return the text with e-mail addresses, IBANs, card numbers, phone numbers and long numbers named by their kind.

    IBANs and cards are known by their check digits; other digits are a phone number where they are grouped as one, and
    `[number]` where six or more stand in a row.
    """
    masked = IBAN.sub(_mask_iban, EMAIL.sub("[email]", text))
    return LONG.sub("[number]", GROUPED.sub(_mask_digits, masked))


def mask_planted(text: str, planted: Sequence[str]) -> str:
    """Return the text with `[canary]` for each planted text, in any case and whatever stands between its letters."""
    for each in planted:
        letters = [re.escape(letter) for letter in each if letter.isalnum()] or [re.escape(each)]
        text = re.sub(r"[\W_]*".join(letters), "[canary]", text, flags=re.IGNORECASE)
    return text


def is_iban(text: str) -> bool:
    """Tell whether a text without spaces is an IBAN by its length and its check digits (ISO 13616, modulo 97)."""
    if len(text) not in IBAN_LENGTHS or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def is_card(digits: str) -> bool:
    """Tell whether digits are a payment card's number by their length and the check digit (ISO 7812, Luhn 1960)."""
    ones, others = [int(each) for each in digits[-1::-2]], [int(each) for each in digits[-2::-2]]
    return len(digits) in CARD_LENGTHS and (sum(ones) + sum(sum(divmod(2 * each, 10)) for each in others)) % 10 == 0


def _mask_iban(found: re.Match[str]) -> str:
    """Mask the longest beginning that is an IBAN: words that follow it look like more of it."""
    text = found.group()
    for stop in range(len(text), 0, -1):
        if text[stop - 1].isalnum() and is_iban(re.sub("[ -]", "", text[:stop])):
            return "[iban]" + text[stop:]
    return text


def _mask_digits(found: re.Match[str]) -> str:
    text = found.group()
    digits = re.sub(r"\D", "", text)
    if DATE.fullmatch(text):
        return text
    if any(map(is_card, _parts(digits))):
        return "[card]"
    is_plain = text == digits and not digits.startswith("0")
    return "[number]" if is_plain or len(digits) not in PHONE_LENGTHS else "[phone]"


def _parts(digits: str) -> Iterator[str]:
    """Yield what could be a card's number among digits that stand together."""
    for size in CARD_LENGTHS:
        yield from (digits[start : start + size] for start in range(len(digits) - size + 1))
