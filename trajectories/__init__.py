"""See how optimizers move: surfaces, descents, and pictures of their paths.

Public names are imported when they are first used, so that a program pays only for what it
touches: ``import trajectories`` loads neither SymPy nor Matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "trajectories.descent": ["compare", "descend"],
    "trajectories.optimizers": [
        "ADOPT",
        "ASGD",
        "OPTIMIZERS",
        "SGD",
        "SURFACE_OPTIMIZERS",
        "AdaBelief",
        "AdaDelta",
        "AdaGrad",
        "Adam",
        "Adamax",
        "AdamW",
        "Adan",
        "AdEMAMix",
        "AMSGrad",
        "Backtracking",
        "CenteredRMSProp",
        "DampedNewton",
        "DampenedMomentum",
        "Lion",
        "Momentum",
        "NAdam",
        "Nesterov",
        "Newton",
        "OptimisticGD",
        "Optimizer",
        "RAdam",
        "RMSProp",
        "Rprop",
        "SignSGD",
        "Signum",
        "SurfaceOptimizer",
        "Yogi",
        "schedules",
    ],
    "trajectories.plotting.animate": ["animate"],
    "trajectories.plotting.animation": ["Animation"],
    "trajectories.plotting.axes": ["plot", "plot_3d", "plot_gradient", "plot_loss"],
    "trajectories.plotting.decks.deck": ["deck"],
    "trajectories.plotting.figures": ["plot_grid", "plot_overlay", "plot_race"],
    "trajectories.maps": [
        "Basins",
        "Sensitivity",
        "Trial",
        "Tuning",
        "basins",
        "compare_rates",
        "ensemble",
        "sensitivity",
        "tune",
    ],
    "trajectories.plotting.maps.figures": ["plot_sensitivity"],
    "trajectories.plotting.maps.movie": ["Movie"],
    "trajectories.plotting.maps.movies": ["animate_basins", "animate_ensemble", "plot_ensemble"],
    "trajectories.plotting.maps.panels": ["plot_basins"],
    "trajectories.plotting.maps.saving": ["save_map"],
    "trajectories.plotting.maps.tuning": ["plot_triptych", "plot_tuning"],
    "trajectories.plotting.maps.axes": ["plot_map", "plot_rates"],
    "trajectories.plotting.recipes.recipe": ["Recipe", "read_recipe"],
    "trajectories.plotting.recipes.replay": ["replay"],
    "trajectories.plotting.scene": ["Scene"],
    "trajectories.plotting.theme": ["THEMES"],
    "trajectories.search": ["SearchResult", "Space", "search_surface"],
    "trajectories.surfaces": [
        "SURFACES",
        "Analysis",
        "FormulaError",
        "LeastSquares",
        "Surface",
        "least_squares",
        "quadratic",
    ],
    "trajectories.trajectory": ["Trajectory"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ADOPT",
    "AMSGrad",
    "ASGD",
    "AdEMAMix",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Analysis",
    "Animation",
    "Backtracking",
    "Basins",
    "CenteredRMSProp",
    "DampedNewton",
    "DampenedMomentum",
    "FormulaError",
    "LeastSquares",
    "Lion",
    "Momentum",
    "Movie",
    "NAdam",
    "Nesterov",
    "Newton",
    "OPTIMIZERS",
    "OptimisticGD",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "Recipe",
    "Rprop",
    "SGD",
    "SURFACES",
    "SURFACE_OPTIMIZERS",
    "Scene",
    "SearchResult",
    "Sensitivity",
    "SignSGD",
    "Signum",
    "Space",
    "Surface",
    "SurfaceOptimizer",
    "THEMES",
    "Trajectory",
    "Trial",
    "Tuning",
    "Yogi",
    "animate",
    "animate_basins",
    "animate_ensemble",
    "basins",
    "compare",
    "compare_rates",
    "deck",
    "descend",
    "ensemble",
    "least_squares",
    "plot",
    "plot_3d",
    "plot_basins",
    "plot_ensemble",
    "plot_gradient",
    "plot_grid",
    "plot_loss",
    "plot_map",
    "plot_overlay",
    "plot_race",
    "plot_rates",
    "plot_sensitivity",
    "plot_triptych",
    "plot_tuning",
    "quadratic",
    "read_recipe",
    "replay",
    "save_map",
    "schedules",
    "search_surface",
    "sensitivity",
    "tune",
    "__version__",
]

if TYPE_CHECKING:
    from trajectories.descent import compare, descend
    from trajectories.maps import (
        Basins,
        Sensitivity,
        Trial,
        Tuning,
        basins,
        compare_rates,
        ensemble,
        sensitivity,
        tune,
    )
    from trajectories.optimizers import (
        ADOPT,
        ASGD,
        OPTIMIZERS,
        SGD,
        SURFACE_OPTIMIZERS,
        AdaBelief,
        AdaDelta,
        AdaGrad,
        Adam,
        Adamax,
        AdamW,
        Adan,
        AdEMAMix,
        AMSGrad,
        Backtracking,
        CenteredRMSProp,
        DampedNewton,
        DampenedMomentum,
        Lion,
        Momentum,
        NAdam,
        Nesterov,
        Newton,
        OptimisticGD,
        Optimizer,
        RAdam,
        RMSProp,
        Rprop,
        SignSGD,
        Signum,
        SurfaceOptimizer,
        Yogi,
        schedules,
    )
    from trajectories.plotting.animate import animate
    from trajectories.plotting.animation import Animation
    from trajectories.plotting.axes import plot, plot_3d, plot_gradient, plot_loss
    from trajectories.plotting.decks.deck import deck
    from trajectories.plotting.figures import plot_grid, plot_overlay, plot_race
    from trajectories.plotting.maps.axes import plot_map, plot_rates
    from trajectories.plotting.maps.figures import plot_sensitivity
    from trajectories.plotting.maps.movie import Movie
    from trajectories.plotting.maps.movies import animate_basins, animate_ensemble, plot_ensemble
    from trajectories.plotting.maps.panels import plot_basins
    from trajectories.plotting.maps.saving import save_map
    from trajectories.plotting.maps.tuning import plot_triptych, plot_tuning
    from trajectories.plotting.recipes.recipe import Recipe, read_recipe
    from trajectories.plotting.recipes.replay import replay
    from trajectories.plotting.scene import Scene
    from trajectories.plotting.theme import THEMES
    from trajectories.search import SearchResult, Space, search_surface
    from trajectories.surfaces import (
        SURFACES,
        Analysis,
        FormulaError,
        LeastSquares,
        Surface,
        least_squares,
        quadratic,
    )
    from trajectories.trajectory import Trajectory


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'trajectories' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
