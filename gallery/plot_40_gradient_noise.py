"""
The same noise for everyone
===========================

Real gradients are noisy. A race is fair only if every rule meets the same noise, and here it does:
one seed, the same draws. Momentum averages over about ten gradients and walks a smoother line;
in exchange it swings past the minimum and back.

Tags: noise, valley
"""

# %%
# The noise is Gaussian; its standard deviation is that of each component of the gradient.
import trajectories as tj

rules = [tj.SGD(0.2), tj.Momentum(0.05), tj.AdaGrad(1.5), tj.Adam(0.3)]
paths = tj.compare("x**2/20 + y**2", rules, start=(-7, 2), steps=100, noise=1, rng=1)

# %%
tj.animate(paths, layout="grid", linewidth=1.5).save("gradient_noise.gif", fps=15)
