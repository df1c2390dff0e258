"""Test surfaces: formulas of x and y, with symbolic derivatives."""

from trajectories.surfaces import least_squares as least_squares  # Registers itself with Surface.
