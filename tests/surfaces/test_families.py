"""Surfaces made to measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories import Surface
from trajectories.surfaces.catalogue import FAMILIES, as_surface, quadratic

CONDITIONS = st.floats(1.0, 1e6)
ANGLES = st.floats(-720.0, 720.0) | st.integers(-24, 24).map(lambda n: 15.0 * n)


def rotation(angle):
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[cos, -sin], [sin, cos]])


@settings(max_examples=30)
@given(condition=CONDITIONS, angle=ANGLES)
def test_eigenvalues_and_axes(condition, angle):
    bowl = quadratic(condition, angle)
    hessian = bowl.hessian((0, 0))
    assert np.linalg.eigvalsh(hessian) == pytest.approx([1 / condition, 1.0], abs=1e-14)
    flat, steep = rotation(angle).T
    assert flat @ hessian @ flat == pytest.approx(1 / condition, abs=1e-13)
    assert steep @ hessian @ steep == pytest.approx(1.0, abs=1e-13)
    assert np.array_equal(bowl.gradient((0, 0)), [0, 0])
    assert bowl.value((0, 0)) == 0


@settings(max_examples=30)
@given(condition=CONDITIONS, angle=ANGLES)
def test_turning_it_turns_everything_along(condition, angle):
    turned, level = quadratic(condition, angle), quadratic(condition)
    q = np.array([(-7.0, 2.0), (3.0, 0.5), (-1.0, -4.0)])
    p = q @ rotation(angle).T
    assert turned.value(p) == pytest.approx(level.value(q), rel=1e-9, abs=1e-9)
    expected = level.gradient(q) @ rotation(angle).T
    assert turned.gradient(p) == pytest.approx(expected, abs=1e-9)
    assert level.start == (-7.0, 2.0)
    # An angle and the same plus 180 degrees are one bowl, seen from one of two sides.
    start = np.array(turned.start)
    expected = rotation(angle) @ level.start
    assert min(np.abs(start - expected).max(), np.abs(start + expected).max()) < 1e-9


@settings(max_examples=30)
@given(condition=CONDITIONS, angle=ANGLES)
def test_its_name_and_its_formula_read_back(condition, angle):
    bowl = quadratic(condition, angle)
    for text in (bowl.name, f"quadratic(angle={angle!r}, condition={condition!r})"):
        assert as_surface(text).to_dict() == bowl.to_dict()
    assert as_surface(bowl.formula) == bowl


def test_the_search_finds_the_declared_minimum():
    bowl = quadratic(30, 40)
    assert Surface(bowl.formula).minima == pytest.approx(bowl.minima, abs=1e-9)
    assert bowl.minima.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("quadratic", "(x**2/20 + y**2)/2"),
        (" Quadratic ( 50 ) ", "(x**2/50 + y**2)/2"),
        ("quadratic(2.5)", "(x**2/2.5 + y**2)/2"),
        ("quadratic(condition=4, angle=90)", "(x**2 + y**2/4)/2"),
        ("quadratic(4, -90)", "(x**2 + y**2/4)/2"),
        ("quadratic(4, angle=180)", "(x**2/4 + y**2)/2"),
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
        ("quadratic(5, condition=5)", "multiple values"),
        ("quadratic(0.5)", "`condition` must be between 1 and 1e12. Got 0.5"),
        ("quadratic(1e13)", "`condition` must be between 1 and 1e12"),
        ("quadratic(x)", "`surface` must be a family with numbers, such as quadratic"),
        ("quadratic(2) + x", "`surface` must be a family with numbers"),
        ("quadratic(", "`surface` must be a family with numbers"),
        ("quadratc", "Did you mean 'quadratic'"),
    ],
)
def test_other_text_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as error:
        as_surface(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", ["20", None, True, [1.0, 2.0], 1j])
@pytest.mark.parametrize("argument", ["condition", "angle"])
def test_what_is_no_single_number_is_refused(argument, number):
    with pytest.raises(TypeError, match=f"`{argument}` must be"):
        quadratic(**{argument: number})


@pytest.mark.parametrize(
    "arguments", [{"condition": np.nan}, {"angle": np.inf}, {"condition": np.inf}]
)
def test_numbers_that_are_not_finite_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        quadratic(**arguments)


def test_families_go_by_the_names_of_their_functions():
    assert list(FAMILIES.items()) == [("quadratic", quadratic)]


@pytest.mark.parametrize(
    ("bowl", "about"),
    [
        (quadratic(1, 30), "a round bowl: every gradient points at the minimum"),
        (quadratic(20), "a bowl 20 times as steep across as along"),
        (quadratic(8, -45), "a bowl 8 times as steep across as along, turned by 135 degrees"),
    ],
)
def test_it_says_what_it_is(bowl, about):
    assert bowl.about == about


@pytest.mark.parametrize("angle", [5e-324, -5e-324, -1e-20, 360.0, 1e-13])
def test_angles_next_to_nothing_are_nothing(angle):
    assert quadratic(20, angle).formula == quadratic(20).formula
