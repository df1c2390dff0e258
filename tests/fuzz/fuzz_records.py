"""Fuzz what is read as records: surfaces, optimizers, and the recipes that files carry."""

import json
import random
import sys
import warnings

import numpy as np
from changes import ODD, changed
from engine import Target, main

import trajectories as tj
from trajectories.optimizers import ALL_OPTIMIZERS, from_record, to_record
from trajectories.replay import Recipe, make_recipe
from trajectories.surfaces.catalogue import SURFACES
from trajectories.surfaces.least_squares import least_squares
from trajectories.surfaces.surface import Surface

BOWL = "x**2/20 + y**2"


def check(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    record = json.loads(text)
    with warnings.catch_warnings():
        # A changed recipe may well be of a changed path.
        warnings.filterwarnings("ignore", ".*bit for bit")
        if isinstance(record, dict) and "trajectories" in record:
            Recipe.of(text).trajectories(most_work=300)
        elif isinstance(record, dict) and "name" in record and "formula" not in record:
            rule = from_record(record)
            assert json.dumps(to_record(rule))
        else:
            surface = Surface.from_dict(record)
            assert Surface.from_dict(surface.to_dict()) == surface
    return True


def grow(rng: random.Random) -> bytes:
    """Return a record some of whose values are others, left out, or put in twice."""
    return json.dumps(changed(json.loads(rng.choice(SEEDS)), rng)).encode()


def _seeds() -> list[bytes]:
    line = least_squares([(0, 1), (1, 3), (2, 5)], batch_size=1)
    paths = tj.compare(BOWL, ["sgd:0.9", "adam:cosine(0.3, 9)"], (-7, 2), 9, noise=0.1, rng=1)
    held = tj.descend(BOWL, tj.SGD(lambda step: 0.1), steps=3)
    records = [
        *(SURFACES[name].to_dict() for name in ("beale", "himmelblau", "ackley", "sphere")),
        Surface(BOWL, minima=[(0, 0)], start=(1, 2)).to_dict(),
        line.to_dict(),
        *(to_record(rule()) for rule in ALL_OPTIMIZERS.values()),
        to_record(tj.SGD("cosine(0.1, 9)")),
        to_record(tj.SGD(np.array([0.1, 0.2]))),
    ]
    recipes = [
        make_recipe(paths, settings={"layout": "race", "linewidth": 2.0, "size": (320, 240)}),
        make_recipe(held, settings={"layout": "overlay"}),
        make_recipe(tj.descend(line, "sgd:0.1", steps=3, rng=1), settings={}),
        make_recipe(line, kind="plot_gradient", settings={"arrows": 9}),
    ]
    return [json.dumps(record).encode() for record in records] + [t.encode() for t in recipes]


SEEDS = _seeds()
TARGET = Target(
    "records and recipes",
    check,
    SEEDS,
    [b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"1e999", b"NaN", b"-1"]
    + [b"\\u0000"]
    + [json.dumps(odd).encode() for odd in ODD if len(str(odd)) < 99],
    ["trajectories.records", "trajectories.optimizers", "trajectories.surfaces.surface"]
    + ["trajectories.plotting.recipes.recipe", "trajectories.plotting.recipes.paths"],
    refusals=(ValueError, TypeError),
    grow=grow,
    grown=0.5,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
