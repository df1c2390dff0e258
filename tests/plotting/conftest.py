"""What the tests of pictures share."""

import itertools
import shutil

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from tests.plotting.reading import NIGHT, RECIPE, Film, bar
from trajectories import (
    SGD,
    Surface,
    Trajectory,
    animate,
    compare,
    descend,
    plot,
    plot_3d,
    plot_grid,
    plot_race,
)

BOWL = "x**2/20 + y**2"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(autouse=True)
def matplotlib_as_it_comes():
    """Start from Matplotlib's defaults, whatever the machine has set, and leave no trace."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@pytest.fixture(scope="session")
def zigzag():
    """The textbook's four optimizers on its bowl."""
    rules = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
    return compare(BOWL, rules, start=(-7, 2), steps=30)


@pytest.fixture(scope="session")
def short(zigzag):
    """Two optimizers, six steps."""
    return compare(BOWL, ["sgd:lr=0.95", "adam:lr=0.3"], start=(-7, 2), steps=6)


@pytest.fixture(scope="session")
def leaving():
    """One path that leaves through the edge, one that is lost, and one that stays."""
    rules = {"out": "sgd:lr=1.04", "lost": "sgd:lr=1e200", "stays": "adam:lr=0.3"}
    return compare(Surface(BOWL, domain=((-8, 8), (-3, 3))), rules, start=(-7, 2), steps=24)


@pytest.fixture(scope="session")
def many():
    """One optimizer from six starts, one of which leaves."""
    starts = [(-7, 2), (-5, -2), (3, 2.5), (6, -1), (0.5, 3), (-8, 9)]
    surface = Surface(BOWL, domain=((-8, 8), (-3, 3)))
    return descend(surface, "sgd:lr=1.01", starts, steps=20)


@pytest.fixture(scope="session")
def handmade():
    """Return a function that makes a trajectory of given positions, non-finite rows at the end."""

    def make(positions, formula=BOWL, label="by hand", **about):
        surface = formula if isinstance(formula, Surface) else Surface(formula, **about)
        positions = np.array(positions, dtype=float)
        positions[~np.isfinite(positions).all(axis=-1)] = np.nan
        bad = np.isnan(positions).any(axis=-1)
        diverged_at = np.where(bad.any(axis=0), bad.argmax(axis=0), -1)
        return Trajectory(
            surface=surface,
            optimizer=SGD(0.1),
            label=label,
            positions=positions,
            values=np.asarray(surface.value(positions)),
            gradients=surface.gradient(positions),
            status=np.where(diverged_at < 0, "finished", "diverged"),
            diverged_at=diverged_at,
            converged_at=np.full(diverged_at.shape, -1),
        )

    return make


@pytest.fixture(scope="session")
def pixels():
    """Return a function that draws a figure and returns a copy of its pixels, RGB."""

    def draw(figure):
        figure.canvas.draw()
        return np.array(figure.canvas.buffer_rgba())[..., :3]

    return draw


@pytest.fixture(scope="session")
def draw():
    """Return a function that draws a whole figure in the layout of a name."""
    functions = {
        "overlay": lambda paths, **how: plot(paths, **how).figure,
        "grid": plot_grid,
        "race": plot_race,
        "3d": lambda paths, **how: plot_3d(paths, **how).figure,
    }
    return lambda layout, paths, **how: functions[layout](paths, **how)


@pytest.fixture(scope="session")
def assert_painted(pixels):
    """Return a function that compares the frames of some steps, in any order, with full draws."""

    def check(moving, steps):
        moving.frame_steps = tuple(steps)
        full = moving.picture()
        for step, frame in zip(steps, moving.frames(), strict=True):
            full.show(step)
            np.testing.assert_array_equal(frame, pixels(full.figure), f"at step {step}")

    return check


@pytest.fixture(scope="session")
def words():
    """Return a function that lists what is written in a figure, with its extent in pixels."""

    def listed(figure):
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        texts = set(figure.findobj(Text))
        for ax in figure.axes:
            for axis in (ax.xaxis, ax.yaxis):
                texts -= set(axis.findobj(Text)) - {axis.label}
                low, high = sorted(axis.get_view_interval())
                # Not `get_majorticklabels`, which moves the labels of 3-D Axes out of their places.
                ticks = zip(axis.get_majorticklocs(), axis.get_major_ticks(), strict=False)
                texts |= {tick.label1 for at, tick in ticks if low <= at <= high}
        return [
            (text.get_text(), text.get_window_extent(renderer))
            for text in texts
            if text.get_text() and text.get_visible()
        ]

    return listed


@pytest.fixture(scope="session")
def meeting():
    """Return a function that lists the pairs of words that cover each other, and not by a hair."""

    def pairs(listed, hair=1.0):
        return [
            (one, other)
            for (one, a), (other, b) in itertools.combinations(listed, 2)
            if min(a.x1, b.x1) - max(a.x0, b.x0) > hair and min(a.y1, b.y1) - max(a.y0, b.y0) > hair
        ]

    return pairs


@pytest.fixture(scope="module")
def browser():
    """A real browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        pytest.skip(f"needs one of {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        # Containers have no user namespaces for a sandbox; the pages are our own.
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit_file(browser):
    """Return a function that opens a file in the browser.

    It must ask for nothing but itself, and for so many files that it says it shows; and it must
    complain of nothing.
    """
    contexts, asked, complaints, wanted = [], [], [], []

    def opened(path, shows=0, **options):
        context = browser.new_context(**{"viewport": {"width": 900, "height": 640}} | options)
        contexts.append(context)
        wanted.append(1 + shows)
        page = context.new_page()
        page.set_default_timeout(4000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    files = [url for url in asked if not url.startswith("data:")]
    assert len(files) == sum(wanted)
    assert all(url.startswith("file:") for url in files)


@pytest.fixture(scope="session")
def album(tmp_path_factory, short):
    """A folder with a file of each kind that can be shown; the moving ones have a recipe."""
    pytest.importorskip("av", reason="PyAV writes the videos")
    folder = tmp_path_factory.mktemp("album")
    paper = (255, 255, 255)
    Film(bar(4, (80, 60), paper, paper), RECIPE).save(folder / "zigzag.gif")
    race = Film(bar(8, (120, 54), NIGHT, NIGHT), RECIPE)
    for kind in ("mp4", "webm"):
        race.save(folder / f"race.{kind}", fps=10, end_pause=0, poster=False)
    tall = Image.new("RGB", (50, 100), NIGHT)
    tall.save(folder / "tall.png")
    tall.save(folder / "tall.jpg", quality=95)
    tall.save(folder / "tall.webp", lossless=True)
    moving = {"save_all": True, "append_images": [Image.new("RGB", (50, 100), "red")]}
    tall.save(folder / "moving.png", "PNG", **moving)
    tall.save(folder / "moving.apng", "PNG", **moving)
    plot(short, size=(160, 120)).figure.savefig(folder / "drawing.svg")
    animate(short, limits="domain").save(folder / "page.html", fps=20)
    return folder
