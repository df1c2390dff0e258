import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from trajectories import plot_grid, plot_overlay
from trajectories.plotting.canvas import FIGURE_FORMATS, save_figure

BEGINS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


@pytest.mark.parametrize("suffix", BEGINS)
def test_each_format_is_written_and_is_what_it_says(suffix, short, tmp_path):
    assert set(FIGURE_FORMATS) == set(BEGINS)
    path = tmp_path / f"a{suffix}"
    save_figure(plot_overlay(short, size=(320, 240)), path)
    assert path.read_bytes().startswith(BEGINS[suffix])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("size", [(320, 240), (333, 257), (1201, 301)])
def test_png_has_the_figures_own_size(size, short, tmp_path):
    save_figure(plot_overlay(short, size=size), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == size


@pytest.mark.parametrize(
    ("key", "value"), [("savefig.dpi", 50), ("savefig.bbox", "tight"), ("figure.dpi", 33)]
)
def test_settings_of_the_user_do_not_change_the_size(key, value, short, tmp_path):
    figure = plot_overlay(short, size=(320, 240))
    mpl.rcParams[key] = value
    save_figure(figure, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (320, 240)


def test_dark_picture_is_dark_to_its_edges(short, tmp_path):
    save_figure(plot_overlay(short, size=(320, 240), theme="dark"), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.convert("RGBA").getpixel((0, 0)) == (0x11, 0x16, 0x1D, 255)


@pytest.mark.parametrize("suffix", BEGINS)
def test_saving_twice_gives_equal_bytes(suffix, short, tmp_path):
    for name in ("a", "b"):
        save_figure(plot_grid(short, size=(320, 240)), tmp_path / (name + suffix))
    one, other = ((tmp_path / (name + suffix)).read_bytes() for name in ("a", "b"))
    assert one == other


@pytest.mark.parametrize("suffix", BEGINS)
def test_saving_one_figure_again_gives_equal_bytes(suffix, short, tmp_path):
    figure = plot_overlay(short, size=(320, 240))
    for name in ("a", "b"):
        save_figure(figure, tmp_path / (name + suffix))
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("a.pgn", ".png"), ("a.svgz", ".svg"), ("a.gif", None), ("a", None), (".png", None)],
)
def test_unknown_suffix_is_refused_and_the_nearest_suggested(name, meant, short, tmp_path):
    with pytest.raises(ValueError, match="Unknown format of a still picture") as caught:
        save_figure(plot_overlay(short, size=(320, 240)), tmp_path / name)
    assert (f"Did you mean {meant!r}?" in str(caught.value)) == (meant is not None)
    assert list(tmp_path.iterdir()) == []


def test_suffix_may_be_in_capitals(short, tmp_path):
    save_figure(plot_overlay(short, size=(320, 240)), tmp_path / "A.PNG")
    assert (tmp_path / "A.PNG").read_bytes().startswith(BEGINS[".png"])


def test_missing_folder_is_refused(short, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        save_figure(plot_overlay(short, size=(320, 240)), tmp_path / "no" / "a.png")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_failed_save_leaves_the_old_file_and_no_other(error, short, tmp_path, monkeypatch):
    old = tmp_path / "a.png"
    old.write_bytes(b"old")

    def fail(self, file, *_, **__):
        file.write(b"half")
        raise error

    monkeypatch.setattr(FigureCanvasAgg, "print_png", fail)
    with pytest.raises(error):
        save_figure(plot_overlay(short, size=(320, 240)), old)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.png", b"old")]


def test_settings_are_as_before(short, tmp_path):
    before = dict(mpl.rcParams)
    save_figure(plot_overlay(short, size=(320, 240)), tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before
