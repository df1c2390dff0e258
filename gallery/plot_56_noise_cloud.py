"""
One start, eight hundred seeds
==============================

All paths begin at the same point of the long bowl with the same rule; only the noise in their
gradients is their own. The cloud follows the path without noise, and at the end it stays as wide
as the learning rate and the noise make it: wide along the flat direction, narrow across it.

Tags: noise, valley
"""

# %%
# SGD with gradients whose components have a noise of 1.
import trajectories as tj

cloud = tj.ensemble("book_quadratic", "sgd:lr=0.3", steps=120, trials=800, noise=1.0, rng=0)
tj.animate_ensemble(cloud, frames=61).save("noise_cloud.gif", fps=10)
