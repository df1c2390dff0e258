"""What a search for a network's hyperparameters concludes."""

import json
import math

import numpy as np
import pytest
from matplotlib.text import Text

from trajectories.mnist.figures.search_figure import draw_search
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.network_search import NetworkObjective, search
from trajectories.optimizers.gradient import SGD
from trajectories.optimizers.schedules import Constant, Sequence
from trajectories.search.trials import SearchResult

SMALL = {"data": "digits", "hidden": [10], "epochs": 2, "workers": 1}


def test_the_winner_is_trained_as_long_as_when_it_was_found(tmp_path):
    # At its eleventh step, in the third epoch, each survivor diverges: an abandoned trial wins.
    rule = SGD(Sequence(Constant(0.1), 10, Constant(1e300)))
    how = {**SMALL, "epochs": 4, "halving": 1, "optimizer": rule}
    path = tmp_path / "trials.jsonl"
    found = search("weight_decay=log(1e-8,1e-4)", 4, **how, journal=path)
    best, ends = found.best, found.conclusion
    assert found.count("diverged") == 2
    assert (best.status, best.reached) == ("abandoned", 2)
    assert (ends["trial"], ends["reached"]) == (best.number, best.reached)
    assert (ends["validation"], ends["train"]) == (best.score, best.curves["train"][-1])
    assert 0 <= ends["test"] <= 1
    assert SearchResult.load(path) == found


def test_a_winner_that_diverges_when_it_is_trained_again_is_told_so(monkeypatch, tmp_path):
    trained = NetworkObjective.trained

    def elsewhere(self, params, *given):
        """Train as a machine would on which the same trial ends otherwise."""
        return trained(self, {**params, "lr": 1e30} if len(given) == 2 else params, *given)

    monkeypatch.setattr(NetworkObjective, "trained", elsewhere)
    path = tmp_path / "trials.jsonl"
    found = search("lr=log(0.01,1)", 2, **SMALL, journal=path)
    names = ("test", "train", "validation")
    assert [found.conclusion[name] for name in names] == [None] * 3
    assert "NaN" not in path.read_text()
    drawn = draw_search(found, "ranking").findobj(Text)
    assert any("looked at once: diverged" in text.get_text() for text in drawn)


def test_test_images_without_an_answer_are_told_so(monkeypatch):
    accuracy = MultiLayerNet.accuracy

    def lost(self, images, labels, **how):
        return math.nan if len(labels) == 360 else accuracy(self, images, labels, **how)

    monkeypatch.setattr(MultiLayerNet, "accuracy", lost)
    found = search("lr=log(0.01,1)", 2, **SMALL)
    assert found.conclusion["test"] is None
    assert found.conclusion["validation"] == found.best.score
    json.dumps(found.to_dict(), allow_nan=False)


def test_settings_of_the_network_are_kept_as_json_can_hold_them(tmp_path):
    path = tmp_path / "trials.jsonl"
    how = SMALL | {"journal": path, "halving": 0}
    network = {"dtype": np.float64, "activation": "ReLU", "dropout": np.float32(0.5)}
    found = search("lr=log(0.01,1)", 2, **how, network=network)
    kept = {"dtype": "float64", "activation": "relu", "dropout": 0.5}
    assert found.settings["objective"]["network"] == kept
    assert search("lr=log(0.01,1)", 2, **how, network=kept, resume=True) == found


@pytest.mark.parametrize(
    ("network", "error", "words"),
    [
        ({"foo": 1}, ValueError, "Unknown setting of the network 'foo'. Known: activation, "),
        ({"rng": 1}, ValueError, "Unknown setting of the network 'rng'"),
        ({"hidden_sizes": [3]}, ValueError, "Unknown setting of the network 'hidden_sizes'"),
        ({"dropout": 2}, ValueError, "`dropout` must be at least 0 and below 1. Got 2"),
        ({"dtype": "float16"}, ValueError, "`dtype` must be float32 or float64"),
        (3, TypeError, "`network` must be settings by name, such as dropout. Got 3"),
    ],
)
def test_other_settings_of_the_network_are_refused(network, error, words):
    with pytest.raises(error, match=words):
        search("lr=log(0.01,1)", 2, **SMALL, network=network)


def test_each_value_of_each_choice_is_checked_at_once(tmp_path):
    path, space = tmp_path / "trials.jsonl", "lr=log(0.01,1), activation=choice(relu,foo,tanh)"
    with pytest.raises(ValueError, match="Unknown activation 'foo'"):
        search(space, 8, **SMALL, journal=path)
    assert not path.exists()


@pytest.mark.parametrize("hidden", [100, "100x6"])
def test_hidden_layers_are_a_list(hidden):
    with pytest.raises(TypeError, match="`hidden` must be a list of integers"):
        search("lr=log(0.01,1)", 2, **SMALL | {"hidden": hidden})
