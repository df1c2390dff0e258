"""
Basins as they form
===================

Every cell is black until the path that starts there has come to rest at a minimum, and then takes
on its colour: that of A or B, the two deepest, or of one of the four that are not. SGD's map grows
from the valleys' floors to the ridges between them, where paths hesitate. Momentum swings for
longer before it rests, and some starts are carried over a ridge into another valley.

Tags: map, many minima
"""

# %%
# The camel's middle, with two rules.
import trajectories as tj

limits = (-2, 2), (-1.2, 1.2)
rules = ["sgd:lr=0.02", "momentum:lr=0.02"]
found = [tj.basins("six_hump_camel", rule, limits=limits, resolution=160) for rule in rules]
tj.animate_basins(found).save("basins_forming.gif", fps=12)
