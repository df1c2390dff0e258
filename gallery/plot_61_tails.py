"""
Short trails and a readout
==========================

Where paths cross themselves again and again, a trail of the last steps shows more than the whole
path. The readout tells the loss and the learning rate at each step. Here a long memory keeps both
points in orbit; Nesterov's look ahead brakes his before each turn.

Tags: movie craft, momentum
"""

# %%
import trajectories as tj

rules = [tj.Momentum(0.02, 0.98), tj.Nesterov(0.02, 0.98)]
paths = tj.compare("booth", rules, start=(-6, -2), steps=120)

# %%
tj.animate(paths, trail=15, readout=True).save("tails.gif", fps=15)
