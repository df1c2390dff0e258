"""Pictures of maps and searches carry recipes too: how the result was made, not the result."""

import json
import re
import warnings

import numpy as np
import pytest

import trajectories as tj
from trajectories.maps.basins import basins
from trajectories.maps.sensitivity import compare_rates, sensitivity
from trajectories.maps.tuning import ensemble, tune
from trajectories.mnist.figures.search_figure import draw_search
from trajectories.plotting.recipes.paths import pack_results
from trajectories.plotting.recipes.recipe import KINDS, RESULTS, picture_of, settings_of
from trajectories.replay import Recipe, animation_of, figure_of, make_recipe, read_recipe, replay
from trajectories.search.rounds import search_surface

BOWL = "x**2/20 + y**2"
RATES, MOMENTA = np.geomspace(0.01, 4, 12), np.linspace(0, 0.95, 9)
RULES = ("sgd:0.01", "adam:0.1")


@pytest.fixture(scope="module")
def bowl():
    return sensitivity(BOWL, "momentum", lr=RATES, momentum=MOMENTA, steps=40)


@pytest.fixture(scope="module")
def hills():
    return [basins("himmelblau", rule, 60, resolution=(14, 12)) for rule in RULES]


@pytest.fixture(scope="module")
def race():
    return tune("rosenbrock", ["sgd", "adam"], steps=30, budget=6)


@pytest.fixture(scope="module")
def cloud():
    return ensemble("himmelblau", "adam:0.1", steps=8, count=30, spread="domain", rng=0)


@pytest.fixture(scope="module")
def found():
    return search_surface("sphere", "momentum", "lr=log(0.01, 1), momentum=uniform(0, 0.9)", 8)


@pytest.fixture
def draw(request, bowl, hills, race, cloud, found):
    """Return what draws the picture of a kind, small."""
    rates = compare_rates(BOWL, ["sgd", "adam"], np.geomspace(0.01, 1, 9), steps=20)
    pins = [{"lr": 0.1, "momentum": 0.9}]
    small = (480, 360)
    return {
        "plot_map": lambda: tj.plot_map(bowl, pins=pins, scale=False, size=small).figure,
        "plot_map of starts": lambda: tj.plot_map(hills[0]).figure,
        "plot_rates": lambda: tj.plot_rates(rates, theme="dark", linewidth=3, size=small).figure,
        "plot_sensitivity": lambda: tj.plot_sensitivity(bowl, pins=[(3, 4)]),
        "plot_basins": lambda: tj.plot_basins(hills, theme="print"),
        "animate_basins": lambda: tj.animate_basins(hills, frames=4, size=(640, 400)),
        "plot_tuning": lambda: tj.plot_tuning(race, limits="domain"),
        "plot_triptych": lambda: tj.plot_triptych(race, factor=3),
        "plot_ensemble": lambda: tj.plot_ensemble(cloud, 5, size=small).figure,
        "animate_ensemble": lambda: tj.animate_ensemble(cloud, frames=4, size=small),
        "search": lambda: draw_search(found, "ranking"),
    }[request.param]


@pytest.mark.parametrize(
    ("draw", "suffix"),
    [
        ("plot_map", "png"),
        ("plot_map of starts", "png"),
        ("plot_rates", "png"),
        ("plot_sensitivity", "png"),
        ("plot_basins", "svg"),
        ("animate_basins", "gif"),
        ("plot_tuning", "png"),
        ("plot_triptych", "png"),
        ("plot_ensemble", "png"),
        ("animate_ensemble", "webp"),
        ("search", "png"),
    ],
    indirect=["draw"],
)
def test_a_picture_comes_again_byte_for_byte(draw, suffix, tmp_path, request):
    one, other = tmp_path / f"one.{suffix}", tmp_path / f"other.{suffix}"
    save(draw(), one)
    kind = request.node.callspec.params["draw"].split()[0]
    assert read_recipe(one).kind == kind
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = replay(one)
    assert isinstance(again, tj.Animation) == KINDS[kind].moves
    save(again, other)
    assert one.read_bytes() == other.read_bytes()


def save(picture, path):
    if isinstance(picture, tj.Animation):
        picture.save(path, fps=4, hold=0.5)
    else:
        picture.savefig(path, dpi=50)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_function_and_a_twin_of_the_other_sort(kind):
    assert callable(picture_of(kind))
    assert "theme" in settings_of(kind)
    assert ("fps" in settings_of(kind)) == KINDS[kind].moves
    twin = KINDS[kind].twin
    if twin is not None:
        assert KINDS[twin].twin == kind
        assert KINDS[twin].moves != KINDS[kind].moves
        assert KINDS[twin].shows == KINDS[kind].shows


def test_pages_of_maps_have_recipes_too(bowl, hills, tmp_path):
    for result, kind in ((bowl, "plot_sensitivity"), (hills[0], "plot_basins")):
        path = tmp_path / f"{kind}.html"
        tj.save_map(result, path, theme="dark")
        recipe = read_recipe(path)
        assert recipe.kind == kind
        assert recipe.settings == {"theme": "dark"}
        (again,) = recipe.again()
        assert again.digest() == result.digest()


def test_still_maps_learn_to_move_and_moving_ones_stand_still(hills, cloud, tmp_path):
    still = Recipe.of(tj.plot_basins(hills, theme="dark").recipe)
    movie = animation_of(still, frames=3)
    assert repr(movie) == repr(tj.animate_basins(hills, frames=3))
    assert movie.recipe() == tj.animate_basins(hills, frames=3, theme="dark").recipe()
    path = tmp_path / "a.gif"
    tj.animate_ensemble(cloud, frames=3, size=(320, 240)).save(path, fps=3)
    assert figure_of(read_recipe(path)).trajectories[0] == cloud
    assert animation_of(read_recipe(path)).saving["fps"] == 3


def test_what_does_not_move_says_so(bowl):
    recipe = Recipe.of(tj.plot_sensitivity(bowl).recipe)
    with pytest.raises(ValueError, match="made by plot_sensitivity has no moving form"):
        animation_of(recipe)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_what_is_random_comes_again_too(noise):
    how = {"noise": noise, "rng": 5, "steps": 20}
    several = [
        (sensitivity(BOWL, "sgd", lr=RATES, block=5, tolerance=1e-3, measure="steps", **how)),
        basins("himmelblau", "sgd:0.01", resolution=9, block=20, **how),
        tune("rosenbrock", ["sgd", "adam"], budget=4, draw=True, **how),
    ]
    for result in several:
        recipe = again_of(result)
        (again,) = recipe.again()
        assert again.digest() == result.digest()
        if noise:
            assert json.dumps(again.to_dict()) == json.dumps(result.to_dict())


def again_of(result, **settings):
    kind = {"Tuning": "plot_tuning", "Basins": "plot_basins"}.get(type(result).__name__, "plot_map")
    return Recipe.of(make_recipe([result], kind=kind, settings=settings))


def test_reading_runs_nothing(bowl, monkeypatch):
    text = tj.plot_sensitivity(bowl).recipe
    monkeypatch.setattr("trajectories.maps.remake.run_choices", None)
    recipe = Recipe.of(text)
    with pytest.raises(ValueError, match="recipe: 'NoneType' object is not callable"):
        recipe.again()


def test_work_is_bounded(bowl):
    recipe = again_of(bowl)
    work = 12 * 9 * 40
    assert recipe.results[0].remake.work == work
    assert recipe.again(most_work=work)
    with pytest.raises(ValueError, match="work of 4,320 steps, more than 4,319"):
        recipe.again(most_work=work - 1)


def test_images_are_for_experiments(bowl):
    with pytest.raises(ValueError, match="`data` must be left out where there are no images"):
        again_of(bowl).again(data="digits")


def test_another_result_than_that_of_the_picture_is_told(bowl):
    text = again_of(bowl).text.replace(bowl.digest(), "0" * 16)
    with pytest.warns(UserWarning, match="The sensitivity is not bit for bit that of the recipe"):
        Recipe.of(text).again()


def test_somebodys_own_code_is_not_held():
    recipe = again_of(basins("himmelblau", tj.SGD(lambda t: 0.01), 10, resolution=5))
    assert '"told"' not in recipe.text
    with pytest.raises(ValueError, match="does not hold how what it shows was made"):
        recipe.again()


def test_results_of_another_sort_are_refused(cloud):
    with pytest.raises(TypeError, match="must be results of maps, experiments or searches"):
        make_recipe([cloud], kind="plot_map", settings={})


CHANGES = {
    "a kind that is none": ('"kind":"sensitivity"', '"kind":"rm -rf"', "must be one of sens"),
    "no digest": ('"digest":"', '"digest":1,"more":"', "'more'"),
    "no axis": ('"axes":{"lr":', '"axes":{"speed":', "hyperparameter"),
    "too many steps": ('"steps":40', '"steps":2000000', "at most 1,000,000"),
    "no step": ('"steps":40', '"steps":0', "at least 1"),
    "another measure": ('"measure":"loss"', '"measure":"luck"', "measure"),
    "steps without a tolerance": ('"measure":"loss"', '"measure":"steps"', "tolerance"),
    "a label that is none": ('"label":"Momentum"', '"label":{"a":1}', "label"),
    "a block that is none": ('"block":', '"block":-', "block"),
    "no settings": ('"settings":{"surface"', '"set":{"surface"', "settings"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_is_refused_in_one_line(change, bowl):
    text = again_of(bowl).text
    old, new, words = CHANGES[change]
    assert old in text
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        Recipe.of(text.replace(old, new))
    assert "\n" not in str(error.value)


def changed(result, change):
    """Return the recipe of a result that somebody has changed."""
    data = json.loads(again_of(result).text)
    change(data["results"][0]["told"])
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told.update(resolution=[10**6, 10**6]), "at most 25,000,000"),
        (lambda told: told.update(resolution=[0, 5]), "at least 1"),
        (lambda told: told.update(minima=[[0.0]]), "of shape (k, 2)"),
        (lambda told: told.update(radius=-1.0), "must be positive"),
        (lambda told: told.update(limits=[[0, 0], [1, 2]]), "limits"),
        (lambda told: told["settings"].update(noise=1.0, steps=100_000), "fewer cells"),
        (lambda told: told["settings"].update(optimizer={"name": "eval"}), "eval"),
    ],
)
def test_hostile_basins_are_refused(hills, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Recipe.of(changed(hills[0], change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told.update(trials=[]), "a list of 1 to 100"),
        (lambda told: told["trials"][0].update(rates=[0.1]), "from 2 to 2,000"),
        (lambda told: told["trials"][0].update(rates=[0.2, 0.1]), "ascending"),
        (lambda told: told["trials"][0].update(rates=[0.1, 0.2]), "as many rates"),
        (lambda told: told.update(range=[0.0, 1.0]), "must be positive"),
    ],
)
def test_hostile_races_are_refused(race, change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Recipe.of(changed(race, change))


def test_a_search_is_held_itself(found):
    recipe = Recipe.of(draw_search(found).recipe)
    (again,) = recipe.again(most_work=0)
    assert again.trials == found.trials
    assert again.settings == found.settings
    data = json.loads(recipe.text)
    data["results"][0]["told"]["trials"][0]["status"] = "won"
    with pytest.raises(ValueError, match="must be one of"):
        Recipe.of(json.dumps(data))


def test_all_results_can_be_told():
    assert set(RESULTS) == {"sensitivity", "basins", "tuning", "experiment", "landscape", "search"}


def test_maps_have_the_size_that_is_asked_for(bowl, cloud):
    for ax in (tj.plot_map(bowl, size=(500, 400)), tj.plot_ensemble(cloud, size=(500, 400))):
        assert ax.figure.canvas.get_width_height() == (500, 400)
    with pytest.raises(ValueError, match="`size` must be left out if `ax` is given"):
        tj.plot_map(bowl, ax=ax, size=(500, 400))


def test_what_is_too_long_is_left_out(bowl, hills):
    whole = pack_results([bowl, bowl], 10_000)["results"]
    assert [set(one) for one in whole] == [{"kind", "told", "digest"}] * 2
    assert pack_results([bowl, *hills], 1_000) == {
        "results": [{"kind": "sensitivity"}, {"kind": "basins"}, {"kind": "basins"}]
    }


@pytest.mark.parametrize("results", [None, [], {}, [None], [{}] * 101, [{"kind": 3}]])
def test_results_that_are_none_are_refused(results, bowl):
    data = json.loads(again_of(bowl).text)
    data["results"] = results
    with pytest.raises(ValueError, match="must be|Unknown"):
        Recipe.of(json.dumps(data))


def test_a_digest_that_is_none_is_refused(bowl):
    data = json.loads(again_of(bowl).text)
    data["results"][0]["digest"] = 7
    with pytest.raises(ValueError, match="`digest` must be a text"):
        Recipe.of(json.dumps(data))
