"""Figures of networks carry recipes: with the same images, training comes out the same again."""

import json
import re

import numpy as np
import pytest

from trajectories.mnist.experiments import EXPERIMENTS
from trajectories.mnist.figures import animate
from trajectories.mnist.landscape import landscape
from trajectories.mnist.source import load
from trajectories.replay import Recipe, animation_of, make_recipe, read_recipe, replay

#: Each experiment, as short as it can be, with what cannot be read off its defaults.
SHORT = {
    "optimizers": {
        "race": {"plain": "sgd:0.1", "in steps": "adam:step(0.01, 4)"},
        "iterations": 7,
        "evaluate_every": 3,
        "seeds": [4, 2],
    },
    "zero_weights": {"iterations": 6, "seeds": 1},
    "activations": {"seeds": 1},
    "layers": {"iterations": 7, "moments": 3, "optimizer": "momentum:0.05"},
    "initial_weights": {"iterations": 6, "seeds": 2},
    "batch_norm": {"epochs": 1, "seeds": 1},
    "weight_decay": {"epochs": 2, "seeds": 1, "decay": 0.05},
    "dropout": {"epochs": 2, "seeds": 1, "ratio": 0.3},
    "ensemble": {"epochs": 1, "seeds": 1, "masks": 3},
}


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def results(digits):
    """Return a function that runs an experiment, once."""
    known = {}

    def run(name):
        if name not in known:
            known[name] = EXPERIMENTS[name].function(name)(digits, workers=1, **SHORT[name])
        return known[name]

    return run


def test_no_experiment_is_left_out():
    assert set(SHORT) == set(EXPERIMENTS)


@pytest.mark.parametrize("name", SHORT)
def test_an_experiment_comes_again_bit_for_bit(name, results, digits):
    result = results(name)
    recipe = Recipe.of(make_recipe([result], kind="experiment", settings={}))
    (again,) = recipe.again(data=digits if EXPERIMENTS[name].images else None)
    assert again == result
    assert again.asked == result.asked
    assert again.digest() == result.digest()
    assert len(recipe.text) < 1500


def test_a_figure_comes_again_byte_for_byte(results, digits, tmp_path):
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    results("initial_weights").draw(theme="dark", size=(640, 400)).savefig(one)
    replay(one, data=digits).savefig(other)
    assert one.read_bytes() == other.read_bytes()


def test_a_moving_figure_comes_again_and_a_still_one_learns_to_move(results, digits, tmp_path):
    one, other = tmp_path / "one.gif", tmp_path / "other.gif"
    movie = animate(results("layers"), "small", size=(640, 400))
    movie.save(one, fps=2)
    replay(one, data=digits).save(other)
    assert one.read_bytes() == other.read_bytes()
    still = Recipe.of(results("layers").draw("small").recipe)
    assert len(animation_of(still, data=digits)) == len(movie)


def test_what_stands_still_says_so(results, digits):
    still = Recipe.of(results("initial_weights").draw().recipe)
    with pytest.raises(ValueError, match="must be what `layers` returns"):
        animation_of(still, data=digits)


def test_a_landscape_comes_again(digits, tmp_path):
    race = {"slow": "sgd:0.05", "fast": "adam:0.01"}
    how = {"hidden": [8], "iterations": 6, "images": 60, "resolution": 5, "every": 2, "rng": 3}
    found = landscape(digits, race=race, network={"weight_decay": 0.01}, workers=1, **how)
    page, again = tmp_path / "one.html", tmp_path / "other.html"
    found.animate(layout="grid").save(page)
    replay(page, data=digits).save(again)
    assert page.read_bytes() == again.read_bytes()
    still = tmp_path / "a.png"
    found.draw(theme="print").savefig(still)
    assert read_recipe(still).settings == {"theme": "print"}
    (once_more,) = read_recipe(still).again(data=digits)
    assert once_more.asked == found.asked
    np.testing.assert_array_equal(once_more.grid, found.grid)


def test_other_images_are_refused_before_anything_is_trained(results, digits):
    recipe = Recipe.of(results("initial_weights").draw().recipe)
    few = digits.subset(100)
    words = r"`data` must be digits as it was \(1,437 .*\)\. Got 'digits \(100\)' instead"
    with pytest.raises(ValueError, match=words):
        recipe.again(data=few)


def test_images_at_hand_are_taken_if_none_are_named(results, digits, monkeypatch):
    recipe = Recipe.of(results("zero_weights").draw().recipe)
    monkeypatch.setattr("trajectories.mnist.figures.at_hand", lambda: digits)
    (again,) = recipe.again()
    assert again == results("zero_weights")


def changed(result, change):
    data = json.loads(make_recipe([result], kind="experiment", settings={}))
    change(data["results"][0]["told"])
    return json.dumps(data)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("optimizers", lambda told: told.update(experiment="eval"), "eval"),
        ("optimizers", lambda told: told.update(seeds=[]), "from 1 to 100 numbers"),
        ("optimizers", lambda told: told["settings"].update(race={}), "from 1 to 100 optimizers"),
        ("optimizers", lambda told: told["settings"].update(iterations=10**9), "at most 1,000,000"),
        ("optimizers", lambda told: told["settings"].update(hidden=[10**5] * 3), "weights"),
        ("optimizers", lambda told: told["settings"].update(hidden=5), "widths"),
        ("layers", lambda told: told["settings"].update(every=0), "at least 1"),
        ("layers", lambda told: told["settings"].update(rule={"name": "newton"}), "newton"),
        ("ensemble", lambda told: told["settings"].update(masks=10**7), "at most 1,000,000"),
        ("ensemble", lambda told: told.pop("settings"), "settings"),
    ],
)
def test_hostile_recipes_are_refused_before_they_run(name, change, words, results):
    text = changed(results(name), change)
    if words == "newton":
        with pytest.raises(ValueError, match="needs no surface"):
            Recipe.of(text).again(data=load("digits"))
        return
    with pytest.raises(ValueError, match=re.escape(words)):
        Recipe.of(text)


def test_settings_that_no_experiment_has_are_refused(results, digits):
    text = changed(results("initial_weights"), lambda told: told["settings"].update(hidden=[5, 5]))
    with pytest.raises(ValueError, match="`settings` must be those of an experiment"):
        Recipe.of(text).again(data=digits)


def test_the_work_of_the_chapter_is_within_the_bounds(results):
    """All experiments at their full lengths on real MNIST can be made again from a recipe."""
    full = {
        "optimizers": {"iterations": 2000, "race": {str(i): "sgd" for i in range(8)}},
        "zero_weights": {"iterations": 2000},
        "layers": {"iterations": 600, "every": 10},
        "initial_weights": {"iterations": 2000},
        "batch_norm": {"epochs": 20},
        "weight_decay": {"epochs": 201},
        "dropout": {"epochs": 301},
        "ensemble": {"epochs": 301, "masks": 100},
    }
    for name, settings in full.items():

        def change(told, settings=settings):
            rule = next(iter(told["settings"].get("race", {}).values()), None)
            told["data"].update(train=60000, test=10000, shape=[28, 28])
            told["seeds"] = [0, 1, 2]
            if "race" in settings:
                settings = {**settings, "race": dict.fromkeys(settings["race"], rule)}
            told["settings"].update(settings)

        recipe = Recipe.of(changed(results(name), change))
        assert 1e6 < recipe.results[0].remake.work < 1e9, name
