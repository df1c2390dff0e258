"""Recipes in files of every format: where other readers find them, within bounds, and replayed."""

import json
import os
import random
import struct
import time
import tracemalloc
import xml.etree.ElementTree as ElementTree
import zlib
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, PngImagePlugin

import trajectories as tj
from tests.plotting.reading import Film, bar, chunk, gif_comment, read_video

BOWL = "x**2/20 + y**2"
LABEL = r'(")\\ <&>&lt; ]]> --> ä )) ('
MOVING = ["gif", "apng", "webp", "mp4", "webm", "%d.png", "html"]
STILL = ["png", "svg", "pdf"]
#: Of which it is known that it stands in a file, and nothing else.
START = '{"trajectories":"0.1.0"'


@pytest.fixture(scope="module")
def paths(zigzag):
    rules = {LABEL: "sgd:lr=0.95", "x(\\\\)y" * 300: "adam:lr=0.3"}
    return tj.compare(BOWL, rules, start=(-7, 2), steps=6)


@pytest.fixture(scope="module")
def moving(paths):
    how = {"frames": 3, "pace": "length", "linewidth": 3, "size": (200, 150), "theme": "dark"}
    return tj.animate(paths, **how)


@pytest.fixture(scope="module")
def figure(paths):
    return tj.plot(paths, size=(200, 150)).figure


@pytest.fixture(scope="module", params=MOVING + STILL)
def written(request, moving, figure, tmp_path_factory):
    """A format, a file of it, and the recipe that it must hold."""
    kind = request.param
    path = tmp_path_factory.mktemp("written") / f"a.{kind}"
    if kind in STILL:
        figure.savefig(path)
        return kind, path, figure.recipe
    if kind in ("mp4", "webm"):
        pytest.importorskip("av", reason="PyAV writes the videos")
    path = moving.save(path, fps=10, end_pause=0.5, loop=2)[0]
    text = moving.recipe(fps=10.0, end_pause=0.5, loop=2)
    # A page keeps "<" as an escape of JSON, which means the same.
    return kind, path, text.replace("<", r"\u003c") if kind == "html" else text


def bits(paths):
    """Return all that paths are, as bytes."""
    found = []
    for path in paths:
        for field in fields(path):
            value = getattr(path, field.name)
            if isinstance(value, np.ndarray):
                found.append((field.name, value.dtype.str, value.shape, value.tobytes()))
        found.append((path.label, path.optimizer, path.surface.to_dict()))
    return found


def test_every_format_gives_the_same_recipe_paths_and_picture(written, moving, figure, paths):
    kind, path, text = written
    assert tj.read_recipe(path).text == text
    again = tj.replay(path)
    assert bits(again.trajectories) == bits(paths)
    if kind in STILL:
        assert again.recipe == figure.recipe
        return
    assert again.size == moving.size
    assert again.frame_steps == moving.frame_steps
    assert again.settings["linewidth"] == 3
    assert again.saving == {"fps": 10.0, "end_pause": 0.5, "loop": 2}
    if kind == "gif":
        for one, other in zip(moving.frames(), again.frames(), strict=True):
            assert np.array_equal(one, other)


def test_other_readers_find_the_recipe_in_the_same_place(written):
    kind, path, text = written
    if kind in ("mp4", "webm"):
        assert read_video(path.read_bytes())[2].metadata["comment"] == text
    elif kind not in ("svg", "pdf", "html"):
        with Image.open(path) as image:
            image.load()
            found = image.info.get("comment", b"").decode() or image.info.get("Comment")
            if kind == "webp":
                packet = ElementTree.fromstring(image.info["xmp"])
                (held,) = packet.iter("{http://purl.org/dc/elements/1.1/}description")
                found = "".join(held.itertext())
        assert found == text


@pytest.mark.parametrize("kind", [kind for kind in MOVING if kind != "html"])
def test_text_beyond_latin_is_found_and_other_text_is_no_recipe(kind, short, tmp_path):
    if kind in ("mp4", "webm"):
        pytest.importorskip("av", reason="PyAV writes the videos")
    wanted = START + ',"a":"äλ→𝛼"}'
    for text in (wanted, "", "Made on a Sunday"):
        path = Film(bar(2), text).save(tmp_path / f"a.{kind}")[0]
        words = "recipe: `format` must be" if text == wanted else r"^'.*' holds no recipe\.$"
        with pytest.raises(ValueError, match=words):
            tj.read_recipe(path)
    path = Film(bar(2), json.dumps(json.loads(tj.animate(short).recipe()))).save(path)[0]
    assert bits(tj.replay(path).trajectories) == bits(short)


def test_recipe_is_found_behind_other_comments_and_after_pillow(moving, tmp_path):
    path, text = tmp_path / "a.gif", moving.recipe()
    Film(bar(3), text).save(path)
    content, block = path.read_bytes(), gif_comment(text)
    other = gif_comment("optimized by someone")
    with Image.open(path) as image:
        image.save(tmp_path / "b.gif", save_all=True)
    assert tj.read_recipe(tmp_path / "b.gif").text == text
    path.write_bytes(content.replace(block, other + block))
    assert tj.read_recipe(path).text == text
    # And behind all frames, where some programs put it.
    path.write_bytes(content.replace(block, b"")[:-1] + other + block + b";")
    assert tj.read_recipe(path).text == text


@pytest.mark.parametrize("form", ["zTXt", "packed iTXt", "damaged"])
def test_png_text_in_any_chunk_is_found(form, moving, tmp_path):
    info, text = PngImagePlugin.PngInfo(), moving.recipe()
    if "iTXt" in form:
        info.add_itxt("Comment", text, zip="packed" in form)
    else:
        info.add_text("Comment", text, zip=form == "zTXt")
    info.add_text("Author", START)
    path = tmp_path / "a.png"
    Image.new("RGB", (3, 3)).save(path, pnginfo=info)
    if form == "damaged":  # Damaged text hides no other.
        damaged = PNG + chunk(b"zTXt", b"Comment\0\0" + b"no zlib data")
        path.write_bytes(path.read_bytes().replace(PNG, damaged, 1))
    assert tj.read_recipe(path).text == text


@pytest.mark.parametrize(
    "string",
    [
        b"({0})",
        b"(" + b"".join(b"\\%03o" % c for c in START.encode()) + b"\\\n}})",
        b"<" + START.encode().hex().encode() + b">",
        b"(\xfe\xff" + START.encode("utf-16-be") + b")",
    ],
)
def test_pdf_string_is_read_in_all_its_forms(string, tmp_path):
    string = string.replace(b"{0}", START.encode())
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"%x" * 600_000 + b"<</Keywords " + string + b">>")
    with pytest.raises(ValueError, match="It is no JSON"):  # It was found.
        tj.read_recipe(path)


def test_cut_and_damaged_files_are_refused_in_one_line(written, tmp_path):
    content, path, chance = written[1].read_bytes(), tmp_path / "a.bin", random.Random(1)
    messages = []
    for _ in range(20):
        damaged = bytearray(content[: chance.randrange(len(content))])
        for _ in range(chance.randrange(20)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            assert tj.read_recipe(path).text
        except ValueError as error:
            messages.append(str(error))
    assert messages
    assert not any("\n" in message for message in messages)


def no_recipe(path):
    with pytest.raises(ValueError, match="holds no recipe"):
        tj.read_recipe(path)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(
    head=st.sampled_from(
        [b"GIF89a" + b"\0" * 7, b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x08ftyp"]
        + [b"\x1aE\xdf\xa3\x80", b"%PDF-1.7", b"<?xml?>", b"<!doctype html>", b""]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_hold_no_recipe(head, rest, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(head + rest)
    no_recipe(path)


PNG, GIF, PDF = b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 7, b"%PDF-1.7"
MP4, WEBM = b"\0\0\0\x08ftyp", b"\x1aE\xdf\xa3\x80"
SEGMENT = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
SCRIPT = b'<script type="application/json" id="recipe">'
ZEROS = b"Comment\0\0" + zlib.compress(b"0" * 50_000_000, 9)
#: So many bytes are looked at.
MOST_BYTES = 64 * 2**20
BOMBS = {
    "packed": (PNG + chunk(b"zTXt", ZEROS), chunk(b"IEND", b""), 1),
    "empty boxes": (MP4, b"\0\0\0\x08free", 400_000),
    "nested boxes": (MP4, b"\0\0\0\0moov\0\0\0\0udta", 100_000),
    "nested segments": (WEBM, SEGMENT, 100_000),
    "a comment of whole blocks": (GIF + b"!\xfe", b"\xff" + b"x" * 255, 100_000),
    "beyond the bound": (PDF, b"%" * 999 + b"\n", MOST_BYTES // 1000 + 2000),
    "backslashes": (PDF + b"/Keywords(", b"\\", 10_000_000),
    "descriptions": (b"<svg>", b"<dc:description>", 500_000),
    "blanks": (b"<svg><dc:description>", b" ", 8_000_000),
    "scripts": (b"<html>", SCRIPT, 300_000),
}
SMALL = ["packed", "a comment of whole blocks", "backslashes", "scripts"]


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_little_time_and_memory(name, tmp_path):
    path = tmp_path / "a.bin"
    begins, part, count = BOMBS[name]
    path.write_bytes(begins + part * count)
    begin = time.process_time()
    no_recipe(path)
    assert time.process_time() - begin < 2
    if name in SMALL:
        tracemalloc.start()
        no_recipe(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100e6


def test_pixels_of_a_huge_file_are_skipped(moving, tmp_path):
    def box(kind, content):
        return struct.pack(">I4s", 8 + len(content), kind) + content

    path, text = tmp_path / "a.mp4", moving.recipe()
    comment = box(b"\xa9cmt", box(b"data", b"\0\0\0\x01\0\0\0\0" + text.encode()))
    moov = box(b"moov", box(b"udta", box(b"meta", b"\0\0\0\0" + box(b"ilst", comment))))
    with open(path, "wb") as file:
        file.write(box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"mdat", 5 * MOST_BYTES + 16))
        file.seek(5 * MOST_BYTES, 1)
        file.write(moov)
    assert tj.read_recipe(path).text == text


def test_what_is_no_file_is_said_plainly(tmp_path):
    for path, error in ((tmp_path / "none.gif", FileNotFoundError), (tmp_path, OSError)):
        with pytest.raises(error):
            tj.replay(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        # Open for reading too, so that nobody waits.
        descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
        os.write(descriptor, b"GIF89a")
        no_recipe(tmp_path / "pipe")
        os.close(descriptor)


# --- replayed


def test_settings_may_be_others(paths, tmp_path):
    path = tmp_path / "a.gif"
    Film(bar(1), tj.animate(paths, layout="race", size=(480, 240), trail=3).recipe()).save(path)
    again = tj.replay(path, layout="overlay", size=None, frames=3, linewidth=5)
    assert (again.size, len(again)) == ((800, 600), 3)
    assert (again.settings["trail"], again.settings["linewidth"]) == (3, 5)
    assert tj.replay(path, layout="grid").size == (480, 240)
    Film(bar(1), tj.animate(paths, layout="race").recipe()).save(path)
    assert tj.replay(path, layout="grid").size == (960, 720)  # It was that of the layout.
    words = r"a\.gif': Unknown setting 'fames'. Did you mean 'frames'"
    with pytest.raises(ValueError, match=words):
        tj.replay(path, fames=3)
    with pytest.raises(ValueError, match="Unknown layout 'pie'"):
        tj.replay(path, layout="pie")
    with pytest.raises(ValueError, match="^'.*a.gif': recipe: 12 steps of paths are to be made"):
        tj.replay(path, most_work=11)


@pytest.mark.parametrize(
    "kind",
    ["plot", "plot_grid", "plot_race", "plot_3d", "plot_loss", "plot_gradient"],
)
def test_still_pictures_of_every_kind_come_again_and_move(kind, short, pixels, run, folder):
    source = tj.Surface(BOWL, name="bowl") if kind == "plot_gradient" else short
    sized = {"size": (300, 225)} if kind in ("plot_grid", "plot_race") else {}
    figure = getattr(tj, kind)(source, theme="dark", alpha=0.5, **sized).figure
    figure.savefig("a.png", dpi=50)
    assert tj.read_recipe("a.png").kind == kind
    again = tj.replay("a.png")
    assert bits(again.trajectories) == bits([] if kind == "plot_gradient" else short)
    for one in (figure, again):
        one.set_dpi(50)
    assert np.array_equal(pixels(figure), pixels(again))
    code, out, err = run("replay", "a.png", "-o", "b.gif", "--frames", "2", "--size", "200x150")
    if kind in ("plot_loss", "plot_gradient"):
        assert code == 2
        assert f"made by {kind} has no moving form" in err
    else:
        assert (code, out) == (0, "b.gif\n")
        moved = tj.read_recipe("b.gif")
        layout = {"plot": "overlay"}.get(kind, kind.removeprefix("plot_"))
        assert (moved.settings["layout"], moved.settings["theme"]) == (layout, "dark")


@pytest.mark.parametrize("layout", ["overlay", "grid", "race", "3d"])
def test_still_picture_of_an_animation_is_its_last_frame(layout, short, run, folder):
    how = {"size": (200, 150), "frames": 2, "color": "red"}
    Film(bar(1), tj.animate(short, layout=layout, trail=2, **how).recipe(fps=9)).save("a.gif")
    assert run("replay", "a.gif", "-o", "a.pdf") == (0, "a.pdf\n", "")
    figure = tj.replay("a.pdf")
    figure.canvas.draw()
    *_, last = tj.animate(short, layout=layout, **how).frames()
    assert np.array_equal(np.array(figure.canvas.buffer_rgba())[..., :3], last)
    assert run("replay", "a.gif", "-o", "b.svg", "--layout", "grid", "--theme", "slides")[0] == 0
    assert len(tj.replay("b.svg").axes) == 2
