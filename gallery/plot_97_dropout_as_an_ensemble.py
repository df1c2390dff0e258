"""
Dropout is an ensemble
======================

Each mask of dropout leaves another network. The mean of their answers is better than any one of
them, and takes a pass each; one pass with all units, and outputs scaled by what was kept, is as
good. That is why evaluation multiplies by 1 - ratio.

Tags: network, chapter, overfitting
"""

# %%
from trajectories.mnist.experiments import at_hand, dropout_ensemble

found = dropout_ensemble(at_hand(), epochs=200, masks=40, seeds=3)
found.draw().savefig("ensemble.png")
