"""Comments in files of every format: found where other readers find them, and within bounds."""

import io
import os
import random
import struct
import time
import tracemalloc
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

from trajectories.plotting.scene import Scene
from trajectories.plotting.writers.formats import (
    chunk,
    write_apng,
    write_mp4,
    write_png,
    write_webm,
    write_webp,
)
from trajectories.plotting.writers.gif import Stream, comment_block, write_gif
from trajectories.plotting.writers.metadata import MOST_BYTES, find_comment, read_comment
from trajectories.plotting.writers.page import page_html

START = '{"trajectories":"0.1.0"'
TEXT = START + r',"a":"(\")\\ <&>&lt; ]]> --> \u00e4 )) (","b":[1,-2.5e-300]}'
LONG = START + ',"a":"' + "x(\\\\)y" * 40_000 + '"}'
FRAMES = np.full((3, 32, 48, 4), 255, np.uint8)
FRAMES[1, :16], FRAMES[2, :, :20] = 90, 30


def stream(comment, **kwargs):
    return Stream(lambda i: FRAMES[i], (48, 32), range(3), 10, comment=comment, **kwargs)


def drawn(comment, **how):
    figure = Figure(figsize=(1, 1))
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, **how)
    return file


def page(file, scene, comment):
    file.write(page_html(scene, recipe=comment).encode())


@pytest.fixture(scope="module")
def scene(short):
    return Scene.of(short, resolution=31)


@pytest.fixture(scope="module")
def write(scene):
    """Return a function that writes a file of a format with a comment."""
    writers = {"gif": write_gif, "apng": write_apng, "webp": write_webp, "mp4": write_mp4}
    writers["webm"] = write_webm
    keys = {"svg": "Description", "pdf": "Keywords", "png": "Comment"}

    def to_bytes(kind, comment):
        file = io.BytesIO()
        if kind in writers:
            writers[kind](file, stream(comment))
        elif kind == "frame":
            write_png(file, FRAMES[0], comment)
        elif kind == "html":
            page(file, scene, comment)
        else:
            file = drawn(comment, format=kind, metadata={keys[kind]: comment} if comment else {})
        return file.getvalue()

    return to_bytes


KINDS = ["gif", "apng", "frame", "png", "webp", "mp4", "webm", "svg", "pdf", "html"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [TEXT, LONG], ids=["short", "long"])
def test_comment_of_every_format_is_found_as_it_was_written(kind, text, write, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(write(kind, text))
    # A page keeps "<" as an escape of JSON, which means the same.
    wanted = text.replace("<", r"\u003c") if kind == "html" else text
    assert read_comment(path) == wanted


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("svg", "pdf", "png")])
def test_text_beyond_latin_is_found_too(kind, write, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(write(kind, START + ',"a":"äλ→𝛼"}'))
    assert read_comment(path).endswith('"äλ→𝛼"}')


@pytest.mark.parametrize("kind", KINDS)
def test_file_without_a_comment_holds_no_recipe(kind, write, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(write(kind, ""))
    assert find_comment(path) is None
    with pytest.raises(ValueError, match=r"a\.bin' holds no recipe\.$"):
        read_comment(path)


@pytest.mark.parametrize("kind", KINDS)
def test_another_comment_is_no_recipe(kind, write, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(write(kind, "Made on a Sunday"))
    assert find_comment(path) is None


def test_other_readers_find_the_comment_in_the_same_place(write, tmp_path):
    for kind in ("gif", "apng", "frame", "png"):
        with Image.open(io.BytesIO(write(kind, LONG))) as image:
            image.load()
            found = image.info["comment"].decode() if kind == "gif" else image.info["Comment"]
        assert found == LONG, kind
    with Image.open(io.BytesIO(write("webp", TEXT))) as image:
        packet = ElementTree.fromstring(image.info["xmp"])
    described = packet.find(".//{http://purl.org/dc/elements/1.1/}description")
    assert "".join(described.itertext()) == TEXT
    av = pytest.importorskip("av")
    for kind in ("mp4", "webm"):
        with av.open(io.BytesIO(write(kind, TEXT))) as container:
            found = {key.lower(): value for key, value in container.metadata.items()}
        assert found["comment"] == TEXT


@pytest.mark.parametrize("loop", [0, 1, 3])
@pytest.mark.parametrize("length", [1, 254, 255, 256, 510, 511, 100_000])
def test_gif_with_a_comment_of_any_length_plays_as_before(loop, length):
    text = "é" + "x" * (length - 1)
    files = [io.BytesIO(), io.BytesIO()]
    for file, comment in zip(files, ("", text), strict=True):
        write_gif(file, stream(comment, loop=loop))
    plain, commented = (file.getvalue() for file in files)
    block = comment_block(text)
    assert commented.replace(block, b"") == plain
    images = [Image.open(file) for file in files]
    assert images[1].info["comment"].decode() == text
    assert [image.info.get("loop") for image in images][0] == images[1].info.get("loop")
    for i in range(3):
        pictures = []
        for image in images:
            image.seek(i)
            pictures.append(np.array(image.convert("RGB")))
        assert np.array_equal(*pictures)


def test_recipe_is_found_behind_other_comments(tmp_path):
    file = io.BytesIO()
    write_gif(file, stream(TEXT))
    content = file.getvalue()
    place = content.find(b"!\xfe")
    other = comment_block("optimized by someone")
    path = tmp_path / "a.gif"
    path.write_bytes(content[:place] + other + content[place:])
    assert read_comment(path) == TEXT
    # And behind all frames, where some programs put it.
    block = comment_block(TEXT)
    path.write_bytes(content.replace(block, b"")[:-1] + other + block + b";")
    assert read_comment(path) == TEXT


def test_file_that_pillow_has_saved_again_keeps_its_recipe(write, tmp_path):
    with Image.open(io.BytesIO(write("gif", TEXT))) as image:
        image.save(tmp_path / "a.gif", save_all=True)
    assert read_comment(tmp_path / "a.gif") == TEXT


@pytest.mark.parametrize("form", ["tEXt", "zTXt", "iTXt", "packed iTXt"])
def test_png_text_in_any_chunk_is_found(form, tmp_path):
    info = PngImagePlugin.PngInfo()
    if "iTXt" in form:
        info.add_itxt("Comment", TEXT + "λ", zip="packed" in form)
    else:
        info.add_text("Comment", TEXT, zip=form == "zTXt")
    info.add_text("Author", START)
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png", pnginfo=info)
    assert read_comment(tmp_path / "a.png").startswith(TEXT)


@pytest.mark.parametrize(
    "string",
    [
        b"({0})",
        b"({0} \\(\\) (in (nested)) \\\\)",
        b"(" + b"".join(b"\\%03o" % c for c in START.encode()) + b"\\\n}})",
        b"<" + START.encode().hex().encode() + b">",
        b"<FEFF\n" + START.encode("utf-16-be").hex().encode() + b">",
        b"(\xfe\xff" + START.encode("utf-16-be") + b")",
    ],
)
def test_pdf_string_is_read_in_all_its_forms(string, tmp_path):
    string = string.replace(b"{0}", START.encode())
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"%x" * 600_000 + b"<</Keywords " + string + b">>")
    assert read_comment(path).startswith(START)
    path.write_bytes(b"%PDF-1.7\n<</Keywords " + string[:-1])
    assert find_comment(path) is None or string.startswith(b"<")


def test_damaged_text_hides_no_other(tmp_path):
    path = tmp_path / "a.png"
    damaged = chunk(b"zTXt", b"Comment\0\0" + b"no zlib data")
    good = chunk(b"tEXt", b"Comment\0" + TEXT.encode("latin-1"))
    path.write_bytes(PNG + damaged + good + chunk(b"IEND", b""))
    assert read_comment(path) == TEXT


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_holds_no_recipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    # Open for reading too, so that nobody waits.
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        os.write(descriptor, b"GIF89a")
        assert find_comment(tmp_path / "pipe") is None
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_and_damaged_files_raise_nothing_else(kind, write, tmp_path):
    content = write(kind, TEXT)
    path = tmp_path / "a.bin"
    chance = random.Random(1)
    for _ in range(60):
        damaged = bytearray(content[: chance.randrange(len(content))])
        for _ in range(chance.randrange(20)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        found = find_comment(path)
        assert found is None or isinstance(found, str)


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    head=st.sampled_from(
        [b"GIF89a" + b"\0" * 7, b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x08ftyp"]
        + [b"\x1aE\xdf\xa3\x80", b"%PDF-1.7", b"<?xml?>", b"<!doctype html>", b""]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_raise_nothing_else(head, rest, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(head + rest)
    assert find_comment(path) is None


PNG, GIF, PDF = b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 7, b"%PDF-1.7"
MP4, WEBM = b"\0\0\0\x08ftyp", b"\x1aE\xdf\xa3\x80"
SEGMENT = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
SCRIPT = b'<script type="application/json" id="recipe">'
ZEROS = b"Comment\0\0" + zlib.compress(b"0" * 50_000_000, 9)
BOMBS = {
    "chunks": (PNG, chunk(b"tEXt", b"Other\0"), 200_000),
    "packed": (PNG + chunk(b"zTXt", ZEROS), chunk(b"IEND", b""), 1),
    "empty boxes": (MP4, b"\0\0\0\x08free", 400_000),
    "nested boxes": (MP4, b"\0\0\0\0moov\0\0\0\0udta", 100_000),
    "nested segments": (WEBM, SEGMENT, 100_000),
    "elements": (WEBM + SEGMENT, b"\xec\x80", 400_000),
    "comments": (GIF, b"!\xfe\x01x\0", 400_000),
    "one long comment": (GIF + b"!\xfe", b"\x01x", 2_000_000),
    "a comment of whole blocks": (GIF + b"!\xfe", b"\xff" + b"x" * 255, 100_000),
    "beyond the bound": (PDF, b"%" * 999 + b"\n", MOST_BYTES // 1000 + 2000),
    "keywords": (PDF, b"/Keywords(", 1_000_000),
    "parentheses": (PDF + b"/Keywords", b"(", 10_000_000),
    "backslashes": (PDF + b"/Keywords(", b"\\", 10_000_000),
    "descriptions": (b"<svg>", b"<dc:description>", 500_000),
    "open descriptions": (b"<svg>", b"<dc:description ", 500_000),
    "blanks": (b"<svg><dc:description>", b" ", 8_000_000),
    "scripts": (b"<html>", SCRIPT, 300_000),
    "angles": (b"<?xml ", b"<", 8_000_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_little_time_and_memory(name, tmp_path):
    path = tmp_path / "a.bin"
    begins, part, count = BOMBS[name]
    path.write_bytes(begins + part * count)
    begin = time.process_time()
    assert find_comment(path) is None
    assert time.process_time() - begin < 2


SMALL = ["packed", "one long comment", "a comment of whole blocks", "backslashes", "scripts"]


@pytest.mark.parametrize("name", SMALL)
def test_bombs_do_not_fill_the_memory(name, tmp_path):
    path = tmp_path / "a.bin"
    begins, part, count = BOMBS[name]
    path.write_bytes(begins + part * count)
    tracemalloc.start()
    find_comment(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_pixels_of_a_huge_file_are_skipped(tmp_path):
    path = tmp_path / "a.mp4"
    text = START.encode() + b"}"

    def box(kind, content):
        return struct.pack(">I4s", 8 + len(content), kind) + content

    comment = box(b"\xa9cmt", box(b"data", b"\0\0\0\x01\0\0\0\0" + text))
    moov = box(b"moov", box(b"udta", box(b"meta", b"\0\0\0\0" + box(b"ilst", comment))))
    size = 5 * MOST_BYTES
    with open(path, "wb") as file:
        file.write(box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"mdat", size + 16))
        file.seek(size, 1)
        file.write(moov)
    assert read_comment(path) == text.decode()


def test_what_is_no_file_is_said_plainly(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        read_comment(tmp_path / "none.gif")
    with pytest.raises(OSError):  # noqa: PT011
        read_comment(tmp_path)
    (tmp_path / "empty").touch()
    assert find_comment(tmp_path / "empty") is None
    (tmp_path / "short").write_bytes(b"GIF8")
    assert find_comment(tmp_path / "short") is None
