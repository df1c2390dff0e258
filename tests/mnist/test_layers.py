"""Each layer by itself: what it computes, where it leaves it, and what it does at the edges."""

import math

import numpy as np
import pytest

from trajectories.mnist.layers import (
    ACTIVATIONS,
    Affine,
    BatchNorm,
    Dropout,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def batch_norm(rng, columns=3, **settings):
    gamma, beta = rng.uniform(0.5, 2, columns), rng.standard_normal(columns)
    return BatchNorm(gamma, beta, np.empty(columns), np.empty(columns), **settings)


def normalised(x, layer):
    scaled = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + layer.eps)
    return layer.gamma * scaled + layer.beta


def test_affine_computes_and_differentiates_by_all_three(rng):
    W, b, x, d = (rng.standard_normal(shape) for shape in [(4, 3), 3, (6, 4), (6, 3)])
    layer = Affine(W, b, np.empty_like(W), np.empty_like(b))
    np.testing.assert_allclose(layer.forward(x, True), x @ W + b, rtol=1e-14)
    np.testing.assert_allclose(layer.backward(d), d @ W.T, rtol=1e-13)
    np.testing.assert_allclose(layer.weight_grad, x.T @ d, rtol=1e-13)
    np.testing.assert_allclose(layer.bias_grad, d.sum(axis=0), rtol=1e-13)


def test_affine_reads_its_parameters_anew_in_every_pass(rng):
    W, b = np.zeros((2, 2)), np.zeros(2)
    layer = Affine(W, b, np.empty_like(W), np.empty_like(b))
    x = rng.standard_normal((3, 2))
    assert not layer.forward(x, True).any()
    W += 1
    assert layer.forward(x, True).all()


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("relu", lambda x: np.where(x > 0, x, 0)),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("tanh", np.tanh),
    ],
)
def test_activation_is_its_function_and_its_slope_is_the_derivative(name, function, rng):
    x = rng.standard_normal((5, 4)) * 3
    layer, h = ACTIVATIONS[name](), 1e-6
    np.testing.assert_allclose(layer.forward(x.copy(), True), function(x), rtol=1e-14, atol=1e-15)
    slope = (function(x + h) - function(x - h)) / (2 * h)
    np.testing.assert_allclose(layer.backward(np.ones_like(x)), slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_arguments_give_limits_without_a_warning(dtype):
    x = np.array([[-1e30, -1000, 0, 1000, 1e30]], dtype)
    assert Sigmoid().forward(x.copy(), True).tolist() == [[0, 0, 0.5, 1, 1]]
    assert Tanh().forward(x.copy(), True).tolist() == [[-1, -1, 0, 1, 1]]


def test_relu_keeps_nan_and_cuts_minus_infinity():
    out = ReLU().forward(np.array([[np.nan, -np.inf, np.inf, -1.0]]), True)
    np.testing.assert_array_equal(out, [[np.nan, 0, np.inf, 0]])


@pytest.mark.parametrize("make", [ReLU, Sigmoid, Tanh])
def test_layers_work_in_place_and_in_the_same_arrays(make, rng):
    layer = make()
    for rows in (4, 2, 4):
        x, d = rng.standard_normal((2, rows, 3))
        assert layer.forward(x, True) is x
        assert layer.backward(d) is d
    W, b = rng.standard_normal((3, 2)), np.zeros(2)
    affine = Affine(W, b, np.empty_like(W), np.empty_like(b))
    first = affine.forward(rng.standard_normal((4, 3)), True)
    assert affine.forward(rng.standard_normal((4, 3)), True) is first
    assert affine.forward(rng.standard_normal((5, 3)), True) is not first


def test_arrays_of_odd_batches_do_not_pile_up(rng):
    W, b = rng.standard_normal((3, 2)), np.zeros(2)
    layer = Affine(W, b, np.empty_like(W), np.empty_like(b))
    for rows in range(1, 40):
        layer.forward(rng.standard_normal((rows, 3)), True)
        assert len(layer._made) <= 4


def test_batches_of_four_sizes_take_turns_in_arrays_made_once(rng):
    # Training and evaluation, each with a last batch that is short.
    W, b = rng.standard_normal((3, 2)), np.zeros(2)
    layer = Affine(W, b, np.empty_like(W), np.empty_like(b))
    batches = [rng.standard_normal((rows, 3)) for rows in (100, 28, 500, 7)]
    made = [layer.forward(x, True) for x in batches]
    assert all(layer.forward(x, True) is out for x, out in zip(batches, made, strict=True))


def test_first_layer_makes_no_array_for_the_gradient_by_its_input(rng):
    W, b, x, d = (rng.standard_normal(shape) for shape in [(4, 3), 3, (6, 4), (6, 3)])
    layer = Affine(W, b, np.empty_like(W), np.empty_like(b), first=True)
    layer.forward(x, True)
    assert layer.backward(d).size == 0
    np.testing.assert_allclose(layer.weight_grad, x.T @ d, rtol=1e-13)
    np.testing.assert_allclose(layer.bias_grad, d.sum(axis=0), rtol=1e-13)


def test_dropout_in_training_masks_and_does_not_scale():
    layer, x = Dropout(0.2, np.random.default_rng(0)), np.full((200, 100), 3.0)
    out = layer.forward(x.copy(), True)
    assert set(np.unique(out)) == {0.0, 3.0}
    assert np.mean(out == 0) == pytest.approx(0.2, abs=0.01)
    np.testing.assert_array_equal(layer.backward(np.ones_like(x)), out / 3)
    again = layer.forward(x.copy(), True)
    assert 0.2 < np.mean(again != out) < 0.4


def test_dropout_in_evaluation_scales_and_draws_nothing():
    layer = Dropout(0.2, np.random.default_rng(0))
    before = layer.rng.bit_generator.state
    assert layer.forward(np.ones((1, 2)), False).tolist() == [[0.8, 0.8]]
    assert layer.rng.bit_generator.state == before


def test_dropout_loses_the_same_elements_in_both_types():
    single, double = (
        Dropout(0.5, np.random.default_rng(2)).forward(np.ones((50, 20), dtype), True)
        for dtype in (np.float32, np.float64)
    )
    np.testing.assert_array_equal(single, double)
    assert single.dtype == np.float32


def test_dropout_draws_what_the_textbook_does_from_a_random_state():
    layer = Dropout(0.3, np.random.RandomState(7))
    kept = np.random.RandomState(7).random_sample((4, 5)) > 0.3
    np.testing.assert_array_equal(layer.forward(np.ones((4, 5)), True), kept)


def test_batch_norm_in_training_normalises_by_the_batch(rng):
    layer, x = batch_norm(rng), rng.normal(5, 3, (20, 3))
    np.testing.assert_allclose(layer.forward(x.copy(), True), normalised(x, layer), rtol=1e-12)


def test_batch_norm_adds_the_textbooks_epsilon_to_the_variance():
    # A variance of 1e-6 with 10e-7 added: the batch comes to half of variance 1.
    layer = BatchNorm(np.ones(1), np.zeros(1), np.empty(1), np.empty(1))
    out = layer.forward(np.array([[-1e-3], [1e-3]]), True)
    np.testing.assert_allclose(out, [[-(0.5**0.5)], [0.5**0.5]], rtol=1e-12)


def test_batch_norm_evaluates_by_the_batchs_statistics_after_one_step(rng):
    # The textbook's starts its running means at 0, and is 3.16 times too large here.
    layer, x = batch_norm(rng), rng.normal(5, 3, (20, 3))
    trained = layer.forward(x.copy(), True).copy()
    layer.remember()
    np.testing.assert_allclose(layer.forward(x.copy(), False), trained, rtol=1e-12)


def test_batch_norm_forgets_by_its_momentum_and_weighs_what_is_left(rng):
    layer, batches = batch_norm(rng), rng.normal(2, 3, (10, 8, 3))
    for x in batches:
        layer.forward(x.copy(), True)
        layer.remember()
    weights = 0.9 ** np.arange(9, -1, -1)
    mean = np.average(batches.mean(axis=1), axis=0, weights=weights)
    var = np.average(batches.var(axis=1), axis=0, weights=weights)
    np.testing.assert_allclose(layer.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(layer.var, var, rtol=1e-12)
    assert layer.weight == pytest.approx(1 - 0.9**10)


def test_batch_norm_leaves_batches_alone_before_the_first_step(rng):
    layer, x = batch_norm(rng, eps=0.0), rng.standard_normal((4, 3))
    np.testing.assert_allclose(layer.forward(x.copy(), False), layer.gamma * x + layer.beta)


def test_batch_norm_takes_only_what_it_is_told_to_remember(rng):
    layer = batch_norm(rng)
    layer.forward(rng.standard_normal((5, 3)), True)
    layer.backward(rng.standard_normal((5, 3)))
    assert layer.weight == 0
    assert not layer.running_mean.any()


def test_loss_is_that_of_the_softmax(rng):
    x, labels = rng.standard_normal((6, 4)), np.array([0, 3, 2, 2, 1, 0])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    right = p[np.arange(6), labels]
    exact, book = (SoftmaxCrossEntropy(4, np.dtype(float), eps) for eps in (0.0, 1e-7))
    assert exact.value(x, labels) == pytest.approx(-np.log(right).mean(), rel=1e-14)
    assert book.value(x, labels) == pytest.approx(-np.log(right + 1e-7).mean(), rel=1e-14)
    for loss in (exact, book):
        np.testing.assert_allclose(loss.gradient(labels), (p - np.eye(4)[labels]) / 6, rtol=1e-12)


def test_loss_stays_exact_where_probabilities_round_to_0_or_1():
    loss, labels = SoftmaxCrossEntropy(2, np.dtype(np.float32)), np.array([0])
    x = np.array([[0.0, 2000.0]], np.float32)
    assert loss.value(x, labels) == 2000
    assert loss.gradient(labels).tolist() == [[-1, 1]]
    # log(1 + exp(-18)) is lost in float32 if the sum is taken in it.
    assert loss.value(np.array([[18.0, 0.0]], np.float32), labels) == pytest.approx(
        math.log1p(math.exp(-18)), rel=1e-6
    )
    book = SoftmaxCrossEntropy(2, np.dtype(np.float64), 1e-7)
    assert book.value(x.astype(float), labels) == pytest.approx(-math.log(1e-7))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_loss_of_outputs_that_are_not_finite_is_nan(bad):
    x = np.array([[0.0, bad], [0.0, 1.0]])
    with np.errstate(invalid="ignore"):
        assert math.isnan(SoftmaxCrossEntropy(2, np.dtype(float)).value(x, np.array([0, 1])))
