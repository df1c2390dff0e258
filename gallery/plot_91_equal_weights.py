"""
Why weights must not begin alike
================================

Units with the same weights have the same gradient, and so they stay the same for ever: a hundred
of them do the work of one. With ReLU and weights of 0 not even that is left, as no gradient reaches
any weight. To the right is what six units of the first layer have learned, pixel by pixel.

Tags: network, chapter, first weights
"""

# %%
from trajectories.mnist.experiments import at_hand, zero_weights

found = zero_weights(at_hand(), iterations=300, seeds=2)
found.draw().savefig("units.png")
