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
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

rules = [tj.SGD, tj.Momentum, tj.Nesterov, tj.AdaGrad, tj.RMSProp, tj.Adam]
names = ["book_quadratic", "quadratic(20,45)", "beale", "rosenbrock", "winding_ravine", "plateau"]
steps, rates = tables = np.empty((2, 6, 6))
for i, j in np.ndindex(6, 6):
    loss = tj.descend(names[j], rules[i](np.geomspace(1e-4, 10, 100)), steps=500).values
    arrival = 501 - np.argmax(~(loss[::-1] <= loss[0] / 1000), axis=0)
    tables[:, i, j] = arrival.min(), np.sum(arrival <= 500)

# %%
# Dark is good: few steps, many rates.
style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])
figure = Figure(figsize=(14, 6), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
for ax, table, shade in ((left, steps, 1 - np.log(steps) / 6.2), (right, rates, rates / 60)):
    ax.imshow(shade, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
    for (i, j), n in np.ndenumerate(table):
        text = f"{n:.0f}" if n <= 500 else "> 500"
        ax.text(j, i, text, color="k", size=16, ha="center", va="center")
    ax.set_xticks(range(6), [name.replace("_", "\n").replace("(", "\n(") for name in names])
    ax.set_yticks(range(6), [rule.__name__ for rule in rules])
left.set_title("steps with the best rate")
right.set_title("rates that arrive, of 100")
figure.savefig("which_optimizer.png", dpi=100)
