"""
The shapes of schedules
=======================

A schedule gives the learning rate of each step. They compose: a warm-up is a ramp under any other
schedule, and restarts may return to a rate that itself decays. Each is a small object that is
called with the number of the step, so that any plotting library can draw it.

Tags: schedule, learning rate, matplotlib
"""

# %%
# Text stands for a schedule, here and wherever an optimizer takes a learning rate. The package's
# look is a style, which any figure can have.
from matplotlib import style
from matplotlib.figure import Figure

import trajectories as tj

texts = """inverse_time(1, rate=0.05)
step(1, every=25, factor=0.5)
warmup(cosine(1, 100), steps=10)
one_cycle(1, steps=100)
cosine_restarts(1, period=25)
cosine_restarts(exponential(1, 0.98), 14, growth=2)"""
style.use(["trajectories.plotting.styles.base", "trajectories.plotting.styles.light"])

# %%
figure = Figure(figsize=(12, 6.5), layout="constrained")
panels = figure.subplots(2, 3, sharex=True, sharey=True).flat
for ax, text in zip(panels, texts.splitlines(), strict=True):
    schedule = tj.schedules.as_schedule(text)
    ax.step(range(100), [schedule(step) for step in range(100)], where="post", marker="")
    ax.set_title(text.replace("s(exp", "s(\n  exp"), family="monospace", fontsize=11)
figure.supxlabel("step")
figure.supylabel("learning rate")
figure.savefig("schedules.png", dpi=100)
