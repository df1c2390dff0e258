"""
A long level plain: a race on Beale's function
==============================================

From the start the slope falls quickly, and then there is a plain which leads to the minimum in a
wide bend. SGD loses its speed with the slope. Momentum keeps it and overshoots the bend; RMSProp
and Adam divide by the size of the slope, so that the plain takes them no longer than the descent.

Tags: race, adaptive rules
"""

# %%
# Each learning rate is about the best for this start and 150 steps.
import trajectories as tj

rules = [tj.SGD(0.03), tj.Momentum(0.01), tj.RMSProp(0.1), tj.Adam(0.3)]
paths = tj.compare("beale", rules, start=(1, 1.2), steps=150)

# %%
# One frame for every second step.
tj.animate(paths, layout="race", frames=76).save("beale_race.gif", fps=15)
