"""
The loss around five paths of training
======================================

Weights have far too many dimensions for a picture, but the paths of five optimizers from one start
lie near one plane: the two principal directions of all their points hold most of the way. On it the
loss is a landscape as that of a formula is, with contours at equal ratios. The paths do not lie
quite on the plane, so that their true losses, and how far they are off, stand beside.

Tags: network, own axes
"""

# %%
# MNIST if it is here already, and otherwise the 8 x 8 digits that come with the package; the
# picture tells which.
from trajectories.mnist.experiments import at_hand
from trajectories.mnist.landscape import landscape

found = landscape(at_hand(), hidden=[50, 50], iterations=300, resolution=41, images=500)
found.draw().savefig("landscape.png")

# %%
# The same as a moving picture; ``.html`` instead of ``.gif`` makes a page with a player.
found.animate().save("landscape.gif", fps=15)
