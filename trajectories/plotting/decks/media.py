"""Pictures, videos and pages as files: what they hold, checked, and what they look like."""

from __future__ import annotations

import io
import os
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.names import suffix
from trajectories.plotting.decks.mp4 import read_mp4

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MEDIA_TYPES", "Color", "Media", "read_media"]

Color = tuple[int, int, int]

#: What can be shown, and what a browser calls it, by suffix.
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
#: What Pillow calls them.
_PILLOW = {"gif": "GIF", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "png": "PNG", "apng": "PNG"}
#: The side of the square that is looked at in each corner, in pixels.
_CORNER = 4
#: A picture beside a video is taken for its poster if width over height differ by less.
_ALIKE = 0.01
_GIF_END = b";"
_PNG_END = b"IEND\xaeB`\x82"
_WEBM_START = b"\x1a\x45\xdf\xa3"
#: The part that holds all pictures, and the mark of a length in the next seven bytes; all ones
#: stand for a length that was not known.
_WEBM_SEGMENT = b"\x18\x53\x80\x67\x01"
_UNKNOWN = 2**56 - 1
_SVG_GROUND = re.compile(rb'<g id="patch_1">\s*<path[^>]*?fill: ?(#[0-9a-fA-F]{6})')
_PAGE_GROUND = re.compile(r"--page: ?(#[0-9a-fA-F]{6})")
_PAGE_START = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, eq=False)
class Media:
    """What a file holds that can be put on a slide."""

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
        """What it shows: "still" or "moving" if it is a picture, else "video" or "page"."""
        group = self.type.split("/")[0]
        return {"video": "video", "text": "page"}.get(group, "moving" if self.moving else "still")

    @property
    def type(self) -> str:
        """The media type, such as "image/gif"."""
        return MEDIA_TYPES[self.kind]


def read_media(path: str | os.PathLike[str]) -> Media:
    """Read a picture, a video or a page, and check that it is what its suffix says."""
    kind = suffix("kind of picture or video", path, MEDIA_TYPES)
    file = Path(path)
    content = file.read_bytes()
    read = {".mp4": _video, ".webm": _video, ".svg": _drawing, ".html": _page}.get(kind, _picture)
    try:
        about = read(file, content)
    except Exception as error:
        # A damaged file fails in as many ways as its readers know.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{str(file)!r} cannot be read as {kind}: {reason}") from error
    return Media(file, kind, content, **about)


def _picture(path: Path, content: bytes) -> dict[str, Any]:
    import PIL.Image

    kind = _PILLOW[path.suffix.lower()[1:]]
    # No other reader is let near: a file from a stranger may claim to be anything.
    with PIL.Image.open(io.BytesIO(content), formats=sorted(set(_PILLOW.values()))) as image:
        if image.format != kind:
            raise ValueError(f"it is {image.format}")
        still = _opaque(image)
        frames = getattr(image, "n_frames", 1)
        if _is_cut(kind, content):
            raise ValueError("it is cut off")
        if kind == "GIF" and not content.endswith(_GIF_END):
            for frame in range(1, frames):  # It is cut off, or there is more behind its end.
                image.seek(frame)
                image.load()
    return {
        "size": still.size,
        "ground": _corners(still),
        "moving": frames > 1,
        "still": still,
    }


def _is_cut(kind: str, content: bytes) -> bool:
    """Tell whether a picture lacks its end, where Pillow does not see it in the first frame."""
    if kind == "WEBP":
        return int.from_bytes(content[4:8], "little") + 8 > len(content)
    return kind == "PNG" and _PNG_END not in content


def _opaque(image: Image) -> Image:
    """Return a picture's first frame, on white where one can see through it."""
    import PIL.Image

    over = image.convert("RGBA")
    white = PIL.Image.new("RGBA", over.size, "white")
    return PIL.Image.alpha_composite(white, over).convert("RGB")


def _corners(image: Image) -> Color:
    """Return the colour of the corners; the median, as one of them may have been drawn on."""
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
    still = _poster(path, about.get("size")) or last
    if still is not None:
        about |= {"still": still, "ground": _corners(still)}
    return about


def _check_webm(content: bytes) -> None:
    if not content.startswith(_WEBM_START):
        raise ValueError("it does not begin as one")
    _, found, rest = content.partition(_WEBM_SEGMENT)
    length = int.from_bytes(rest[:7], "big")
    if found and length != _UNKNOWN and length > len(rest) - 7:
        raise ValueError("it is cut off")


def _poster(path: Path, size: tuple[int, int] | None) -> Image | None:
    """Return the picture beside a video that stands for it, if there is one of its shape."""
    for beside in (path.with_suffix(".poster.png"), path.with_suffix(".png")):
        if size is not None and beside.is_file():
            try:
                found: Image = _picture(beside, beside.read_bytes())["still"]
            except Exception:
                continue  # It was not asked for, and a frame of the video does as well.
            width, height = found.size
            if abs(width * size[1] / (height * size[0]) - 1) < _ALIKE:
                return found
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
            container.seek(container.duration)  # To the last frame that stands by itself.
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
    found = _SVG_GROUND.search(content)
    return {"ground": _hex(found[1].decode())} if found else {}


def _page(path: Path, content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8-sig")
    if _PAGE_START.match(text) is None:
        raise ValueError("it is no whole page")
    found = _PAGE_GROUND.search(text)
    return {"ground": _hex(found[1])} if found else {}


def _hex(text: str) -> Color:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue
