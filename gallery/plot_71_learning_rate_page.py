"""
A page with a slider for the learning rate
==========================================

A moving picture can be a web page: one file without a connection to anywhere, for slides and
handouts. With ``learning_rates`` it gets a slider which swaps in the paths for another rate. Move
it past 1 and see what happens.

Tags: interactive, learning rate
"""

# %%
import numpy as np

import trajectories as tj

paths = tj.compare("x**2/20 + y**2", [tj.SGD(0.5), tj.Momentum(0.5)], start=(-7, 2), steps=30)
rates = np.round(np.geomspace(0.02, 2, 41), 3)

# %%
limits = (-8, 8), (-4, 4)
tj.animate(paths, layout="race", limits=limits, learning_rates=rates).save("learning_rate.html")
