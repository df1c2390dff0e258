"""
Eight hundred starts at once
============================

A cloud of starts all over Himmelblau's surface. Adam's first steps are as long in x as in y
wherever it starts, so that the square shrinks as a square; then it parts along the ridges,
overshoots, and comes to rest in the four valleys.

Tags: map, many minima
"""

# %%
# One batch of 800 paths; the ground is darker where there are more of them.
import trajectories as tj

cloud = tj.ensemble("himmelblau", "adam:lr=0.1", steps=90, trials=800, spread="domain", rng=0)
tj.animate_ensemble(cloud, theme="dark").save("cloud.gif", fps=15)
