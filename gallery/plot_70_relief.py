"""
The surface in three dimensions
===============================

Height is the loss, on the same scale as the contours: by orders of magnitude, so that the floor of
the valley is seen as well as its walls. The camera turns slowly, for what is in front hides what is
behind, and the paths are drawn over the surface.

Tags: 3-D, many minima
"""

# %%
import trajectories as tj

rules = [tj.SGD(0.01), tj.Momentum(0.005), tj.AdaGrad(1), tj.Adam(0.3)]
paths = tj.compare("himmelblau", rules, start=(-0.2, 0.7), steps=60)

# %%
tj.animate(paths, layout="3d", orbit=60, size=(640, 480), frames=41).save("relief.gif", fps=8)
