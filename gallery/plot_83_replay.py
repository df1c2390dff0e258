"""
A picture knows how it was made
===============================

Every file carries its recipe: the surface, the optimizers, the start, the seed and the settings.
From the file alone, found in an old talk, the same paths are run again and drawn for another
place. Reading a recipe runs no code, so that a file from a stranger is safe to open.

Tags: style, race
"""

# %%
# A picture for the light.
import trajectories as tj

paths = tj.compare("beale", [tj.Momentum(0.01), tj.Adam(0.3)], start=(1, 1.2), steps=60)
tj.plot_race(paths).savefig("found.png")

# %%
# From here on only the file is known.
print(tj.read_recipe("found.png").settings)
again = tj.replay("found.png", theme="dark")
again.savefig("found_again.png")
assert again.trajectories == paths
