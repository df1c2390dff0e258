"""
A ravine that winds: speed against bends
========================================

The floor of this ravine is a sine wave that falls slowly to the minimum. SGD crosses the ravine
again and again and hardly moves along it. Momentum and Nesterov's momentum lose the crossings and
keep the speed along the floor; Nesterov, who looks ahead, swings out less in the bends.

Tags: race, valley, momentum
"""

# %%
# Across the ravine the curvature is up to 40, so that SGD is stable below 0.05.
import trajectories as tj

rules = [tj.SGD(0.04), tj.Momentum(0.015), tj.Nesterov(0.015), tj.Adam(0.5)]
paths = tj.compare("winding_ravine", rules, start=(-7, 1), steps=120)

# %%
limits = (-8.5, 1), (-3, 3)
tj.animate(paths, layout="grid", limits=limits, frames=61).save("winding_ravine.gif", fps=15)
