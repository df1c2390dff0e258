"""
Which start leads where
=======================

Himmelblau's surface has four minima of the same depth. Each dot is a start, its colour the minimum
in which the optimizer ends, bright if it gets there soon and dark if late. SGD rolls down into its
own valley. Momentum is carried over the ridges, and far out the smallest change of the start
decides where it ends. AdaGrad and Adam, which take steps of the same length in x and y, have
borders of their own.

Tags: map, many minima
"""

# %%
# The same 40,000 starts for all.
import trajectories as tj

rules = ["sgd:lr=0.01", "momentum:lr=0.01", "adagrad:lr=0.5", "adam:lr=0.1"]
found = [tj.basins("himmelblau", rule, steps=300) for rule in rules]
tj.plot_basins(found).savefig("basins.png")
