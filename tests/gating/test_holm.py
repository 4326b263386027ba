import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness.errors import HarnessError
from harness.gating.holm import holm


@pytest.fixture(scope="module")
def frozen_heap():
    """Leave what is loaded out of the garbage collection that statsmodels runs at every call: 0.4 s each."""
    gc.freeze()
    yield
    gc.unfreeze()


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=40))
@pytest.mark.usefixtures("frozen_heap")
def test_adjusted_p_values_are_those_of_statsmodels(p):
    assert multipletests(p, method="holm")[1] == pytest.approx(holm(p))


def test_nothing_is_adjusted_to_nothing():
    assert holm([]) == ()


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(bad):
    with pytest.raises(HarnessError, match="p-values lie between 0 and 1"):
        holm([0.5, bad])
