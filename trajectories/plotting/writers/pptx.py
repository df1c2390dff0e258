"""PowerPoint decks through python-pptx: a title and beneath it a picture or a movie that plays."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

from trajectories.plotting.decks.media import Media
from trajectories.plotting.writers.slide import Slide, in_one_line
from trajectories.plotting.writers.timing import timing

__all__ = ["PPTX_KINDS", "check_pptx", "write_pptx"]

#: What slide programs show and play, by suffix.
PPTX_KINDS = (".gif", ".png", ".jpg", ".jpeg", ".mp4")

#: Lengths in English Metric Units, as the format counts: 914,400 to the inch, 12,700 to the point.
_INCH, _POINT = 914_400, 12_700
_WIDTH, _HEIGHT = 12_192_000, 6_858_000
_MARGIN = round(0.45 * _INCH)
_TITLE_TOP, _TITLE_HEIGHT = round(0.2 * _INCH), round(0.85 * _INCH)
_TOP, _BOTTOM = round(1.1 * _INCH), round(7.3 * _INCH)
#: Titles of up to so many characters are set in a line of this size in points, longer ones in a
#: smaller one down to the second, or in two lines of the third, or in what space is left.
_FITS, _LARGEST, _IN_A_LINE = 46, 32, 26
_MOST_IN_TWO, _IN_TWO, _SMALLEST = 130, 22, 18
_TITLE_ONLY = 5
#: Office's oldest day, so that a deck of the same files has the same bytes.
_LONG_AGO = datetime.datetime(1980, 1, 1)
#: What the template brings of the machine that it was made on.
_OF_THE_TEMPLATE = re.compile(r"/(extended-properties|thumbnail|printerSettings)$")
#: Further compression gains nothing on these.
_PACKED = (".gif", ".png", ".jpg", ".jpeg", ".mp4")
_GREY = (128, 128, 128)


def check_pptx(media: Media) -> None:
    """Check that slide programs can show what a file holds."""
    if media.kind not in PPTX_KINDS:
        use = ".png" if media.kind == ".svg" else ".gif or .mp4"
        raise ValueError(f"Slides cannot show {media.kind}, as of {str(media.path)!r}: use {use}.")
    if media.kind == ".png" and media.moving:
        raise ValueError(
            f"Slides show only the first frame of an animated PNG, as {str(media.path)!r} is: "
            "use .gif or .mp4."
        )


def write_pptx(file: BinaryIO, slides: Iterable[Slide], *, title: str = "") -> None:
    """Write a deck of 16:9 slides."""
    deck = _new_deck(_pptx(), title)
    for slide in slides:
        _add(deck, slide)
    whole = io.BytesIO()
    deck.save(whole)
    _repack(whole, file)


def _pptx() -> Any:
    try:
        import pptx
    except ImportError:
        raise ImportError(
            'Writing .pptx needs python-pptx: pip install "trajectories[slides]"'
        ) from None
    return pptx


def _new_deck(pptx: Any, title: str) -> Any:
    deck = pptx.Presentation()
    stretch = _WIDTH / deck.slide_width
    deck.slide_width, deck.slide_height = _WIDTH, _HEIGHT
    for size in deck.element.xpath("p:sldSz"):
        size.attrib.pop("type", None)  # It says 4:3.
    for page in (deck.slide_master, *deck.slide_layouts):
        for frame in page.element.xpath(".//a:xfrm"):
            frame.off.x, frame.ext.cx = (
                round(length * stretch) for length in (frame.off.x, frame.ext.cx)
            )
    package = deck.part.package
    for link in list(package.iter_rels()):
        if _OF_THE_TEMPLATE.search(link.reltype):
            ours = deck.part.rels.get(link.rId) is link
            (deck.part if ours else package).drop_rel(link.rId)
    about = deck.core_properties
    about.title = in_one_line(title)
    about.author = about.last_modified_by = about.comments = ""
    about.created = about.modified = _LONG_AGO
    return deck


def _add(deck: Any, slide: Slide) -> None:
    page = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    page.background.fill.solid()
    page.background.fill.fore_color.rgb = _rgb(slide.ground)
    _add_title(page, slide)
    if slide.media.showing == "video":
        shape = _add_movie(page, slide)
    else:
        left, top, width, height = _place(slide.media.size)
        shape = page.shapes.add_picture(io.BytesIO(slide.media.content), left, top, width, height)
    about = shape.element.nvPicPr.cNvPr
    about.set("name", in_one_line(slide.media.path.name))
    about.set("descr", slide.about)
    recipe = ["", *slide.recipe.split("\n")] if slide.recipe else []
    page.notes_slide.notes_text_frame.text = "\n".join([*slide.notes, *recipe])


def _rgb(color: tuple[int, int, int]) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor(*color)


def _add_title(page: Any, slide: Slide) -> None:
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN

    title = page.shapes.title
    title.left, title.top = _MARGIN, _TITLE_TOP
    title.width, title.height = _WIDTH - 2 * _MARGIN, _TITLE_HEIGHT
    frame = title.text_frame
    frame.text = slide.title
    frame.word_wrap = True
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    (paragraph,) = frame.paragraphs
    paragraph.alignment = PP_ALIGN.CENTER
    paragraph.font.size = _points(len(slide.title)) * _POINT
    paragraph.font.color.rgb = _rgb(slide.ink)


def _points(length: int) -> int:
    """Return the font size for a title of so many characters."""
    fits = _LARGEST * _FITS // max(length, _FITS)
    if fits >= _IN_A_LINE:
        return fits
    return _IN_TWO if length <= _MOST_IN_TWO else _SMALLEST


def _place(size: tuple[int, int] | None) -> tuple[int, int, int, int]:
    """Return left, top, width and height of a picture: as large as there is room, in the middle."""
    if size is None:
        raise AssertionError("what slides show has a known size")
    width, height = size
    room = _WIDTH - 2 * _MARGIN, _BOTTOM - _TOP
    scale = min(room[0] / width, room[1] / height)
    across, down = round(width * scale), round(height * scale)
    return (_WIDTH - across) // 2, _TOP + (room[1] - down) // 2, across, down


def _add_movie(page: Any, slide: Slide) -> Any:
    from pptx.oxml import parse_xml

    media = slide.media
    shape = page.shapes.add_movie(
        io.BytesIO(media.content),
        *_place(media.size),
        poster_frame_image=io.BytesIO(_poster(slide)),
        mime_type=media.type,
    )
    # What it brought plays on a click, once.
    (simple,) = page.element.xpath("p:timing")
    page.element.replace(simple, parse_xml(timing(shape.shape_id, media.seconds)))
    return shape


def _poster(slide: Slide) -> bytes:
    """Return what stands for a video, as PNG: a frame, or a plain picture if there is none."""
    from PIL import Image

    still = slide.media.still
    if still is None:
        still = Image.new("RGB", slide.media.size or (16, 9), slide.ground)
        _draw_triangle(still)
    file = io.BytesIO()
    still.save(file, "PNG")
    return file.getvalue()


def _draw_triangle(picture: Any) -> None:
    """Draw the sign for "play" in the middle."""
    from PIL import ImageDraw

    width, height = picture.size
    reach = min(width, height) / 8
    x, y = width / 2, height / 2
    corners = [(x - 0.8 * reach, y - reach), (x - 0.8 * reach, y + reach), (x + reach, y)]
    ImageDraw.Draw(picture).polygon(corners, fill=_GREY)


def _repack(whole: BinaryIO, file: BinaryIO) -> None:
    """Write the parts of an archive once more, without the time of day."""
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            part = zipfile.ZipInfo(name)
            plain = name.endswith(_PACKED)
            part.compress_type = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
            part.create_system = 0  # The same on every system.
            target.writestr(part, source.read(name))
