"""Decks: what is asked for, and PowerPoint files as python-pptx reads them."""

import io
import re
import struct
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.plotting.reading import NIGHT, RECIPE
from trajectories import deck

PAPER = (255, 255, 255)
NOTES = [
    "Surface: Bowl, f(x, y) = x**2/20 + y**2",
    "SGD: lr = 0.95",
    "<Adam> & co: lr = 0.3",
    "Start: (-7, 2)",
    "Steps: 30",
]
INCH = 914_400


@pytest.fixture(scope="module")
def pptx():
    return pytest.importorskip("pptx", reason="python-pptx reads and writes decks")


@pytest.fixture
def shown(album, pptx, tmp_path):
    """Return a function that makes a deck of files of the album, and reads it."""

    def make(*names, **options):
        path = deck([album / name for name in names], tmp_path / "talk.pptx", **options)
        return pptx.Presentation(str(path))

    return make


def picture(slide):
    (found,) = [shape for shape in slide.shapes if not shape.is_placeholder]
    return found


def background(slide):
    return tuple(slide.background.fill.fore_color.rgb)


def ink(slide):
    (paragraph,) = slide.shapes.title.text_frame.paragraphs
    return tuple(paragraph.font.color.rgb)


@pytest.fixture(scope="module")
def talk(album, pptx, tmp_path_factory):
    """A deck of all that PowerPoint shows: the file, and the slides by the names of files."""
    path = tmp_path_factory.mktemp("talk") / "talk.pptx"
    names = ["zigzag.gif", "race.mp4", "tall.png", "tall.jpg"]
    deck([album / name for name in names], path)
    read = pptx.Presentation(str(path))
    assert [picture(slide).name for slide in read.slides] == names
    return path, read, dict(zip(names, read.slides, strict=True))


@pytest.mark.parametrize(
    ("name", "aspect"), [("zigzag.gif", 80 / 60), ("race.mp4", 120 / 54), ("tall.png", 0.5)]
)
def test_picture_is_as_large_as_there_is_room_and_keeps_its_shape(name, aspect, talk):
    _, read, slides = talk
    assert (read.slide_width, read.slide_height) == (12_192_000, 6_858_000)
    shape, title = picture(slides[name]), slides[name].shapes.title
    assert shape.width / shape.height == pytest.approx(aspect, rel=1e-5)
    assert shape.top >= title.top + title.height
    left, right = shape.left, read.slide_width - shape.left - shape.width
    above = shape.top - title.top - title.height
    below = read.slide_height - shape.top - shape.height
    assert abs(left - right) <= 2
    assert min(left, right) >= 0.4 * INCH
    assert min(left, right) < 0.5 * INCH or above + below < 0.4 * INCH
    assert below >= 0.15 * INCH


def test_media_in_the_deck_are_the_files_byte_for_byte(talk, album):
    path, _, slides = talk
    for name in ("zigzag.gif", "tall.png", "tall.jpg"):
        assert picture(slides[name]).image.blob == (album / name).read_bytes()
        assert slides[name].element.xpath("p:timing") == []
    movie = picture(slides["race.mp4"])
    assert movie.media_type.name == "MOVIE"
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".mp4")]
        assert archive.read(name) == (album / "race.mp4").read_bytes()
        assert b'ContentType="video/mp4"' in archive.read("[Content_Types].xml")
    poster = movie.poster_frame
    assert (poster.content_type, poster.size) == ("image/png", (120, 54))


def test_movie_plays_by_itself_and_again_and_pauses_on_a_click(talk):
    slide = talk[2]["race.mp4"]
    find = slide.element.xpath
    movie = str(picture(slide).shape_id)
    assert len(find("p:timing")) == 1
    play = './/p:seq[p:cTn/@nodeType="mainSeq"]//p:cmd[@cmd="playFrom(0.0)"]'
    assert find(f"{play}//p:cTn/@dur") == ["800"]
    assert find(f'{play}/ancestor::p:cTn[@presetClass="mediacall"]/@nodeType') == ["afterEffect"]
    assert find('.//p:cond[@evt="onBegin"]/p:tn/@val') == find('.//p:cTn[@nodeType="mainSeq"]/@id')
    assert find(".//p:video/p:cMediaNode/p:cTn/@repeatCount") == ["indefinite"]
    assert len(find('.//p:seq[p:cTn/@nodeType="interactiveSeq"]//p:cmd[@cmd="togglePause"]')) == 1
    assert set(find(".//p:spTgt/@spid")) == {movie}
    numbers = find(".//p:cTn/@id")
    assert numbers == [str(i + 1) for i in range(len(numbers))]
    # The schema wants the parts of a slide in this order.
    parts = [child.tag.rpartition("}")[2] for child in slide.element]
    assert parts == ["cSld", "clrMapOvr", "timing"]


@pytest.mark.parametrize("name", ["zigzag.gif", "race.mp4"])
def test_title_notes_and_alternative_text_come_from_the_recipe(name, talk):
    slide = talk[2][name]
    assert slide.shapes.title.text_frame.text == "Bowl: SGD, <Adam> & co"
    notes = slide.notes_slide.notes_text_frame.text.split("\n")
    assert notes == [name, *NOTES, "", RECIPE]
    kind = {"zigzag.gif": "Moving picture", "race.mp4": "Video"}[name]
    about = picture(slide).element.nvPicPr.cNvPr.get("descr")
    assert about.startswith(f"{kind}: the paths of SGD, <Adam> & co over the contours of f(x, y)")


def test_slides_have_the_grounds_of_their_pictures_and_ink_that_stands_out(talk):
    light, video, dark, _ = talk[2].values()
    assert (background(light), background(dark)) == (PAPER, NIGHT)
    assert np.abs(np.subtract(background(video), NIGHT)).max() <= 2
    assert sum(ink(light)) < 150 < 600 < sum(ink(dark)) == sum(ink(video))
    for slide in talk[2].values():  # No box is left to be filled.
        assert [shape.placeholder_format.type.name for shape in slide.placeholders] == ["TITLE"]
        assert slide.shapes.title.text_frame.text


@pytest.mark.parametrize(("theme", "ground"), [("light", PAPER), ("Slides dark", NIGHT)])
def test_theme_gives_all_slides_one_ground(theme, ground, shown):
    for slide in shown("zigzag.gif", "tall.png", theme=theme).slides:
        assert background(slide) == ground
        assert (sum(ink(slide)) < 150) == (ground == PAPER)


def test_titles_that_are_given_are_taken(shown):
    talk = shown("zigzag.gif", "tall.png", titles=[None, "A & <b>\n\x0b\x1b wall"])
    titles = [slide.shapes.title.text_frame.text for slide in talk.slides]
    assert titles == ["Bowl: SGD, <Adam> & co", "A & <b> \ufffd\ufffd wall"]


@pytest.mark.parametrize(("length", "points"), [(46, 32), (50, 29), (200, 18)])
def test_long_titles_are_set_smaller(length, points, shown):
    (slide,) = shown("tall.png", titles="x" * length).slides
    assert slide.shapes.title.text_frame.paragraphs[0].font.size.pt == points


def test_names_that_xml_cannot_hold_are_no_harm(pptx, tmp_path):
    files = [tmp_path / "\x01&<\n.png", tmp_path / "\udcff.png"]
    for file in files:
        try:
            Image.new("RGB", (20, 20)).save(file)
        except OSError:
            pytest.skip("no such names here")
    talk = pptx.Presentation(str(deck(files, tmp_path / "\x02.pptx")))
    assert [picture(slide).name for slide in talk.slides] == ["\ufffd&< .png", "\ufffd.png"]
    deck(files, tmp_path / "talk.html")


def test_title_can_be_read_on_any_ground(pptx, tmp_path):
    greys = range(0, 256, 51)
    files = [tmp_path / f"{grey}.png" for grey in greys]
    for grey, file in zip(greys, files, strict=True):
        Image.new("RGB", (20, 20), (grey, grey, grey)).save(file)

    def light(color):
        linear = [(c / 255 + 0.055) / 1.055 for c in color]
        linear = [c**2.4 if 255 * c > 10.3 else c / 13.7 for c in linear]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    for slide in pptx.Presentation(str(deck(files, tmp_path / "a.pptx"))).slides:
        one, other = sorted([light(background(slide)), light(ink(slide))])
        assert (other + 0.05) / (one + 0.05) > 3  # WCAG 2, large type.


def test_same_files_give_the_same_bytes_which_tell_nothing_of_the_machine(talk, album, tmp_path):
    path, read, slides = talk
    again = deck([album / name for name in slides], tmp_path / "talk.pptx")
    assert again.read_bytes() == path.read_bytes()
    about = read.core_properties
    assert about.title == "talk"
    told = (about.author, about.last_modified_by, about.comments, about.keywords)
    assert told == ("", "", "", "")
    assert about.created.year == about.modified.year == 1980
    with zipfile.ZipFile(path) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = archive.namelist()
        assert names[0] == "[Content_Types].xml"
        assert archive.testzip() is None
        text = b"".join(archive.read(name) for name in names if name.endswith((".xml", ".rels")))
    assert "ppt/viewProps.xml" in names
    assert not [n for n in names if re.search("printer|thumbnail|docProps/app", n)]
    for word in (b"Steve", b"Macintosh", b"python-pptx", str(path.parent).encode(), b"4x3"):
        assert word not in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("drawing.svg", "Slides cannot show .svg, as of .*drawing.svg': use .png"),
        ("tall.webp", "Slides cannot show .webp, as of .*: use .gif or .mp4"),
        ("moving.apng", "Slides cannot show .apng, .*: use .gif or .mp4"),
        ("moving.png", "only the first frame of an animated PNG, as .*moving.png' is: use .gif"),
    ],
)
def test_what_powerpoint_cannot_show_is_refused_with_what_it_can(name, words, album, tmp_path):
    with pytest.raises(ValueError, match=words):
        deck([album / "zigzag.gif", album / name], tmp_path / "talk.pptx")
    assert not list(tmp_path.iterdir())


def test_without_pyav_a_plain_picture_stands_for_a_movie(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (slide,) = shown("race.mp4", theme="dark").slides
    poster = Image.open(io.BytesIO(picture(slide).poster_frame.blob))
    assert poster.size == (120, 54)
    assert poster.getpixel((0, 0)) == NIGHT
    assert poster.getpixel((60, 27)) == (128, 128, 128)
    (dark,) = shown("race.mp4").slides
    assert background(dark) == PAPER


def test_missing_python_pptx_is_one_line_that_says_how_to_get_it(album, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(ImportError) as caught:
        deck([album / "tall.png"], tmp_path / "talk.pptx")
    wanted = 'Writing .pptx needs python-pptx: pip install "trajectories[slides]"'
    assert str(caught.value) == wanted
    assert not list(tmp_path.iterdir())
    deck([album / "tall.png"], tmp_path / "talk.html")


@pytest.mark.parametrize(
    ("files", "path", "options", "error", "words"),
    [
        ([], "a.pptx", {}, ValueError, r"`files` must be at least one path\. Got \[\]"),
        (None, "a.pptx", {}, TypeError, "`files` must be a path or several. Got None"),
        (["tall.png"], "a.odp", {}, ValueError, r"format of a deck '\.odp'.*\.pptx, \.html"),
        (["a.mpg"], "a.pptx", {}, ValueError, r"Unknown kind of picture or video '\.mpg'"),
        (["none.gif"], "a.pptx", {}, FileNotFoundError, "none.gif"),
        (["tall.png"], "a.pptx", {"theme": "drak"}, ValueError, "Did you mean 'dark'"),
        (["tall.png"], "a.pptx", {"titles": []}, ValueError, "must be as many as the files, 1"),
        (["tall.png"], "a.html", {"titles": [3]}, TypeError, "`titles` must be texts. Got 3"),
        (["tall.png", "page.html"], "page.html", {}, ValueError, "`path` must be another file"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_written(
    files, path, options, error, words, album, pptx, monkeypatch
):
    monkeypatch.chdir(album)
    before = {file: file.read_bytes() for file in album.iterdir()}
    with pytest.raises(error, match=words) as caught:
        deck(files, path, **options)
    assert "\n" not in str(caught.value)
    assert {file: file.read_bytes() for file in album.iterdir()} == before


# --- the head of an MP4 says its size and time


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


BODY = movie()[:-8]


@pytest.mark.parametrize(
    "content",
    [
        movie(version=0),
        movie(version=1, order=(b"ftyp", b"mdat", b"moov")),
        # The last box may go on to the end, and long boxes have long lengths.
        BODY + struct.pack(">I4s", 0, b"mdat") + b"pixels",
        BODY + struct.pack(">I4sQ", 1, b"mdat", 22) + b"pixels",
    ],
)
def test_head_of_an_mp4_says_its_size_and_time(content, pptx, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.mp4").write_bytes(content)
    (slide,) = pptx.Presentation(str(deck(tmp_path / "a.mp4", tmp_path / "a.pptx"))).slides
    assert picture(slide).width / picture(slide).height == pytest.approx(640 / 360, rel=1e-5)
    assert slide.element.xpath('.//p:cmd[@cmd="playFrom(0.0)"]//p:cTn/@dur') == ["2500"]


@pytest.mark.parametrize(
    "content",
    [
        movie(handler=b"soun"),
        movie(order=(b"ftyp", b"moov")),
        movie()[:-1],
        movie() + struct.pack(">I4s", 4, b"free"),
        box(b"ftyp") + box(b"moov", box(b"mvhd", b"\0" * 4)),
        struct.pack(">I4s", 2**31, b"moov"),
    ],
)
def test_what_is_no_whole_movie_is_refused(content, tmp_path):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"a\.mp4' cannot be read as \.mp4: (it |there are|a part)"
    ):
        deck(tmp_path / "a.mp4", tmp_path / "a.html")
