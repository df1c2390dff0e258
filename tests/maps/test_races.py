"""Tuning with the same budget for all, and ensembles."""

import numpy as np
import pytest

from trajectories import Adam, descend, ensemble, tune

BOWL = "x**2/20 + y**2"
RULES = ["sgd", "momentum", "adam:0.002,beta1=0.8"]


@pytest.fixture(scope="module")
def race():
    return tune(BOWL, RULES, (-7, 2), 40, trials=15)


def test_every_tried_path_is_a_descent_of_its_own(race):
    assert race.trials == 15
    for trial in race.tuned:
        np.testing.assert_allclose(trial.rates, np.geomspace(1e-4, 10, 15))
        assert trial.tried.batch_shape == (15,)
        for i, rate in enumerate(trial.rates):
            alone = descend(BOWL, trial.settings.optimizer.fresh(lr=float(rate)), (-7, 2), 40)
            np.testing.assert_array_equal(trial.tried.positions[:, i], alone.positions)


def test_the_best_is_the_lowest_of_all(race):
    for trial, path in zip(race.tuned, race.best, strict=True):
        assert path.values[-1] == np.nanmin(trial.values)
        assert path.optimizer.lr == trial.best_rate
        assert path.label == trial.label
        assert not trial.at_edge
    assert race.tuned[2].best.optimizer.beta1 == 0.8
    values = [value for _, _, value in race.ranking]
    assert values == sorted(values)


def test_default_and_too_high(race):
    assert race.default[2].optimizer == Adam(0.002, beta1=0.8)
    assert [path.optimizer.lr for path in race.times(10)] == [
        pytest.approx(10 * trial.best_rate) for trial in race.tuned
    ]
    with pytest.raises(ValueError, match="`factor` must be positive"):
        race.times(0)


def test_rates_can_be_drawn():
    one, two = (tune(BOWL, RULES[:2], trials=30, draw=True, rng=seed) for seed in (1, 2))
    again = tune(BOWL, RULES[:2], trials=30, draw=True, rng=1)
    a, b = (trial.rates for trial in one.tuned)
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, two.tuned[0].rates)
    np.testing.assert_array_equal(a, again.tuned[0].rates)
    assert (np.diff(a) > 0).all()
    assert a.min() >= 1e-4
    assert a.max() <= 10


def test_long_paths_are_kept_in_part():
    race = tune(BOWL, ["sgd"], steps=5000, trials=4)
    trial = race.tuned[0]
    assert len(trial.tried.recorded) <= 402
    assert trial.best.positions.shape == (5001, 2)
    assert trial.best.values[-1] == trial.values[trial.best_index]


def test_clouds_around_a_start_of_seeds_and_all_over_the_domain():
    cloud = ensemble(BOWL, "adam:0.1", (-7, 2), 20, trials=400, spread=0.3, rng=0)
    assert cloud.batch_shape == (400,)
    assert cloud.start.mean(axis=0) == pytest.approx((-7, 2), abs=0.06)
    assert cloud.start.std(axis=0) == pytest.approx((0.3, 0.3), abs=0.05)
    assert cloud == ensemble(BOWL, "adam:0.1", (-7, 2), 20, trials=400, spread=0.3, rng=0)
    cloud = ensemble(BOWL, "sgd:0.1", (-7, 2), 20, trials=50, noise=1.0, rng=0, label="noisy")
    assert (cloud.start == (-7, 2)).all()
    assert len(np.unique(cloud.final[:, 0])) == 50
    assert cloud.label == "noisy"
    cloud = ensemble("himmelblau", "sgd:0.01", trials=300, spread="domain", rng=2)
    assert 4.5 < abs(cloud.start).max() <= 5
    starts = [(0.0, 1.0), (2.0, 3.0)]
    np.testing.assert_array_equal(ensemble(BOWL, "sgd", starts, 5).start, starts)


def test_a_noisy_best_is_the_one_that_was_tried_and_the_edge_of_the_range_is_told():
    race = tune(BOWL, ["sgd", "adam"], (-7, 2), 30, trials=8, noise=0.5, rng=0)
    for trial in race.tuned:
        tried = trial.tried.positions[:, trial.best_index]
        np.testing.assert_array_equal(trial.best.positions, tried)
    race = tune(BOWL, ["sgd"], trials=5, lr=(1e-6, 1e-5))
    assert race.tuned[0].at_edge
    assert "5 rates each, evenly spaced from 1e-06 to 1e-05" in repr(race)
    (found,) = tune(BOWL, "sgd", steps=1500, trials=5, lr=(0.5, 10)).tuned
    # Stable are rates below 1.
    assert (found.status == "diverged").tolist() == np.isnan(found.values).tolist()
    assert (found.status[0] == "diverged", found.status[-1] == "diverged") == (False, True)


@pytest.mark.parametrize(
    ("function", "kwargs", "words"),
    [
        (tune, {"trials": 1}, "`trials` must be at least 2"),
        (tune, {"lr": (1, 0.1)}, "`lr` must be the least and the greatest"),
        (tune, {"steps": 0}, "`steps` must be at least 1"),
        (tune, {"rng": "x"}, "`rng` must be a seed"),
        (ensemble, {"trials": 0}, "`trials` must be at least 1"),
        (ensemble, {"spread": -1}, "`spread` must be zero or positive"),
        (ensemble, {"spread": "all"}, "`spread` must be a number or 'domain'"),
        (ensemble, {"spread": "domain", "start": (1, 2)}, "`start` must be left out"),
        (ensemble, {"start": (1, 2, 3)}, "`start` must be"),
        (ensemble, {"rng": "x"}, "`rng` must be a seed"),
    ],
)
def test_bad_arguments_are_named(function, kwargs, words):
    with pytest.raises(ValueError, match=words):
        function(BOWL, "sgd", **kwargs)
