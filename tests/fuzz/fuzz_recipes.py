"""Fuzz the reading of recipes out of strangers' files, of every format that carries one."""

import io
import json
import os
import random
import sys
import tempfile
import warnings

import numpy as np
from changes import ODD, changed
from containers import CONTAINERS, pieces
from engine import Target, main

import trajectories as tj
from trajectories.plotting.writers.formats import write_apng, write_png, write_webp
from trajectories.plotting.writers.gif import Stream, write_gif
from trajectories.replay import Recipe, make_recipe, read_recipe

_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None
PATH = os.path.join(tempfile.mkdtemp(prefix="fuzz-", dir=_FOLDER), "input")
BOWL = "x**2/20 + y**2"


def check(data: bytes) -> bool:
    with open(PATH, "wb") as file:
        file.write(data)
    recipe = read_recipe(PATH)
    assert isinstance(recipe, Recipe)
    with warnings.catch_warnings():
        # A changed recipe may well be of a changed path.
        warnings.filterwarnings("ignore", ".*bit for bit")
        recipe.trajectories(most_work=300)
    return True


def grow(rng: random.Random) -> bytes:
    """Return a small file around a recipe of which something was changed."""
    text = rng.choice(RECIPES)
    if rng.random() < 0.8:
        text = json.dumps(changed(json.loads(text), rng), ensure_ascii=rng.random() < 0.8)
    if rng.random() < 0.05:
        text = text[: rng.randrange(len(text))]
    return rng.choice(list(CONTAINERS.values()))(text, rng)


def _recipes() -> list[str]:
    paths = tj.compare(BOWL, ["sgd:0.9", "adam:cosine(0.3, 9)"], (-7, 2), 9, noise=0.1, rng=1)
    held = tj.descend(BOWL, tj.SGD(lambda step: 0.1), steps=3)
    return [
        make_recipe(paths, settings={"layout": "race", "linewidth": 2.0, "size": (320, 240)}),
        make_recipe(held, settings={"layout": "overlay"}),
        make_recipe(tj.Surface(BOWL), kind="plot_gradient", settings={"arrows": 9}),
    ]


def _seeds() -> list[bytes]:
    rng = random.Random(0)
    seeds = [make(text, rng) for make in CONTAINERS.values() for text in RECIPES[::2]]
    frames = np.full((2, 8, 8, 4), 255, np.uint8)
    frames[1, :4] = 30
    for write in (write_gif, write_apng, write_webp):
        stream = Stream(lambda i: frames[i], (8, 8), range(2), 10, comment=RECIPES[0])
        write(file := io.BytesIO(), stream)
        seeds.append(file.getvalue())
    write_png(file := io.BytesIO(), frames[0], RECIPES[0])
    return [*seeds, file.getvalue()]


RECIPES = _recipes()
SEEDS = _seeds()
TARGET = Target(
    "recipes in files",
    check,
    SEEDS,
    pieces() + [json.dumps(odd).encode() for odd in ODD if len(str(odd)) < 99],
    [
        "trajectories.plotting.writers.metadata",
        "trajectories.plotting.writers.metadata",
        "trajectories.plotting.writers.metadata",
        "trajectories.plotting.writers.metadata",
        "trajectories.plotting.writers.metadata",
        "trajectories.plotting.writers.metadata",
        "trajectories.plotting.recipes.recipe",
        "trajectories.plotting.recipes.paths",
    ],
    path=PATH,
    grow=grow,
    grown=0.4,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
