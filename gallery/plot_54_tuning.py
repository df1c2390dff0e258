"""
A fair race: the same trials for all
====================================

A race between optimizers says little if one of them was tuned and the others were not. Here each
has the same 40 learning rates, all of them are drawn, and the best of each is bold. After tuning
Momentum and Adam are level, AdaGrad follows, and SGD is far behind.

Tags: race, learning rate
"""

# %%
# Best is the lowest loss after the last of 300 steps.
import trajectories as tj

rules = [tj.SGD, tj.Momentum, tj.AdaGrad, tj.Adam]
race = tj.tune("rosenbrock", rules, steps=300, trials=40)
tj.plot_tuning(race).savefig("tuning.png")

# %%
# The same race as it looks with defaults, after tuning, and with ten times the best rate.
tj.plot_triptych(race).savefig("triptych.png")
