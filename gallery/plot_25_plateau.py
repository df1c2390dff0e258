"""
Where there is no slope there is no step: the plateau
=====================================================

At the start the gradient is 0.02, and SGD's steps are as short as it is small: after 100 steps it
has hardly moved. Momentum adds the small gradients up and sets off late. AdaGrad and Adam divide by
the size of the gradient: they march at the pace of their learning rate, however faint the slope.

Tags: race, adaptive rules
"""

# %%
# The same learning rate for all four.
import trajectories as tj

rules = [tj.SGD(0.2), tj.Momentum(0.2), tj.AdaGrad(0.2), tj.Adam(0.2)]
paths = tj.compare("plateau", rules, start=(-4.5, 2.5), steps=100)

# %%
tj.animate(paths, layout="race").save("plateau.gif", fps=12)
