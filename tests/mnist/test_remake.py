"""Figures of networks carry recipes: with the same images, training comes out the same again."""

import json

import pytest

import trajectories as tj
from trajectories.mnist.experiments import EXPERIMENTS, optimizers


@pytest.mark.parametrize("name", [*EXPERIMENTS, "in steps"])
def test_an_experiment_comes_again_bit_for_bit(name, saved, digits):
    if name == "in steps":  # What cannot be read off the defaults.
        race = {"plain": "sgd:0.1", "in steps": "adam:step(0.01, 4)"}
        how = {"iterations": 7, "evaluate_every": 3, "seeds": [4, 2], "n_jobs": 1}
        result = optimizers(digits, optimizers=race, **how)
    else:
        result = saved(name)
    recipe = tj.Recipe.of(result.draw(size=(900, 600)).recipe)
    (again,) = recipe.again(data=None if name == "activations" else digits)
    assert again == result
    assert again.asked == result.asked
    assert again.digest() == result.digest()
    assert len(recipe.text) < 3000


def test_a_moving_figure_comes_again_and_a_still_one_learns_to_move(saved, digits, tmp_path, run):
    one, other, still = (tmp_path / name for name in ("one.gif", "other.gif", "one.png"))
    saved("layers").draw("small", size=(640, 400)).savefig(still)
    for source, target in ((still, one), (one, other)):
        assert run("replay", str(source), "-o", str(target), "--data", "digits")[0] == 0
    assert one.read_bytes() == other.read_bytes()
    assert len(tj.replay(one, data=digits)) == len(saved("layers").arrays["moments"])


def test_other_images_are_refused_before_anything_is_trained(saved, digits, tmp_path, run):
    still = tmp_path / "one.png"
    saved("initial_weights").draw().savefig(still)
    words = r"`data` must be digits as it was \(1,437 .*\)\. Got 'digits \(100\)' instead"
    with pytest.raises(ValueError, match=words):
        tj.read_recipe(still).again(data=digits.subset(100))
    code, _, err = run("replay", str(still), "-o", str(tmp_path / "one.gif"), "--data", "digits")
    assert code == 2
    assert "must be what `layers` returns" in err


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
        ("layers", lambda told: told["settings"].update(every=0), "at least 1"),
        ("layers", lambda told: told["settings"].update(rule={"name": "newton"}), "no surface"),
        ("layers", lambda told: told["settings"].update(hidden=[5, 5]), "those of an experiment"),
    ],
)
def test_hostile_recipes_are_refused_before_they_run(name, change, words, saved, digits):
    text = changed(saved(name), change)
    with pytest.raises(ValueError, match=words):
        tj.Recipe.of(text).again(data=digits)


def test_the_work_of_the_chapter_is_within_the_bounds(saved, digits):
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

        recipe = tj.Recipe.of(changed(saved(name), change))
        with pytest.raises(ValueError, match="`data` must be digits as it was"):
            recipe.again(data=digits)  # It would be run, were these the images.
        with pytest.raises(ValueError, match="It is the work of"):
            recipe.again(data=digits, most_work=1e6)
