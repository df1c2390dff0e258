"""
Too small, half the limit, best, too large: four learning rates
===============================================================

On a bowl SGD is stable only while its learning rate is below 2 divided by the largest curvature,
here 2 / 2 = 1. Far below this limit it creeps; at half of it one step solves the steep direction,
and the shallow one crawls. The rate that is fastest in the long run, 2 / (2 + 0.1) = 0.95, lies so
close to the limit that it zigzags, and beyond the limit every bounce is longer than the last.

Tags: chapter, learning rate
"""

# %%
# One rule with four learning rates; a mapping gives each path its label.
import trajectories as tj

rules = {
    "lr = 0.1: too small": tj.SGD(0.1),
    "lr = 0.5: half the limit": tj.SGD(0.5),
    "lr = 0.95: best in the long run": tj.SGD(0.95),
    "lr = 1.05: too large": tj.SGD(1.05),
}
paths = tj.compare("x**2/20 + y**2", rules, start=(-7, 2), steps=30)

# %%
# With fixed limits the last path leaves the frame; an arrow says when.
limits = (-8.5, 1.5), (-3.2, 3.2)
tj.plot_grid(paths, limits=limits).savefig("learning_rates.png")
tj.animate(paths, layout="grid", limits=limits).save("learning_rates.gif", fps=5)
