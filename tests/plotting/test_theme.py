"""Themes, under whatever settings of the user."""

import itertools
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from cycler import cycler
from matplotlib.colors import to_rgb

import trajectories
from trajectories import THEMES, compare, plot

SIZE = (320, 240)
STYLES = list(Path(trajectories.__file__).parent.rglob("*.mplstyle"))
# What Matplotlib reads when it draws or saves an artist, not when it makes one.
READ_AT_DRAW_TIME = (
    *("agg.", "axes.axisbelow_", "axes.formatter.", "font.cursive", "font.fantasy"),
    *("font.monospace", "font.sans-serif", "font.serif", "mathtext.default", "mathtext.fallback"),
    *("path.", "pdf.", "ps.", "savefig.", "svg.", "text.antialiased", "text.hinting"),
    *("text.kerning_factor", "text.parse_math", "text.usetex"),
)


def test_named_theme_looks_the_same_whatever_the_user_has_set(short, pixels):
    usual = pixels(plot(short, size=SIZE, theme="slides-dark").figure)
    mpl.rcParams.update({"lines.linewidth": 9.0, "image.cmap": "magma", "axes.grid": True})
    mpl.rcParams.update({"figure.facecolor": "red", "font.size": 30.0, "ytick.labelsize": 30.0})
    mpl.rcParams["figure.constrained_layout.use"] = True
    changed = plot(short, size=SIZE, theme="slides-dark").figure
    np.testing.assert_array_equal(pixels(changed), usual)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, None),
        ("lines.linewidth", 6.0),
        ("axes.prop_cycle", cycler(linestyle=["-", "--"])),
        ("image.cmap", "magma"),
        ("axes.facecolor", "#ffeedd"),
        ("legend.fontsize", 5.0),
    ],
)
def test_without_a_theme_it_is_the_light_one_under_what_the_user_has_changed(
    key, value, short, pixels
):
    light = pixels(plot(short, size=SIZE, theme="light").figure)
    if key is not None:
        mpl.rcParams[key] = value
    changed = pixels(plot(short, size=SIZE).figure) != light
    assert changed.any() == (key is not None)


@pytest.mark.parametrize(("wrong", "meant"), [("drak", "'dark'"), ("7", None)])
def test_unknown_theme_suggests_the_nearest(wrong, meant, short):
    with pytest.raises(ValueError, match="Unknown theme") as caught:
        plot(short, theme=wrong)
    assert (f"Did you mean {meant}?" in str(caught.value)) == (meant is not None)
    assert all(name in str(caught.value) for name in THEMES)


def test_no_style_sets_what_matplotlib_reads_when_it_draws():
    assert {style for theme in THEMES.values() for style in theme.styles} == {
        path.stem for path in STYLES
    }
    for path in STYLES:
        settings = mpl.rc_params_from_file(path, use_default_template=False)
        assert settings
        assert [key for key in settings if key.startswith(READ_AT_DRAW_TIME)] == []


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


@pytest.fixture(scope="module", params=THEMES)
def eight(request):
    """A theme's name, and the lines of eight paths in it with all else that is drawn."""
    paths = compare("sphere", {str(i): "sgd:0.1" for i in range(8)}, steps=2)
    (ax,) = plot(paths, theme=request.param, size=SIZE).figure.axes
    return request.param, [line for line in ax.lines if line.get_linestyle() != "None"], ax


def test_first_eight_paths_differ_for_every_eye(eight):
    # About 2.3 can just be told apart side by side: five times that for the first four, which most
    # pictures have; beyond those the markers help, and the colours must merely be told apart.
    _, lines, _ = eight
    assert len({line.get_marker() for line in lines}) == 8
    for vision in VISION.values():
        seen = [lab(np.array(vision) @ linear(line.get_color())) for line in lines]
        distances = {
            (i, j): float(np.linalg.norm(seen[i] - seen[j]))
            for i, j in itertools.combinations(range(8), 2)
        }
        assert min(d for (_, j), d in distances.items() if j < 4) > 11.5
        assert min(distances.values()) > 5


def test_paths_and_words_stand_out_from_the_ground(eight):
    name, lines, ax = eight
    colors = [line.get_color() for line in lines]
    ground = [THEMES[name].ramp[0], THEMES[name].ramp[-1]]
    assert min(contrast(color, under) for color in colors[:4] for under in ground) > 2.0
    assert min(contrast(color, under) for color in colors for under in ground) > 1.5
    words = [ax._left_title, ax.xaxis.label, *ax.get_xticklabels(), *ax.get_legend().get_texts()]
    page = ax.figure.get_facecolor()
    assert min(contrast(word.get_color(), page) for word in words) > 4.5  # WCAG's level AA.
