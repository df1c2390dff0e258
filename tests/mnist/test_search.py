"""The search for a network's hyperparameters."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

from trajectories.mnist.data import Dataset
from trajectories.mnist.figures.search_figure import SEARCH_PAGES, draw_search, foot
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.network_search import SPACE, NetworkObjective, search
from trajectories.mnist.trainer import Trainer
from trajectories.search.rounds import search_surface
from trajectories.search.space import as_space
from trajectories.search.trials import SearchResult

SMALL = {"data": "digits", "hidden": [20], "epochs": 4, "workers": 1}


@pytest.fixture(scope="module")
def found():
    return search("lr=log(1e-3, 2), weight_decay=log(1e-6, 1e-2)", 24, rounds=2, **SMALL)


@pytest.fixture
def objective(digits):
    return NetworkObjective(digits.subset(500).split(0.2, rng=0), hidden=[20, 20], epochs=6)


def test_the_default_space_is_the_textbooks():
    space = as_space(SPACE)
    assert [space["lr"].low, space["lr"].high] == [1e-6, 1e-2]
    assert [space["weight_decay"].low, space["weight_decay"].high] == [1e-8, 1e-4]


def test_a_trial_is_a_run_of_the_trainer(objective, digits):
    split = digits.subset(500).split(0.2, rng=0)
    report = objective.run({"lr": 0.3, "weight_decay": 1e-3}, 42, 6)
    network = MultiLayerNet(64, [20, 20], 10, weight_decay=1e-3, rng=[42, 1])
    sets = {
        "train": (split.train_images, split.train_labels),
        "validation": (split.validation_images, split.validation_labels),
    }
    history = Trainer(
        network, "sgd:lr=0.3", *sets["train"], scale=16, epochs=6, rng=42, evaluate=sets
    ).run()
    assert report.curves["validation"] == history.accuracy["validation"].tolist()
    assert report.curves["epoch"] == [0, 1, 2, 3, 4, 5, 6]
    assert report.score == history.final["validation"]


@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam"])
def test_parts_give_what_the_whole_gives(objective, rule):
    params = {"optimizer": rule, "lr": 0.05, "dropout": 0.2, "batch_norm": True}
    whole = objective.run(params, 3, 6)
    first = objective.run(params, 3, 2)
    middle = objective.run(params, 3, 5, first.state)
    last = objective.run(params, 3, 6, middle.state)
    assert (first.reached, middle.reached) == (2, 5)
    assert last.curves == whole.curves
    assert first.curves["train"] == whole.curves["train"][:3]


def test_every_hyperparameter_goes_where_it_belongs(objective):
    params = {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.5, "beta1": 0.8}
    params |= {"layers": 3, "width": 7, "batch_size": 50, "activation": "tanh"}
    trainer = objective.trainer(params, 0)
    assert list(trainer.network.sizes) == [64, 7, 7, 7, 10]
    assert trainer.network.settings["activation"] == "tanh"
    assert trainer.network.weight_decay == 0  # AdamW has its own.
    assert (trainer.optimizer.weight_decay, trainer.optimizer.beta1) == (0.5, 0.8)
    assert trainer.calendar.batch_size == 50
    assert objective.trainer({"weight_decay": 0.5}, 0).network.weight_decay == 0.5


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"learning": 1}, "Unknown hyperparameter 'learning'"),
        ({"momentum": 0.9}, "Unknown hyperparameter 'momentum'"),
        ({"dropout": 1.5}, "`dropout` must be"),
        ({"optimizer": "newton"}, "one that needs no surface"),
        ({"layers": 0}, "`layers` must be at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(objective, params, words):
    with pytest.raises(ValueError, match=words):
        objective.check(params)


def test_what_diverges_is_told_and_ranks_last():
    found = search("lr=log(1e-2, 1e30)", 12, halving=0, **SMALL)
    lost = [trial for trial in found if trial.status == "diverged"]
    assert lost
    assert all(trial.score is None for trial in lost)
    assert found.ranking[-1] in lost


def test_the_test_images_are_looked_at_once_at_the_end(digits, monkeypatch):
    data = Dataset(
        "digits", digits.train_images, digits.train_labels, digits.test_images, digits.test_labels,
        scale=16.0, shape=(8, 8),
    )  # fmt: skip
    looked = []
    accuracy = MultiLayerNet.accuracy

    def watched(self, images, labels, **how):
        looked.append(len(labels))
        return accuracy(self, images, labels, **how)

    monkeypatch.setattr(MultiLayerNet, "accuracy", watched)
    found = search("lr=log(0.01, 1)", 8, **{**SMALL, "data": data})
    assert {*looked} == {400, 100, 360}
    assert looked.count(360) == 1
    assert looked[-1] == 360
    assert found.conclusion["trial"] == found.best.number
    assert found.conclusion["validation"] == found.best.score


def test_the_winner_is_trained_again_bit_for_bit_wherever_it_was_run():
    here = search("lr=log(0.01, 1)", 6, **SMALL)
    there = search("lr=log(0.01, 1)", 6, **{**SMALL, "workers": 2})
    assert here == there
    assert there.conclusion["validation"] == there.best.score


def test_another_split_is_another_search(tmp_path):
    how = {**SMALL, "journal": tmp_path / "a.jsonl"}
    search("lr=log(0.01, 1)", 4, **how)
    with pytest.raises(ValueError, match=r"objective\.train is 400 there and 320 here"):
        search("lr=log(0.01, 1)", 4, **how, images=400, resume=True)


@pytest.mark.parametrize("page", list(SEARCH_PAGES))
@pytest.mark.parametrize("theme", ["light", "slides-dark"])
def test_figures_are_drawn_and_say_what_is_in_them(found, page, theme):
    figure = draw_search(found, page, theme=theme)
    figure.canvas.draw()
    words = " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))
    assert "digits" in words
    assert "MNIST" not in words
    assert f"{found.count('abandoned')} abandoned" in words
    panels = [ax for ax in figure.axes if ax.get_label() != "header" and ax.axison]
    if page == "best":
        assert len(panels) == 20
        heads = [ax.get_title(loc="left") for ax in panels]
        assert heads[0].startswith("1: ")
        assert all(trial.status == "abandoned" for trial in found.ranking[6:20])
        assert panels[0].lines[1].get_ydata().tolist() == found.best.curves["validation"]
        assert figure.bbox.width > 1000
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


@pytest.mark.parametrize("page", list(SEARCH_PAGES))
def test_words_stay_inside_the_figure(found, page):
    figure = draw_search(found, page, theme="slides")
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_an_unfinished_search_is_drawn_too(found):
    part = SearchResult(found.settings, found.trials[:5], None, found.versions)
    for page in SEARCH_PAGES:
        figure = draw_search(part, page)
        assert "5 of 24 trials" in " ".join(text.get_text() for text in figure.texts)
    with pytest.raises(ValueError, match="one with a trial that has ended"):
        draw_search(SearchResult(found.settings, (), None, found.versions))


def test_a_surface_is_drawn_by_the_same_figures():
    space = "lr=log(1e-4, 1), momentum=uniform(0, 0.99)"
    searched = search_surface("rosenbrock", "momentum", space, 24, rounds=2, halving=1)
    for page in SEARCH_PAGES:
        assert "rosenbrock" in draw_search(searched, page).texts[0].get_text()
    with pytest.raises(ValueError, match="`space` must be of two numerical ranges"):
        draw_search(search_surface("sphere", trials=3), "plane")


@pytest.mark.slow
def test_the_textbooks_search_on_mnist(mnist):
    found = search(data=mnist, halving=0)
    assert found.count("finished") == 100
    rates = [trial.params["lr"] for trial in found.ranking[:10]]
    assert min(rates) > 1e-3  # As in the textbook, whose best are from 0.0052 to 0.0098.
    assert found.best.score > 0.65
    assert 0.5 < found.conclusion["test"] < 0.85


def test_what_holds_test_images_is_no_data_of_a_trial(digits):
    with pytest.raises(TypeError, match=r"`data` must be what `Dataset.split` returns, without"):
        NetworkObjective(digits)


def test_a_part_of_the_images_is_enough(digits):
    found = search("lr=log(0.01, 1)", 2, **SMALL | {"epochs": 1}, images=200, halving=0)
    objective = found.settings["objective"]
    assert objective["train"] == 160
    every = search("lr=log(0.01, 1)", 2, **SMALL | {"epochs": 1}, images=None, halving=0)
    assert every.settings["objective"]["train"] == 1150


def test_only_searches_are_drawn():
    with pytest.raises(TypeError, match="`result` must be what `search` returns"):
        draw_search([])


@pytest.mark.parametrize("page", list(SEARCH_PAGES))
def test_losses_below_zero_are_drawn(page):
    space = "lr=log(1e-3, 0.1), momentum=uniform(0, 0.9)"
    found = search_surface("six_hump_camel", "momentum", space, 8, start=(0.3, -0.5), steps=60)
    assert found.best.score < 0
    figure = draw_search(found, page)
    figure.canvas.draw()
    if page == "best":
        ax = figure.axes[1]
        assert ax.get_yscale() == "linear"
        low, high = ax.get_ylim()
        curves = [line.get_ydata() for line in ax.lines]
        assert all(low <= curve.min() <= curve.max() <= high for curve in curves)


@pytest.mark.parametrize("page", list(SEARCH_PAGES))
def test_a_search_without_a_winner_says_so(page):
    found = search_surface("rosenbrock", "momentum", "lr=log(5, 50), momentum=uniform(0, 0.9)", 8)
    assert found.best is None
    figure = draw_search(found, page)
    figure.canvas.draw()
    words = [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]
    assert any("No trial has a score" in text for text in words)
    assert any("8 diverged" in text for text in words)


@pytest.mark.parametrize("page", list(SEARCH_PAGES))
def test_what_was_searched_for_may_have_no_name(found, page):
    own = replace(found, settings={**found.settings, "objective": {"ridge": 8}})
    first = draw_search(own, page).texts[0].get_text()
    assert first.endswith("on an objective")


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("lr=log(0.01,1)", "64-20-10, batches of 100."),
        (
            "layers=integer(1,3), width=integer(5,50), batch_size=integer(10,200)",
            "64-(5 to 50)x(1 to 3)-10, batches of 10 to 200.",
        ),
        ("lr=log(0.01,1), layers=4", "64-20x4-10, batches of 100."),
        ("width=choice(8,2,4)", "64-(2 to 8)x1-10, batches of 100."),
    ],
)
def test_the_foot_tells_the_networks_that_the_trials_had(space, words):
    found = search(space, 2, **SMALL | {"epochs": 1}, halving=0)
    assert words in foot(found)


def test_the_classes_are_those_of_the_data(digits):
    data = replace(digits, classes=12)
    found = search("lr=log(0.01,1)", 2, **SMALL | {"data": data, "epochs": 1})
    assert "64-20-12, batches" in foot(found)


@pytest.mark.parametrize("page", list(SEARCH_PAGES))
def test_names_of_data_and_measures_are_no_mathematics(found, page):
    about = found.settings["objective"] | {"data": "$x$ and $"}
    names = {"objective": about, "measure": "$m$ of $", "unit": "$u$"}
    figure = draw_search(replace(found, settings=found.settings | names), page)
    figure.canvas.draw()
    words = [text.get_text() for text in figure.findobj(Text)]
    assert any(r"\$x\$ and \$" in text for text in words)
    assert any(r"\$m\$ of \$" in text for text in words)
    assert not any(re.search(r"(?<!\\)\$(x|m|u)", text) for text in words)
