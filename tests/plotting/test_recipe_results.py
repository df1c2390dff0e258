"""Pictures of maps and searches carry recipes too: how the result was made, not the result."""

import json
import re
import warnings

import numpy as np
import pytest

import trajectories as tj
from tests.plotting.reading import Film, bar

BOWL = "x**2/20 + y**2"
RATES, MOMENTA = np.geomspace(0.01, 4, 8), np.linspace(0, 0.95, 6)
RULES = ("sgd:0.01", "adam:0.1")
SIZE = (300, 225)


@pytest.fixture(scope="module")
def bowl():
    return tj.sensitivity(BOWL, "momentum", lr=RATES, momentum=MOMENTA, steps=40)


@pytest.fixture(scope="module")
def hills():
    return [tj.basins("himmelblau", rule, 60, resolution=(9, 8)) for rule in RULES]


@pytest.fixture(scope="module")
def race():
    return tj.tune("rosenbrock", ["sgd", "adam"], steps=30, trials=6)


@pytest.fixture(scope="module")
def cloud():
    return tj.ensemble("himmelblau", "adam:0.1", steps=8, trials=30, spread="domain", rng=0)


@pytest.fixture
def draw(request, bowl, hills, race, cloud):
    """Draw the picture of a kind, small."""
    pins = [{"lr": 0.1, "momentum": 0.9}]
    large = (640, 400)
    draws = {
        "plot_map": lambda: tj.plot_map(bowl, pins=pins, scale=False, size=SIZE).figure,
        "plot_rates": lambda: (
            tj.plot_rates(
                tj.compare_rates(BOWL, ["sgd", "adam"], np.geomspace(0.01, 1, 9), steps=20),
                theme="dark",
                linewidth=3,
                size=SIZE,
            ).figure
        ),
        "plot_sensitivity": lambda: tj.plot_sensitivity(bowl, pins=[(3, 4)], size=large),
        "plot_basins": lambda: tj.plot_basins(hills, theme="print", size=large),
        "animate_basins": lambda: tj.animate_basins(hills, frames=3, size=large),
        "plot_tuning": lambda: tj.plot_tuning(race, limits="domain", size=large),
        "plot_ensemble": lambda: tj.plot_ensemble(cloud, 5, size=SIZE).figure,
        "animate_ensemble": lambda: tj.animate_ensemble(cloud, frames=3, size=SIZE),
    }
    return draws[request.param]()


@pytest.mark.parametrize(
    ("draw", "suffix"),
    [
        ("plot_map", "png"),
        ("plot_rates", "pdf"),
        ("plot_sensitivity", "png"),
        ("plot_basins", "svg"),
        ("animate_basins", "gif"),
        ("plot_tuning", "png"),
        ("plot_ensemble", "png"),
        ("animate_ensemble", "webp"),
    ],
    indirect=["draw"],
)
def test_a_picture_comes_again_byte_for_byte(draw, suffix, tmp_path, request):
    def save(picture, path):
        moves = isinstance(picture, tj.Animation)
        picture.save(path, fps=4, end_pause=0.5) if moves else picture.savefig(path, dpi=50)

    one, other = tmp_path / f"one.{suffix}", tmp_path / f"other.{suffix}"
    save(draw, one)
    kind = request.node.callspec.params["draw"]
    assert tj.read_recipe(one).kind == kind
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = tj.replay(one)
    assert isinstance(again, tj.Animation) == kind.startswith("animate")
    save(again, other)
    assert one.read_bytes() == other.read_bytes()


def test_still_maps_learn_to_move_and_moving_ones_stand_still(hills, bowl, cloud, run, folder):
    tj.plot_basins(hills, theme="dark", size=(640, 400)).savefig("a.svg")
    assert run("replay", "a.svg", "-o", "b.gif", "--frames", "2")[0] == 0
    moved, wanted = (
        tj.replay("b.gif"),
        tj.animate_basins(hills, frames=2, theme="dark", size=(640, 400)),
    )
    assert repr(moved) == repr(wanted)
    assert json.loads(moved.recipe()) == json.loads(wanted.recipe())
    movie = tj.animate_ensemble(cloud, frames=3, size=SIZE)
    Film(bar(1), movie.recipe(fps=3)).save("c.gif")
    assert run("replay", "c.gif", "-o", "d.pdf")[0] == 0
    assert tj.replay("d.pdf").trajectories[0] == cloud
    assert tj.replay("c.gif").saving["fps"] == 3
    tj.plot_sensitivity(bowl).savefig("e.png")
    code, _, err = run("replay", "e.png", "-o", "f.gif")
    assert code == 2
    assert "made by plot_sensitivity has no moving form" in err


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_what_is_random_comes_again_too(noise):
    how = {"noise": noise, "rng": 5, "steps": 20}
    several = [
        tj.sensitivity(BOWL, "sgd", lr=RATES, block=5, tolerance=1e-3, measure="steps", **how),
        tj.basins("himmelblau", "sgd:0.01", resolution=9, block=20, **how),
        tj.tune("rosenbrock", ["sgd", "adam"], trials=4, draw=True, **how),
    ]
    for result in several:
        (again,) = recipe_of(result).again()
        assert again.digest() == result.digest()
        if noise:
            assert json.dumps(again.to_dict()) == json.dumps(result.to_dict())


def recipe_of(result):
    """Return the recipe of a picture of a result."""
    if isinstance(result, tj.Tuning):
        return tj.Recipe.of(tj.plot_tuning(result, size=(640, 400)).recipe)
    if isinstance(result, tj.Basins):
        return tj.Recipe.of(tj.plot_basins([result], size=SIZE).recipe)
    plot = tj.plot_map if len(result.axes) == 2 else tj.plot_rates
    return tj.Recipe.of(plot(result, size=SIZE).figure.recipe)


@pytest.fixture(scope="module")
def text(bowl):
    return recipe_of(bowl).text


def test_work_is_bounded_and_images_are_for_experiments(text, bowl):
    recipe = tj.Recipe.of(text)
    work = bowl.values.size * 40
    assert recipe.again(most_work=work)
    with pytest.raises(ValueError, match=f"work of {work:,} steps, more than {work - 1:,}"):
        recipe.again(most_work=work - 1)
    with pytest.raises(ValueError, match="`data` must be left out where there are no images"):
        recipe.again(data="digits")


def test_another_result_than_that_of_the_picture_is_told(text, bowl):
    changed = tj.Recipe.of(text.replace(bowl.digest(), "0" * 16))
    with pytest.warns(UserWarning, match="The sensitivity is not bit for bit that of the recipe"):
        changed.again()


def test_somebodys_own_code_and_what_is_too_long_are_not_held():
    own = tj.basins("himmelblau", tj.SGD(lambda t: 0.01), 10, resolution=5)
    samples = np.random.default_rng(0).uniform(-1, 1, (90_000, 2))
    long = tj.basins(tj.least_squares(samples, 90_000), "sgd:0.1", 2, resolution=2)
    for result in (own, long):
        recipe = recipe_of(result)
        assert '"told"' not in recipe.text
        with pytest.raises(ValueError, match="does not hold how what it shows was made"):
            recipe.again()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"kind":"sensitivity"', '"kind":"rm -rf"', "`kind` must be one of"),
        ('"digest":"', '"digest":1,"more":"', "'more'"),
        ('"axes":{"lr":', '"axes":{"speed":', "hyperparameter"),
        ('"steps":40', '"steps":2000000', "at most 1,000,000"),
        ('"measure":"loss"', '"measure":"steps"', "tolerance"),
        ('"label":"Momentum"', '"label":{"a":1}', "label"),
    ],
)
def test_what_is_changed_is_refused_in_one_line(old, new, words, text):
    assert old in text
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        tj.Recipe.of(text.replace(old, new))
    assert "\n" not in str(error.value)


HOSTILE = {
    "hills": [
        (lambda told: told.update(resolution=[10**6, 10**6]), "at most 25,000,000"),
        (lambda told: told.update(minima=[[0.0]]), "of shape (k, 2)"),
        (lambda told: told.update(limits=[[0, 0], [1, 2]]), "limits"),
        (lambda told: told["settings"].update(noise=1.0, steps=900_000), "fewer cells"),
        (lambda told: told["settings"].update(optimizer={"name": "eval"}), "eval"),
    ],
    "race": [
        (lambda told: told.update(tuned=[]), "a list of 1 to 100"),
        (lambda told: told["tuned"][0].update(rates=[0.1]), "from 2 to 2,000"),
        (lambda told: told["tuned"][0].update(rates=[0.1, 0.2]), "as many rates"),
        (lambda told: told.update(range=[0.0, 1.0]), "must be positive"),
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_results_are_refused(name, hills, race):
    text = recipe_of(hills[0] if name == "hills" else race).text
    for change, words in HOSTILE[name]:
        data = json.loads(text)
        change(data["results"][0]["told"])
        with pytest.raises(ValueError, match=re.escape(words)):
            tj.Recipe.of(json.dumps(data))


@pytest.mark.parametrize(
    "results",
    [None, [None], [{}] * 101, [{"kind": "basins", "told": {}, "digest": 7}]],
)
def test_results_that_are_none_are_refused(results, text):
    data = json.loads(text)
    data["results"] = results
    with pytest.raises(ValueError, match="must be|Unknown"):
        tj.Recipe.of(json.dumps(data))


def test_a_search_is_held_itself(run, folder):
    space = "lr=log:0.01:1, momentum=linear:0:0.9"
    command = ("search", "sphere", "-O", "momentum", "--space", space, "--trials", "8", "-q")
    assert run(*command, "--size", "640x480")[0] == 0
    name = next(path for path in sorted((folder / "search").glob("*.png")) if "rank" in path.name)
    recipe = tj.read_recipe(name)
    assert recipe.kind == "search"
    (found,) = recipe.again(most_work=0)
    assert len(found) == 8
    tj.replay(name).savefig(folder / "again.png")
    assert tj.read_recipe(folder / "again.png") == recipe
    data = json.loads(recipe.text)
    data["results"][0]["told"]["trials"][0]["status"] = "won"
    with pytest.raises(ValueError, match="must be one of"):
        tj.Recipe.of(json.dumps(data))
