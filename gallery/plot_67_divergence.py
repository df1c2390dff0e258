"""
Divergence is shown, not hidden
===============================

Nothing is clipped and nobody is kept in a box. The small rate settles, the middle one bounces in
the valley for ever, and the large one is thrown out: an arrow at the edge tells when. It is called
diverged, in the picture and in ``path.status``, and not a good or a bad loss.

Tags: learning rate, many minima
"""

# %%
import trajectories as tj

rules = {f"lr = {lr}": tj.SGD(lr) for lr in (0.01, 0.03, 0.05)}
paths = tj.compare("himmelblau", rules, start=(0, 0), steps=40)
print([str(path.status) for path in paths])

# %%
tj.animate(paths, layout="race", limits="domain").save("divergence.gif", fps=6)
