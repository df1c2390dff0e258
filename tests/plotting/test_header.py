"""Words above a plot: measured, chosen and cut."""

import math

import pytest

from trajectories.plotting.canvas import new_figure
from trajectories.plotting.text import fitted, fitted_alike, heading, literal, shortened, text_size


@pytest.mark.parametrize("drawn", [True, False])
def test_what_cannot_be_set_is_infinitely_large(drawn):
    figure = new_figure((300, 200)) if drawn else None
    assert text_size(r"$\nosuchsymbol$", 10, figure) == (math.inf, math.inf)
    width, height = text_size(r"$\alpha^2$", 10, figure)
    assert 5 < width < 30
    assert 5 < height < 30


RULES = ("SGD", "Momentum")
WORDS = [[f"{rule}: all that there is to say", f"{rule}: all", rule] for rule in RULES]


def test_what_stands_side_by_side_has_one_form_and_one_size():
    longest, middle, _ = (list(words) for words in zip(*WORDS, strict=True))
    wide = text_size(longest[1], 10)[0]
    assert fitted_alike(WORDS, wide + 1, 10) == (longest, 10)
    texts, size = fitted_alike(WORDS, 0.9 * wide, 10)
    assert texts == longest
    assert size == pytest.approx(9)
    assert fitted_alike(WORDS, text_size(middle[1], 10)[0], 10)[0] == middle


def test_what_fits_in_no_form_is_cut_where_it_must_be():
    wide = text_size("SGD", 10)[0]
    texts, size = fitted_alike(WORDS, wide, 10)
    assert texts[0] == "SGD"
    assert texts[1].startswith("M")
    assert texts[1].endswith("...")
    assert fitted(WORDS[1], wide, 10) == (texts[1], size)
    roomy = fitted_alike(WORDS, 2 * wide, 10)[0]
    assert roomy[0] == "SGD"
    assert len(roomy[1]) > len(texts[1])
    assert text_size(roomy[1], size)[0] <= 2 * wide


def test_nameless_surface_is_headed_by_mathematics_before_its_text():
    words = heading("x**2/20", "x**2/20", r"\frac{x^{2}}{20}")
    assert words == [r"$f(x, y) = \frac{x^{2}}{20}$", r"$\frac{x^{2}}{20}$", "x**2/20"]
    narrow = text_size(words[1], 10)[0] + 1
    assert fitted(words, narrow, 10)[0] == words[1]


def test_escaped_dollar_sign_is_not_cut_in_two():
    text = literal("5 $ in all and more")
    width = text_size("5 $...", 10)[0]
    for more in range(30):
        assert "\\." not in shortened(text, width - 15 + more, 10)
