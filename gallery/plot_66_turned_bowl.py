"""
A scale for each coordinate: only as good as the coordinates
============================================================

AdaGrad, RMSProp and Adam scale x and y separately. Where the valley runs along an axis, that undoes
its shape; turn the same valley by 45 degrees, and there is nothing left for a scale for each
coordinate to mend. SGD does not notice the turn at all.

Tags: theory, adaptive rules, matplotlib
"""

# %%
# A valley 50 times as steep across as along; only the angle differs.
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])

# %%
figure = Figure(figsize=(12, 9), layout="constrained")
top, bottom = figure.subplots(2, 2)
for above, below, angle in zip(top, bottom, (0, 45), strict=True):
    paths = tj.compare(tj.quadratic(50, angle), [tj.SGD(1.9), tj.AdaGrad(1.5)], steps=40)
    tj.plot(paths, ax=above, limits=((-8.5, 5), (-6, 4)))
    tj.plot_loss(paths, ax=below).set_ylim(3e-6, 5)
figure.savefig("turned_bowl.png", dpi=100)
