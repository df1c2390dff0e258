"""
Hyperparameters by chance
=========================

Learning rates and weight decays are drawn at random over four powers of ten each, tried for a few
epochs, and judged on images that were kept for that. After each round both ranges are cut to where
its best quarter lies: the learning rate soon, the weight decay hardly, as it hardly matters here.

Half of a round's trials are abandoned after a quarter of the epochs, half of the others after
another one. The winner alone is shown the test images, once. Its accuracy there is the honest one,
and lower: the best of a hundred on 100 images was lucky too, and these digits are by other writers.

Tags: network, search, noise
"""

# %%
# On real MNIST it is the same line with ``data="mnist"``.
from trajectories.mnist import search_network

space = "lr=1e-4:1, weight_decay=1e-8:1e-4"
found = search_network(space, 100, rounds=3, data="digits", hidden=[50] * 3, epochs=40)
found.draw("plane").savefig("search.png")

# %%
# The 20 best, and all by their rank.
found.draw("best").savefig("best.png")
found.draw("ranking").savefig("ranking.png")
