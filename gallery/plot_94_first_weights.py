"""
First weights of three sizes
============================

The same network, the same batches, the same random numbers for the first weights, scaled to a
deviation of 0.01, to Xavier's and to He's. With ReLU He's are right; Xavier's are late by some
hundred iterations, and with 0.01 nothing is learned at all.

Tags: network, chapter, first weights
"""

# %%
from trajectories.mnist.experiments import at_hand, initial_weights

found = initial_weights(at_hand(), iterations=600, seeds=2)
found.draw().savefig("weights.png")
