"""
Your own surface, from a Python function
========================================

A surface can be a formula as text, an expression of SymPy, or a Python function of two symbols. Its
gradient and Hessian are worked out symbolically and compiled; there is nothing to derive by hand.

Tags: own surface, many minima
"""

# %%
# A valley on a ring. ``minima`` and ``start`` are optional and mark the picture.
import sympy

import trajectories as tj


def ring(x, y):
    """Return a valley on a ring, with three pits."""
    radius = sympy.sqrt(x**2 + y**2)
    return (radius - 2) ** 2 + (x - 2) ** 2 / 20 + sympy.sin(3 * sympy.atan2(y, x)) / 4


surface = tj.Surface(ring, name="ring", domain=((-3.5, 3.5), (-3, 3)), start=(-0.4, 0.3))

# %%
paths = tj.compare(surface, [tj.SGD(0.1), tj.Momentum(0.05), tj.Adam(0.2)], steps=120)
tj.animate(paths, limits="domain", frames=61).save("own_surface.gif", fps=12)
