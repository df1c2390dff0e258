"""Words above a plot: measured, chosen and cut."""

import math

import pytest

from trajectories.plotting.canvas import new_figure
from trajectories.plotting.header import text_size


@pytest.mark.parametrize("drawn", [True, False])
def test_what_cannot_be_set_is_infinitely_large(drawn):
    figure = new_figure((300, 200)) if drawn else None
    assert text_size(r"$\nosuchsymbol$", 10, figure) == (math.inf, math.inf)
    width, height = text_size(r"$\alpha^2$", 10, figure)
    assert 5 < width < 30
    assert 5 < height < 30
