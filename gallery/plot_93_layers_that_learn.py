"""
Gradients that vanish, and come back
====================================

Activations and gradients of each layer while Adam trains a network whose first weights are too
small. At the start the gradients of the first layer are thousands of times smaller than those of
the last. Adam's steps do not depend on their size: layer by layer they come back, and only then
the network learns.

Tags: network, first weights
"""

# %%
from trajectories.mnist.experiments import at_hand, layers
from trajectories.mnist.figures import animate

found = layers(at_hand(), iterations=300, moments=50)
animate(found, "small", size=(1120, 600)).save("layers.gif", fps=10)

# %%
# The same at three moments, next to a network with He's first weights.
found.draw("small").savefig("small.png")
found.draw("he").savefig("he.png")
