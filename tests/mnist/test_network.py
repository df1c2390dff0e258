"""The network as a whole: its parameters, what it answers, and that it allocates nothing."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest

from trajectories import OPTIMIZERS
from trajectories.mnist import MultiLayerNet

FULL = {"batch_norm": True, "dropout": 0.2, "weight_decay": 0.01}


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.standard_normal((32, 12)).astype(np.float32), rng.integers(0, 4, 32)


def network_of(**settings):
    return MultiLayerNet(12, [9, 7], 4, **{"rng": 0, **settings})


def test_parameters_are_views_into_one_array_that_tile_it():
    network = network_of(batch_norm=True)
    assert list(network.params) == list(network.grads)
    assert set(network.params) == {
        *("W1", "W2", "W3", "b1", "b2", "b3", "gamma1", "gamma2", "beta1", "beta2")
    }
    for views in (network.params, network.grads):
        for array in views.values():
            assert array.base is not None
            assert array.flags.c_contiguous
            assert np.shares_memory(array, views.flat)
        assert views.flat.flags.c_contiguous
        assert sum(array.size for array in views.values()) == views.flat.size
        laid = np.concatenate([array.ravel() for array in views.values()])
        np.testing.assert_array_equal(laid, views.flat)


def test_parameters_are_set_in_whatever_way_and_none_is_added_or_taken_away():
    network = network_of()
    with pytest.raises(AttributeError, match="keeps its `weight_decay`. Make another one"):
        network.weight_decay = 0.1
    params = network.params
    params.update(b1=1.0, W3=np.full((7, 4), 2.0))
    params |= {"b2": np.arange(7)}
    assert params is network.params
    assert {1.0, 2.0, 6.0} <= set(network.flat_params.tolist())
    before = network.flat_params.copy()
    for change in (lambda: params.pop("W1"), params.popitem, params.clear):
        with pytest.raises(TypeError, match="keeps all its parameters. Set them to 0 instead"):
            change()
    with pytest.raises(KeyError):
        params.update(W9=0)
    assert len(params) == 6
    np.testing.assert_array_equal(network.flat_params, before)


@pytest.mark.parametrize(
    ("weight_init", "scales"),
    [
        ("he", [np.sqrt(2 / 400), np.sqrt(2 / 300)]),
        ("Xavier", [np.sqrt(1 / 400), np.sqrt(1 / 300)]),
        (0.03, [0.03, 0.03]),
        (np.float32(0.5), [0.5, 0.5]),
    ],
)
def test_weights_begin_with_their_standard_deviation(weight_init, scales):
    network = MultiLayerNet(400, [300], 200, weight_init=weight_init, rng=0)
    for k, scale in enumerate(scales, 1):
        assert network.params[f"W{k}"].std() == pytest.approx(scale, rel=0.01)
        assert abs(network.params[f"W{k}"].mean()) < scale / 100
        assert not network.params[f"b{k}"].any()


def test_long_predictions_are_those_of_their_parts():
    network, rng = network_of(dropout=0.3, batch_norm=True), np.random.default_rng(0)
    images = rng.integers(0, 256, (1017, 12), dtype=np.uint8)
    outputs = network.predict(images, scale=255.0)
    assert outputs.shape == (len(images), 4)
    for place in (slice(0, 5), slice(498, 502), slice(-3, None)):
        np.testing.assert_allclose(
            network.predict(images[place], scale=255.0), outputs[place], rtol=1e-4, atol=1e-5
        )
    labels = outputs.argmax(axis=1)
    labels[:501] = (labels[:501] + 1) % 4
    assert network.accuracy(images, labels, scale=255.0) == 516 / 1017


def test_the_mean_of_many_masks_is_one_scaled_pass(batch):
    # Behind a single hidden layer exactly; behind several only about.
    network = MultiLayerNet(12, [9], 4, dropout=0.2, dtype=np.float64, rng=0)
    masked = np.stack([network.predict(batch[0], train=True) for _ in range(2000)])
    error = np.abs(masked.mean(axis=0) - network.predict(batch[0]))
    assert (error <= 5 * masked.std(axis=0) / np.sqrt(2000)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_trains_it_flat_or_by_name_and_keeps_its_type(name, dtype, batch):
    flat, named = network_of(dtype=dtype), network_of(dtype=dtype)
    rules = OPTIMIZERS[name](), OPTIMIZERS[name]()
    for _ in range(4):
        flat.loss_and_gradient(*batch)
        rules[0].update({"all": flat.flat_params}, {"all": flat.flat_grads})
        named.loss_and_gradient(*batch)
        rules[1].update(named.params, named.grads)
    np.testing.assert_array_equal(flat.flat_params, named.flat_params)
    assert not np.array_equal(flat.flat_params, network_of(dtype=dtype).flat_params)
    for path, array in rules[0].state().items():
        assert not array.ndim or array.dtype == dtype, path


@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("settings", [{}, FULL, {"activation": "tanh", "dtype": np.float64}])
def test_an_iteration_allocates_no_large_array(settings, rule):
    rng = np.random.default_rng(0)
    network = MultiLayerNet(784, [200, 200], 10, rng=0, **settings)
    x, labels = rng.random((512, 784)).astype(network.dtype), rng.integers(0, 10, 512)
    step = OPTIMIZERS[rule]().bind({"all": network.flat_params}, {"all": network.flat_grads})

    def iterate():
        network.gradient_pass(x, labels)
        step()

    iterate()
    tracemalloc.start()
    try:
        for _ in range(3):
            iterate()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A layer's batch takes 409,600 bytes at least, and NumPy's own buffer for casts 65,536.
    assert peak < 100_000


@pytest.mark.parametrize("again", [lambda n: pickle.loads(pickle.dumps(n)), copy.deepcopy])
def test_a_copy_is_apart_and_goes_on_alike_whatever_is_evaluated(again, batch):
    network = network_of(**FULL)
    network.loss_and_gradient(*batch)
    twin, before = again(network), network.state()
    network.predict(batch[0])
    network.predict(batch[0], train=True)
    for name, array in network.state().items():
        np.testing.assert_array_equal(array, before[name])
    assert not np.shares_memory(twin.flat_params, network.flat_params)
    assert np.shares_memory(twin.params["W2"], twin.flat_params)
    for one in (twin, network):
        one.rng = np.random.default_rng(1)
    for _ in range(3):
        assert twin.loss_and_gradient(*batch) == network.loss_and_gradient(*batch)
        for one in (twin, network):
            one.flat_params[...] -= 0.1 * one.flat_grads
    np.testing.assert_array_equal(twin.predict(batch[0]), network.predict(batch[0]))
    with pytest.raises(ValueError, match="same shape"):
        network_of().load_state(network.state())


def test_settings_make_an_equal_network_and_repr_shows_what_is_not_default():
    network = network_of(**FULL, weight_init="xavier", dtype=np.float64)
    twin = MultiLayerNet(**network.settings, rng=0)
    assert twin.settings == network.settings
    np.testing.assert_array_equal(twin.flat_params, network.flat_params)
    # Types begin with the same weights, and seeds with others.
    single = MultiLayerNet(**{**network.settings, "dtype": np.float32}, rng=0)
    np.testing.assert_array_equal(single.flat_params, twin.flat_params.astype(np.float32))
    assert not np.array_equal(
        MultiLayerNet(**network.settings, rng=1).flat_params, twin.flat_params
    )
    assert repr(network_of()) == "MultiLayerNet(12, [9, 7], 4)"
    assert eval(repr(network)).settings == network.settings


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"input_size": 0}, ValueError, "`input_size` must be at least 1. Got 0 instead."),
        *(
            ({"hidden_sizes": wrong}, TypeError, "`hidden_sizes` must be a list of integers")
            for wrong in (100, np.array(100), "100")
        ),
        ({"activation": "rely"}, ValueError, "Unknown activation 'rely'. Did you mean 'relu'?"),
        ({"weight_init": "hee"}, ValueError, "Unknown weight initialisation 'hee'"),
        ({"weight_init": None}, TypeError, "`weight_init` must be 'he', 'xavier', 'zero' or"),
        ({"weight_decay": -0.1}, ValueError, "`weight_decay` must be zero or positive"),
        ({"dropout": 1.0}, ValueError, "`dropout` must be at least 0 and below 1"),
        ({"dtype": np.float16}, ValueError, "`dtype` must be float32 or float64"),
        ({"rng": "seed"}, ValueError, "`rng` must be a seed, a generator or None"),
    ],
)
def test_bad_settings_are_told_in_one_line(change, kind, message):
    settings = {"input_size": 12, "hidden_sizes": [9], "output_size": 4, **change}
    with pytest.raises(kind) as error:
        MultiLayerNet(**settings)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("images", "labels", "kind", "message"),
    [
        (np.zeros((2, 11)), [0, 1], ValueError, "`images` must be of shape (rows, 12)"),
        (np.zeros((0, 12)), [], ValueError, "at least one row"),
        (np.zeros((1, 12), complex), [0], TypeError, "`images` must be an array of numbers"),
        (np.zeros((2, 12)), [0], ValueError, "`labels` must be of shape (2,)"),
        (np.zeros((2, 12)), [0, 4], ValueError, "`labels` must be between 0 and 3. Got 4"),
    ],
)
def test_bad_batches_are_told_in_one_line(images, labels, kind, message):
    network = network_of()
    for method in (network.loss_and_gradient, network.loss, network.accuracy):
        with pytest.raises(kind) as error:
            method(images, labels)
        assert message in str(error.value)
