"""
One start, three minima: a race on Himmelblau's function
========================================================

All four minima are equally deep, and the start is on the hill between them. SGD runs onto a
saddle, where it all but stops before it tips to the left. Momentum overshoots the saddle, falls
back to the right and rolls past one minimum into the next. AdaGrad and Adam, whose first step is
equally long in x and in y whatever the slope, take a third way.

Tags: race, many minima
"""

# %%
# The start decides: from (0, 0) SGD, AdaGrad and Adam end in the same minimum.
import trajectories as tj

rules = [tj.SGD(0.01), tj.Momentum(0.005), tj.AdaGrad(1), tj.Adam(0.3)]
paths = tj.compare("himmelblau", rules, start=(-0.2, 0.7), steps=60)

# %%
# While SGD waits on the saddle, its loss on the right is level.
tj.plot_race(paths).savefig("himmelblau_race.png")
tj.animate(paths, layout="race").save("himmelblau_race.gif")
