"""
A page on which you choose the start
====================================

Click anywhere, and all paths begin from there: the fastest way to learn which start leads to which
minimum. The page holds the paths from a grid of starts over the whole picture, computed beforehand.

Tags: interactive, many minima
"""

# %%
import trajectories as tj

rules = [tj.SGD(0.01), tj.Momentum(0.005), tj.Adam(0.3)]
paths = tj.compare("himmelblau", rules, start=(-0.2, 0.7), steps=60)

# %%
tj.animate(paths, limits="domain", starts="grid").save("start.html")
