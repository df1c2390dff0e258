"""
In the style of your talk
=========================

Five themes are there, and without one your own Matplotlib settings are respected: type, colours,
grid and ground. What a function does not know it passes on to the lines.

Tags: matplotlib, style
"""

# %%
import matplotlib as mpl

import trajectories as tj

paths = tj.compare("himmelblau", [tj.SGD(0.01), tj.Adam(0.3)], start=(-0.2, 0.7), steps=40)
tj.plot(paths, theme="slides-dark").figure.savefig("slides_dark.png")
tj.plot(paths, theme="print").figure.savefig("print.png")

# %%
# Your own: a colour map for the ground, and any setting of Matplotlib.
own = {"image.cmap": "YlGnBu_r", "font.family": "serif", "axes.edgecolor": "none"}
with mpl.rc_context(own):
    tj.plot(paths, linewidth=4, markersize=0).figure.savefig("own_style.png")
