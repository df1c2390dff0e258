"""What the rules compute alike: plain numbers stay plain, and arrays go element by element."""

import math

import numpy as np
import pytest

from trajectories.optimizers.base import average, average_square, choose, decay, power, root


def test_plain_numbers_stay_plain():
    # A NumPy scalar in their place would promote float32 parameters.
    assert type(root(2.0)) is type(power(2.0, 3)) is type(choose(True, 1.0, 2.0)) is float
    assert (root(2.0), power(2.0, 3)) == (math.sqrt(2), 8)
    assert (choose(True, 1.0, 2.0), choose(False, 1.0, 2.0)) == (1, 2)


def test_arrays_go_element_by_element():
    assert root(np.array([4.0, 9.0])).tolist() == [2, 3]
    assert choose(np.array([True, False]), 1.0, np.array([5.0, 6.0])).tolist() == [1, 6]
    bases, exponents = np.array([[0.9], [0.3]]), np.array([0.1, 7, 0.5])
    wanted = [[b**e for e in exponents.tolist()] for b in (0.9, 0.3)]
    assert power(bases, exponents).tolist() == wanted
    assert power(0.9, exponents).tolist() == wanted[0]
    assert power(bases, 7).tolist() == [[0.9**7], [0.3**7]]


@pytest.mark.parametrize("lr", [0.5, np.array([0.5, 0.5])], ids=["number", "array"])
def test_decay_shrinks_in_place(lr):
    p = np.array([8.0, -4.0])
    decay(p, lr, 0.5)
    assert p.tolist() == [6, -3]


def test_decay_of_nothing_changes_no_bit():
    p = np.array([np.inf, -0.0, 5e-324])
    decay(p, 0.5, 0.0)
    assert p.tobytes() == np.array([np.inf, -0.0, 5e-324]).tobytes()


def test_means_move_by_the_part_that_does_not_stay():
    mean, scratch = np.array([1.0, -1.0]), np.empty(2)
    average(mean, np.array([5.0, 1.0]), 0.25, scratch)
    assert mean.tolist() == [2, -0.5]
    average_square(mean, np.array([4.0, 0.5]), 0.5, scratch)
    assert mean.tolist() == [9, -0.125]


def test_squares_of_small_integers_do_not_wrap():
    mean = np.zeros(1)
    average_square(mean, np.array([100], np.int8), 1.0, np.empty(1))
    assert mean == 10_000
