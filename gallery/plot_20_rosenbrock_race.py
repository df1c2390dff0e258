"""
A race along Rosenbrock's valley
================================

To find this valley is easy, to follow it is not: its floor is almost flat between steep walls.
Momentum swings from wall to wall, gathers speed along the floor and leads from there on. AdaGrad
adds up all gradients that it has met, so that the huge first ones hold it back for the rest of the
race; Adam averages them, lets them fade and speeds up.

Tags: race, valley
"""

# %%
# SGD is at its limit: the walls beside the minimum have a curvature of 1002, and 2 / 1002 = 0.002.
import trajectories as tj

rules = [tj.SGD(0.002), tj.Momentum(0.001), tj.AdaGrad(0.5), tj.Adam(0.1)]
paths = tj.compare("rosenbrock", rules, start=(-1.2, 1), steps=300)

# %%
# The last frame of the moving picture is the still one. Every second step has a frame.
tj.plot_race(paths).savefig("rosenbrock_race.png")
tj.animate(paths, layout="race", frames=151).save("rosenbrock_race.gif", fps=20)
