"""A map as a page: what is in the file, and what a browser makes of it."""

import base64
import re

import numpy as np
import pytest

import trajectories as tj
from tests.plotting.reading import page_data, unpack

BOWL = "x**2/20 + y**2"
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def bowl():
    rates, momenta = np.geomspace(0.01, 6, 12), np.linspace(0, 0.9, 10)
    return tj.sensitivity(BOWL, "momentum", (-7, 2), 40, lr=rates, momentum=momenta)


@pytest.fixture(scope="module")
def hills():
    return tj.basins("himmelblau", "sgd:0.01", 60, resolution=(9, 8))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return a function that saves a map's page and returns its text."""
    path = tmp_path_factory.mktemp("map") / "a.html"

    def written(result, **how):
        tj.save_map(result, path, **how)
        return path.read_text("utf-8")

    return written


@pytest.fixture(scope="module")
def pages(bowl, hills, page):
    return {"bowl": page(bowl), "hills": page(hills), "dark": page(bowl, theme="dark")}


def path_of(data, number):
    return np.cumsum(np.reshape(unpack(data["paths"][number]), (-1, 2)), axis=0)


def check_alike(seen, told):
    """Make sure that points of the page are positions, in the panel's own units."""
    for one, other in zip(np.transpose(seen), np.transpose(told), strict=True):
        line = np.polyfit(other, one, 1)
        np.testing.assert_allclose(np.polyval(line, other), one, atol=0.7)


@pytest.mark.parametrize("name", ["bowl", "hills"])
def test_every_cell_has_the_path_of_its_own_descent(name, pages, bowl, hills):
    data, result = page_data(pages[name]), {"bowl": bowl, "hills": hills}[name]
    columns, rows = data["columns"], data["rows"]
    shape = result.values.shape if name == "bowl" else result.minimum.shape[::-1]
    assert data["cells"] == [columns, rows] == list(shape)
    seen, told = [], []
    for number in range(0, columns * rows, 7):
        row, column = divmod(number, columns)
        place = (row, column) if name == "hills" else (column, row)
        path, points = result.trajectory(*place).positions, path_of(data, number)
        # The last point of a path that leaves is on the way to where it went.
        count = len(points) - 1
        seen.append(points[:count])
        told.append(path[:count])
    assert sum(map(len, seen)) > 100
    check_alike(np.concatenate(seen), np.concatenate(told))


def test_words_tell_the_outcome(pages, bowl, page):
    data = page_data(pages["bowl"])
    for number, words in enumerate(data["words"]):
        row, column = divmod(number, data["columns"])
        assert ("ends higher" in words or "diverged" in words) == bowl.lost[column, row]
        assert words.startswith(f"lr {bowl.axes['lr'][column]:.3g}".replace("-", "−"))
    assert "at the minimum (" in page_data(pages["hills"])["words"][0]
    rates, momenta = [0.001, 0.5, 90.0], [0.0, 0.5]
    how = {"lr": rates, "momentum": momenta, "measure": "steps", "tolerance": 1e-3}
    found = tj.sensitivity(BOWL, tj.Momentum, (-7, 2), 300, **how)
    words = page_data(page(found))["words"]
    assert words[0] == "lr 0.001, momentum 0: not there yet"
    assert words[1] == f"lr 0.5, momentum 0: there after {found.values[1, 0]:.0f} steps"
    assert words[2] == "lr 90, momentum 0: diverged within 300 steps"
    ends = {("sgd:1e-5", 3): "at no minimum after 3 steps", ("sgd:1", 30): "diverged"}
    for (rule, steps), end in ends.items():
        words = page_data(page(tj.basins("himmelblau", rule, steps, resolution=3)))["words"]
        assert all(text.endswith(": " + end) for text in words)


def test_page_asks_for_nothing_and_is_light_and_dark_or_of_one_theme(pages):
    for page in pages.values():
        assert len(page.encode()) <= MOST_BYTES
        assert re.findall(r"""(?:src|href|srcset)="(?!data:)""", page) == []
        # With the colon: pictures as text may hold any four letters.
        assert not re.search(r"https?:", re.sub(r"http://www\.w3\.org/\S+", "", page))
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
        assert policy.startswith("default-src 'none'")
        for kind in ("script", "style"):
            assert re.search(rf"{kind}-src 'sha256-[^']+'", policy)
    assert "prefers-color-scheme: dark" in pages["bowl"]
    assert pages["bowl"].count("data:image/png") == 2
    assert "prefers-color-scheme" not in pages["dark"]
    (image,) = re.findall(r"data:image/png;base64,([^\"]*)", pages["dark"])
    assert base64.b64decode(image).startswith(b"\x89PNG")


@pytest.mark.parametrize("shape", [(90, 75), (200, 3)])
def test_a_large_map_is_thinned_and_keeps_its_ends_and_its_best(shape, page):
    axes = {"lr": np.geomspace(0.001, 3, shape[0]), "momentum": np.linspace(0, 0.99, shape[1])}
    found = tj.sensitivity(BOWL, "momentum", (-7, 2), 60, **axes)
    text = page(found, theme="light")
    assert len(text.encode()) <= MOST_BYTES
    data = page_data(text)
    assert data["columns"] < shape[0]
    for picked, count in ((data["across"], shape[0]), (data["up"], shape[1])):
        assert (picked[0], picked[-1]) == (0, count - 1)
        assert picked == sorted(set(picked))
    column, row = data["first"]
    assert (data["across"][column], data["up"][row]) == found.best_index


def test_noisy_paths_are_those_of_the_map(page):
    how = {"noise": 0.5, "rng": 1, "block": 5}
    found = tj.sensitivity(BOWL, "sgd", (-7, 2), 20, lr=[0.1, 0.2, 0.3, 0.4], **how)
    with pytest.raises(TypeError, match="a map of starts, or of two"):
        page(found)
    axes = {"lr": np.linspace(0.1, 0.4, 4), "momentum": np.linspace(0, 0.5, 3)}
    two = tj.sensitivity(BOWL, "momentum", (-7, 2), 20, **axes, **how)
    data = page_data(page(two))
    numbers = range(data["columns"] * data["rows"])
    check_alike(
        [path_of(data, number)[-1] for number in numbers],
        [two.trajectory(number % 4, number // 4).final for number in numbers],
    )


def test_other_files_are_refused(tmp_path, bowl, hills):
    with pytest.raises(ValueError, match="Unknown format of a map '.gif'"):
        tj.save_map(bowl, tmp_path / "a.gif")
    with pytest.raises(TypeError, match="`result` must be what"):
        tj.save_map(3, tmp_path / "a.png")
    with pytest.raises(FileNotFoundError):
        tj.save_map(bowl, tmp_path / "no" / "a.png")
    for kind in ("html", "npz"):
        with pytest.raises(ValueError, match=rf"`size` must be left out for \.{kind}\."):
            tj.save_map(hills, tmp_path / f"a.{kind}", size=(400, 300))
        with pytest.raises(ValueError, match="`pins` must be left out but for a picture"):
            tj.save_map(bowl, tmp_path / f"a.{kind}", pins=[(0, 0)])
    with pytest.raises(ValueError, match="`pins` must be left out but for a picture"):
        tj.save_map(hills, tmp_path / "a.png", pins=["nonsense"])
    assert list(tmp_path.iterdir()) == []


# --- in a browser


@pytest.fixture
def visit(visit_file, pages, tmp_path):
    """Return a function that opens a page."""

    def opened(name, **options):
        path = tmp_path / f"{name}.html"
        path.write_text(pages[name], encoding="utf-8")
        return visit_file(path, **{"viewport": {"width": 1200, "height": 640}} | options)

    return opened


def at_cell(page, data, column, row):
    """Return where a cell is on the screen."""
    box, (wide, high) = page.locator("#overlay").bounding_box(), data["size"]
    across = (data["across"][column] + 0.5) / data["cells"][0]
    up = 1 - (data["up"][row] + 0.5) / data["cells"][1]
    x = data["map"]["x"] + across * data["map"]["width"]
    y = data["map"]["y"] + up * data["map"]["height"]
    return box["x"] + x / wide * box["width"], box["y"] + y / high * box["height"]


@pytest.mark.parametrize("name", ["bowl", "hills"])
def test_the_cell_under_the_pointer_shows_its_path(visit, pages, name):
    page, data = visit(name), page_data(pages[name])
    seen = set()
    for column, row in [(0, 0), (5, 3), (data["columns"] - 1, data["rows"] - 1)]:
        page.mouse.move(*at_cell(page, data, column, row))
        number = row * data["columns"] + column
        assert page.inner_text("#readout") == data["words"][number]
        outline = page.locator("#panel .line").get_attribute("d")
        assert outline.count("L") == len(path_of(data, number)) - 1
        seen.add(outline)
    assert len(seen) == 3
    # Beyond the map the last cell stays.
    page.mouse.move(2, 2)
    assert page.locator("#panel .line").get_attribute("d") in seen


def test_keys_walk_over_the_map(visit, pages):
    page, data = visit("bowl"), page_data(pages["bowl"])
    column, row = data["first"]

    def shows(column, row):
        return page.inner_text("#readout") == data["words"][row * data["columns"] + column]

    assert shows(column, row)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "overlay"
    page.keyboard.press("ArrowLeft")
    assert shows(column - 1, row)
    page.keyboard.press("ArrowDown")
    assert shows(column - 1, row - 1)
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Shift+ArrowDown")
    assert shows(0, 0)
    page.keyboard.press("b")
    assert shows(column, row)


def test_a_touch_chooses_a_cell(visit, pages):
    data = page_data(pages["bowl"])
    phone = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
    page = visit("bowl", **phone)
    page.touchscreen.tap(*at_cell(page, data, 2, 7))
    assert page.inner_text("#readout") == data["words"][7 * data["columns"] + 2]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("scheme", "color"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 22, 29)")]
)
def test_the_viewer_chooses_light_or_dark(visit, scheme, color):
    page = visit("bowl", color_scheme=scheme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == color
    assert page.evaluate("document.querySelector('img').naturalWidth") == 1920
