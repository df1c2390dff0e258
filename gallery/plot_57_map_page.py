"""
A map that answers
==================

Point at a cell, or walk over the map with the arrow keys, and its path appears beside it. Along the
left edge paths creep, at the top they swing, beside the limit of stability they zigzag, and beyond
it they leave at once.

Tags: map, interactive, learning rate
"""

# %%
# The page is a single file with all paths in it; it needs no network.
import numpy as np

import trajectories as tj

rates, momenta = np.geomspace(1e-3, 10, 200), np.linspace(0, 0.99, 200)
found = tj.sensitivity("book_quadratic", tj.Momentum, steps=60, lr=rates, momentum=momenta)
tj.save_map(found, "map.html")
tj.save_map(found, "map.png")
