"""Optimizers of somebody's own: they run like those of the package, and never pass for one."""

from dataclasses import dataclass

import numpy as np
import pytest

import trajectories as tj
from trajectories.mnist import load
from trajectories.mnist.experiments import optimizers
from trajectories.search import SurfaceObjective, search


class Clipped(tj.SGD):
    """Derived from a rule of the package, as a student would."""

    def _step(self, p, g, lr, state, *scratch):
        p -= lr * np.clip(g, -1, 1)


@dataclass(eq=False)
class Damped(tj.Optimizer):
    """With a field of its own."""

    damping: float = 0.5

    def _step(self, p, g, lr, state, *scratch):
        p -= lr * self.damping * g


@dataclass(frozen=True)
class Halving(tj.schedules.Schedule):
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
    assert list(tmp_path.iterdir()) == []


@OWN
def test_blocks_of_its_map_are_not_those_of_its_parent(rule, tmp_path):
    how = {"lr": [0.1, 0.3], "steps": 5}
    tj.sensitivity("sphere", tj.SGD(), **how, folder=tmp_path / "sgd")
    with pytest.raises(ValueError, match="holds the blocks of another map"):
        tj.sensitivity("sphere", rule, **how, folder=tmp_path / "sgd")
    first = tj.sensitivity("sphere", rule, **how, folder=tmp_path / "own")
    again = tj.sensitivity("sphere", rule, **how, folder=tmp_path / "own")
    assert np.array_equal(first.values, again.values)
    assert first.values[1] > 0.5  # SGD would have come down to 0.003.


def test_a_map_of_it_carries_no_recipe_of_its_parent(tmp_path):
    found = tj.basins("sphere", Clipped(0.1), 3, resolution=3)
    tj.save_map(found, tmp_path / "map.svg")
    with pytest.raises(ValueError, match="does not hold how"):
        tj.read_recipe(tmp_path / "map.svg").again()


def test_it_has_the_name_of_its_class_and_its_fields_are_hyperparameters():
    assert (Clipped.name, Damped.name, tj.SGD.name) == ("clipped", "damped", "sgd")
    assert Damped(0.1, damping=-2).hyperparameters == {"lr": 0.1, "damping": -2}
    with pytest.raises(ValueError, match="hyperparameter of damped"):
        tj.sensitivity("sphere", Damped(), speed=[0.1, 0.2])
    path = tj.descend("sphere", Damped(0.5, damping=0.5), (1, 0), 1)
    assert path.positions[-1].tolist() == [0.5, 0]


def test_a_race_of_networks_and_a_search_take_it(tmp_path):
    rules = [Clipped(0.1), Damped(0.1)]
    found = optimizers(load("digits"), optimizers=rules, iterations=2, seeds=1, quick=True)
    first, second = found.runs
    assert first.startswith("Clipped")
    told = found.settings["optimizers"][second]
    assert told["damping"] == 0.5
    assert told["own"].endswith("test_own.Damped")
    objective = SurfaceObjective("sphere", Clipped(0.1), steps=5)
    found = search(objective, "lr=0.01:1", trials=3, n_jobs=1, journal=tmp_path / "j")
    assert len(found.trials) == 3


def test_a_schedule_of_ones_own_has_a_label_but_no_text(tmp_path):
    paths = tj.compare("sphere", [tj.SGD(Halving()), tj.SGD(0.3)])
    assert [path.label for path in paths] == ["SGD lr=Halving(lr=0.1)", "SGD lr=0.3"]
    warm = tj.schedules.Warmup(Halving(), 2)
    assert warm(0) == pytest.approx(0.05)
    for schedule in (Halving(), warm):
        with pytest.raises(ValueError, match="`schedule` must be one of the package"):
            schedule.text  # noqa: B018
    with pytest.raises(ValueError, match="`schedule` must be one of the package"):
        paths[0].save(tmp_path / "path.npz")
