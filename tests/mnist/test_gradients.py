"""Gradients against central differences in float64, for every combination, and against PyTorch."""

import itertools

import numpy as np
import pytest

from trajectories.mnist import MultiLayerNet

ROWS, SIZES = 7, (6, [5, 4], 3)
COMBINATIONS = list(
    itertools.product(["relu", "sigmoid", "tanh"], [False, True], [0.0, 0.3], [0.0, 0.2])
)
NAMES = [f"{a}-bn{int(n)}-drop{d}-decay{w}" for a, n, d, w in COMBINATIONS]


def network_of(activation, batch_norm, dropout, weight_decay, **settings):
    network = MultiLayerNet(
        *SIZES,
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        weight_decay=weight_decay,
        dtype=np.float64,
        rng=3,
        **settings,
    )
    rng = np.random.default_rng(4)
    network.flat_params[...] += 0.3 * rng.standard_normal(network.flat_params.size)
    return network


@pytest.fixture
def batch():
    rng = np.random.default_rng(5)
    return rng.standard_normal((ROWS, SIZES[0])), rng.integers(0, SIZES[2], ROWS)


def numerical(network, x, labels, h=1e-5):
    """Differentiate by every parameter, the same elements missing each time."""
    gradient, flat = np.empty_like(network.flat_params), network.flat_params
    for i in range(flat.size):
        kept, sides = flat[i], []
        for step in (h, -h):
            flat[i], network.rng = kept + step, np.random.default_rng(6)
            sides.append(network.loss(x, labels, train=True))
        flat[i] = kept
        gradient[i] = (sides[0] - sides[1]) / (2 * h)
    return gradient


@pytest.mark.parametrize("combination", COMBINATIONS, ids=NAMES)
def test_gradient_is_that_of_central_differences(combination, batch):
    network = network_of(*combination)
    network.rng = np.random.default_rng(6)
    loss = network.loss_and_gradient(*batch)
    gradient = network.flat_grads.copy()
    assert np.abs(gradient).max() > 0.01
    np.testing.assert_allclose(gradient, numerical(network, *batch), rtol=1e-6, atol=1e-9)
    network.rng = np.random.default_rng(6)
    assert network.loss(*batch, train=True) == loss
    single = MultiLayerNet(**{**network.settings, "dtype": np.float32}, rng=0)
    single.flat_params[...], single.rng = network.flat_params, np.random.default_rng(6)
    assert single.loss_and_gradient(*batch) == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(single.flat_grads, gradient, rtol=2e-4, atol=2e-6)


def test_without_hidden_layers_it_is_logistic_regression(batch):
    network = MultiLayerNet(SIZES[0], [], SIZES[2], dtype=np.float64, rng=0)
    network.loss_and_gradient(*batch)
    np.testing.assert_allclose(
        network.flat_grads.copy(), numerical(network, *batch), rtol=1e-6, atol=1e-9
    )


def test_decay_is_in_the_gradient_of_weights_only(batch):
    plain, decayed = (network_of("tanh", True, 0.0, decay) for decay in (0.0, 0.2))
    difference = decayed.loss_and_gradient(*batch) - plain.loss_and_gradient(*batch)
    squares = 0.0
    for name, grad in decayed.grads.items():
        pull = 0.2 * decayed.params[name] if name.startswith("W") else 0.0
        np.testing.assert_allclose(grad, plain.grads[name] + pull, rtol=1e-12, atol=1e-15)
        squares += np.sum(decayed.params[name] ** 2) if name.startswith("W") else 0.0
    assert difference == pytest.approx(0.1 * squares, rel=1e-12)


def torch_of(network, torch):
    """Return the same network, with the same parameters, in PyTorch."""
    s, layers = network.settings, []
    activation = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
    for k, (inputs, outputs) in enumerate(itertools.pairwise(network.sizes), 1):
        layers.append(torch.nn.Linear(inputs, outputs, dtype=torch.float64))
        hidden = k < len(network.sizes) - 1
        if hidden and s["batch_norm"]:
            layers.append(torch.nn.BatchNorm1d(outputs, eps=1e-6, dtype=torch.float64))
        if hidden:
            layers.append(activation[s["activation"]]())
    twin = torch.nn.Sequential(*layers)
    affine = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
    norms = [layer for layer in layers if isinstance(layer, torch.nn.BatchNorm1d)]
    with torch.no_grad():
        for k, layer in enumerate(affine, 1):
            layer.weight[...] = torch.tensor(network.params[f"W{k}"].T.copy())
            layer.bias[...] = torch.tensor(network.params[f"b{k}"])
        for k, layer in enumerate(norms, 1):
            layer.weight[...] = torch.tensor(network.params[f"gamma{k}"])
            layer.bias[...] = torch.tensor(network.params[f"beta{k}"])
    return twin, affine, norms


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_loss_gradient_and_outputs_are_those_of_pytorch(activation, batch_norm, batch):
    torch = pytest.importorskip("torch", reason="needs PyTorch to compare with")
    network = network_of(activation, batch_norm, 0.0, 0.0)
    twin, affine, norms = torch_of(network, torch)
    x, labels = batch
    loss = torch.nn.functional.cross_entropy(twin(torch.tensor(x)), torch.tensor(labels))
    loss.backward()
    assert network.loss_and_gradient(x, labels) == pytest.approx(loss.item(), rel=1e-13)
    close = {"rtol": 1e-9, "atol": 1e-14}
    for k, layer in enumerate(affine, 1):
        np.testing.assert_allclose(network.grads[f"W{k}"], layer.weight.grad.numpy().T, **close)
        np.testing.assert_allclose(network.grads[f"b{k}"], layer.bias.grad.numpy(), **close)
    for k, layer in enumerate(norms, 1):
        np.testing.assert_allclose(network.grads[f"gamma{k}"], layer.weight.grad.numpy(), **close)
        np.testing.assert_allclose(network.grads[f"beta{k}"], layer.bias.grad.numpy(), **close)
    outputs = twin(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(network.predict(x, train=True), outputs, rtol=1e-12)
