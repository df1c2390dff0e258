"""
Let the learning rate fall, and noise dies down
===============================================

With noisy gradients a constant learning rate never arrives: the path dances around the minimum in
a cloud that is the wider the larger the rate. A rate that falls with one over time, which Robbins
and Monro proved to converge in 1951, is as fast at first and settles in the end.

Tags: schedule, learning rate, noise
"""

# %%
# The same noise for both. On steep ground the noise would hardly show, here it does.
import trajectories as tj

rules = {
    "constant rate": tj.SGD(0.4),
    "rate that falls": tj.SGD("inverse_time(0.4, rate=0.1)"),
}
paths = tj.compare("sphere", rules, start=(-3.5, 2), steps=120, noise=1.2, rng=7)

# %%
animation = tj.animate(paths, layout="grid", size=(1200, 540), readout=True, linewidth=1.5)
animation.save("decay.gif", fps=12)
