"""
Overfitting, and what is held against it
========================================

Three hundred images are learned by heart: all of them right, and far fewer of those that are new.
On MNIST weight decay and dropout narrow the gap, but at the textbook's settings they do so by
learning less: both end below the plain network on the test images, too. What was found with these
images stands on the pictures.

Tags: network, chapter, overfitting
"""

# %%
from trajectories.mnist.experiments import at_hand, dropout, weight_decay

data = at_hand()
weight_decay(data, epochs=150, seeds=2).draw().savefig("weight_decay.png")
dropout(data, epochs=150, seeds=2).draw().savefig("dropout.png")
