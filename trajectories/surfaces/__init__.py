"""Test surfaces: formulas of x and y, with symbolic derivatives."""

from trajectories.surfaces.catalogue import SURFACES, as_surface
from trajectories.surfaces.formula import FormulaError, parse
from trajectories.surfaces.surface import Surface

__all__ = ["SURFACES", "FormulaError", "Surface", "as_surface", "parse"]
