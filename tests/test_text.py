"""Text of others is made printable in one place, so that it can neither hide nor look like text of ours."""

import re
from urllib.parse import unquote

import pytest

from harness import HarnessError, Identity
from harness.text import hide_secrets, printable, printable_lines, without_login


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcode, 漢字, 🙂", "plain, ünïcode, 漢字, 🙂"),
        ("می\u200cخواهم 👩\u200d🔬", "می\u200cخواهم 👩\u200d🔬"),
        ("a\x1b[2K\rPASS", "a\\x1b[2K\\rPASS"),
        ("a\nb\tc\x00\x7f\x85", "a\\nb\\tc\\x00\\x7f\\x85"),
        ("\u202eevil\u2066\u200f", "\\u202eevil\\u2066\\u200f"),
        ("\ud800 \u2028 \ufeff \u200b", "\\ud800 \\u2028 \\ufeff \\u200b"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_hidden_characters_are_escapes(text: str, shown: str) -> None:
    assert shown == printable(text)
    assert shown.encode()


@pytest.mark.parametrize("password", ["s3cret", "se/cret!", "p@ss@word", "p%40ss%zzword", "[pass", "pa#ss?word:x"])
def test_no_message_about_an_address_shows_its_password_nor_a_part_of_it(password: str) -> None:
    address = f"postgresql://me:{password}@host:1/db"
    host = password.rpartition("@")[2]

    for said in (address, f"cannot reach {password}@host", f"no host '{host}@host'", f"bad: {unquote(password)}"):
        shown = hide_secrets(said, address) + without_login(address)
        assert not [part for part in re.split(r"\W+", password) if len(part) > 3 and part in shown]


def test_options_of_an_address_that_name_a_secret_are_hidden_and_others_shown() -> None:
    said = hide_secrets("no token s3cret for require", "sc://h:1/;token=s3cret;mode=require")

    assert "no token *** for require" == said


def test_errors_are_printable_and_keep_their_lines() -> None:
    assert "one\n\\x1btwo\\ud800" == str(HarnessError("one\n\x1btwo\ud800"))


def test_no_line_of_a_message_looks_like_another_message() -> None:
    assert "no column 'a\n  PASS  all is well\\r'" == printable_lines("no column 'a\nPASS  all is well\r'")


@pytest.mark.parametrize("revision", ["v1\nPASS", "v1\x1b[2K", "\u202ev1", "v\ud800", "v\u200b1"])
def test_a_revision_that_could_look_like_another_is_refused(revision: str) -> None:
    with pytest.raises(HarnessError, match="holds hidden characters"):
        Identity(revision=revision)
