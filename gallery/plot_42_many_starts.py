"""
A hundred starts at once
========================

Starts may be an array: all paths of it run as one batch. Each follows the slope from where it
begins, and the four minima share the plane among them; the borders run through the saddles.

Tags: many minima
"""

# %%
# A grid of starts all over the domain.
import numpy as np

import trajectories as tj

grid = np.stack(np.meshgrid(np.linspace(-4.8, 4.8, 12), np.linspace(-4.6, 4.6, 10)), axis=-1)
path = tj.descend("himmelblau", tj.SGD(0.002), start=grid.reshape(-1, 2), steps=150)

# %%
style = {"linewidth": 1.2, "markersize": 4}
animation = tj.animate(path, limits="domain", pace="length", frames=61, **style)
animation.save("many_starts.gif", fps=15)
