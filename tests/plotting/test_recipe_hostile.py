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
from tests.plotting.reading import gif_with

TEXT = tj.animate(
    tj.compare("x**2/20 + y**2", ["sgd:0.9", "adam:cosine(0.3, 9)"], (-7, 2), 9, noise=0.1, rng=1),
    layout="race",
    linewidth=2.0,
    size=(320, 240),
).recipe()
HELD = tj.animate(tj.descend("sphere", tj.SGD(lambda step: 0.1), steps=3)).recipe()
SAMPLED = tj.animate(
    tj.descend(tj.least_squares([(0, 1), (1, 3), (2, 5)], 1), "sgd:0.1", steps=3)
).recipe()


def packed(count, shape=None):
    content = base64.b64encode(zlib.compress(b"\0" * 8 * count, 9)).decode()
    return {"shape": [count] if shape is None else shape, "float64": content}


@pytest.fixture(scope="module")
def remade(tmp_path_factory):
    """Return a function that replays a file with a recipe."""
    path = tmp_path_factory.mktemp("hostile") / "a.gif"

    def replayed(text):
        path.write_bytes(gif_with(text))
        return tj.replay(path)

    return replayed


@pytest.fixture(scope="module")
def rejected(remade):
    """Return a function that makes sure that a recipe is refused as it must be."""

    def refused(text, words=""):
        begin = time.process_time()
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            remade(text)
        assert time.process_time() - begin < 1
        message = str(caught.value)
        assert "\n" not in message
        assert len(message) < 2200
        assert words in message
        assert "a.gif': recipe: " in message

    return refused


def test_recipes_themselves_are_good(remade):
    for text in (TEXT, HELD, SAMPLED):
        assert len(remade(text)) > 1


WORDS = {
    "empty": ("", "no JSON"),
    "code": (TEXT.replace('"format":1', '"format":__import__("os")'), "no JSON"),
    "nested lists": ("[" * 100_000 + "]" * 100_000, "nested too deep"),
    "open lists": ("[" * 1_000_000, "nested too deep"),
    "deep setting": (
        TEXT.replace('"linewidth":2.0', '"linewidth":' + "[" * 30 + "]" * 30),
        "nested too deep",
    ),
    "long": ('{"a":"' + "x" * 3_000_000 + '"}', "at most 2,000,000 characters"),
    "many items": ('{"a":[' + "0," * 900_000 + "0]}", "more than 500,000 items"),
    "many twins": ('{"a":{' + ",".join(['"b":0'] * 200_000) + "}}", "`b` must be given once"),
    "twins": (TEXT.replace('"format":1', '"format":1,"format":1'), "`format` must be given once"),
    "NaN": (TEXT.replace('"steps":9', '"steps":NaN'), "must be finite. Got NaN"),
    "overflow": (TEXT.replace('"noise":0.1', '"noise":1e999'), "must be finite"),
    "digits": (TEXT.replace('"steps":9', '"steps":' + "9" * 5000), "5000 digits is too long"),
    "long name": (
        TEXT.replace('"SGD"', '"' + "x" * 5000 + '"'),
        "A text of 5,000 characters is too long",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_text_that_is_no_recipe_is_refused(name):
    text, words = WORDS[name]
    begin = time.process_time()
    with pytest.raises(ValueError, match=words) as caught:
        tj.Recipe.of(text)
    assert time.process_time() - begin < 1
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 2000


def nested(depth):
    return {"list": [nested(depth - 1)]} if depth else 1


#: Where in the recipe, what to put there, and what is said of it.
CHANGES = [
    ("format", 2, "this one is too old"),
    ("extra", 1, "Nothing is known of 'extra'"),
    ("surface.formula", "__import__('os').system('true')", ""),
    ("surface.formula", "9**9**9**9", ""),
    ("surface.formula", "(" * 499, ""),
    ("surface.domain", [[0, 0], [1, 2]], "`domain` must be"),
    ("surface.url", "file:///etc/passwd", "Unknown key of a surface"),
    ("descent.start", [1, 2, 3], "`start` must be of shape"),
    ("descent.start", {"shape": [2], "float64": "!"}, "`start` must be an array as it is written"),
    ("descent.start", packed(4, [10**9, 10**9]), "`shape` must be whole numbers"),
    ("descent.start", packed(4, [2_000_000, 2]), "more than 2,000,000 numbers"),
    ("descent.start", packed(1_900_000, [950_000, 2]), "17,100,000 steps"),
    ("descent.steps", True, "`steps` must be an integer"),
    ("descent.steps", 10**12, "steps of paths are to be made again, and at most 10,000,000"),
    ("descent.picked", 1, "`picked` must be whole numbers from 0 to 0"),
    ("descent.rng", 1, "Unknown key of `descent`"),
    ("paths", [{}] * 1001, "`paths` must be a list of 1 to 1,000"),
    ("paths.0.holds", "everything", "`holds` must be descent, arrays or nothing"),
    ("paths.0.holds", "nothing", "tells only the name of the path 'SGD'"),
    ("paths.0.code", "1", "Unknown key of `paths`"),
    ("paths.0.optimizer.name", "os.system", "Unknown optimizer"),
    ("paths.0.optimizer.lr", [[0.1], [0.1, 0.2]], "`lr` must be"),
    ("paths.0.optimizer.lr", "__import__('os')", "Expected a number or a call"),
    ("paths.0.optimizer.lr", "warmup(" * 30 + "1" + ", 5)" * 30, "nested at most 20 deep"),
    ("paths.0.optimizer.lr", "cosine(" + "9" * 900 + ", 5)", "finite"),
    ("paths.0.optimizer", {"own": "Mine", "lr": 0.1}, "`holds` must be 'arrays' for a rule"),
    ("settings.ax", 1, "Unknown setting of a recipe 'ax'"),
    ("settings.sketch_params", [1e-9, 1e-9, 1], "Unknown setting of a recipe"),
    ("settings.size", [10**9, 10**9], "`size` must be"),
    ("settings.layout", "\ud800\udfff\n\ud800", "Unknown layout"),
    ("settings.frames", 10**9, "`frames` must be at most 100,000"),
    ("settings.learning_rates", [0.1] * 2000, "`learning_rates` must be plain data"),
    ("settings.linestyle", [0, [1e-9, 1e-9]], "`linestyle` must be what a recipe can hold"),
    ("settings.markevery", 1e-12, "`markevery` must be what a recipe can hold"),
    ("settings.marker", "$" + "{" * 100 + "$", "`marker` must be what a recipe can hold"),
    ("settings.color", nested(9), "`color` must be plain data"),
    ("settings.color", {"array": packed(3, [10**7])}, "`shape` must be"),
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
def test_recipe_with_one_thing_wrong_is_refused(place, value, words, rejected):
    rejected(changed(TEXT, place, value), words)


HELD_CHANGES = [
    ("paths.0.arrays.positions", None, "`positions` must be"),
    ("paths.0.arrays.values", [1, 2], "`values` must be of shape"),
    ("paths.0.arrays.status", [["finished"], []], ""),
    ("paths.0.arrays.recorded", [0, 2, 1, 3], "`recorded` must be rising"),
    ("paths.0.arrays.recorded", [0, 1, 2, 10**12], "`recorded` must be at most"),
    ("paths.0.arrays.diverged_at", 1e300, "`diverged_at` must be whole numbers"),
    ("paths.0.optimizer.rates", [[1]], "`rates` must be a list"),
    ("paths.0.optimizer.lr", "cosine(1, 2)", "`lr` must be"),
]


@pytest.mark.parametrize(("place", "value", "words"), HELD_CHANGES)
def test_paths_that_are_held_are_checked_too(place, value, words, rejected):
    rejected(changed(HELD, place, value), words)


SAMPLED_CHANGES = [
    ("surface.samples", None, "`samples` must be"),
    ("surface.samples", packed(300_000, [150_000, 2]), "`samples` must be at most 100,000"),
    ("surface.batch_size", 4, "`batch_size` must be at most"),
    ("surface.samples", [[0, 1e300], [1, -1e300]], "`samples` must be"),
    ("descent.steps", 5_000_001, "10,000,002 steps of paths"),
]


@pytest.mark.parametrize(("place", "value", "words"), SAMPLED_CHANGES)
def test_samples_are_checked_too(place, value, words, rejected):
    rejected(changed(SAMPLED, place, value), words)


def test_what_multiplies_is_refused(rejected):
    times = np.linspace(0, 1, 60_000)
    surface = tj.least_squares(np.stack([times, times**2], axis=1), 1)
    path = tj.descend(surface, "sgd:0.1", np.zeros((2, 2)), 1, rng=1)
    text = changed(tj.animate(path).recipe(), "descent.start", packed(4000, [2000, 2]))
    rejected(text, "`samples` must be fewer")
    text = changed(TEXT, "descent.start", packed(20_000, [10_000, 1, 2]))
    text = changed(text, "paths.0.optimizer.lr", [0.1] * 10_000)
    rejected(text, "900,090,000 steps of paths")
    text = changed(TEXT, "descent.start", [[1, 2], [3, 4], [5, 6]])
    rejected(changed(text, "paths.0.optimizer.lr", [0.1, 0.2]))


def test_random_damage_is_a_value_error_or_a_recipe():
    chance = random.Random(5)
    junk = [None, True, -1, 0, 1, 2.5, 1e300, 10**15, "", "x", "$", [], {}, [1], [[1]], {"a": 1}]
    begin = time.process_time()
    good, messages = 0, []
    for _ in range(200):
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
            tj.Recipe.of(json.dumps(data)).trajectories(most_work=1000)
            good += 1
        except ValueError as error:
            messages.append(str(error))
        except UserWarning:  # It is another path than the fingerprint's.
            good += 1
    assert 3 < good < 150
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
            tj.Recipe.of(bomb).trajectories()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_reading_runs_nothing(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError

    tj.Recipe.of(HELD)  # What is imported when it is first needed, is there.
    with monkeypatch.context() as patched:
        for name in ("eval", "exec", "open"):
            patched.setattr(f"builtins.{name}", forbidden)
        found = tj.Recipe.of(TEXT)
    assert len(found.paths) == 2
