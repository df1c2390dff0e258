"""
Four rules, four valleys
========================

From one and the same start the rule decides in which minimum a path ends. SGD follows the slope to
the nearest one. Momentum rolls out of that valley and over into the next. AdaGrad and Adam, whose
first step is as long in x as in y, set out towards the middle and end in the two lowest minima.

Tags: race, many minima
"""

# %%
# Stars mark the two lowest of the six minima.
import trajectories as tj

rules = [tj.SGD(0.03), tj.Momentum(0.02), tj.AdaGrad(0.6), tj.Adam(0.25)]
paths = tj.compare("six_hump_camel", rules, start=(-1.7, -1.05), steps=60)

# %%
limits = (-2.6, 1.4), (-1.5, 1.5)
tj.animate(paths, layout="grid", limits=limits).save("six_hump_camel.gif")
