"""
What a default is worth
=======================

The loss after 300 steps in Rosenbrock's valley for every learning rate, and a ring where each
optimizer stands by default. None stands at its best: SGD and Momentum diverge at 0.01, as the
cross at the upper edge tells, and AdaGrad, RMSProp and Adam get little further than the valley's
floor. Where a curve ends, descents end higher than they began. SGD has a good rate only in a
narrow band, Adam over more than a power of ten.

Tags: map, learning rate
"""

# %%
# 241 rates from 0.0001 to 100 for each of five rules.
import trajectories as tj

rules = [tj.SGD, tj.Momentum, tj.AdaGrad, tj.RMSProp, tj.Adam]
tj.plot_rates(tj.compare_rates("rosenbrock", rules, steps=300)).figure.savefig("rates.png")
