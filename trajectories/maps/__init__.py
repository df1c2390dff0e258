"""Maps: many descents as one batch, over hyperparameters, starts or seeds."""

from trajectories.maps.basins import Basins, basins
from trajectories.maps.ensemble import ensemble
from trajectories.maps.outcomes import Sensitivity
from trajectories.maps.sensitivity import compare_rates, sensitivity
from trajectories.maps.tuning import Trial, Tuning, tune

__all__ = [
    "Basins",
    "Sensitivity",
    "Trial",
    "Tuning",
    "basins",
    "compare_rates",
    "ensemble",
    "sensitivity",
    "tune",
]
