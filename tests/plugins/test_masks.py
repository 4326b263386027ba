"""What packages find in texts is not kept, and a package that fails keeps nothing."""

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint

import pytest

from harness.errors import HarnessError
from harness.plugins import masks


class Names:
    """Finds a name, and fails on what says so."""

    def spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Return where the name stands."""
        if "fail" in text:
            raise ValueError(f"a secret of {text}")
        at = text.find("Ada")
        return [(at, at + 3)] if at >= 0 else []


def broken() -> Names:
    raise RuntimeError("no model")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    offer(monkeypatch, "Names")
    yield
    masks._finders.cache_clear()


def offer(monkeypatch: pytest.MonkeyPatch, factory: str) -> None:
    point = EntryPoint(name="personal", value=f"{__name__}:{factory}", group=masks.MASKS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals()[factory])
    monkeypatch.setattr(masks, "entry_points", lambda group: [point])
    masks._finders.cache_clear()


@pytest.mark.parametrize(
    ("text", "masked"), [("ask Ada today", "ask [personal] today"), ("nobody here", "nobody here"), ("", "")]
)
def test_what_is_found_is_named_by_its_finder(text: str, masked: str) -> None:
    assert masked == masks.mask_found(text)


def test_a_code_is_kept_and_nothing_is_loaded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "broken")

    assert "timed_out" == masks.mask_found("timed_out")


def test_a_finder_that_fails_is_an_error_which_quotes_nothing() -> None:
    with pytest.raises(HarnessError, match="mask 'personal' raised ValueError") as raised:
        masks.mask_found("please fail")

    assert "secret" not in str(raised.value)


def test_a_package_that_does_not_load_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "broken")

    with pytest.raises(HarnessError, match="does not load"):
        masks.mask_found("ask Ada today")
