"""
Four paths down a long bowl
===========================

The bowl f(x, y) = x²/20 + y² is 20 times as curved across as along. SGD bounces between its steep
sides, because the best step for one direction is far too long for the other. Momentum averages the
bounces away but overshoots, AdaGrad shortens the steps in the steep direction, and Adam combines a
memory of the direction with a step size for each coordinate.

Tags: chapter, valley
"""

# %%
# The same start and the same 30 steps for all; each learning rate is the textbook's.
import trajectories as tj

paths = tj.compare(
    "x**2/20 + y**2",
    [tj.SGD(0.95), tj.Momentum(0.1), tj.AdaGrad(1.5), tj.Adam(0.3)],
    start=(-7, 2),
    steps=30,
)

# %%
# The picture frames what happened. ``limits="domain"`` shows the textbook's square instead.
tj.plot_grid(paths).savefig("zigzag.png")
