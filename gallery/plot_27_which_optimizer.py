"""
Which optimizer? Six rules on six surfaces
==========================================

Left, the steps that a rule needs until its loss stays below a thousandth of what it was, with the
best of a hundred learning rates: what is fast here is slow there, and AdaGrad's eight steps in
Rosenbrock's valley are the luck of one rate. Right, how many of the hundred rates get there within
500 steps: Adam is seldom the fastest, but it arrives, and its rate need not be just right.

Tags: race, learning rate, matplotlib
"""

# %%
# A hundred rates are one run, for a hyperparameter may be an array.
import numpy as np
from matplotlib import figure, style

import trajectories as tj

rules = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam"]
names = ["book_quadratic", "quadratic(20,45)", "beale", "rosenbrock", "winding_ravine", "plateau"]
steps, rates = tables = np.empty((2, 6, 6))
for i, j in np.ndindex(6, 6):
    loss = tj.descend(names[j], getattr(tj, rules[i])(np.logspace(-4, 1, 100)), steps=500).values
    arrival = 501 - np.argmax(~(loss[::-1] <= loss[0] / 1000), axis=0)
    tables[:, i, j] = arrival.min(), np.sum(arrival <= 500)

# %%
# Dark is good: few steps, many rates.
style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])
page = figure.Figure(figsize=(14, 6), layout="constrained")
titles = "steps with the best rate", "rates that arrive, of 100"
words = [name.replace("_", "\n").replace("(", "\n(").replace("nb", "n-\nb") for name in names]
for k, ax in enumerate(page.subplots(1, 2, sharey=True)):
    ax.imshow((1 - np.log(steps) / 6.2, rates / 60)[k], "Blues", vmin=0, vmax=1.6, aspect="auto")
    for (i, j), n in np.ndenumerate(tables[k]):
        ax.text(j, i, f"{n:.0f}" if n <= 500 else "> 500", c="k", size=16, ha="center", va="center")
    ax.set(title=titles[k], xticks=range(6), xticklabels=words, yticks=range(6), yticklabels=rules)
page.savefig("which_optimizer.png", dpi=100)
