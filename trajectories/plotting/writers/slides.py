"""Slides: media of a deck, PowerPoint and reveal.js files."""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import os
import re
import struct
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trajectories.checks import suffix
from trajectories.plotting.writers.gif import timing
from trajectories.plotting.writers.metadata import BoundedFile, Cut, boxes

if TYPE_CHECKING:
    from PIL.Image import Image

_VIDEO = b"vide"
#: Fixed-point numbers with 16 bits behind the point.
_FIXED_ONE = 1 << 16
#: Begin and end of the content of a box.
_Part: TypeAlias = tuple[int, int]


class MovieFile(NamedTuple):
    """Size and duration of an MP4."""

    size: tuple[int, int]
    seconds: float


def read_mp4(content: bytes) -> MovieFile:
    """Read the size and duration of an MP4 from its boxes (ISO/IEC 14496-12)."""
    file = BoundedFile(io.BytesIO(content))
    try:
        outer = dict(_inside(file, (0, file.size)))
        if file.position < file.size:
            raise Cut
        if b"ftyp" not in outer:
            raise ValueError("it does not begin as one")
        movie = _inside(file, outer[b"moov"])
        seconds = _seconds(_content(file, dict(movie)[b"mvhd"]))
        for name, track in movie:
            if name == b"trak":
                parts = dict(_inside(file, track))
                handler = _content(file, dict(_inside(file, parts[b"mdia"]))[b"hdlr"])
                # Version and flags, four reserved bytes, then the kind of track.
                if handler[8:12] == _VIDEO and b"mdat" in outer:
                    width, height = struct.unpack(">II", _content(file, parts[b"tkhd"])[-8:])
                    if min(width, height) >= _FIXED_ONE:
                        return MovieFile((width // _FIXED_ONE, height // _FIXED_ONE), seconds)
    except Cut:
        raise ValueError("it is cut off or damaged") from None
    except (KeyError, struct.error):
        raise ValueError("a part of it is missing") from None
    raise ValueError("there are no pictures in it")


def _inside(file: BoundedFile, part: _Part) -> list[tuple[bytes, _Part]]:
    """Return name and content of the boxes of a part."""
    begin, end = part
    file.seek(begin)
    return [(name, (file.position, stop)) for name, stop in boxes(file, end)]


def _content(file: BoundedFile, part: _Part) -> bytes:
    begin, end = part
    file.seek(begin)
    return file.read(end - begin)


def _seconds(header: bytes) -> float:
    """Return the duration in a movie's header; its numbers are longer in version 1."""
    form, start = (">IQ", 20) if header[0] else (">II", 12)
    scale, duration = struct.unpack_from(form, header, start)
    return duration / scale if scale else 0.0


Color = tuple[int, int, int]

#: The media types of a slide, by suffix.
MEDIA_TYPES = {
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".apng": "image/apng",
    ".svg": "image/svg+xml",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".html": "text/html",
}
#: The names of formats in Pillow.
_PILLOW = {"gif": "GIF", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "png": "PNG", "apng": "PNG"}
#: Side of the square in each corner that gives the ground, in pixels.
_CORNER = 4
#: A picture beside a video is its poster if their aspects differ by less.
_ASPECT_TOLERANCE = 0.01
_GIF_END = b";"
_PNG_END = b"IEND\xaeB`\x82"
_WEBM_START = b"\x1a\x45\xdf\xa3"
#: The element with all pictures, and the mark of a length in the next seven bytes; all ones are an
#: unknown length.
_WEBM_SEGMENT = b"\x18\x53\x80\x67\x01"
_UNKNOWN = 2**56 - 1
_SVG_GROUND = re.compile(rb'<g id="patch_1">\s*<path[^>]*?fill: ?(#[0-9a-fA-F]{6})')
_PAGE_GROUND = re.compile(r"--page: ?(#[0-9a-fA-F]{6})")
_PAGE_START = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, eq=False)
class Media:
    """A picture, video or page for a slide."""

    path: Path
    kind: str
    content: bytes = field(repr=False)
    size: tuple[int, int] | None = None
    ground: Color | None = None
    seconds: float = 0.0
    moving: bool = False
    still: Image | None = field(default=None, repr=False)

    @property
    def showing(self) -> str:
        """Return "still" or "moving" for a picture, else "video" or "page"."""
        group = self.type.split("/")[0]
        return {"video": "video", "text": "page"}.get(group, "moving" if self.moving else "still")

    @property
    def type(self) -> str:
        """The media type, such as "image/gif"."""
        return MEDIA_TYPES[self.kind]


def read_media(path: str | os.PathLike[str]) -> Media:
    """Read a picture, a video or a page, and check that it matches its suffix."""
    kind = suffix("kind of picture or video", path, MEDIA_TYPES)
    file = Path(path)
    content = file.read_bytes()
    read = {".mp4": _video, ".webm": _video, ".svg": _drawing, ".html": _page}.get(kind, _picture)
    try:
        about = read(file, content)
    except Exception as error:
        # Readers fail on damaged files in many ways.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{str(file)!r} cannot be read as {kind}: {reason}") from error
    return Media(file, kind, content, **about)


def _picture(path: Path, content: bytes) -> dict[str, Any]:
    import PIL.Image

    kind = _PILLOW[path.suffix.lower()[1:]]
    # No other reader: a file of unknown origin may be of any format.
    with PIL.Image.open(io.BytesIO(content), formats=sorted(set(_PILLOW.values()))) as image:
        if image.format != kind:
            raise ValueError(f"it is {image.format}")
        still = _opaque(image)
        frames = getattr(image, "n_frames", 1)
        if _is_truncated(kind, content):
            raise ValueError("it is cut off")
        if kind == "GIF" and not content.endswith(_GIF_END):
            for frame in range(1, frames):  # Cut off, or with bytes after its end.
                image.seek(frame)
                image.load()
    return {
        "size": still.size,
        "ground": _corner_color(still),
        "moving": frames > 1,
        "still": still,
    }


def _is_truncated(kind: str, content: bytes) -> bool:
    """Return whether the end is missing, where Pillow does not notice it in the first frame."""
    if kind == "WEBP":
        return int.from_bytes(content[4:8], "little") + 8 > len(content)
    return kind == "PNG" and _PNG_END not in content


def _opaque(image: Image) -> Image:
    """Return the first frame of a picture, on white."""
    import PIL.Image

    picture = image.convert("RGBA")
    white = PIL.Image.new("RGBA", picture.size, "white")
    return PIL.Image.alpha_composite(white, picture).convert("RGB")


def _corner_color(image: Image) -> Color:
    """Return the median colour of the corners, as there may be drawing in one of them."""
    pixels: NDArray[np.uint8] = np.asarray(image)
    near, far = slice(None, _CORNER), slice(-_CORNER, None)
    parts = [pixels[rows, columns] for rows in (near, far) for columns in (near, far)]
    red, green, blue = np.median(np.concatenate([part.reshape(-1, 3) for part in parts]), axis=0)
    return round(red), round(green), round(blue)


def _video(path: Path, content: bytes) -> dict[str, Any]:
    about: dict[str, Any] = {}
    if path.suffix.lower() == ".mp4":
        about = read_mp4(content)._asdict()
    else:
        _check_webm(content)
    last = _last_frame(content)
    if last is not None:
        about.setdefault("size", last.size)
    still = _poster_of(path, about.get("size")) or last
    if still is not None:
        about |= {"still": still, "ground": _corner_color(still)}
    return about


def _check_webm(content: bytes) -> None:
    if not content.startswith(_WEBM_START):
        raise ValueError("it does not begin as one")
    _, segment, inner = content.partition(_WEBM_SEGMENT)
    length = int.from_bytes(inner[:7], "big")
    if segment and length != _UNKNOWN and length > len(inner) - 7:
        raise ValueError("it is cut off")


def _poster_of(path: Path, size: tuple[int, int] | None) -> Image | None:
    """Return the poster beside a video, if there is one of the same aspect."""
    for beside in (path.with_suffix(".poster.png"), path.with_suffix(".png")):
        if size is not None and beside.is_file():
            try:
                poster: Image = _picture(beside, beside.read_bytes())["still"]
            except Exception:
                continue  # A frame of the video does as well.
            width, height = poster.size
            if abs(width * size[1] / (height * size[0]) - 1) < _ASPECT_TOLERANCE:
                return poster
    return None


def _last_frame(content: bytes) -> Image | None:
    """Decode a video's last frame; None without PyAV."""
    try:
        import av
    except ImportError:
        return None
    container: Any = av.open(io.BytesIO(content))
    with container:
        if not container.streams.video:
            raise ValueError("there are no pictures in it")
        if container.duration:
            container.seek(container.duration)  # To the last key frame.
        frame = None
        for decoded in container.decode(container.streams.video[0]):
            frame = decoded
        if frame is None:
            raise ValueError("there is no frame in it")
        pixels = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
    import PIL.Image

    return PIL.Image.fromarray(pixels)


def _drawing(path: Path, content: bytes) -> dict[str, Any]:
    if ElementTree.fromstring(content).tag.rpartition("}")[2] != "svg":
        raise ValueError("it is another kind of XML")
    match = _SVG_GROUND.search(content)
    return {"ground": _hex(match[1].decode())} if match else {}


def _page(path: Path, content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8-sig")
    if _PAGE_START.match(text) is None:
        raise ValueError("it is no whole page")
    match = _PAGE_GROUND.search(text)
    return {"ground": _hex(match[1])} if match else {}


def _hex(text: str) -> Color:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


#: Characters outside XML 1.0 and lines of text.
_INVALID = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, eq=False)
class Slide:
    """A title and beneath it a picture, a video or a page."""

    media: Media
    title: str
    notes: tuple[str, ...]
    recipe: str
    about: str
    ground: Color
    ink: Color
    dark: bool


def hexadecimal(color: Color) -> str:
    """Return a colour as six digits."""
    return bytes(color).hex().upper()


def clean(text: str) -> str:
    """Replace invalid characters by U+FFFD."""
    return _INVALID.sub("\ufffd", text)


def in_one_line(text: str) -> str:
    """Clean a text, and replace its line breaks by blanks."""
    return " ".join(clean(text).split())


#: Suffixes for slide programs.
PPTX_KINDS = (".gif", ".png", ".jpg", ".jpeg", ".mp4")

#: Lengths in English Metric Units: 914,400 to the inch, 12,700 to the point.
_INCH, _POINT = 914_400, 12_700
_WIDTH, _HEIGHT = 12_192_000, 6_858_000
_MARGIN = round(0.45 * _INCH)
_TITLE_TOP, _TITLE_HEIGHT = round(0.2 * _INCH), round(0.85 * _INCH)
_TOP, _BOTTOM = round(1.1 * _INCH), round(7.3 * _INCH)
#: A title of up to `_LINE_LENGTH` characters is set in a line of `_LARGEST` points, a longer one in
#: a smaller size down to `_SMALLEST_LINE`, else in two lines, else in the smallest size.
_LINE_LENGTH, _LARGEST, _SMALLEST_LINE = 46, 32, 26
_TWO_LINES_LENGTH, _TWO_LINES, _SMALLEST = 130, 22, 18
_TITLE_ONLY = 5
#: A fixed day, Office's first, so that a deck of the same files has the same bytes.
_CREATED = datetime.datetime(1980, 1, 1)
#: Parts of the template about the machine of its author.
_TEMPLATE_PARTS = re.compile(r"/(extended-properties|thumbnail|printerSettings)$")
#: Files that are compressed already.
_COMPRESSED = (".gif", ".png", ".jpg", ".jpeg", ".mp4")
_GREY = (128, 128, 128)


def check_pptx(media: Media) -> None:
    """Check that slide programs can show a file."""
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
    archive = io.BytesIO()
    deck.save(archive)
    _repack(archive, file)


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
        size.attrib.pop("type", None)  # 4:3.
    for page in (deck.slide_master, *deck.slide_layouts):
        for frame in page.element.xpath(".//a:xfrm"):
            frame.off.x, frame.ext.cx = (
                round(length * stretch) for length in (frame.off.x, frame.ext.cx)
            )
    package = deck.part.package
    for link in list(package.iter_rels()):
        if _TEMPLATE_PARTS.search(link.reltype):
            of_deck = deck.part.rels.get(link.rId) is link
            (deck.part if of_deck else package).drop_rel(link.rId)
    about = deck.core_properties
    about.title = in_one_line(title)
    about.author = about.last_modified_by = about.comments = ""
    about.created = about.modified = _CREATED
    return deck


def _add(deck: Any, slide: Slide) -> None:
    page = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    page.background.fill.solid()
    page.background.fill.fore_color.rgb = _rgb(slide.ground)
    _add_title(page, slide)
    if slide.media.showing == "video":
        shape = _add_movie(page, slide)
    else:
        left, top, width, height = _fitted_box(slide.media.size)
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
    fits = _LARGEST * _LINE_LENGTH // max(length, _LINE_LENGTH)
    if fits >= _SMALLEST_LINE:
        return fits
    return _TWO_LINES if length <= _TWO_LINES_LENGTH else _SMALLEST


def _fitted_box(size: tuple[int, int] | None) -> tuple[int, int, int, int]:
    """Return left, top, width and height of a picture: as large as possible, in the middle."""
    if size is None:
        raise AssertionError("what slides show has a known size")
    width, height = size
    most = _WIDTH - 2 * _MARGIN, _BOTTOM - _TOP
    scale = min(most[0] / width, most[1] / height)
    w, h = round(width * scale), round(height * scale)
    return (_WIDTH - w) // 2, _TOP + (most[1] - h) // 2, w, h


def _add_movie(page: Any, slide: Slide) -> Any:
    from pptx.oxml import parse_xml

    media = slide.media
    shape = page.shapes.add_movie(
        io.BytesIO(media.content),
        *_fitted_box(media.size),
        poster_frame_image=io.BytesIO(_poster(slide)),
        mime_type=media.type,
    )
    # The timing of python-pptx plays on a click, once.
    (simple,) = page.element.xpath("p:timing")
    page.element.replace(simple, parse_xml(timing(shape.shape_id, media.seconds)))
    return shape


def _poster(slide: Slide) -> bytes:
    """Return the poster of a video as PNG: a frame, or a plain picture if there is none."""
    from PIL import Image

    still = slide.media.still
    if still is None:
        still = Image.new("RGB", slide.media.size or (16, 9), slide.ground)
        _draw_triangle(still)
    file = io.BytesIO()
    still.save(file, "PNG")
    return file.getvalue()


def _draw_triangle(picture: Any) -> None:
    """Draw the play symbol in the middle."""
    from PIL import ImageDraw

    width, height = picture.size
    size = min(width, height) / 8
    x, y = width / 2, height / 2
    corners = [(x - 0.8 * size, y - size), (x - 0.8 * size, y + size), (x + size, y)]
    ImageDraw.Draw(picture).polygon(corners, fill=_GREY)


def _repack(archive: BinaryIO, file: BinaryIO) -> None:
    """Copy the parts of an archive without times."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            part = zipfile.ZipInfo(name)
            stored = name.endswith(_COMPRESSED)
            part.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            part.create_system = 0  # The same on every system.
            target.writestr(part, source.read(name))


_COMMENT = """\
<!-- Slides for reveal.js: paste all of this between <div class="slides"> and its </div>.
     Nothing is loaded from elsewhere. Opened by itself, the file shows the slides and their notes
     one below the other. -->
"""
#: For a file opened by itself: in a deck the sections are no children of the body.
_STANDALONE = """\
<style>
body > section.trajectories { font-family: Verdana, system-ui, sans-serif; margin: 0 0 2em;
  text-align: center; background: var(--ground); padding: 1em }
body > section.trajectories > .r-stretch { height: 68vh; max-width: 100% }
body > section.trajectories > iframe { width: 100% }
body > section.trajectories > .notes { color: var(--ink); text-align: left; max-width: 60em;
  margin: 1em auto }
body > section.trajectories pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style>
"""
_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
_DARK_QUERY = "@media (prefers-color-scheme: dark)"
_HEADING = "font-size: {size}em; text-transform: none; margin: 0 0 0.4em; color: var(--ink)"
#: Titles of up to so many characters have the first size.
_SHORT = 40
_SIZES = (1.2, 0.8)


def reveal_html(slides: Iterable[Slide]) -> str:
    """Return slides as HTML to be pasted into a reveal.js deck."""
    text = _COMMENT + _STANDALONE + "\n".join(map(_section, slides)) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode()


def write_reveal(file: BinaryIO, slides: Iterable[Slide]) -> None:
    """Write slides as HTML to a file."""
    file.write(reveal_html(slides).encode("ascii"))


def _section(slide: Slide) -> str:
    ground, ink = (f"#{hexadecimal(color)}" for color in (slide.ground, slide.ink))
    size = min(max(_SIZES[0] * _SHORT / max(len(slide.title), 1), _SIZES[1]), _SIZES[0])
    heading = _HEADING.format(size=round(size, 2))
    notes = "".join(f"<p>{escape(line)}</p>" for line in slide.notes)
    recipe = f"<pre>{escape(slide.recipe)}</pre>" if slide.recipe else ""
    return (
        f'<section class="trajectories" data-background-color="{ground}"'
        f' style="--ground: {ground}; --ink: {ink}">\n'
        f'<h2 style="{heading}">{escape(slide.title)}</h2>\n'
        f"{_media_element(slide)}\n"
        f'<aside class="notes">{notes}{recipe}</aside>\n'
        "</section>"
    )


def _media_element(slide: Slide) -> str:
    """Return the element that shows the media."""
    media = slide.media
    about = escape(slide.about)
    if media.showing == "page":
        scheme = "dark" if slide.dark else "light"
        page = escape(_with_scheme(media.content.decode("utf-8-sig"), scheme))
        return (
            f'<iframe class="r-stretch" data-autoplay title="{about}" src="about:blank"'
            f' sandbox="allow-scripts" style="border: 0; color-scheme: {scheme}"'
            f' srcdoc="{page}"></iframe>'
        )
    size = ' width="{}" height="{}"'.format(*media.size) if media.size else ""
    source = f"data:{media.type};base64,{base64.b64encode(media.content).decode('ascii')}"
    if media.showing == "video":
        return (
            f'<video class="r-stretch" data-autoplay muted loop playsinline controls{size}'
            f' aria-label="{about}" style="object-fit: contain" src="{source}"></video>'
        )
    return f'<img class="r-stretch"{size} alt="{about}" style="object-fit: contain" src="{source}">'


def _with_scheme(page: str, scheme: str) -> str:
    """Fix a page to light or dark, as a slide has one ground."""
    match = _STYLE.search(page)
    if match is None or _DARK_QUERY not in match[1] or _digest(match[1]) not in page:
        return page
    style = match[1].replace(_DARK_QUERY, "@media all" if scheme == "dark" else "@media not all")
    style = style.replace("color-scheme: light dark", f"color-scheme: {scheme}")
    document = page[: match.start(1)] + style + page[match.end(1) :]
    return document.replace(_digest(match[1]), _digest(style))


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
