"""
Eight optimizers train a network
================================

The rules that descend surfaces train a network that reads digits: four hidden layers of 100 units,
the same first weights and the same batches for all. The textbook's four and RMSProp race with
Nesterov, AdamW and Lion. Lines are the medians of the seeds, bands go from the lowest to the
highest; the loss is that of each batch before its update.

Tags: network, chapter, race
"""

# %%
# MNIST if it is here already, and otherwise the 8 x 8 digits that come with the package; the
# picture tells which. ``trajectories mnist optimizers -o out/`` does the same at full length.
from trajectories.mnist.experiments import at_hand, optimizers

found = optimizers(at_hand(), iterations=400, seeds=2)
found.draw().savefig("loss.png")

# %%
# What counts is the accuracy on images that no network was trained on, and how long it took.
found.draw("accuracy").savefig("accuracy.png")
