"""What slides say: titles, speaker notes and words for who cannot see."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trajectories as tj
from trajectories.maps.basins import basins
from trajectories.maps.tuning import tune
from trajectories.plotting.writers.deck import shown_formula, words
from trajectories.plotting.writers.slides import clean

SGD = {"label": "SGD", "optimizer": {"name": "sgd", "lr": 0.95}}
ADAM = {
    "label": "Adam",
    "optimizer": {"name": "adam", "lr": 0.3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}


def recipe(**changes):
    data = {
        "trajectories": "0.1.0",
        "kind": "animation",
        "surface": {"formula": "x**2/20 + y**2", "name": "x**2/20 + y**2", "start": [0.5, 0.5]},
        "descent": {"start": [-7.0, 2.0], "steps": 30},
        "paths": [SGD, ADAM],
        "settings": {"theme": "dark"},
    }
    return json.dumps({**data, **changes})


def test_recipe_is_told_to_people_and_kept_for_programs():
    said = words("zigzag.gif", recipe(), kind="Moving picture")
    assert said.title == "x²/20 + y²: SGD, Adam"
    assert said.notes == (
        "zigzag.gif",
        "Surface: f(x, y) = x**2/20 + y**2",
        "SGD: lr = 0.95",
        "Adam: lr = 0.3, beta1 = 0.9, beta2 = 0.999, eps = 1e-08",
        "Start: (-7, 2)",
        "Steps: 30",
    )
    assert said.recipe == recipe()
    assert said.about == (
        "Moving picture: the paths of SGD, Adam over the contours of "
        "f(x, y) = x**2/20 + y**2 from (-7, 2) in 30 steps"
    )


def test_surface_with_a_name_is_called_by_it():
    surface = {"formula": "(1 - x)**2 + 100*(y - x**2)**2", "name": "rosen_brock"}
    said = words("a.gif", recipe(surface=surface))
    assert said.title == "Rosen brock: SGD, Adam"
    assert said.notes[1] == "Surface: Rosen brock, f(x, y) = (1 - x)**2 + 100*(y - x**2)**2"


def test_noise_and_what_differs_between_paths_are_told():
    slow = {**SGD, "label": "slow", "descent": {"start": [1.0, 2.0], "steps": 9}}
    made = recipe(paths=[slow, ADAM], descent={"noise": 0.1, "seed": 3, "tolerance": 1e-3})
    notes = words("a.gif", made).notes
    assert notes[2] == "slow (SGD): lr = 0.95, start = (1, 2), steps = 9"
    assert notes[4:] == ("Noise: 0.1", "Seed: 3", "Tolerance: 0.001")


def test_several_starts_and_long_arrays_are_counted_or_listed():
    packed = {"shape": [200, 2], "float64": "eJwDAAAAAAE="}
    assert "Start: 200 x 2 values" in words("a", recipe(descent={"start": packed})).notes
    two = recipe(descent={"start": [[1.0, 2.0], [3.0, 4.0]]})
    assert "Start: (1, 2), (3, 4)" in words("a", two).notes
    many = recipe(descent={"start": [[1.0, 2.0]] * 9})
    assert "Start: 9 values" in words("a", many).notes


def test_own_optimizer_and_schedule_are_named():
    own = {"label": "mine", "optimizer": {"own": "Mine", "lr": "cosine(0.1, steps=60)"}}
    assert "mine (Mine): lr = cosine(0.1, steps=60)" in words("a", recipe(paths=[own])).notes


def test_title_names_six_optimizers_and_counts_the_others():
    paths = [{"label": f"rule {i}", "optimizer": {"name": "sgd", "lr": 0.1}} for i in range(9)]
    title = words("a.gif", recipe(paths=paths)).title
    assert title.endswith("rule 0, rule 1, rule 2, rule 3, rule 4, rule 5 and 3 more")
    seven = words("a.gif", recipe(paths=paths[:7])).title
    assert seven.endswith("rule 5, rule 6")


def test_title_that_was_asked_for_is_taken():
    said = words("zigzag.gif", recipe(), title="  Why\nmomentum  helps ")
    assert said.title == "Why momentum helps"
    assert said.notes[1].startswith("Surface")


@pytest.mark.parametrize("made", [None, ""])
def test_file_without_a_recipe_has_its_name(made):
    said = words("my plot.v2.png", made)
    assert (said.title, said.notes, said.recipe) == ("my plot.v2", ("my plot.v2.png",), "")
    assert said.about == "Picture: my plot.v2"
    assert words("a.png", made, title="Paths").about == "Picture: Paths"


@pytest.mark.parametrize("made", ["made by hand", "[1, 2]", "{", '{"surface": 3, "paths": "no"}'])
def test_what_is_no_recipe_is_shown_as_it_is(made):
    said = words("a.png", made)
    assert (said.title, said.notes, said.recipe) == ("a", ("a.png",), made)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("x**2*y**2", "x²·y²"),
        ("2**x", "2^x"),
        ("x**10", "x¹⁰"),
        ("x**2.5", "x^2.5"),
        ("x**2**3", "x^2³"),
        ("x**-2", "x^-2"),
        ("100*(y - x**2)**2", "100·(y - x²)²"),
    ],
)
def test_formula_is_written_as_it_is_read(formula, shown):
    assert shown_formula(formula) == shown


def test_hostile_recipe_makes_no_endless_notes():
    label = {"label": "x" * 4000, "optimizer": {"name": "y" * 4000, "z" * 4000: 1}}
    said = words("a.gif", recipe(paths=[label] * 1000))
    assert len(said.title) <= 120
    assert len(said.notes) <= 100
    assert max(map(len, said.notes)) <= 1000
    assert len(said.about) <= 1020
    assert len(said.recipe) == 20_000
    assert words("a.gif", "[" * 100_000).title == "a"


@given(st.text(st.characters(codec=None), max_size=30))
def test_nothing_is_said_that_a_slide_cannot_hold(text):
    made = json.dumps({"surface": {"name": text}, "paths": [{"label": text}]})
    said = words(text, made, title=text)
    unfit = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
    for part in (said.title, *said.notes, said.recipe, said.about):
        assert not unfit.search(part)
    assert "\n" not in said.title
    assert clean(clean(text)) == clean(text)


def test_a_map_is_told_by_who_descended_on_what():
    found = basins("himmelblau", "sgd:0.01", 30, resolution=4)
    said = words("a.png", tj.plot_basins([found]).recipe)
    assert said.title == "Himmelblau: SGD"
    assert said.about.startswith("Picture: where each start leads: SGD on f(x, y) = (x**2")
    assert said.notes[0] == "a.png"
    assert said.notes[1].startswith("Surface: Himmelblau, f(x, y) = ")
    assert said.notes[2:] == ("SGD: lr = 0.01", "Steps: 30")
    assert '"kind":"plot_basins"' in said.recipe


def test_a_race_with_tuned_rates_names_all_of_them():
    race = tune("sphere", ["sgd", "adam"], (1, 2), 5, budget=2, noise=0.5, rng=0)
    said = words("a.png", tj.plot_tuning(race).recipe)
    assert said.title == "Sphere: SGD, Adam"
    assert "Start: (1, 2)" in said.notes
    assert "Noise: 0.5" in said.notes


def test_an_experiment_is_told_by_its_name_and_images():
    race = {"race": {"SGD 0.1": {"name": "sgd", "lr": 0.1}}, "iterations": 20, "batch_size": 128}
    told = {"experiment": "zero_weights", "data": {"name": "digits"}, "settings": race}
    recipe = json.dumps({"results": [{"kind": "experiment", "told": {**told, "seeds": [0, 1, 2]}}]})
    said = words("a.png", recipe)
    assert said.title == "Zero weights on digits: SGD 0.1"
    assert said.about == "Picture: networks in training: Zero weights on digits"
    assert said.notes[1:] == (
        "Shown: Zero weights on digits",
        "SGD 0.1: lr = 0.1",
        "Iterations: 20",
        "Batch size: 128",
        "Seeds: 0, 1, 2",
    )


@pytest.mark.parametrize("results", [5, [], [7], [{"kind": []}], [{"kind": "basins", "told": 3}]])
def test_results_of_any_form_break_nothing(results):
    assert words("a.png", json.dumps({"results": results})).title == "a"
