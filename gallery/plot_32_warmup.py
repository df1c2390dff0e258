"""
Warm up
=======

At the start the walls of Rosenbrock's valley are steep, and a learning rate that suits the valley
throws the path out within a few steps. A sixth of it survives the wall, and is slow ever after. A
warm-up of twenty steps takes the path down gently, and then it goes at full speed.

Tags: schedule, learning rate, valley
"""

# %%
# All three with momentum.
import trajectories as tj

rules = {
    "lr = 0.0018": tj.Momentum(0.0018),
    "lr = 0.0003": tj.Momentum(0.0003),
    "0.0018 after a warm-up": tj.Momentum("warmup(0.0018, steps=20)"),
}
paths = tj.compare("rosenbrock", rules, start=(-2, 2), steps=200)

# %%
limits = (-2.4, 2.4), (-0.8, 4.6)
tj.animate(paths, layout="race", limits=limits, frames=101).save("warmup.gif", fps=15)
