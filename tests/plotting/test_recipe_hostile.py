"""Recipes from untrusted files: every defect is one line, soon, and little memory."""

import base64
import copy
import json
import random
import time
import tracemalloc
import zlib

import numpy as np
import pytest

import trajectories as tj
from trajectories.plotting.writers.gif import comment_block
from trajectories.replay import Recipe, animation_of, figure_of, make_recipe, read_recipe
from trajectories.surfaces.least_squares import least_squares

BOWL = "x**2/20 + y**2"
TEXT = make_recipe(
    tj.compare(BOWL, ["sgd:0.9", "adam:cosine(0.3, 9)"], (-7, 2), 9, noise=0.1, rng=1),
    settings={"layout": "race", "linewidth": 2.0, "size": (320, 240)},
)
HELD = make_recipe(
    tj.descend(BOWL, tj.SGD(lambda step: 0.1), steps=3), settings={"layout": "overlay"}
)
SAMPLED = make_recipe(
    tj.descend(least_squares([(0, 1), (1, 3), (2, 5)], 1), "sgd:0.1", steps=3), settings={}
)


def packed(count, shape=None):
    content = base64.b64encode(zlib.compress(b"\0" * 8 * count, 9)).decode()
    return {"shape": [count] if shape is None else shape, "float64": content}


def remade(text):
    recipe = Recipe.of(text)
    return animation_of(recipe) if recipe.kind == "animation" else figure_of(recipe)


def rejected(text, words=""):
    """Make sure that a recipe is refused as it must be, at the latest when it is made."""
    begin = time.process_time()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        remade(text)
    assert time.process_time() - begin < 1
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 2000
    assert words in message
    return message


def test_recipes_themselves_are_good():
    for text in (TEXT, HELD, SAMPLED):
        assert len(animation_of(Recipe.of(text))) > 1


WORDS = {
    "empty": ("", "no JSON"),
    "blank": (" ", "no JSON"),
    "number": ("1", "must be a JSON object"),
    "list": ("[]", "must be a JSON object"),
    "text": ('"trajectories"', "must be a JSON object"),
    "nothing": ("null", "must be a JSON object"),
    "cut": (TEXT[:-1], "no JSON"),
    "two": (TEXT + TEXT, "no JSON"),
    "python": (TEXT.replace('"format":1', "'format':1"), "no JSON"),
    "code": (TEXT.replace('"format":1', '"format":__import__("os")'), "no JSON"),
    "nested lists": ("[" * 100_000 + "]" * 100_000, "nested too deep"),
    "nested objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deep"),
    "open lists": ("[" * 1_000_000, "nested too deep"),
    "deep setting": (
        TEXT.replace('"linewidth":2.0', '"linewidth":' + "[" * 30 + "]" * 30),
        "nested too deep",
    ),
    "long": ('{"a":"' + "x" * 3_000_000 + '"}', "at most 2,000,000 characters"),
    "many items": ('{"a":[' + "0," * 900_000 + "0]}", "more than 500,000 items"),
    "many keys": (
        "{" + ",".join(f'"{i}":0' for i in range(120_000)) + "}",
        "must be the version that wrote it",
    ),
    "many twins": ('{"a":{' + ",".join(['"b":0'] * 200_000) + "}}", "`b` must be given once"),
    "twins": (TEXT.replace('"format":1', '"format":1,"format":1'), "`format` must be given once"),
    "deep twins": (TEXT.replace('"steps":9', '"steps":9,"steps":9'), "`steps` must be given once"),
    "NaN": (TEXT.replace('"steps":9', '"steps":NaN'), "must be finite. Got NaN"),
    "infinity": (TEXT.replace('"noise":0.1', '"noise":Infinity'), "must be finite"),
    "minus infinity": (TEXT.replace('"noise":0.1', '"noise":-Infinity'), "must be finite"),
    "overflow": (TEXT.replace('"noise":0.1', '"noise":1e999'), "must be finite"),
    "digits": (TEXT.replace('"steps":9', '"steps":' + "9" * 5000), "5000 digits is too long"),
    "million digits": (TEXT.replace('"steps":9', '"steps":' + "9" * 10**6), "too long"),
    "fraction digits": (TEXT.replace('"noise":0.1', '"noise":0.' + "1" * 10**6), "finite"),
    "long name": (
        TEXT.replace('"SGD"', '"' + "x" * 5000 + '"'),
        "A text of 5,000 characters is too long",
    ),
    "long key": (TEXT.replace('"label"', '"' + "x" * 5000 + '"', 1), "is too long"),
    "surrogates": (TEXT.replace('"race"', r'"\ud800\udfff\ud800"'), "Unknown layout"),
    "newline": (TEXT.replace('"race"', r'"\n\nrace\n"'), "Unknown layout"),
}


@pytest.mark.parametrize("name", WORDS)
def test_text_that_is_no_recipe_is_refused(name):
    rejected(*WORDS[name])


def nested(depth):
    return {"list": [nested(depth - 1)]} if depth else 1


#: Where in the recipe, what to put there, and what is said of it.
CHANGES = [
    ("trajectories", 1, "must be the version"),
    ("format", 2, "this one is too old"),
    ("format", 0, "`format` must be at least 1"),
    ("format", "1", "`format` must be an integer"),
    ("format", True, "`format` must be an integer"),
    ("kind", "eval", "`kind` must be one of animation"),
    ("kind", ["animation"], "`kind` must be one of"),
    ("kind", {}, "`kind` must be one of"),
    ("kind", None, "`kind` must be one of"),
    ("extra", 1, "Nothing is known of 'extra'"),
    ("omitted", "all", "`omitted` must be a list"),
    ("omitted", [1], "`omitted` must be a list"),
    ("surface", None, "`surface` must be a record"),
    ("surface", "sphere", "`surface` must be a record"),
    ("surface", [], "`surface` must be a record"),
    ("surface", {}, "must be with the key 'formula'"),
    ("surface.formula", 3, "`formula` must be text"),
    ("surface.formula", ["x"], "`formula` must be text"),
    ("surface.formula", "__import__('os').system('true')", ""),
    ("surface.formula", "().__class__.__bases__[0]", ""),
    ("surface.formula", "9**9**9**9", ""),
    ("surface.formula", "x**(10**10)", ""),
    ("surface.formula", "(" * 499, ""),
    ("surface.formula", "x+" * 1500 + "x", ""),
    ("surface.formula", "lambda: 0", ""),
    ("surface.formula", "x + z", ""),
    ("surface.formula", "", ""),
    ("surface.name", 1, "`name` must be text"),
    ("surface.domain", [[0, 0], [1, 2]], "`domain` must be"),
    ("surface.domain", "all", "`domain` must be"),
    ("surface.domain", packed(4), "`domain` must be"),
    ("surface.minima", [[1]], "`minima` must be"),
    ("surface.minima", 3, ""),
    ("surface.start", [1, 2, 3], "`start` must be"),
    ("surface.url", "file:///etc/passwd", "Unknown key of a surface"),
    ("descent", 3, "`descent` must be a record"),
    ("descent.start", None, "`start` must be"),
    ("descent.start", [], "`start` must be of shape"),
    ("descent.start", [1, 2, 3], "`start` must be of shape"),
    ("descent.start", [[1, 2], [3]], "`start` must be"),
    ("descent.start", ["a", "b"], "`start` must be"),
    ("descent.start", {"shape": [2], "float64": "!"}, "`start` must be an array as it is written"),
    ("descent.start", {"shape": [2]}, "`start` must be an array as it is written"),
    ("descent.start", packed(10, [2]), "`start` must be an array as it is written"),
    ("descent.start", packed(4, [10**9, 10**9]), "`shape` must be whole numbers"),
    ("descent.start", packed(4, [2_000_000, 2]), "more than 2,000,000 numbers"),
    ("descent.start", packed(4, [2] * 40), "`shape` must be a list"),
    ("descent.start", packed(4, [-2, -2]), "`shape` must be whole numbers"),
    ("descent.start", packed(4, [2.0, 2]), "`shape` must be whole numbers"),
    ("descent.start", packed(4, "4"), "`shape` must be a list"),
    ("descent.start", packed(4, [True, 4]), "`shape` must be whole numbers"),
    ("descent.start", packed(1_900_000, [950_000, 2]), "17,100,000 steps"),
    ("descent.steps", 0, "`steps` must be at least 1"),
    ("descent.steps", -1, "`steps` must be at least 1"),
    ("descent.steps", 1.5, "`steps` must be an integer"),
    ("descent.steps", "9", "`steps` must be an integer"),
    ("descent.steps", True, "`steps` must be an integer"),
    ("descent.steps", None, "`steps` must be an integer"),
    ("descent.steps", 10**12, "steps of paths are to be made again, and at most 10,000,000"),
    ("descent.steps", 10**19, "steps of paths are to be made again, and at most 10,000,000"),
    ("descent.noise", -1, "`noise` must be zero or positive"),
    ("descent.noise", [1, 2], "`noise` must be a single number"),
    ("descent.noise", "1", "`noise` must be"),
    ("descent.seed", -1, "`seed` must be at least 0"),
    ("descent.seed", 1.5, "`seed` must be an integer"),
    ("descent.seed", [1, 2], "`seed` must be an integer"),
    ("descent.tolerance", 0, "`tolerance` must be positive"),
    ("descent.tolerance", {}, "`tolerance` must be"),
    ("descent.record", "some", "`record` must be 'all', 'last'"),
    ("descent.record", 0, "`record` must be at least 1"),
    ("descent.record", [1], "`record` must be an integer"),
    ("descent.picked", 1, "`picked` must be whole numbers from 0 to 0"),
    ("descent.picked", 0, ""),
    ("descent.picked", -1, "`picked` must be whole numbers from 0 to 0"),
    ("descent.picked", 0.5, "`picked` must be whole numbers"),
    ("descent.picked", "0", "`picked` must be"),
    ("descent.rng", 1, "Unknown key of `descent`"),
    ("paths", None, "`paths` must be a list"),
    ("paths", {}, "`paths` must be a list"),
    ("paths", [], "`paths` must be a list"),
    ("paths", [1], "`paths` must be a record"),
    ("paths", [{}] * 1001, "`paths` must be a list of 1 to 1,000"),
    ("paths.0.label", 3, "`label` must be text"),
    ("paths.0.label", None, "`label` must be text"),
    ("paths.0.holds", "everything", "`holds` must be descent, arrays or nothing"),
    ("paths.0.holds", ["descent"], "`holds` must be"),
    ("paths.0.holds", {}, "`holds` must be"),
    ("paths.0.holds", "arrays", "`arrays` must be a record"),
    ("paths.0.holds", "nothing", "tells only the name of the path 'SGD'"),
    ("paths.0.digest", 3, "`digest` must be text"),
    ("paths.0.code", "1", "Unknown key of `paths`"),
    ("paths.0.descent", [], "`descent` must be a record"),
    ("paths.0.descent", {"steps": 0}, "`steps` must be at least 1"),
    ("paths.0.optimizer", None, "`optimizer` must be a record"),
    ("paths.0.optimizer", "sgd", "`optimizer` must be a record"),
    ("paths.0.optimizer", {}, "Unknown optimizer None"),
    ("paths.0.optimizer.name", "os.system", "Unknown optimizer"),
    ("paths.0.optimizer.name", ["sgd"], "Unknown optimizer"),
    ("paths.0.optimizer.name", {"sgd": 1}, "Unknown optimizer"),
    ("paths.0.optimizer.name", "rule", "Unknown optimizer"),
    ("paths.0.optimizer.lr", -1, "`lr` must be positive"),
    ("paths.0.optimizer.lr", "0.1", "`lr` must be a number"),
    ("paths.0.optimizer.lr", None, "`lr` must be a number"),
    ("paths.0.optimizer.lr", True, "`lr` must be a number"),
    ("paths.0.optimizer.lr", [], "`lr` must be"),
    ("paths.0.optimizer.lr", [[0.1], [0.1, 0.2]], "`lr` must be"),
    ("paths.0.optimizer.lr", [0.1] * 3 + [-1], "`lr` must be positive"),
    ("paths.0.optimizer.lr", packed(3), "`lr` must be positive"),
    ("paths.0.optimizer.lr", "__import__('os')", "Expected a number or a call"),
    ("paths.0.optimizer.lr", "cosine(__import__('os'), 9)", ""),
    ("paths.0.optimizer.lr", "warmup(" * 30 + "1" + ", 5)" * 30, "nested at most 20 deep"),
    ("paths.0.optimizer.lr", "cosine(" + "9" * 900 + ", 5)", "finite"),
    ("paths.0.optimizer.lr", "step(0.1, every=0)", "`every` must be at least 1"),
    ("paths.0.optimizer.lr", "(lambda: 1)()", ""),
    ("paths.0.optimizer.momentum", 0.5, "Unknown hyperparameter of sgd"),
    ("paths.0.optimizer.__class__", "x", "Unknown hyperparameter of sgd"),
    ("paths.0.optimizer.own", "Mine", "Unknown key of `optimizer`"),
    ("paths.0.optimizer", {"own": "Mine", "lr": 0.1}, "`holds` must be 'arrays' for a rule"),
    ("paths.0.optimizer", {"own": 1, "lr": 0.1}, "`own` must be text"),
    ("settings", None, "`settings` must be a record"),
    ("settings", [], "`settings` must be a record"),
    ("settings.ax", 1, "Unknown setting of a recipe 'ax'"),
    ("settings.path", "/etc/passwd", "Unknown setting of a recipe 'path'"),
    ("settings.transform", [1], "Unknown setting of a recipe"),
    ("settings.path_effects", [1], "Unknown setting of a recipe"),
    ("settings.picker", True, "Unknown setting of a recipe"),
    ("settings.url", "javascript:alert()", "Unknown setting of a recipe"),
    ("settings.progress", True, "Unknown setting of a recipe"),
    ("settings.max_bytes", 1, "Unknown setting of a recipe"),
    ("settings.extras", 1, "Unknown setting of a recipe"),
    ("settings.sketch_params", [1e-9, 1e-9, 1], "Unknown setting of a recipe"),
    ("settings.size", [10**9, 10**9], "`size` must be"),
    ("settings.size", [8192, 8192], "`size` must be of at most"),
    ("settings.size", [1, 1], "`size` must be"),
    ("settings.size", "huge", "`size` must be"),
    ("settings.size", [320], "`size` must be"),
    ("settings.layout", "pie", "Unknown layout 'pie'"),
    ("settings.layout", 3, "Unknown layout 3"),
    ("settings.layout", [], "Unknown layout ()"),
    ("settings.theme", "../../etc", "Unknown theme"),
    ("settings.theme", 1, "Unknown theme 1"),
    ("settings.frames", 10**9, "`frames` must be at most 100,000"),
    ("settings.frames", 0, "`frames` must be at least 1"),
    ("settings.frames", "all", "`frames` must be an integer"),
    ("settings.pace", "now", "Unknown pace 'now'"),
    ("settings.tail", 0, "`tail` must be at least 1"),
    ("settings.learning_rates", [0.1] * 2000, "`learning_rates` must be plain data"),
    ("settings.learning_rates", list(range(1, 100)), "`learning_rates` must be"),
    ("settings.starts", "all", "`starts` must be"),
    ("settings.linewidth", 1e-9, "`linewidth` must be what a recipe can hold"),
    ("settings.linewidth", 1e9, "`linewidth` must be what a recipe can hold"),
    ("settings.linewidth", "2", "`linewidth` must be what a recipe can hold"),
    ("settings.linestyle", [0, [1e-9, 1e-9]], "`linestyle` must be what a recipe can hold"),
    ("settings.linestyle", [0, [1] * 1000], "`linestyle` must be what a recipe can hold"),
    ("settings.markevery", 1e-12, "`markevery` must be what a recipe can hold"),
    ("settings.marker", [10**9, 1, 0], "`marker` must be what a recipe can hold"),
    ("settings.marker", "$" + "{" * 100 + "$", "`marker` must be what a recipe can hold"),
    ("settings.color", "nocolor", "`color` must be what a recipe can hold"),
    ("settings.alpha", 7, "`alpha` must be what a recipe can hold"),
    ("settings.color", {"list": {"list": []}}, "`color` must be plain data"),
    ("settings.color", nested(9), "`color` must be plain data"),
    ("settings.color", {"array": packed(3, [10**7])}, "`shape` must be"),
    ("settings.color", {"code": "1"}, "`color` must be plain data"),
    ("settings.limits", [[0, 1]], "`limits` must be"),
    ("settings.limits", "nowhere", "`limits` must be"),
]


def changed(text, place, value):
    data = json.loads(text)
    *way, last = place.split(".")
    part = data
    for key in way:
        part = part[int(key)] if isinstance(part, list) else part[key]
    part[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    CHANGES,
    ids=[f"{i} {place}" for i, (place, *_) in enumerate(CHANGES)],
)
def test_recipe_with_one_thing_wrong_is_refused(place, value, words):
    rejected(changed(TEXT, place, value), words)


HELD_CHANGES = [
    ("paths.0.arrays.positions", None, "`positions` must be"),
    ("paths.0.arrays.positions", [[1, 2]], "must be of shape"),
    ("paths.0.arrays.positions", [1, 2], "`positions` must be of shape"),
    ("paths.0.arrays.positions", packed(8, [4, 2]), "17"),
    ("paths.0.arrays.values", [1, 2], "`values` must be of shape"),
    ("paths.0.arrays.status", "lost", "`status` must be"),
    ("paths.0.arrays.status", {}, "`status` must be"),
    ("paths.0.arrays.status", [["stopped"], []], ""),
    ("paths.0.arrays.recorded", [0, 2, 1, 3], "`recorded` must be rising"),
    ("paths.0.arrays.recorded", [0, 1, 2, 10**12], "`recorded` must be at most"),
    ("paths.0.arrays.recorded", [-1, 1, 2, 3], "`recorded` must be rising"),
    ("paths.0.arrays.recorded", [0, 0.5, 2, 3], "`recorded` must be whole numbers"),
    ("paths.0.arrays.recorded", [], "`recorded` must be"),
    ("paths.0.arrays.diverged_at", [1, 2], "`diverged_at` must be of shape"),
    ("paths.0.arrays.diverged_at", 1e300, "`diverged_at` must be whole numbers"),
    ("paths.0.arrays.more", 1, "Unknown key of `arrays`"),
    ("paths.0.optimizer.rates", [[1]], "`rates` must be a list"),
    ("paths.0.optimizer.rates", "x", "`rates` must be"),
    ("paths.0.optimizer.lr", "cosine(1, 2)", "`lr` must be"),
    ("paths.0.optimizer.code", "1", "Unknown key of `optimizer`"),
]


@pytest.mark.parametrize(("place", "value", "words"), HELD_CHANGES)
def test_paths_that_are_held_are_checked_too(place, value, words):
    if words == "17":  # Zeros where it was: that is another path, and a good one.
        assert Recipe.of(changed(HELD, place, value)).trajectories()[0].positions.max() == 0
    else:
        rejected(changed(HELD, place, value), words)


SAMPLED_CHANGES = [
    ("surface.samples", None, "`samples` must be"),
    ("surface.samples", [[1, 2], [3]], "`samples` must be"),
    ("surface.samples", packed(300_000, [150_000, 2]), "`samples` must be at most 100,000"),
    ("surface.batch_size", 0, "`batch_size` must be at least 1"),
    ("surface.batch_size", 4, "`batch_size` must be at most"),
    ("surface.batch_size", "1", "`batch_size` must be an integer"),
    ("surface.samples", [[0, 1e300], [1, -1e300]], "`samples` must be"),
    ("descent.steps", 5_000_001, "10,000,002 steps of paths"),
]


@pytest.mark.parametrize(("place", "value", "words"), SAMPLED_CHANGES)
def test_samples_are_checked_too(place, value, words):
    rejected(changed(SAMPLED, place, value), words)


def test_orders_of_many_samples_for_many_paths_do_not_fill_the_memory():
    times = np.linspace(0, 1, 60_000)
    surface = least_squares(np.stack([times, times**2], axis=1), 1)
    path = tj.descend(surface, "sgd:0.1", np.zeros((2, 2)), 1, rng=1)
    text = make_recipe(path, settings={})
    rejected(changed(text, "descent.start", packed(4000, [2000, 2])), "`samples` must be fewer")


def test_batches_that_multiply_are_refused():
    text = changed(TEXT, "descent.start", packed(20_000, [10_000, 1, 2]))
    lr = [0.1] * 10_000
    rejected(changed(text, "paths.0.optimizer.lr", lr), "900,090,000 steps of paths")


def test_broken_shapes_are_refused():
    text = changed(TEXT, "descent.start", [[1, 2], [3, 4], [5, 6]])
    rejected(changed(text, "paths.0.optimizer.lr", [0.1, 0.2]))


@pytest.mark.parametrize("arrows", [10**6, 0, "many", [1]])
def test_arrows_are_bounded(arrows):
    text = make_recipe(tj.Surface(BOWL), kind="plot_gradient", settings={"arrows": 9})
    assert figure_of(Recipe.of(text)).axes
    rejected(changed(text, "settings.arrows", arrows), "`arrows` must be")


def test_random_damage_is_a_value_error_or_a_recipe():
    chance = random.Random(5)
    junk = [None, True, -1, 0, 1, 2.5, 1e300, 10**15, "", "x", "$", [], {}, [1], [[1]], {"a": 1}]
    begin = time.process_time()
    good, messages = 0, []
    for _ in range(1500):
        data = json.loads(chance.choice([TEXT, HELD, SAMPLED]))
        for _ in range(chance.choice([1, 1, 2, 4])):
            part = data
            while isinstance(part, (dict, list)) and part:
                keys = list(part) if isinstance(part, dict) else range(len(part))
                key = chance.choice(keys)
                if chance.random() < 0.35 or not isinstance(part[key], (dict, list)):
                    part[key] = copy.deepcopy(chance.choice(junk))
                    break
                part = part[key]
        try:
            Recipe.of(json.dumps(data)).trajectories(most_work=1000)
            good += 1
        except ValueError as error:
            messages.append(str(error))
        except UserWarning:  # It is another path than the fingerprint's.
            good += 1
    assert 20 < good < 1000
    assert all(message.startswith("recipe: ") for message in messages)
    assert not any("\n" in message for message in messages)
    assert time.process_time() - begin < 15


def test_memory_is_bounded_whatever_a_recipe_says():
    bombs = [
        WORDS["open lists"][0],
        WORDS["many items"][0],
        changed(TEXT, "descent.start", packed(1_900_000, [950_000, 2])),
        changed(TEXT, "descent.start", packed(20_000_000, [2])),
    ]
    tracemalloc.start()
    for bomb in bombs:
        with pytest.raises(ValueError, match="nested|items|steps of paths|array as it"):
            Recipe.of(bomb).trajectories()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_reading_runs_nothing(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError

    Recipe.of(HELD)  # What is imported when it is first needed, is there.
    with monkeypatch.context() as patched:
        for name in ("eval", "exec", "open"):
            patched.setattr(f"builtins.{name}", forbidden)
        found = Recipe.of(TEXT)
    assert len(found.paths) == 2


def test_recipe_in_a_file_that_is_not_what_it_must_be_names_the_file(tmp_path):
    path = tmp_path / "a.gif"
    text = changed(TEXT, "descent.steps", 0)
    path.write_bytes(b"GIF89a" + b"\0" * 7 + comment_block(text) + b";")
    with pytest.raises(ValueError, match=r"^'.*a\.gif': recipe: `steps` must be at least 1. Got 0"):
        read_recipe(path)
    path.write_bytes(b"GIF89a" + b"\0" * 7 + b'!\xfe\x13{"trajectories":\xff\xfe\0\0;')
    with pytest.raises(ValueError, match=r"recipe: It is no JSON"):
        read_recipe(path)
