"""
From a round bowl to a ravine
=============================

One family of bowls, by their condition number, each with the best learning rate that SGD can have
on it. In the round bowl one step is enough; at 10 the path zigzags, and at 100 it has come less
than half the way after thirty steps. The steps needed grow in proportion to the condition number.

Tags: theory, valley, matplotlib
"""

# %%
# The best rate is 2 / (largest + smallest curvature).
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])

# %%
figure = Figure(figsize=(13, 4.8), layout="constrained")
for ax, condition in zip(figure.subplots(1, 3, sharey=True), (1, 10, 100), strict=True):
    bowl = tj.quadratic(condition, angle=20)
    path = tj.descend(bowl, tj.SGD(2 / (1 + 1 / condition)), steps=30)
    tj.plot(path, ax=ax, limits=((-8.5, 3), (-5.5, 4.5)), legend=False)
    ax.set_aspect("equal")
figure.savefig("ill_conditioned.png", dpi=100)
