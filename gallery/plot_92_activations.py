"""
What becomes of a signal in five layers
=======================================

Random inputs go through five layers, before anything is learned. Weights that are too large
saturate sigmoid and tanh and let ReLU explode; weights that are too small make all values alike.
Xavier's deviation, sqrt(1/n), suits sigmoid and tanh; He's, sqrt(2/n), makes up for the half that
ReLU sets to 0. Every function has a range of its own: tanh's negative half is there.

Tags: network, chapter, first weights
"""

# %%
from trajectories.mnist.experiments import activations

found = activations()
found.draw().savefig("activations.png")

# %%
# A histogram for each layer, as in the textbook.
found.draw("relu").savefig("relu.png")
found.draw("tanh").savefig("tanh.png")
