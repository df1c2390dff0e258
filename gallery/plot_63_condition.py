"""
How curved, and how fast: the condition number
==============================================

The largest curvature sets the learning rate that is stable, the smallest one the speed at which
the path then comes along the valley. Their ratio, the condition number, is what makes a surface
hard for plain descent. The picture tells both curvatures at the minimum and the limits that follow.

Tags: theory, learning rate
"""

# %%
# The same numbers as an object, for this point or any other.
import trajectories as tj

bowl = tj.SURFACES["book_quadratic"]
print(bowl.analysis((0, 0)))

# %%
# Two learning rates on either side of SGD's limit of 1.
paths = tj.compare(bowl, [tj.SGD(0.95), tj.SGD(1.03)], start=(-7, 2), steps=20)
tj.plot(paths, theory=True).figure.savefig("condition.png")
