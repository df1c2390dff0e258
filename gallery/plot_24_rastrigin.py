"""
Downhill is not enough: Rastrigin's egg box
===========================================

A path that only follows the slope ends in the nearest pit, and here there is one for every pair of
whole numbers. Noise in the gradient, such as minibatches make, shakes a path out of the pits; as
the learning rate falls, the shaking dies down, and the path stays in the deepest it has found.

Tags: noise, many minima
"""

# %%
# Where it ends is luck too: this seed is one in a hundred. Try others.
import trajectories as tj

run = {"surface": "rastrigin", "start": (-2.4, 1.6), "steps": 200}
rule = tj.SGD("cosine(0.003, steps=200)")
exact = tj.descend(optimizer=rule, label="exact gradients", **run)
noisy = tj.descend(optimizer=rule, label="with noise", noise=60, rng=23, **run)

# %%
limits = (-3.6, 2.6), (-2.1, 2.6)
tj.animate([exact, noisy], limits=limits, frames=101, linewidth=2).save("rastrigin.gif", fps=15)
