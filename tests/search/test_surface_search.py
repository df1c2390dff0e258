"""The same search on surfaces."""

import numpy as np
import pytest

import trajectories as tj
from trajectories.search import SearchResult, SurfaceObjective, search_surface

BOWL = "x**2/20 + y**2"


def test_a_trial_is_a_descent():
    objective = SurfaceObjective(BOWL, "momentum", start=(-7, 2), steps=30)
    report = objective.run({"lr": 0.1, "momentum": 0.8}, 0, 30)
    path = tj.descend(BOWL, tj.Momentum(0.1, momentum=0.8), start=(-7, 2), steps=30)
    assert report.score == float(path.values[-1])
    assert report.curves["loss"] == path.values.tolist()
    assert objective.run({"lr": 0.1, "momentum": 0.8}, 0, 12).score == float(path.values[12])


def test_a_descent_that_is_lost_has_no_score_and_one_that_begins_twice_is_refused():
    report = SurfaceObjective("rosenbrock", "sgd", steps=200).run({"lr": 1.0}, 0, 200)
    assert report.score is None
    assert 0 < report.reached < 200
    assert np.isfinite(report.curves["loss"]).all()
    with pytest.raises(ValueError, match=r"`start` must be one start \(x, y\)"):
        SurfaceObjective(BOWL, start=[(-7, 2), (1, 1)])


def test_the_best_rate_of_a_bowl_is_found():
    # SGD is fastest where both factors |1 - 0.1 lr| and |1 - 2 lr| are level: lr = 2 / 2.1.
    found = search_surface(BOWL, "sgd", "lr=log:1e-4:10", 90, rounds=3, start=(-7, 2), steps=200)
    assert found.best.params["lr"] == pytest.approx(2 / 2.1, rel=0.03)
    assert found.spaces[-1]["lr"].low < 2 / 2.1 < found.spaces[-1]["lr"].high
    assert found.count("diverged") > 2


def test_rules_can_be_searched_for_too_and_noise_has_the_trials_seed():
    space = {"optimizer": "choice(sgd, momentum, adam)", "lr": "log:1e-3:1"}
    how = {"start": (-7, 2), "steps": 30, "noise": 0.1}
    found = search_surface(BOWL, space=space, trials=30, **how)
    assert {trial.params["optimizer"] for trial in found} == {"sgd", "momentum", "adam"}
    one = found.trials[4]
    rule = tj.OPTIMIZERS[one.params["optimizer"]](one.params["lr"])
    path = tj.descend(BOWL, rule, (-7, 2), 30, noise=0.1, rng=one.seed)
    assert one.score == float(path.values[-1])
    assert found == search_surface(BOWL, space=space, trials=30, **how)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("momentun=linear:0:1", "Unknown hyperparameter of sgd 'momentun'"),
        ("lr=linear:-1:1", "`lr` must be positive"),
        ("LR=linear:0.1:1", "`space` must be of names such as lr. Got 'LR' instead"),
    ],
)
def test_a_space_that_does_not_fit_is_refused(space, words):
    with pytest.raises(ValueError, match=words):
        search_surface(BOWL, "sgd", space)


class Clipped(tj.SGD):
    """A rule of somebody's own, derived from one of the package."""

    def _step(self, p, g, lr, state, *scratch):
        p -= lr * np.clip(g, -1, 1)


def test_a_rule_of_ones_own_is_searched_for_and_gone_on_with(tmp_path):
    path = tmp_path / "trials.jsonl"
    how = {"space": "lr=log:0.01:1", "trials": 6, "steps": 20, "journal": path}
    found = search_surface(BOWL, Clipped, **how)
    one = found.trials[3]
    assert one.score == tj.descend(BOWL, Clipped(one.params["lr"]), steps=20).values[-1]
    assert one.score != tj.descend(BOWL, tj.SGD(one.params["lr"]), steps=20).values[-1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    again = search_surface(BOWL, Clipped(), **how, resume=True)
    assert again == found == SearchResult.load(path)
    words = r"objective\.optimizer\.own is '.*Clipped' there and None here"
    with pytest.raises(ValueError, match=words):  # It is never taken for its parent.
        search_surface(BOWL, tj.SGD, **how, resume=True)


def test_a_figure_of_a_search_for_ones_own_rule_is_made_again_without_it(tmp_path):
    found = search_surface(BOWL, Clipped, "lr=log:0.01:1", 6, steps=20)
    found.draw("ranking").savefig(tmp_path / "a.png")
    assert tj.read_recipe(tmp_path / "a.png").again() == [found]  # No rule is run.
    tj.replay(tmp_path / "a.png").savefig(tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
