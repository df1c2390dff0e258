"""
Real minibatches: a line is fitted
==================================

The surface is the loss of a line through forty points, over its slope x and intercept y. Each step
sees the gradient of a few samples drawn anew: of one it is cheap and wild, of eight it is much
calmer, and of all forty it is exact and costs forty times as much.

Tags: noise, matplotlib
"""

# %%
# Samples of a line with noise.
import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

rng = np.random.default_rng(0)
t = rng.uniform(-2, 2, 40)
samples = np.column_stack([t, 1.5 * t + 0.5 + rng.normal(0, 0.6, 40)])
style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])

# %%
# The same loss with gradients of 1, 8 and all 40 samples.
figure = Figure(figsize=(13, 4.6), layout="constrained")
for ax, size in zip(figure.subplots(1, 3, sharey=True), (1, 8, 40), strict=True):
    loss = tj.least_squares(samples, batch_size=size, name=f"batches of {size}")
    path = tj.descend(loss, tj.SGD(0.1), start=(-1.5, 3), steps=60, rng=4)
    tj.plot(path, ax=ax, limits=((-2, 3), (-0.8, 3.4)), legend=False)
figure.savefig("minibatches.png", dpi=100)
