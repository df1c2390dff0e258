"""Figures of networks carry recipes: with the same images, training comes out the same again."""

import json
import re

import pytest

import trajectories as tj
from trajectories.mnist.experiments import EXPERIMENTS

#: Each experiment, as short as it can be, with what cannot be read off its defaults.
SHORT = {
    "optimizers": {
        "optimizers": {"plain": "sgd:0.1", "in steps": "adam:step(0.01, 4)"},
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
    "dropout_ensemble": {"epochs": 1, "seeds": 1, "masks": 3},
}


@pytest.fixture(scope="module")
def results(digits):
    """Return a function that runs an experiment, once."""
    known = {}

    def run(name):
        if name not in known:
            known[name] = EXPERIMENTS[name].function(name)(digits, n_jobs=1, **SHORT[name])
        return known[name]

    return run


@pytest.mark.parametrize("name", SHORT)
def test_an_experiment_comes_again_bit_for_bit(name, results, digits):
    result = results(name)
    recipe = tj.Recipe.of(result.draw(size=(900, 600)).recipe)
    (again,) = recipe.again(data=digits if EXPERIMENTS[name].images else None)
    assert again == result
    assert again.asked == result.asked
    assert again.digest() == result.digest()
    assert len(recipe.text) < 1500


def test_a_moving_figure_comes_again_and_a_still_one_learns_to_move(results, digits, tmp_path, run):
    one, other, still = (tmp_path / name for name in ("one.gif", "other.gif", "one.png"))
    results("layers").draw("small", size=(640, 400)).savefig(still)
    for source, target in ((still, one), (one, other)):
        assert run("replay", str(source), "-o", str(target), "--data", "digits")[0] == 0
    assert one.read_bytes() == other.read_bytes()
    assert len(tj.replay(one, data=digits)) == len(results("layers").arrays["moments"])


def test_what_stands_still_says_so(results, tmp_path, run):
    still = tmp_path / "one.png"
    results("initial_weights").draw().savefig(still)
    code, _, err = run("replay", str(still), "-o", str(tmp_path / "one.gif"), "--data", "digits")
    assert code == 2
    assert "must be what `layers` returns" in err


def test_other_images_are_refused_before_anything_is_trained(results, digits):
    recipe = tj.Recipe.of(results("initial_weights").draw().recipe)
    few = digits.subset(100)
    words = r"`data` must be digits as it was \(1,437 .*\)\. Got 'digits \(100\)' instead"
    with pytest.raises(ValueError, match=words):
        recipe.again(data=few)


def changed(result, change):
    data = json.loads(result.draw().recipe)
    change(data["results"][0]["told"])
    return json.dumps(data)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("optimizers", lambda told: told.update(experiment="eval"), "eval"),
        ("optimizers", lambda told: told.update(seeds=[]), "from 1 to 100 numbers"),
        ("optimizers", lambda told: told["settings"].update(iterations=10**9), "at most 1,000,000"),
        ("optimizers", lambda told: told["settings"].update(hidden=[10**5] * 3), "weights"),
        ("optimizers", lambda told: told["settings"].update(hidden=5), "widths"),
        ("layers", lambda told: told["settings"].update(every=0), "at least 1"),
        ("layers", lambda told: told["settings"].update(rule={"name": "newton"}), "newton"),
    ],
)
def test_hostile_recipes_are_refused_before_they_run(name, change, words, results, digits):
    text = changed(results(name), change)
    if words == "newton":
        with pytest.raises(ValueError, match="needs no surface"):
            tj.Recipe.of(text).again(data=digits)
        return
    with pytest.raises(ValueError, match=re.escape(words)):
        tj.Recipe.of(text)


def test_settings_that_no_experiment_has_are_refused(results, digits):
    text = changed(results("initial_weights"), lambda told: told["settings"].update(hidden=[5, 5]))
    with pytest.raises(ValueError, match="`settings` must be those of an experiment"):
        tj.Recipe.of(text).again(data=digits)


def test_the_work_of_the_chapter_is_within_the_bounds(results, digits):
    """All experiments at their full lengths on real MNIST can be made again from a recipe."""
    full = {
        "optimizers": {"iterations": 2000, "optimizers": {str(i): "sgd" for i in range(8)}},
        "zero_weights": {"iterations": 2000},
        "layers": {"iterations": 600, "every": 10},
        "initial_weights": {"iterations": 2000},
        "batch_norm": {"epochs": 20},
        "weight_decay": {"epochs": 201},
        "dropout": {"epochs": 301},
        "dropout_ensemble": {"epochs": 301, "masks": 100},
    }
    for name, settings in full.items():

        def change(told, settings=settings):
            rule = next(iter(told["settings"].get("optimizers", {}).values()), None)
            told["data"].update(train=60000, test=10000, shape=[28, 28])
            told["seeds"] = [0, 1, 2]
            if "optimizers" in settings:
                settings = {**settings, "optimizers": dict.fromkeys(settings["optimizers"], rule)}
            told["settings"].update(settings)

        recipe = tj.Recipe.of(changed(results(name), change))
        with pytest.raises(ValueError, match="`data` must be digits as it was"):
            recipe.again(data=digits)  # It would be run, were these the images.
        with pytest.raises(ValueError, match="It is the work of"):
            recipe.again(data=digits, most_work=1e6)
