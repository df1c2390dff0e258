"""The experiments: fair, honest about what diverges, kept, and within the textbook's ranges."""

import json
from pathlib import Path

import numpy as np
import pytest

from trajectories.mnist import MultiLayerNet, Trainer
from trajectories.mnist.experiments import (
    EXPERIMENTS,
    Result,
    activations,
    batch_norm,
    dropout,
    dropout_ensemble,
    initial_weights,
    layers,
    optimizers,
    weight_decay,
    zero_weights,
)

#: The textbook's four.
BOOK = ["sgd:0.01", "momentum:0.01", "adagrad:0.01", "adam:0.001"]
TEXTBOOK = json.loads((Path(__file__).parents[1] / "data" / "book_results.json").read_text())
SUMMARY = TEXTBOOK["summary"]
FEW = {"iterations": 12, "seeds": 2, "n_jobs": 1}


@pytest.fixture
def idle(monkeypatch):
    """Let nothing be trained any more."""

    def refuse(*_, **__):
        raise AssertionError("something is trained")

    return lambda: monkeypatch.setattr(Trainer, "train", refuse)


# --- what all have in common


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_kept_and_not_run_twice(name, digits, short, saved, tmp_path, idle):
    found, path = saved(name), tmp_path / f"{name}.json"
    assert found.experiment == name
    assert found.data["name"] == ("digits" if EXPERIMENTS[name].images else "N(0, 1)")
    assert set(found.versions) == {"trajectories", "numpy", "python"}
    for runs in found.runs.values():
        assert [history.settings["seed"] for history in runs] == list(found.seeds)
    found.save(path)
    assert Result.load(path).to_dict() == found.to_dict()
    idle()
    before = path.read_bytes()
    run, how = EXPERIMENTS[name].function(name), {**short[name], "n_jobs": 1, "keep": path}
    assert run(digits, **how) == found
    if name != "activations":
        other = digits.subset(1000)
        for data, more in ((digits, {"reuse": False}), (digits, {"rng": 7}), (other, {})):
            with pytest.raises(AssertionError, match="something is trained"):
                run(data, **how, **more)
    assert path.read_bytes() == before


def test_an_interrupted_experiment_goes_on_where_it_was(digits, tmp_path, monkeypatch):
    keep, run, ran = tmp_path / "a.json", Trainer.train, []
    how = {"iterations": 8, "seeds": 2, "n_jobs": 1}

    def watched(trainer, **settings):
        if len(ran) == 3:
            raise KeyboardInterrupt
        made = []
        history = run(trainer, watch=lambda trainer: made.append(trainer.iteration))
        ran.append(len(made))
        return history

    monkeypatch.setattr(Trainer, "train", watched)
    with pytest.raises(KeyboardInterrupt):
        initial_weights(digits, keep=keep, **how)
    assert not keep.exists()
    assert len(list(tmp_path.glob(".a.*.partial/*.npz"))) == 3
    ran[:] = ["again"] * 4
    found = initial_weights(digits, keep=keep, **how)
    assert ran[4:] == [0, 0, 0, 9, 9, 9]  # Those that are done train no more.
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]
    monkeypatch.undo()
    assert found == initial_weights(digits, **how)


def test_races_are_fair(digits):
    plain, held = dropout(digits, epochs=1, seeds=2, n_jobs=1).runs.values()
    for one, other in zip(plain, held, strict=True):
        for part in ("train", "test"):  # Scaling by dropout changes no answer of the same weights.
            assert one.accuracy[part][0] == other.accuracy[part][0]
    assert plain[0].accuracy["train"][0] != plain[1].accuracy["train"][0]
    found = weight_decay(digits, epochs=1, seeds=1, n_jobs=1)
    (plain,), (held,) = found.runs.values()
    network = MultiLayerNet(64, found.settings["hidden"], 10, rng=[0, 1])
    squares = sum(np.sum(w**2.0) for name, w in network.params.items() if name[0] == "W")
    assert held.loss[0] - plain.loss[0] == pytest.approx(0.05 * squares, rel=1e-4)


def test_optimizers_meet_the_same_first_loss_in_one_process_or_two(digits):
    found = optimizers(digits, **FEW)
    assert " / ".join(found.runs) == (
        "SGD 0.01 / Momentum 0.01 / AdaGrad 0.01 / Adam 0.001 / "
        "RMSProp 0.001 / Nesterov 0.01 / AdamW 0.001 / Lion 0.0001"
    )
    first = np.array([found.losses(label)[:, 0] for label in found.runs])
    assert (first == first[0]).all()
    assert first[0, 0] != first[0, 1]
    last = np.array([found.losses(label)[:, -1] for label in found.runs])
    assert len(np.unique(last)) == last.size
    assert found.records("Adam 0.001", "test").shape == found.records("Adam 0.001", "seconds").shape
    assert optimizers(digits, **FEW | {"n_jobs": 2}) == found
    assert optimizers(digits, **FEW, rng=4) != found


@pytest.mark.parametrize(
    ("run", "wrong", "words"),
    [
        (optimizers, {"seeds": 0}, "`seeds` must be at least 1"),
        (optimizers, {"seeds": [1, 1]}, "`seeds` must be at least one, and no two alike"),
        (optimizers, {"rng": "x"}, "`rng` must be a seed"),
        (optimizers, {"keep": "result.txt"}, "ends in .json"),
        (optimizers, {"keep": "no/such/folder/a.json"}, "does not exist"),
        (optimizers, {"data": "mnits"}, "Unknown data"),
        (optimizers, {"optimizers": ["newton"]}, "optimizers that need no surface"),
        (optimizers, {"optimizers": "sgd:0.1"}, "`optimizers` must be a list of optimizers. Got"),
        (optimizers, {"optimizers": ["adam", "adam"]}, "differ in name or learning rate"),
        (dropout, {"ratio": 1}, "`ratio`"),
        (dropout_ensemble, {"ratio": "x"}, "`ratio`"),
        (weight_decay, {"decay": 0}, "`decay` must be positive"),
        (layers, {"optimizer": "newton"}, "`optimizer` must be one that needs no"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_done(run, wrong, words, idle):
    idle()
    with pytest.raises((TypeError, ValueError, FileNotFoundError), match=words):
        run(**{"data": "digits", **wrong})


def test_results_are_saved_as_json_alone_and_cannot_be_changed(digits, tmp_path):
    found, path = zero_weights(digits, **FEW), tmp_path / "a.json"
    for text in ("", "{}", "[]", '{"format": "trajectories experiment 1"}', "\0"):
        path.write_text(text)
        with pytest.raises(ValueError, match="holds no experiment"):
            Result.load(path)
    with pytest.raises(ValueError, match="ends in .json"):
        found.save(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="read-only"):
        found.arrays["units all 0"][0] = 5
    with pytest.raises(ValueError, match="2, one for each seed"):
        Result("optimizers", found.data, {}, (0, 1), runs={"SGD": found.runs["all 0"][:1]})
    assert repr(found) == "Result('zero_weights' on digits: 3 variants, 2 seeds)"


# --- what each shows


def test_units_that_begin_alike_stay_alike(digits):
    found = zero_weights(digits, iterations=60, seeds=2, n_jobs=1)
    assert (found.arrays["units all 0"] == 1).all()
    assert (found.arrays["units all 0.01"] == 1).all()
    assert (found.arrays["units random (He)"] == 100).all()
    assert not found.arrays["change all 0"].any()
    alike = found.arrays["change all 0.01"]
    assert alike.any()
    np.testing.assert_allclose(alike, alike[:1].repeat(len(alike), axis=0), rtol=1e-3, atol=1e-6)
    assert found.losses("all 0")[:, -1] == pytest.approx(np.log(10), abs=0.01)
    assert (found.losses("random (He)")[:, -1] < 2.1).all()


def test_activations_are_spread_like_the_textbooks():
    found = activations(seeds=3)
    names = {"std 1": "std=1", "std 0.01": "std=0.01", "Xavier": "xavier", "He": "he"}
    for activation in ("sigmoid", "tanh", "relu"):
        for init in names:
            facts = found.arrays[f"{activation} {init} facts"]
            theirs = TEXTBOOK["per_seed"]["activation_histogram"][f"{activation} {names[init]}"]
            kept = np.array([s["mean_std_saturated_or_zero_per_layer"] for s in theirs.values()])
            spread = facts[..., 1].mean(axis=0)
            low, high = kept[..., 1].min(axis=0), kept[..., 1].max(axis=0)
            room = 0.15 * kept[..., 1].mean(axis=0) + (high - low)
            assert (spread > low - room).all(), (activation, init)
            assert (spread < high + room).all(), (activation, init)
            if activation == "relu" or (activation, init) == ("sigmoid", "std 1"):
                lost = facts[..., 2].mean(axis=0)
                assert lost == pytest.approx(kept[..., 2].mean(axis=0), abs=0.08)
            counts = found.arrays[f"{activation} {init} counts"]
            if activation != "relu":  # Their range holds all values.
                assert (counts.sum(axis=1) == 3 * 1000 * 100).all()
            else:
                zeros = facts[..., 2].sum(axis=0) * 1000 * 100
                assert counts[:, 0].any()
                assert (counts.sum(axis=1) <= 3 * 1000 * 100 - zeros + 1e-6).all()
                assert (counts.sum(axis=1) >= 0.997 * (3 * 1000 * 100 - zeros) - 600).all()
    assert found.arrays["tanh He range"].tolist() == [-1, 1]
    assert found.arrays["sigmoid He range"].tolist() == [0, 1]
    assert found.arrays["relu std 1 range"][1] > 10_000


def test_layers_are_looked_at_while_they_learn(digits):
    found = layers(digits, iterations=40, moments=4, n_jobs=1)
    assert found.arrays["moments"].tolist() == [0, 10, 20, 30, 40]
    for label, runs in found.runs.items():
        assert runs[0].iteration.tolist() == [0, 10, 20, 30, 40]
        for row, (what, least) in enumerate({"activations": 0.98, "gradients": 1 - 1e-6}.items()):
            counts = found.arrays[f"{label} {what}"]
            assert counts.shape == (5, 4, 40)
            silent = found.arrays[f"{label} silent"][..., row]
            part = counts.sum(axis=-1) / (500 * 100) + silent
            assert (part > least).all()
            assert (part < 1 + 1e-6).all()
    low, high = found.arrays["powers"]
    middles = low + (np.arange(40) + 0.5) * (high - low) / 40

    def shrunk(label):
        """Return by how many powers of ten gradients at the start are smaller in front."""
        first, *_, last = found.arrays[f"{label} gradients"][0]
        return np.average(middles, weights=last) - np.average(middles, weights=first)

    # At the start gradients vanish on their way back where weights are small, and He's keep them.
    assert shrunk("ReLU, std 0.01") > 2
    assert shrunk("sigmoid, Xavier") > 1
    assert abs(shrunk("ReLU, He")) < 0.5


def test_gradients_looked_at_are_the_networks_own(digits):
    found = layers(digits, iterations=2, moments=1, n_jobs=1)
    network = MultiLayerNet(64, found.settings["hidden"], 10, rng=[0, 1])
    few = digits.subset(500)
    network.loss_and_gradient(few.train_images / np.float32(16), few.train_labels)
    for k, delta in enumerate(network.deltas[:-1]):
        assert found.arrays["ReLU, He silent"][0, k, 1] == np.mean(delta == 0)
        sizes = np.log10(abs(delta[delta != 0]) * 500)
        low, high = found.arrays["powers"]
        expected = np.histogram(sizes, 40, (low, high))[0]
        assert found.arrays["ReLU, He gradients"][0, k] == pytest.approx(expected, abs=5)


def test_the_ensemble_is_the_mean_of_its_masks(digits):
    found = dropout_ensemble(digits, epochs=60, masks=12, seeds=2, n_jobs=1, ratio=0.1)
    many, single, scaled = (found.arrays[name] for name in ("ensemble", "single", "scaled"))
    assert many.shape == single.shape == (2, 12)
    np.testing.assert_array_equal(many[:, 0], single[:, 0])
    assert scaled.tolist() == [run.final["test"] for run in found.runs["dropout 0.1"]]
    assert len(np.unique(single[0])) > 3
    assert many[:, -1].mean() > single.mean()
    assert many[:, -1].mean() == pytest.approx(scaled.mean(), abs=0.1)


# --- on real MNIST, against the range over the textbook's five seeds


def within(values, bounds, least=0.0):
    """Tell whether the mean is within a range, widened by half of its width on both sides.

    The range is that of five seeds; others come out a little beyond it.
    """
    low, _, high = bounds
    room = max((high - low) / 2, least)
    return low - room <= np.mean(values) <= high + room


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "how", "name", "most"),
    [
        (optimizers, {"optimizers": BOOK}, "optimizer_compare", 2.2),
        (initial_weights, {}, "weight_init_compare", 1.25),
    ],
    ids=["optimizers", "initial weights"],
)
def test_races_are_the_textbooks(mnist, run, how, name, most):
    found = run(mnist, seeds=2, **how)
    for label, theirs in zip(found.runs, SUMMARY[name].values(), strict=True):
        accuracy = found.records(label, "test")[:, -1]
        assert within(accuracy, theirs["test_acc"], 0.001), (label, accuracy)
        # The textbook's losses are those of the same batch after the update: lower.
        losses = found.losses(label)[:, -100:].mean()
        assert theirs["mean_last_100"][0] < losses < most * theirs["mean_last_100"][2]


@pytest.mark.slow
def test_batch_normalisation_is_the_textbooks(mnist):
    found = batch_norm(mnist, seeds=3)
    pairs = zip(*[iter(found.runs)] * 2, strict=True)
    for (kept, plain), theirs in zip(pairs, SUMMARY["batch_norm"].values(), strict=True):
        # Its last record is after 191 updates, and ours at epoch 19 after 190.
        final = found.records(kept, "train")[:, 19]
        assert within(final, theirs["bn_acc_final"], 0.03), (kept, final)
        if theirs["no_bn_acc_final"] == [0.097] * 3:
            # The part of zeros among the labels: the argmax of NaN.
            assert all(run.diverged for run in found.runs[plain])
        elif not any(run.diverged for run in found.runs[plain]):
            final = found.records(plain, "train")[:, 19]
            assert within(final, theirs["no_bn_acc_final"], 0.03), (plain, final)
    learns = [
        label
        for label in list(found.runs)[1::2]
        if np.median(np.nan_to_num([run.final["train"] for run in found.runs[label]])) > 0.5
    ]
    assert learns == ["without, std 0.2929", "without, std 0.1585"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "name", "variants"),
    [
        (weight_decay, "overfit_weight_decay", ("lambda=0", "lambda=0.1")),
        (dropout, "overfit_dropout", ("no dropout", "dropout 0.2")),
    ],
    ids=["weight decay", "dropout"],
)
def test_overfitting_is_the_textbooks(mnist, run, name, variants):
    found, gaps, tests = run(mnist, seeds=3), [], []
    for label, variant in zip(found.runs, variants, strict=True):
        kept = SUMMARY[name][variant]
        train, test = (found.records(label, what)[:, -1] for what in ("train", "test"))
        assert within(train, kept["train_final"]), (label, train)
        assert within(test, kept["test_final"]), (label, test)
        assert within(train - test, kept["gap"]), (label, train - test)
        gaps.append((train - test).mean())
        tests.append(test.mean())
    assert gaps[1] < gaps[0]
    assert tests[1] < tests[0]
