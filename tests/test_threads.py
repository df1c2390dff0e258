"""Pictures drawn in several threads at once are those drawn one after the other."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import trajectories as tj

THREADS = 8
BOWL = "x**2/20 + y**2"
SMALL = (480, 360)


def pixels(figure):
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())


def paths(start):
    return tj.compare(BOWL, ["sgd:lr=0.95", "adam:lr=0.3"], start, 8)


def first_frames(start, theme):
    frames = tj.animate(paths(start), theme=theme, size=(320, 240)).frames()
    return np.array([next(frames).copy() for _ in range(3)])


#: Each with its own theme, as that is where Matplotlib keeps its settings for all threads alike.
JOBS = {
    "plot, light": lambda: pixels(tj.plot(paths((-7, 2)), theme="light", size=SMALL).figure),
    "grid, slides": lambda: pixels(tj.plot_grid(paths((5, 2)), theme="slides", size=SMALL)),
    "loss, print": lambda: pixels(tj.plot_loss(paths((5, -2)), theme="print").figure),
    "movie, dark": lambda: first_frames((-7, 2), "dark"),
}


@pytest.fixture(scope="module")
def alone():
    return {name: job() for name, job in JOBS.items()}


@pytest.fixture
def hurried():
    """Let threads take turns often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hurried")
def test_threads_draw_what_one_draws(alone):
    gate = threading.Barrier(len(JOBS))

    def drawn(name):
        gate.wait()
        return JOBS[name]()

    with ThreadPoolExecutor(len(JOBS)) as pool:
        for name, found in zip(JOBS, pool.map(drawn, JOBS), strict=True):
            assert np.array_equal(found, alone[name]), name


@pytest.mark.usefixtures("hurried")
def test_eight_threads_compile_one_surface_once_each_way():
    surface = tj.Surface("sin(x)*cos(y) + (x**2 + y**2)/30 + exp(-x**2)")
    p = np.random.default_rng(0).normal(size=(50, 2))
    fresh = tj.Surface(surface.formula)
    expected = fresh.value(p), fresh.gradient(p), fresh.hessian(p)
    gate = threading.Barrier(THREADS)

    def evaluated(_):
        gate.wait()
        return surface.value(p), surface.gradient(p), surface.hessian(p)

    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(evaluated, range(THREADS)):
            assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.usefixtures("hurried")
def test_eight_threads_descend_with_one_optimizer():
    rule = tj.Adam(0.3)
    expected = tj.descend(BOWL, rule, (-7, 2), 50)
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(lambda _: tj.descend(BOWL, rule, (-7, 2), 50), range(THREADS)):
            assert found == expected
