"""The network against what the textbook's own scripts give on real MNIST, seed by seed.

Runs in float64 draw what the scripts draw after ``np.random.seed``, in their order, and match
their figures.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from trajectories import SGD, AdaGrad, Adam, Momentum
from trajectories.mnist import MultiLayerNet

BOOK = json.loads((Path(__file__).parents[1] / "data" / "book_results.json").read_text())
RULES = {
    "SGD": SGD(0.01),
    "Momentum": Momentum(0.01),
    "AdaGrad": AdaGrad(0.01),
    "Adam": Adam(0.001),
}
BYTE = {"scale": 255.0}


def pixels(images):
    return images.astype(np.float32) / np.float32(255)


def double(hidden, rng, **settings):
    return MultiLayerNet(784, hidden, 10, dtype=np.float64, loss_eps=1e-7, rng=rng, **settings)


def step_of(network, rule):
    return rule.fresh().bind({"all": network.flat_params}, {"all": network.flat_grads})


@pytest.mark.parametrize(
    ("seed", "iterations"), [(0, 51), pytest.param(3, 2000, marks=pytest.mark.slow)]
)
def test_losses_and_accuracies_are_the_textbooks(mnist, seed, iterations):
    """Race four optimizers as the textbook does, and compare losses after the update."""
    rng = np.random.RandomState(seed)
    networks = {name: double([100] * 4, rng) for name in RULES}
    steps = {name: step_of(network, RULES[name]) for name, network in networks.items()}
    losses = {name: np.empty(iterations) for name in RULES}
    for i in range(iterations):
        picked = rng.choice(60_000, 128)
        x, labels = pixels(mnist.train_images[picked]), mnist.train_labels[picked]
        for name, network in networks.items():
            network.loss_and_gradient(x, labels)
            steps[name]()
            losses[name][i] = network.loss(x, labels)
    for name, mine in losses.items():
        theirs = BOOK["per_seed"]["optimizer_compare"][name][str(seed)]
        for at, loss in theirs["loss_at"].items():
            if int(at) < iterations:
                assert mine[int(at)] == pytest.approx(loss, abs=5e-6), (name, at)
        if iterations == 2000:
            assert mine[-100:].mean() == pytest.approx(theirs["mean_last_100"], rel=1e-5)
            assert mine.mean() == pytest.approx(theirs["mean_all"], rel=1e-5)
            test = networks[name].accuracy(mnist.test_images, mnist.test_labels, **BYTE)
            assert test == pytest.approx(theirs["test_acc"], abs=1e-4)


OVERFITTING = [
    ("overfit_weight_decay", "lambda=0", {}),
    ("overfit_weight_decay", "lambda=0.1", {"weight_decay": 0.1}),
    ("overfit_dropout", "dropout 0.2", {"dropout": 0.2}),
]


@pytest.mark.parametrize(("experiment", "variant", "settings"), OVERFITTING)
@pytest.mark.parametrize(
    ("seed", "epochs"), [(0, 20), pytest.param(1, 200, marks=pytest.mark.slow)]
)
def test_overfitting_is_the_textbooks(mnist, experiment, variant, settings, seed, epochs):
    """Train on 300 images as the textbook does, and compare every tenth record of accuracy."""
    rng = np.random.RandomState(seed)
    network = double([100] * 6, rng, **settings)
    theirs = BOOK["per_seed"][experiment][variant][str(seed)]
    images, labels = mnist.train_images[:300], mnist.train_labels[:300]
    step = step_of(network, SGD(0.01))
    for i in range(3 * epochs + 1):
        picked = rng.choice(300, 100)
        network.loss_and_gradient(pixels(images[picked]), labels[picked])
        step()
        if i % 30 == 0:  # The textbook records after the first update of each epoch.
            train = network.accuracy(images, labels, **BYTE)
            test = network.accuracy(mnist.test_images, mnist.test_labels, **BYTE)
            assert train == pytest.approx(theirs["every_10_train"][i // 30], abs=1e-6)
            assert test == pytest.approx(theirs["every_10_test"][i // 30], abs=1e-4)


@pytest.mark.parametrize("scales", [1, pytest.param(16, marks=pytest.mark.slow)])
def test_batch_norm_is_the_textbooks(mnist, scales):
    """Train with and without batch norm, one scale after the other, as the textbook does."""
    rng, names = np.random.RandomState(0), list(BOOK["summary"]["batch_norm"])
    images, labels = mnist.train_images[:1000], mnist.train_labels[:1000]
    for name, scale in list(zip(names, np.logspace(0, -4, num=16), strict=True))[:scales]:
        networks = [
            double([100] * 5, rng, weight_init=scale, batch_norm=norm) for norm in (True, False)
        ]
        steps = [step_of(network, SGD(0.01)) for network in networks]
        curves = norm, plain = [], []
        for i in range(191):
            picked = rng.choice(1000, 100)
            for network, step, curve in zip(networks, steps, curves, strict=True):
                with np.errstate(all="ignore"):
                    network.loss_and_gradient(pixels(images[picked]), labels[picked])
                    step()
                    if i % 10 == 0:
                        curve.append(network.accuracy(images, labels, **BYTE))
        theirs = BOOK["per_seed"]["batch_norm"][name]["0"]
        # Its running statistics start at 0, and are right to three digits after 100 updates.
        np.testing.assert_allclose(norm[11:], theirs["bn_acc"][11:], atol=0.0025)
        alive, accuracy = np.isfinite(plain), np.array(theirs["no_bn_acc"])
        np.testing.assert_allclose(np.array(plain)[alive], accuracy[alive], atol=1e-6)
        # What it calls 9.7 % is the part of zeros: the argmax of NaN.
        assert (accuracy[~alive] == 0.097).all()


def test_activations_are_the_textbooks():
    inits = {"std=1": 1.0, "std=0.01": 0.01, "xavier": "xavier", "he": "he"}
    rng = np.random.RandomState(0)
    x = rng.standard_normal((1000, 100))
    variants = BOOK["per_seed"]["activation_histogram"]
    assert len(variants) == 12
    for variant, seeds in variants.items():
        activation, _, name = variant.partition(" ")
        how = {"activation": activation, "weight_init": inits[name], "dtype": "float64"}
        network = MultiLayerNet(100, [100] * 5, 2, **how, rng=0)
        for k in range(1, 6):  # The last layer's are not the textbook's, and draw nothing here.
            scale = network.settings["weight_init"]
            scale = {"xavier": 0.1, "he": np.sqrt(0.02)}.get(scale, scale)
            network.params[f"W{k}"] = scale * rng.standard_normal((100, 100))
        network.predict(x, train=True)
        theirs = seeds["0"]["mean_std_saturated_or_zero_per_layer"]
        for hidden, (mean, std, _) in zip(network.activations, theirs, strict=True):
            assert hidden.mean() == pytest.approx(mean, rel=2e-5, abs=1e-9)
            assert hidden.std() == pytest.approx(std, rel=2e-5)
