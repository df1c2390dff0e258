"""The other side of bench_gif.py: the same kind of picture, as one writes it with Matplotlib alone.

Usage: python peer_funcanimation.py {bowl,rosenbrock} FRAMES OUTPUT.gif
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter

name, frames, output = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if name == "bowl":
    start, rates, view, levels = (-7.0, 2.0), (0.95, 0.1, 1.5, 0.3), (-8, 2, -3.2, 3.4), (-2, 2)

    def value(x, y):
        return x**2 / 20 + y**2

    def gradient(p):
        return np.array([p[0] / 10, 2 * p[1]])
else:
    start, rates, view, levels = (
        (-1.2, 1.0),
        (0.0015, 0.0003, 0.4, 0.05),
        (-1.5, 1.3, -0.3, 1.7),
        (-2, 3),
    )

    def value(x, y):
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def gradient(p):
        a = p[1] - p[0] ** 2
        return np.array([-2 * (1 - p[0]) - 400 * p[0] * a, 200 * a])


def descend(rule, lr):
    p, v, s = np.array(start), np.zeros(2), np.zeros(2)
    path = [p]
    for t in range(1, frames):
        g = gradient(p)
        if rule == "SGD":
            p = p - lr * g
        elif rule == "Momentum":
            v = 0.9 * v - lr * g
            p = p + v
        elif rule == "AdaGrad":
            s = s + g * g
            p = p - lr * g / (np.sqrt(s) + 1e-7)
        else:
            v += 0.1 * (g - v)
            s += 0.001 * (g * g - s)
            step = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            p = p - step * v / (np.sqrt(s) + 1e-7)
        path.append(p)
    return np.array(path)


rules = ("SGD", "Momentum", "AdaGrad", "Adam")
paths = [descend(rule, lr) for rule, lr in zip(rules, rates, strict=True)]
figure, ax = plt.subplots(figsize=(8, 6), dpi=100)
x, y = np.meshgrid(np.linspace(*view[:2], 301), np.linspace(*view[2:], 301))
ax.contourf(x, y, value(x, y), np.logspace(*levels, 14), cmap="Blues", extend="both")
ax.contour(x, y, value(x, y), np.logspace(*levels, 14), colors="gray", linewidths=0.6)
ax.set(xlim=view[:2], ylim=view[2:], xlabel="$x$", ylabel="$y$")
lines = [
    ax.plot([], [], marker=marker, markersize=4.5, label=rule)[0]
    for rule, marker in zip(rules, "os^D", strict=True)
]
heads = [
    ax.plot([], [], marker, markersize=9, color=line.get_color())[0]
    for line, marker in zip(lines, "os^D", strict=True)
]
ax.legend(loc="upper right")
caption = ax.text(0.02, 0.03, "", transform=ax.transAxes)


def draw(i):
    for path, line, head in zip(paths, lines, heads, strict=True):
        line.set_data(path[: i + 1, 0], path[: i + 1, 1])
        head.set_data(path[i : i + 1, 0], path[i : i + 1, 1])
    caption.set_text(f"step {i}")


FuncAnimation(figure, draw, frames=frames).save(output, writer=PillowWriter(fps=12))
