"""
The four paths as a race
========================

Watch the losses on the right while the points move on the left. SGD's loss falls on a straight
line, because at this learning rate each step takes about a tenth off both coordinates. Momentum's
loss rises whenever it climbs the far side of the valley: a rise is no sign of failure. AdaGrad
wins on a bowl that suits it, for a step size of its own for x and for y helps most where the axes
of the valley are those of x and y.

Tags: chapter, valley, race
"""

# %%
# The rules, start and steps of the picture before.
import trajectories as tj

paths = tj.compare(
    "x**2/20 + y**2",
    [tj.SGD(0.95), tj.Momentum(0.1), tj.AdaGrad(1.5), tj.Adam(0.3)],
    start=(-7, 2),
    steps=30,
)

# %%
# Five frames a second leave time to follow a single bounce.
tj.animate(paths, layout="race").save("zigzag_race.gif", fps=5)
