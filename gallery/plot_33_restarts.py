"""
Warm restarts: leave a minimum, find another
============================================

While the learning rate is high, noise drives the path from one valley to the next; as it falls, the
path settles. Then the rate jumps back up. The ends of the four periods are cheap guesses of
different minima, which is what snapshot ensembles are made of.

Tags: schedule, noise, many minima
"""

# %%
# Four periods of 40 steps. The trail shows the last of them.
import trajectories as tj

rules = {"SGD with warm restarts": tj.SGD("cosine_restarts(0.016, period=40)")}
paths = tj.compare("himmelblau", rules, start=(0, 0), steps=160, noise=60, rng=7)

# %%
tj.animate(paths, layout="race", trail=40, linewidth=1.5).save("restarts.gif", fps=12)
