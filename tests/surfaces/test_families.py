"""Surfaces made to measure."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from trajectories import descend, quadratic


def as_surface(text):
    return descend(text, "sgd", (1, 1), steps=1).surface


def rotation(angle):
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[cos, -sin], [sin, cos]])


@settings(max_examples=10)
@given(
    condition=st.floats(1.0, 1e6),
    angle=st.floats(-720.0, 720.0) | st.integers(-24, 24).map(lambda n: 15.0 * n),
)
def test_turning_it_turns_everything_along(condition, angle):
    turned, level = quadratic(condition, angle), quadratic(condition)
    hessian = turned.hessian((0, 0))
    assert np.linalg.eigvalsh(hessian) == pytest.approx([1 / condition, 1.0], abs=1e-14)
    flat, steep = rotation(angle).T
    assert flat @ hessian @ flat == pytest.approx(1 / condition, abs=1e-13)
    assert steep @ hessian @ steep == pytest.approx(1.0, abs=1e-13)
    assert np.array_equal(turned.gradient((0, 0)), [0, 0])
    assert turned.value((0, 0)) == turned.floor == 0
    assert turned.about.startswith("a round" if condition == 1 else f"a bowl {condition:g} times")
    q = np.array([(-7.0, 2.0), (3.0, 0.5), (-1.0, -4.0)])
    p = q @ rotation(angle).T
    assert turned.value(p) == pytest.approx(level.value(q), rel=1e-9, abs=1e-9)
    assert turned.gradient(p) == pytest.approx(level.gradient(q) @ rotation(angle).T, abs=1e-9)
    # An angle and the same plus 180 degrees are one bowl, seen from one of two sides.
    start = np.array(turned.start)
    expected = rotation(angle) @ level.start
    assert min(np.abs(start - expected).max(), np.abs(start + expected).max()) < 1e-9
    for text in (turned.name, f"quadratic(angle={angle!r}, condition={condition!r})"):
        assert as_surface(text).to_dict() == turned.to_dict()
    assert as_surface(turned.formula) == turned


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("quadratic", "(x**2/20 + y**2)/2"),
        (" Quadratic ( 50 ) ", "(x**2/50 + y**2)/2"),
        ("quadratic(condition=4, angle=90)", "(x**2 + y**2/4)/2"),
        ("quadratic(4, -90)", "(x**2 + y**2/4)/2"),
        *((f"quadratic(4, {a})", "(x**2/4 + y**2)/2") for a in ("5e-324", "-1e-20", "1e-13")),
        (
            "quadratic(100, angle=75)",
            "((x*cos(5*pi/12) + y*sin(5*pi/12))**2/100 + (y*cos(5*pi/12) - x*sin(5*pi/12))**2)/2",
        ),
        (
            "quadratic(7, 0.5)",
            "((x*cos(0.5*pi/180) + y*sin(0.5*pi/180))**2/7"
            " + (y*cos(0.5*pi/180) - x*sin(0.5*pi/180))**2)/2",
        ),
    ],
)
def test_text_stands_for_a_surface(text, formula):
    assert as_surface(text).formula == formula


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quadratic(condtion=5)", "argument of quadratic 'condtion'. Did you mean 'condition'"),
        ("quadratic(1, 2, 3)", r"quadratic\(condition, angle\): too many positional"),
        ("quadratic(0.5)", "`condition` must be between 1 and 1e12. Got 0.5"),
        ("quadratic(x)", "`surface` must be a family with numbers, such as quadratic"),
        ("quadratic(", "`surface` must be a family with numbers"),
        ("quadratc", "Did you mean 'quadratic'"),
    ],
)
def test_other_text_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as error:
        as_surface(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", ["20", None, True, [1.0, 2.0], np.nan, np.inf])
@pytest.mark.parametrize("argument", ["condition", "angle"])
def test_what_is_no_single_finite_number_is_refused(argument, number):
    with pytest.raises((TypeError, ValueError), match=f"`{argument}` must be"):
        quadratic(**{argument: number})
