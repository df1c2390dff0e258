"""Optimizers of somebody's own: they run like those of the package, and never pass for one."""

from dataclasses import dataclass

import numpy as np
import pytest

import trajectories as tj
from trajectories.checks import POSITIVE
from trajectories.mnist.experiments.comparisons import optimizers
from trajectories.mnist.source import load
from trajectories.optimizers import from_record, to_record, to_spec
from trajectories.optimizers.base import Optimizer, hyperparameter
from trajectories.optimizers.schedules import Schedule
from trajectories.search.rounds import SurfaceObjective, search


class Clipped(tj.SGD):
    """Derived from a rule of the package, as a student would."""

    def _step(self, p, g, lr, state, *scratch):
        p -= lr * np.clip(g, -1, 1)


@dataclass(eq=False)
class Damped(Optimizer):
    """With a field of each sort."""

    damping: float = 0.5
    most: float = hyperparameter(1.0, POSITIVE)

    def _step(self, p, g, lr, state, *scratch):
        p -= lr * self.damping * np.clip(g, -self.most, self.most)


@dataclass(frozen=True)
class Halving(Schedule):
    """A schedule of somebody's own."""

    lr: float = 0.1

    def _value(self, step):
        return self.lr / 2**step


OWN = pytest.mark.parametrize("rule", [Clipped(0.1), Damped(0.1)], ids=["derived", "new"])


@OWN
def test_it_is_written_nowhere_as_something_else(rule, tmp_path):
    path = tj.descend("sphere", rule, steps=5)
    with pytest.raises(ValueError, match="must be one of the package to be saved. Got (Cl|Da)"):
        path.save(tmp_path / "path.npz")
    with pytest.raises(ValueError, match="must be one of the package to be saved"):
        tj.sensitivity("sphere", rule, lr=[0.1, 0.3], steps=5).save(tmp_path / "map.npz")
    with pytest.raises(ValueError, match="must be one of the package to be written as a spec"):
        to_spec(rule)
    assert list(tmp_path.iterdir()) == []


@OWN
def test_what_tells_it_from_others_cannot_be_read_back(rule):
    record = to_record(rule, own=True)
    assert record["own"].endswith(f"test_own.{type(rule).__name__}")
    assert record["lr"] == 0.1
    with pytest.raises(ValueError, match="one of the package to be made again. Got '.*test_own"):
        from_record(record)


@OWN
def test_blocks_of_its_map_are_not_those_of_its_parent(rule, tmp_path):
    how = {"lr": [0.1, 0.3], "steps": 5}
    tj.sensitivity("sphere", tj.SGD(), **how, folder=tmp_path / "sgd")
    with pytest.raises(ValueError, match="holds the blocks of another map"):
        tj.sensitivity("sphere", rule, **how, folder=tmp_path / "sgd")
    first = tj.sensitivity("sphere", rule, **how, folder=tmp_path / "own")
    again = tj.sensitivity("sphere", rule, **how, folder=tmp_path / "own")
    assert np.array_equal(first.values, again.values)
    assert first.values[1] > 1  # SGD would have come down to 0.003.


def test_a_map_of_it_carries_no_recipe_of_its_parent(tmp_path):
    tj.save_map(tj.basins("himmelblau", Clipped(0.1), 5, resolution=5), tmp_path / "map.png")
    with pytest.raises(ValueError, match="does not hold how"):
        tj.read_recipe(tmp_path / "map.png").again()


def test_its_name_is_that_of_its_class():
    assert (Clipped.name, Damped.name, tj.SGD.name) == ("clipped", "damped", "sgd")
    with pytest.raises(ValueError, match="hyperparameter of damped"):
        tj.sensitivity("sphere", Damped(), speed=[0.1, 0.2])


def test_its_fields_are_hyperparameters_and_those_with_a_range_are_checked():
    assert Damped(0.1, damping=-2).hyperparameters == {"lr": 0.1, "damping": -2, "most": 1.0}
    with pytest.raises(ValueError, match="`most` must be positive. Got 0 instead"):
        Damped(most=0)
    path = tj.descend("sphere", Damped(0.5, damping=0.5), (1, 0), 1)
    assert path.positions[-1].tolist() == [0.75, 0]


def test_a_race_of_networks_takes_it():
    rules = [Clipped(0.1), Damped(0.1)]
    found = optimizers(load("digits"), race=rules, iterations=3, seeds=1, quick=True)
    first, second = found.runs
    assert first.startswith("Clipped")
    assert found.settings["race"][second]["damping"] == 0.5


def test_a_search_takes_it(tmp_path):
    objective = SurfaceObjective("sphere", Clipped(0.1), steps=5)
    found = search(objective, "lr=log(0.01, 1)", trials=3, workers=1, journal=tmp_path / "j")
    assert len(found.trials) == 3


def test_a_schedule_of_ones_own_has_a_label():
    paths = tj.compare("sphere", [tj.SGD(Halving()), tj.SGD(0.3)])
    assert [path.label for path in paths] == ["SGD lr=Halving(lr=0.1)", "SGD lr=0.3"]
