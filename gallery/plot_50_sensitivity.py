"""
Which learning rate, which momentum: 40,000 descents in one picture
===================================================================

Each dot is a descent of 100 steps down the long bowl, and its colour is where it ended. Momentum
moves the limit of stability to the right, from 1 to almost 2, exactly as theory says; beyond the
line every descent climbs. The fastest settings lie in a wedge beside it: with less momentum the
path zigzags, with more it swings for a long time.

Tags: map, learning rate, theory
"""

# %%
# All cells run as one batch of arrays, in a fraction of a second.
import numpy as np

import trajectories as tj

rates, momenta = np.geomspace(1e-3, 10, 200), np.linspace(0, 0.99, 200)
found = tj.sensitivity("book_quadratic", tj.Momentum, steps=100, lr=rates, momentum=momenta)

# %%
# Four cells are pinned, and their paths run again beside the map.
pins = [
    {"lr": 0.02, "momentum": 0.3},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.9, "momentum": 0.4},
    {"lr": 3, "momentum": 0.6},
]
tj.plot_sensitivity(found, pins=pins).savefig("sensitivity.png")
