"""Files for slides: their sizes and grounds, and which are refused."""

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from trajectories import compare
from trajectories.plotting.canvas import save_figure
from trajectories.plotting.plots import plot_overlay
from trajectories.plotting.scene import Scene
from trajectories.plotting.writers.formats import write_mp4, write_webm
from trajectories.plotting.writers.gif import Stream
from trajectories.plotting.writers.page import looks_for, page_html
from trajectories.plotting.writers.slides import MEDIA_TYPES, read_media, read_mp4

NIGHT = (17, 22, 29)
PILLOW = {".gif": "GIF", ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def frames(count=3, size=(96, 54), ground=NIGHT):
    """Return pictures in which a bar goes across a ground; it never touches three corners."""
    found = []
    for i in range(count):
        pixels = np.full((size[1], size[0], 3), ground, np.uint8)
        pixels[:20, 10 + 5 * i :][:, :8] = (255, 138, 61)
        found.append(Image.fromarray(pixels))
    return found


def saved(path, count=1, **options):
    first, *others = frames(count)
    kind = PILLOW.get(path.suffix, "PNG")
    more = {"save_all": True, "append_images": others, "duration": 100} if others else {}
    first.save(path, kind, **more, **options)
    return path


def video(path, count=4, fps=10.0):
    pictures = [np.dstack([np.asarray(f), np.full((54, 96), 255, np.uint8)]) for f in frames(count)]
    stream = Stream(lambda step: np.ascontiguousarray(pictures[step]), (96, 54), range(count), fps)
    with open(path, "wb") as file:
        {".mp4": write_mp4, ".webm": write_webm}[path.suffix](file, stream)
    return path


@pytest.fixture(scope="module")
def av():
    return pytest.importorskip("av", reason="PyAV writes the videos")


@pytest.mark.parametrize("suffix", [".gif", ".png", ".jpg", ".jpeg", ".webp", ".apng"])
@pytest.mark.parametrize("count", [1, 3])
def test_picture_is_known_by_size_ground_and_motion(suffix, count, tmp_path):
    moving = count > 1 and suffix not in (".jpg", ".jpeg")
    media = read_media(saved(tmp_path / f"a{suffix}", count if moving else 1))
    assert media.size == (96, 54)
    assert np.abs(np.subtract(media.ground, NIGHT)).max() <= 3
    assert media.type == MEDIA_TYPES[suffix]
    assert media.showing == ("moving" if moving else "still")
    assert media.content == (tmp_path / f"a{suffix}").read_bytes()


def test_what_one_sees_through_is_white(tmp_path):
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert read_media(tmp_path / "a.png").ground == (255, 255, 255)


def test_picture_smaller_than_its_corners_has_a_ground(tmp_path):
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png")
    assert read_media(tmp_path / "a.png").ground == (1, 2, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_video_is_known_by_its_last_frame(suffix, tmp_path, av):
    media = read_media(video(tmp_path / f"a{suffix}", count=40))
    assert media.size == (96, 54)
    assert np.abs(np.subtract(media.ground, NIGHT)).max() <= 2
    assert media.showing == "video"
    wanted = np.asarray(frames(40)[-1]).astype(float)
    assert np.abs(np.asarray(media.still) - wanted).mean() < 5
    if suffix == ".mp4":
        assert media.seconds == pytest.approx(4.0)


@pytest.mark.parametrize("name", ["a.poster.png", "a.png"])
def test_poster_beside_a_video_stands_for_it(name, tmp_path, av):
    path = video(tmp_path / "a.mp4")
    Image.new("RGB", (192, 108), (9, 8, 7)).save(tmp_path / name)
    media = read_media(path)
    assert media.still.size == (192, 108)
    assert media.ground == (9, 8, 7)
    assert media.size == (96, 54)


def test_picture_beside_a_video_that_has_another_shape_is_none_of_its_own(tmp_path, av):
    path = video(tmp_path / "a.mp4")
    Image.new("RGB", (100, 100), "red").save(tmp_path / "a.png")
    (tmp_path / "a.poster.png").write_bytes(b"no picture")
    assert read_media(path).still.size == (96, 54)


def test_without_pyav_a_video_has_its_size_and_no_picture(tmp_path, av, monkeypatch):
    paths = [video(tmp_path / "a.mp4"), video(tmp_path / "a.webm")]
    monkeypatch.setitem(sys.modules, "av", None)
    mp4, webm = map(read_media, paths)
    assert (mp4.size, mp4.still, mp4.ground) == ((96, 54), None, None)
    assert mp4.seconds == pytest.approx(0.4)
    assert (webm.size, webm.still) == (None, None)


@pytest.mark.parametrize(("theme", "ground"), [(None, (255, 255, 255)), ("dark", NIGHT)])
def test_drawing_and_page_have_the_ground_of_their_figure(theme, ground, tmp_path):
    paths = compare("x**2/20 + y**2", ["sgd:0.95"], start=(-7, 2), steps=5)
    save_figure(plot_overlay(paths, theme=theme), tmp_path / "a.svg")
    page = page_html(Scene.of(paths, aspect=1.44), looks=looks_for(theme))
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    assert read_media(tmp_path / "a.svg").ground == ground
    assert read_media(tmp_path / "a.html").ground == ground
    assert read_media(tmp_path / "a.html").showing == "page"


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE html><p>x",
        "<!-- made\nby hand --> <html lang=en>",
        "\ufeff<!doctype HTML>",
        " \n<HTML>",
    ],
)
def test_page_of_any_make_is_a_page(content, tmp_path):
    (tmp_path / "a.html").write_text(content, encoding="utf-8")
    assert read_media(tmp_path / "a.html").ground is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gif", b""),
        ("a.gif", b"GIF89a"),
        ("a.png", b"\x89PNG\r\n\x1a\nand no more"),
        ("a.jpg", b"text"),
        ("a.webp", b"RIFF\x00\x00\x00\x00WEBP"),
        ("a.mp4", b""),
        ("a.mp4", b"text"),
        ("a.mp4", struct.pack(">I4sI", 12, b"ftyp", 0)),
        ("a.mp4", struct.pack(">I4s", 2**31, b"moov")),
        ("a.webm", b"text"),
        ("a.webm", b"\x1a\x45\xdf\xa3and no more"),
        ("a.svg", b"<svg"),
        ("a.svg", b"<html></html>"),
        ("a.html", b"<p>part of a page</p>"),
        ("a.html", b"<html>\xff\xfe"),
    ],
)
def test_damaged_file_is_refused_by_name(name, content, tmp_path, av):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.\w+' cannot be read as \.\w+: \S") as caught:
        read_media(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.jpg", "a.webp", "a.mp4", "a.webm"])
@pytest.mark.parametrize("part", [0.3, 0.8])
def test_file_that_was_cut_off_is_refused(name, part, tmp_path, av):
    path = tmp_path / name
    if path.suffix in (".mp4", ".webm"):
        content = video(path, 40).read_bytes()
    else:
        content = saved(path, 1 if path.suffix == ".jpg" else 5).read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match="cannot be read"):
        read_media(path)


def test_gif_with_something_behind_its_end_is_a_gif(tmp_path):
    path = saved(tmp_path / "a.gif", 5)
    path.write_bytes(path.read_bytes() + b"\0\0")
    assert read_media(path).moving


def test_webm_whose_length_was_not_known_is_a_webm(tmp_path, av):
    path = video(tmp_path / "a.webm")
    content = bytearray(path.read_bytes())
    at = content.index(b"\x18\x53\x80\x67") + 4
    assert content[at] == 1
    content[at : at + 8] = b"\x01" + b"\xff" * 7
    path.write_bytes(content)
    assert read_media(path).size == (96, 54)


def test_suffix_must_tell_the_truth(tmp_path):
    saved(tmp_path / "a.png").rename(tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"a\.gif' cannot be read as \.gif: it is PNG"):
        read_media(tmp_path / "a.gif")


def test_unknown_suffix_and_missing_file_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"Unknown kind of picture or video '\.mpg'.*'\.png'|Known"
    ):
        read_media("a.mpg")
    with pytest.raises(FileNotFoundError):
        read_media(tmp_path / "none.gif")


def box(name, content=b""):
    return struct.pack(">I4s", 8 + len(content), name) + content


def movie(*, version=0, handler=b"vide", size=(640, 360), order=(b"ftyp", b"moov", b"mdat")):
    """Return a small MP4 whose head says what is asked for."""
    times = (">4x16xIQ", 1000, 2500) if version else (">4x8xII", 1000, 2500)
    header = bytearray(struct.pack(*times))
    header[0] = version
    track = b"\0" * 76 + struct.pack(">II", size[0] << 16, size[1] << 16)
    media = box(b"hdlr", b"\0" * 8 + handler + b"\0" * 12)
    inner = box(b"mvhd", bytes(header)) + box(b"trak", box(b"tkhd", track) + box(b"mdia", media))
    parts = {b"ftyp": box(b"ftyp", b"isom"), b"moov": box(b"moov", inner), b"mdat": box(b"mdat")}
    return b"".join(parts[name] for name in order)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("order", [(b"ftyp", b"moov", b"mdat"), (b"ftyp", b"mdat", b"moov")])
def test_head_of_an_mp4_says_its_size_and_time(version, order):
    assert read_mp4(movie(version=version, order=order)) == ((640, 360), 2.5)


def test_last_box_may_go_on_to_the_end_and_long_boxes_have_long_lengths():
    content = movie()
    assert read_mp4(content[:-8] + struct.pack(">I4s", 0, b"mdat") + b"pixels").size == (640, 360)
    long = struct.pack(">I4sQ", 1, b"mdat", 22) + b"pixels"
    assert read_mp4(content[:-8] + long).size == (640, 360)


@pytest.mark.parametrize(
    "content",
    [
        movie(handler=b"soun"),
        movie(size=(0, 0)),
        movie(order=(b"moov", b"mdat")),
        movie(order=(b"ftyp", b"mdat")),
        movie(order=(b"ftyp", b"moov")),
        movie()[:-1],
        movie() + b"x",
        movie() + struct.pack(">I4s", 4, b"free"),
        box(b"ftyp") + box(b"moov", box(b"mvhd", b"\0" * 4)),
    ],
)
def test_what_is_no_whole_movie_is_refused(content):
    with pytest.raises(ValueError, match=r"it |there are|a part"):
        read_mp4(content)


def test_size_of_a_written_mp4_is_what_a_decoder_says(tmp_path, av):
    content = video(tmp_path / "a.mp4").read_bytes()
    with av.open(io.BytesIO(content)) as container:
        stream = container.streams.video[0]
        assert read_mp4(content).size == (stream.width, stream.height)
        assert read_mp4(content).seconds == pytest.approx(container.duration / av.time_base)


def test_sound_alone_is_no_video(tmp_path, av):
    path = tmp_path / "a.webm"
    with av.open(str(path), "w", format="webm") as container:
        try:
            sound = container.add_stream("libopus", rate=48_000)
        except Exception:
            pytest.skip("this PyAV codes no sound for a WebM")
        sound.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), "s16", "mono")
        frame.sample_rate = 48_000
        for packet in (*sound.encode(frame), *sound.encode(None)):
            container.mux(packet)
    words = r"a\.webm' cannot be read as \.webm: there are no pictures in it"
    with pytest.raises(ValueError, match=words):
        read_media(path)
