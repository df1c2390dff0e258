"""The search for a network's hyperparameters: what is tried, what it concludes, its pictures."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

from trajectories import SGD, schedules
from trajectories.mnist import MultiLayerNet, Trainer, search_network
from trajectories.search import SearchResult, search_surface

SMALL = {"data": "digits", "hidden": [10], "epochs": 2, "n_jobs": 1}
RATES = "lr=log:0.01:1"
EVERY_PAGE = pytest.mark.parametrize("page", ["best", "plane", "ranking"])


@pytest.fixture(scope="module")
def found():
    space = "lr=log:1e-3:2, weight_decay=log:1e-6:1e-2"
    return search_network(space, 24, rounds=2, **SMALL | {"hidden": [20], "epochs": 4})


def words(figure):
    return [text.get_text() for text in figure.findobj(Text)]


# --- trials


@pytest.mark.parametrize(
    ("space", "rule", "network"),
    [
        ("lr=0.3, weight_decay=0.001", "sgd:lr=0.3", {"weight_decay": 1e-3}),
        (
            "optimizer=choice(adamw), lr=0.01, weight_decay=0.5, activation=choice(tanh)",
            "adamw:lr=0.01, weight_decay=0.5",  # It has a decay of its own.
            {"activation": "tanh"},
        ),
    ],
)
def test_a_trial_is_a_run_of_the_trainer(space, rule, network, digits):
    more = ", layers=3, width=7, batch_size=50, dropout=0.2, batch_norm=choice(true)"
    (trial,) = search_network(space + more, 1, halving=0, **SMALL)
    split = digits.subset(500).split(0.2, rng=0)
    network |= {"dropout": 0.2, "batch_norm": True, "rng": [trial.seed, 1]}
    sets = {
        "train": (split.train_images, split.train_labels),
        "validation": (split.validation_images, split.validation_labels),
    }
    history = Trainer(
        MultiLayerNet(64, [7, 7, 7], 10, **network),
        rule,
        *sets["train"],
        scale=16,
        batch_size=50,
        epochs=2,
        rng=trial.seed,
        evaluate=sets,
    ).train()
    assert trial.curves["epoch"] == [0, 1, 2]
    assert trial.curves["validation"] == history.accuracy["validation"].tolist()
    assert trial.curves["train"] == history.accuracy["train"].tolist()
    assert trial.score == history.final["validation"]


def test_parts_give_what_the_whole_gives():
    space = "optimizer=choice(sgd, momentum, adam), lr=0.05, dropout=0.2, batch_norm=choice(true)"
    how = {**SMALL, "epochs": 5}
    whole, parts = (search_network(space, 8, halving=halving, **how) for halving in (0, 2))
    assert sorted(trial.reached for trial in parts) == [2] * 4 + [3] * 2 + [5] * 2
    for trial, long in zip(parts, whole, strict=True):
        assert trial.curves["train"] == long.curves["train"][: trial.reached + 1]


def test_a_part_of_the_images_is_enough_and_another_split_another_search(tmp_path):
    how = {**SMALL, "halving": 0, "journal": tmp_path / "a.jsonl"}
    assert search_network(RATES, 2, **how, images=200).settings["objective"]["train"] == 160
    with pytest.raises(ValueError, match=r"objective\.train is 160 there and 1150 here"):
        search_network(RATES, 2, **how, images=None, resume=True)


@pytest.mark.parametrize(
    ("space", "how", "words"),
    [
        ("learning=log:1:2", {}, "Unknown hyperparameter 'learning'"),
        ("layers=integer:0:3", {}, "`layers` must be at least 1"),
        (RATES + ", activation=choice(relu,foo,tanh)", {}, "Unknown activation 'foo'"),
        (RATES, {"network": {"foo": 1}}, "Unknown setting of the network 'foo'. Known: activ"),
        (RATES, {"network": 3}, "`network` must be settings by name, such as dropout. Got 3"),
        (RATES, {"hidden": "100x6"}, "`hidden` must be a list of integers"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(space, how, words, tmp_path):
    with pytest.raises((TypeError, ValueError), match=words):
        search_network(space, 4, **SMALL | how, journal=tmp_path / "trials.jsonl")
    assert not list(tmp_path.iterdir())


# --- what it concludes


def test_the_test_images_are_looked_at_once_at_the_end(digits, monkeypatch):
    looked = []
    accuracy = MultiLayerNet.accuracy

    def watched(self, images, labels, **how):
        looked.append(len(labels))
        return accuracy(self, images, labels, **how)

    monkeypatch.setattr(MultiLayerNet, "accuracy", watched)
    found = search_network(RATES, 4, **{**SMALL, "data": replace(digits)})
    assert {*looked} == {400, 100, 360}
    assert looked.count(360) == 1
    assert looked[-1] == 360
    assert found.conclusion["trial"] == found.best.number
    assert found.conclusion["validation"] == found.best.score


def test_the_winner_is_trained_again_bit_for_bit_wherever_it_was_run():
    here, there = (search_network(RATES, 4, **SMALL | {"n_jobs": count}) for count in (1, 2))
    assert here == there
    # Settings are kept as JSON can hold them.
    network = {"dtype": np.float64, "activation": "ReLU", "dropout": np.float32(0.5)}
    settings = search_network(RATES, 1, **SMALL, halving=0, network=network).settings
    kept = {"dtype": "float64", "activation": "relu", "dropout": 0.5}
    assert settings["objective"]["network"] == kept
    assert there.conclusion["validation"] == there.best.score


def test_the_winner_is_trained_as_long_as_when_it_was_found(tmp_path):
    # At its eleventh step, in the third epoch, each survivor diverges: an abandoned trial wins.
    rule = SGD(schedules.Sequence(schedules.Constant(0.1), 10, schedules.Constant(1e300)))
    how = {**SMALL, "epochs": 4, "halving": 1, "optimizer": rule}
    path = tmp_path / "trials.jsonl"
    found = search_network("weight_decay=log:1e-8:1e-4", 4, **how, journal=path)
    best, ends = found.best, found.conclusion
    assert found.count("diverged") == 2
    assert (best.status, best.reached) == ("abandoned", 2)
    assert (ends["trial"], ends["reached"]) == (best.number, best.reached)
    assert (ends["validation"], ends["train"]) == (best.score, best.curves["train"][-1])
    assert 0 <= ends["test"] <= 1
    assert SearchResult.load(path) == found


def test_a_winner_without_an_answer_on_the_test_images_is_told_so(monkeypatch, tmp_path):
    step, accuracy = Trainer.step, MultiLayerNet.accuracy
    path, made = tmp_path / "trials.jsonl", []

    def elsewhere(trainer, *given, **named):
        """Train as a machine would on which the same trial ends otherwise."""
        if trainer not in made and not trainer.iteration:
            made.append(trainer)
        if len(made) == 3:
            trainer.network.flat_params[...] = np.nan
        return step(trainer, *given, **named)

    monkeypatch.setattr(Trainer, "step", elsewhere)
    found = search_network(RATES, 2, **SMALL, halving=0, journal=path)
    assert [found.conclusion[name] for name in ("test", "train", "validation")] == [None] * 3
    assert "NaN" not in path.read_text()
    assert any("looked at once: diverged" in text for text in words(found.draw("ranking")))

    def lost(network, images, labels, **how):
        return math.nan if len(labels) == 360 else accuracy(network, images, labels, **how)

    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(MultiLayerNet, "accuracy", lost)
    found = search_network(RATES, 2, **SMALL)
    assert found.conclusion["test"] is None
    assert found.conclusion["validation"] == found.best.score
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.slow
def test_the_textbooks_search_on_mnist(mnist):
    found = search_network(data=mnist, halving=0)
    assert found.count("finished") == 100
    rates = [trial.params["lr"] for trial in found.ranking[:10]]
    assert min(rates) > 1e-3  # As in the textbook, whose best are from 0.0052 to 0.0098.
    assert found.best.score > 0.65
    assert 0.5 < found.conclusion["test"] < 0.85


# --- its pictures


@EVERY_PAGE
def test_figures_are_drawn_and_say_what_is_in_them(found, page):
    figure = found.draw(page, theme="slides-dark")
    figure.canvas.draw()
    told = " ".join(words(figure))
    assert "digits" in told
    assert "MNIST" not in told
    assert f"{found.count('abandoned')} abandoned" in told
    panels = [ax for ax in figure.axes if ax.get_label() != "header" and ax.axison]
    if page == "best":
        assert len(panels) == 20
        assert panels[0].get_title(loc="left").startswith("1: ")
        assert all(trial.status == "abandoned" for trial in found.ranking[6:20])
        assert panels[0].lines[1].get_ydata().tolist() == found.best.curves["validation"]
    if page == "plane":
        boxes = [patch.get_bbox() for patch in panels[0].patches]
        spaces = [(s["lr"].low, s["weight_decay"].low, s["lr"].high) for s in found.spaces]
        assert np.allclose([(b.x0, b.y0, b.x1) for b in boxes], spaces)
        assert len(boxes) == 3
        drawn = sum(len(points.get_offsets()) for points in panels[0].collections)
        assert drawn == len(found) + 1  # And a ring about the best.
    if page == "ranking":
        places = np.concatenate([line.get_xdata() for line in panels[0].lines])
        assert sorted(places) == list(range(1, 25))
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_an_unfinished_search_is_drawn_too(found):
    part = SearchResult(found.settings, found.trials[:5], None, found.versions)
    assert "5 of 24 trials" in " ".join(words(part.draw()))
    with pytest.raises(ValueError, match="one with a trial that has ended"):
        SearchResult(found.settings, (), None, found.versions).draw()
    with pytest.raises(ValueError, match="`space` must be of two numerical ranges"):
        search_surface("sphere", trials=3).draw("plane")


@EVERY_PAGE
def test_a_search_on_a_surface_with_and_without_a_winner_is_drawn(page):
    space = "lr=log:1e-3:0.1, momentum=linear:0:0.9"
    found = search_surface("six_hump_camel", "momentum", space, 8, start=(0.3, -0.5), steps=60)
    assert found.best.score < 0
    figure = found.draw(page)
    assert "six hump camel" in figure.texts[0].get_text()
    if page == "best":
        ax = figure.axes[1]
        assert ax.get_yscale() == "linear"
        low, high = ax.get_ylim()
        curves = [line.get_ydata() for line in ax.lines]
        assert all(low <= curve.min() <= curve.max() <= high for curve in curves)
    found = search_surface("rosenbrock", "momentum", "lr=log:5:50, momentum=linear:0:0.9", 8)
    assert found.best is None
    told = words(found.draw(page))
    assert any("No trial has a score" in text for text in told)
    assert any("8 diverged" in text for text in told)


@pytest.mark.parametrize(
    ("space", "told"),
    [
        (RATES, "64-10-12, batches of 100."),
        (
            "layers=integer:1:3, width=integer:5:50, batch_size=integer:10:200",
            "64-(5 to 50)x(1 to 3)-12, batches of 10 to 200.",
        ),
        ("width=choice(8,2,4)", "64-(2 to 8)x1-12, batches of 100."),
    ],
)
def test_the_foot_tells_the_networks_that_the_trials_had(space, told, digits):
    data = replace(digits, classes=12)
    found = search_network(space, 2, **SMALL | {"epochs": 1, "data": data}, halving=0)
    assert told in " ".join(words(found.draw("ranking"))).replace("\n", " ")


def test_names_are_no_mathematics_and_may_be_missing(found):
    about = found.settings["objective"] | {"data": "$x$ and $"}
    names = {"objective": about, "measure": "$m$ of $", "unit": "$u$"}
    told = words(replace(found, settings=found.settings | names).draw("plane"))
    assert any(r"\$x\$ and \$" in text for text in told)
    assert any(r"\$m\$ of \$" in text for text in told)
    assert not any(re.search(r"(?<!\\)\$(x|m|u)", text) for text in told)
    own = replace(found, settings=found.settings | {"objective": {"ridge": 8}})
    assert own.draw("plane").texts[0].get_text().endswith("on an objective")
