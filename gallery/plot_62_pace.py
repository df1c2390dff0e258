"""
A pace that follows the eye
===========================

Half of all steps may go into the last hundredth of the way, and then half of a movie shows nothing.
With ``pace="length"`` every frame goes equally far, and with ``pace="loss"`` every frame lowers the
loss by the same factor. The counter tells the true step.

Tags: movie craft, valley
"""

# %%
import trajectories as tj

path = tj.descend("rosenbrock", tj.SGD(0.0015), start=(-1.2, 1), steps=5000)

# %%
tj.animate(path, pace="length", frames=120, layout="race").save("pace.gif", fps=20)
