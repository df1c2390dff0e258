"""
Why it zigzags: the gradient does not point at the minimum
==========================================================

Each arrow is the direction of steepest descent, and nearly all of them point straight across the
valley instead of along it. At the start (-7, 2) the steepest way down is 64 degrees off the way to
the minimum. A path that follows the arrows crosses the floor of the valley, meets arrows that
point back, and crosses it again.

Tags: chapter, theory
"""

# %%
# Two ways from the start: steepest descent, and straight to the minimum at the origin.
import numpy as np
from matplotlib.patches import Arc
from matplotlib.patheffects import withStroke

import trajectories as tj

bowl, start = tj.SURFACES["book_quadratic"], np.array([-7.0, 2.0])
ways = {"steepest descent": -bowl.gradient(start), "to the minimum": -start}
first, last = (np.degrees(np.arctan2(y, x)) for x, y in ways.values())

# %%
# The field in grey, and the two ways over it. Angles look right where x and y have one scale.
ax = tj.plot_gradient(bowl, limits=((-9, 1.5), (-3.6, 3.6)), arrows=13, color="#9AA8B5")
ax.set_aspect("equal")
ink, paper = ax.xaxis.label.get_color(), ax.get_facecolor()
halo = [withStroke(linewidth=5, foreground=paper)]
text = {"zorder": 20, "fontsize": 15, "path_effects": halo, "color": ink}
for (words, way), color in zip(ways.items(), ["#D55E00", "#0072B2"], strict=True):
    ax.quiver(*start, *3.4 * way / np.hypot(*way), color=color, scale=1, units="xy", zorder=20)
    ax.text(*(start + 3.7 * way / np.hypot(*way)), words, va="top", **{**text, "color": color})
ax.add_patch(Arc(start, 2.6, 2.6, theta1=first, theta2=last, linewidth=2, color=ink, zorder=19))
ax.text(-5.8, 0.75, f"{last - first:.0f}°", **text)
ax.plot(*start, "o", color=ink, markersize=12, markeredgecolor=paper, zorder=21)
ax.figure.savefig("gradient_field.png")
