"""
The arrows of a step
====================

A step of momentum is a sum of two arrows: what is left of the last step, and the new gradient. At
the start there is no memory, and the first step is the gradient's alone. In the bends the memory
points out of the curve and the gradient back in: that is why momentum overshoots.

Tags: movie craft, momentum
"""

# %%
# Adam's gradient arrow is long at first, but its step is not: it is scaled in each coordinate.
import trajectories as tj

rules = [tj.Momentum(0.1), tj.Adam(0.5)]
paths = tj.compare("x**2/20 + y**2", rules, start=(-7, 2), steps=30)

# %%
animation = tj.animate(paths, layout="grid", step_arrows=True, readout=True, size=(1200, 640))
animation.save("anatomy.gif", fps=3)

# %%
# A still picture of any step.
picture = animation.picture()
picture.show(4)
picture.figure.savefig("anatomy.png")
