"""Hyperparameter search: random trials in rounds that narrow, kept in a journal to resume from."""

from trajectories.search.descents import SurfaceObjective, search_surface
from trajectories.search.engine import search
from trajectories.search.objective import Objective, Report
from trajectories.search.ranges import Choice, Integer, LogUniform, Range, Uniform
from trajectories.search.result import SearchResult
from trajectories.search.space import Space, as_space
from trajectories.search.trial import Trial

__all__ = [
    "Choice",
    "Integer",
    "LogUniform",
    "Objective",
    "Range",
    "Report",
    "SearchResult",
    "Space",
    "SurfaceObjective",
    "Trial",
    "Uniform",
    "as_space",
    "search",
    "search_surface",
]
