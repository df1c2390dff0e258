"""
Your own axes
=============

Every plot function takes an ``ax`` and returns it, so that pictures can stand beside anything else
that Matplotlib draws: here the paths, their losses, and the length of each step.

Tags: matplotlib, valley
"""

# %%
# The package's look is a style, which any figure can have.
import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])
paths = tj.compare("rosenbrock", [tj.Momentum(0.001), tj.Adam(0.1)], steps=200)

# %%
figure = Figure(figsize=(15, 5), layout="constrained")
left, middle, right = figure.subplots(1, 3)
tj.plot(paths, ax=left)
tj.plot_loss(paths, ax=middle)
for path in paths:
    right.semilogy(np.linalg.norm(np.diff(path.positions, axis=0), axis=-1), markevery=20)
right.set(xlabel="step", title="length of each step")
figure.savefig("own_axes.png", dpi=100)
