"""Test surfaces: formulas of x and y, with symbolic derivatives."""

from trajectories.surfaces.analysis import Analysis
from trajectories.surfaces.catalogue import SURFACES, as_surface
from trajectories.surfaces.families import FAMILIES, quadratic
from trajectories.surfaces.formula import parse
from trajectories.surfaces.least_squares import LeastSquares, least_squares
from trajectories.surfaces.surface import Surface
from trajectories.surfaces.syntax import FormulaError

__all__ = [
    "FAMILIES",
    "SURFACES",
    "Analysis",
    "FormulaError",
    "LeastSquares",
    "Surface",
    "as_surface",
    "least_squares",
    "parse",
    "quadratic",
]
