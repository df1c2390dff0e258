"""
Batch normalisation forgives bad weights
========================================

Sixteen sizes of the first weights, with and without batch normalisation. Without it a deep network
learns for two of them and stands still or diverges for the others; with it nearly all learn. Where
the size is right, it is the plain network that is ahead. A run that diverges is called diverged: to
take NaN for the answer 0, as a script may, looks like an accuracy of 10 %.

Tags: network, chapter, first weights
"""

# %%
from trajectories.mnist.experiments import at_hand, batch_norm

found = batch_norm(at_hand(), epochs=10, seeds=1)
found.draw().savefig("batch_norm.png")
