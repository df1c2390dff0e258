import itertools
from importlib.resources import files

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from cycler import cycler
from matplotlib.colors import to_rgb

from trajectories import THEMES, plot_overlay
from trajectories.plotting.scene import track_styles
from trajectories.plotting.theme import applied

STYLES = [
    item.name.removesuffix(".mplstyle")
    for item in files("trajectories.plotting.styles").iterdir()
    if item.name.endswith(".mplstyle")
]
# What Matplotlib reads when it draws or saves an artist, not when it makes one.
READ_AT_DRAW_TIME = (
    "agg.",
    "axes.axisbelow_",
    "axes.formatter.",
    "font.cursive",
    "font.fantasy",
    "font.monospace",
    "font.sans-serif",
    "font.serif",
    "mathtext.default",
    "mathtext.fallback",
    "path.",
    "pdf.",
    "ps.",
    "savefig.",
    "svg.",
    "text.antialiased",
    "text.hinting",
    "text.kerning_factor",
    "text.parse_math",
    "text.usetex",
)


@pytest.mark.parametrize("theme", THEMES)
def test_theme_applies_inside_the_block_and_leaves_no_trace(theme):
    before = dict(mpl.rcParams)
    with applied(theme) as chosen:
        assert chosen is THEMES[theme]
        assert dict(mpl.rcParams) != before
        assert mpl.rcParams["axes.spines.top"] is False
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("theme", [None, *THEMES])
def test_settings_are_restored_after_an_exception(theme):
    mpl.rcParams["lines.linewidth"] = 7.5
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), applied(theme):
        raise ZeroDivisionError
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lines.linewidth", 7.5),
        ("font.size", 22.0),
        ("axes.titlesize", "small"),
        ("axes.facecolor", "#ffeedd"),
        ("axes.spines.top", False),
        ("axes.prop_cycle", cycler(color=["#112233", "#445566"])),
        ("image.cmap", "magma"),
    ],
)
def test_without_a_theme_what_the_user_has_changed_stays(key, value):
    mpl.rcParams[key] = value
    with applied(None):
        assert mpl.rcParams[key] == value
        assert mpl.rcParams["axes.titlelocation"] == "left"
    with applied("light"):
        assert mpl.rcParams["axes.titlelocation"] == "left"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lines.linewidth", 9.0),
        ("image.cmap", "magma"),
        ("figure.facecolor", "red"),
        ("axes.grid", True),
        ("font.size", 30.0),
        ("ytick.labelsize", 30.0),
        ("figure.constrained_layout.use", True),
    ],
)
def test_named_theme_looks_the_same_whatever_the_user_has_set(key, value, short, pixels):
    def picture():
        return pixels(plot_overlay(short, size=(320, 240), theme="slides-dark"))

    usual = picture()
    mpl.rcParams[key] = value
    np.testing.assert_array_equal(picture(), usual)


def test_without_a_theme_or_changes_the_picture_is_the_light_one(short, pixels):
    plain = pixels(plot_overlay(short, size=(320, 240)))
    light = pixels(plot_overlay(short, size=(320, 240), theme="light"))
    np.testing.assert_array_equal(plain, light)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lines.linewidth", 6.0),
        ("axes.prop_cycle", cycler(color=["#112233", "#445566"])),
        ("image.cmap", "magma"),
        ("figure.facecolor", "#ffeedd"),
        ("legend.fontsize", 5.0),
    ],
)
def test_without_a_theme_a_change_is_seen_in_the_picture(key, value, short, pixels):
    light = pixels(plot_overlay(short, size=(320, 240)))
    mpl.rcParams[key] = value
    assert (pixels(plot_overlay(short, size=(320, 240))) != light).any()


def test_larger_font_size_of_the_user_makes_all_type_larger(short, words):
    # Matplotlib's own sizes are words such as "large", which go with font.size.
    before = {text: box.height for text, box in words(plot_overlay(short))}
    mpl.rcParams["font.size"] = 22.0
    after = {text: box.height for text, box in words(plot_overlay(short))}
    for text in ("SGD", "step", "$x$"):
        assert after[text] > 1.4 * before[text]


def test_users_colour_map_is_the_ground_and_users_colours_are_the_paths():
    mpl.rcParams["image.cmap"] = "magma"
    mpl.rcParams["axes.prop_cycle"] = cycler(color=["#112233", "#445566"])
    with applied(None) as chosen:
        assert chosen.colormap() == mpl.colormaps["magma"]
        assert [style["color"] for style in track_styles(3)] == ["#112233", "#445566", "#112233"]


def test_cycle_without_colours_is_drawn_all_the_same(short, pixels):
    mpl.rcParams["axes.prop_cycle"] = cycler(linestyle=["-", "--"])
    figure = plot_overlay(short, size=(320, 240))
    pixels(figure)
    assert {"-", "--"} <= {line.get_linestyle() for line in figure.axes[0].lines}


@pytest.mark.parametrize(
    ("wrong", "meant"), [("slide", "slides"), ("drak", "dark"), ("slidesdark", None), ("7", None)]
)
def test_unknown_theme_suggests_the_nearest(wrong, meant):
    if wrong == "slidesdark":
        with applied(wrong) as chosen:  # Hyphens do not count.
            assert chosen is THEMES["slides-dark"]
        return
    with pytest.raises(ValueError, match="Unknown theme") as caught, applied(wrong):
        pass
    assert (f"Did you mean {meant!r}?" in str(caught.value)) == (meant is not None)
    assert all(name in str(caught.value) for name in THEMES)


@pytest.mark.parametrize("style", STYLES)
def test_style_file_loads_by_its_dotted_name(style):
    with matplotlib.style.context(f"trajectories.plotting.styles.{style}"):
        pass
    settings = mpl.rc_params_from_file(
        files("trajectories.plotting.styles") / f"{style}.mplstyle", use_default_template=False
    )
    assert settings


def test_every_theme_is_made_of_style_files_and_every_style_file_is_used():
    assert {style for theme in THEMES.values() for style in theme.styles} == set(STYLES)


@pytest.mark.parametrize("style", STYLES)
def test_no_style_sets_what_matplotlib_reads_when_it_draws(style):
    settings = mpl.rc_params_from_file(
        files("trajectories.plotting.styles") / f"{style}.mplstyle", use_default_template=False
    )
    assert [key for key in settings if key.startswith(READ_AT_DRAW_TIME)] == []


@pytest.mark.parametrize("theme", THEMES)
def test_figure_looks_the_same_drawn_inside_and_outside_its_theme(theme, short, pixels):
    outside = pixels(plot_overlay(short, size=(320, 240), theme=theme))
    figure = plot_overlay(short, size=(320, 240), theme=theme)
    with applied(theme):
        inside = pixels(figure)
    with applied("dark" if theme == "print" else "print"):
        elsewhere = pixels(plot_overlay(short, size=(320, 240), theme=theme))
    np.testing.assert_array_equal(inside, outside)
    np.testing.assert_array_equal(elsewhere, outside)


# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "all cones": np.eye(3).tolist(),
}


def linear(color):
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_lab_and_contrast_are_measured_rightly():
    assert lab(linear("white")) == pytest.approx([100, 0, 0], abs=0.05)
    assert lab(linear("red")) == pytest.approx([53.24, 80.09, 67.20], abs=0.1)
    assert contrast("black", "white") == pytest.approx(21)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", THEMES)
def test_path_colours_stay_apart_for_every_eye(theme, vision):
    # About 2.3 can just be told apart side by side: five times that for the first four, which most
    # pictures have; beyond those the markers help, and the colours must merely be told apart.
    with applied(theme):
        seen = [lab(np.array(VISION[vision]) @ linear(s["color"])) for s in track_styles(8)]
    distances = {
        (i, j): float(np.linalg.norm(seen[i] - seen[j]))
        for i, j in itertools.combinations(range(8), 2)
    }
    assert min(d for (_, j), d in distances.items() if j < 4) > 11.5
    assert min(distances.values()) > 5


@pytest.mark.parametrize("theme", [None, *THEMES])
def test_first_eight_paths_differ_in_colour_and_in_marker(theme):
    with applied(theme):
        styles = track_styles(8)
    assert len({style["marker"] for style in styles}) == 8
    assert len({to_rgb(style["color"]) for style in styles}) == 8


@pytest.mark.parametrize("theme", THEMES)
def test_paths_stand_out_from_the_ground(theme):
    with applied(theme) as chosen:
        colors = [style["color"] for style in track_styles(8)]
        ground = [chosen.colormap()(0.0), chosen.colormap()(1.0)]
    assert min(contrast(color, under) for color in colors[:4] for under in ground) > 2.0
    assert min(contrast(color, under) for color in colors for under in ground) > 1.5


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_their_background(theme):
    with applied(theme):
        pairs = [
            (mpl.rcParams[key], mpl.rcParams["figure.facecolor"])
            for key in ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor")
        ]
    assert min(contrast(*pair) for pair in pairs) > 4.5  # WCAG's level AA for text
