"""Free text is masked by the form of what stands in it, and nothing else of it changes."""

import pytest

from harness.records.masking import is_card, is_iban, mask, mask_planted


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jane.o'neil+spam@mail.example.co.uk today", "write to [email] today"),
        ("pay DE89 3704 0044 0532 0130 00 please", "pay [iban] please"),
        ("pay GB29NWBK60161331926819.", "pay [iban]."),
        ("card 4111 1111 1111 1111, thanks", "card [card], thanks"),
        ("card 4111-1111-1111-1111", "card [card]"),
        ("order 12 4111111111111111", "order [card]"),
        ("call +49 (0)30 901820 now", "call [phone] now"),
        ("call 030/901-820-11", "call [phone]"),
        ("call 01712345678", "call [phone]"),
        ("account 12345678", "account [number]"),
        ("contract A1234567B", "contract A[number]B"),
        ("5555 6666 7777 8888", "[number]"),
    ],
)
def test_what_has_the_form_of_an_address_or_a_number_is_named_by_its_kind(text: str, masked: str) -> None:
    assert masked == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no numbers, no addresses @ all",
        "on 2024-01-15 at 10:30, 3 of 12 items for 99.95 EUR",
        "2024-01-15 10:30:00",
        "code 12345 in aisle 7",
        "Zürich, 東京, 😀",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert text == mask(text)


def test_masking_twice_masks_nothing_more() -> None:
    text = "jane@example.com paid 4111 1111 1111 1111 from DE89370400440532013000, call +49 30 901820"

    once = mask(text)

    assert once == mask(once)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("4111111111111111", True), ("4111111111111112", False), ("378282246310005", True), ("0" * 12, False)],
)
def test_a_card_is_known_by_length_and_check_digit(digits: str, expected: bool) -> None:
    assert expected == is_card(digits)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DE89370400440532013000", True),
        ("de89370400440532013000", True),
        ("DE88370400440532013000", False),
        ("DE89", False),
        ("DÉ89370400440532013000", False),
    ],
)
def test_an_iban_is_known_by_length_and_check_digits(text: str, expected: bool) -> None:
    assert expected == is_iban(text)


@pytest.mark.parametrize("said", ["Kestrel-7741", "kestrel 7741", "K e s t r e l _ 7 7 4 1", "KESTREL7741"])
def test_what_was_planted_is_masked_however_it_is_spaced(said: str) -> None:
    assert "it is [canary]." == mask_planted(f"it is {said}.", ["Kestrel-7741"])
