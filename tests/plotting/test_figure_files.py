"""Still pictures as files: what `trajectories plot` writes, and the recipe in whatever is saved."""

import io
import pickle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import trajectories as tj

KEYS = {".png": "Comment", ".svg": "Description", ".pdf": "Keywords"}
PLOT = ("plot", "sphere", "-O", "sgd:0.1", "--steps", "5", "--size")


@pytest.fixture
def plot(run, folder):
    """Return a function that runs `trajectories plot` and returns the file."""

    def written(name, *more, size="200x150"):
        assert run(*PLOT, size, "-o", name, *more) == (0, f"{name}\n", "")
        return folder / name

    return written


@pytest.fixture
def figure(short):
    return tj.plot(short, theme="dark", size=(160, 120)).figure


@pytest.mark.parametrize(("key", "value"), [("savefig.dpi", 50), ("savefig.bbox", "tight")])
def test_png_has_its_own_size_whatever_the_user_has_set(key, value, plot):
    mpl.rcParams[key] = value
    before = dict(mpl.rcParams)
    with Image.open(plot("A.PNG", "--theme", "dark", size="333x257")) as image:
        assert image.size == (333, 257)
        assert image.convert("RGBA").getpixel((0, 0)) == (0x11, 0x16, 0x1D, 255)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(("name", "meant"), [("a.pgn", ".png"), ("a.gif", None), (".png", None)])
def test_unknown_suffix_is_refused_and_the_nearest_suggested(name, meant, refused):
    told = refused(*PLOT, "200x150", "-o", name)
    assert "Unknown format of a still picture" in told
    assert (f"Did you mean {meant!r}?" in told) == (meant is not None)


@pytest.mark.parametrize("suffix", KEYS)
def test_saved_file_holds_the_recipe_and_nothing_else_is_added(suffix, figure, short, tmp_path):
    assert figure.trajectories == short
    figure.savefig(tmp_path / f"a{suffix}")
    mpl.rcParams["savefig.format"] = suffix[1:]
    figure.savefig(tmp_path / "b")
    figure.savefig(tmp_path / "c", format=suffix[1:])
    paths = [tmp_path / f"a{suffix}", tmp_path / f"b{suffix}", tmp_path / "c"]
    assert [tj.read_recipe(path).text for path in paths] == [figure.recipe] * 3
    assert len({path.read_bytes() for path in paths}) == 1
    plain = io.BytesIO()
    figure.savefig(plain, metadata={KEYS[suffix]: None})
    more = len(paths[0].read_bytes()) - len(plain.getvalue()) - len(figure.recipe)
    assert 0 <= more < 900
    if suffix == ".png":
        with Image.open(paths[0]) as image, Image.open(plain) as other:
            assert np.array_equal(np.array(image), np.array(other))


def test_metadata_of_the_user_go_first(figure, tmp_path):
    figure.savefig(tmp_path / "a.png", metadata={"Comment": "mine", "Author": "me"})
    with Image.open(tmp_path / "a.png") as image:
        assert (image.info["Comment"], image.info["Author"]) == ("mine", "me")
        assert "Software" not in image.info
    figure.savefig(tmp_path / "b.png", metadata={"Software": "mine"}, dpi=50, facecolor="red")
    with Image.open(tmp_path / "b.png") as image:
        assert (image.info["Comment"], image.info["Software"]) == (figure.recipe, "mine")
        assert image.size != (160, 120)
    figure.savefig(tmp_path / "a.pdf", metadata={"Keywords": "mine"})
    with pytest.raises(ValueError, match="holds no recipe"):
        tj.read_recipe(tmp_path / "a.pdf")


def test_figure_whose_paths_do_not_pickle_keeps_its_recipe(tmp_path):
    path = tj.descend("sphere", tj.SGD(lambda step: 0.1), steps=3)
    figure = tj.plot([path], size=(160, 120)).figure
    again = pickle.loads(pickle.dumps(figure))
    assert again.trajectories == []
    assert again.recipe == figure.recipe
    again.savefig(tmp_path / "a.png")
    (held,) = tj.read_recipe(tmp_path / "a.png").trajectories()
    assert held.positions.tobytes() == path.positions.tobytes()


def test_axes_of_the_user_carry_none(short, tmp_path):
    figure, ax = plt.subplots(figsize=(2, 2))
    tj.plot(short, ax=ax)
    figure.savefig(tmp_path / "a.png")
    plt.close(figure)
    with pytest.raises(ValueError, match="holds no recipe"):
        tj.read_recipe(tmp_path / "a.png")
