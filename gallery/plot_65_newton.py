"""
Newton against gradient descent
===============================

Newton's rule divides the gradient by the curvature, so that a bowl is one step, however long and
thin it is. In Rosenbrock's valley it needs a few more. Its price: it needs the second
derivatives, and far from a minimum it is as content with a saddle, which is why the damped rule
searches along the way for a step that goes down.

Tags: theory, race
"""

# %%
import trajectories as tj

rules = [tj.SGD(0.001), tj.Momentum(0.001), tj.Newton(), tj.DampedNewton()]
paths = tj.compare("rosenbrock", rules, start=(-1.2, 1), steps=60)

# %%
tj.animate(paths, layout="race").save("newton.gif", fps=8)
