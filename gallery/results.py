"""Result folders: what a script of the gallery made, with thumbnails and a record of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cells import notebook_of
from processes import ScriptError

from trajectories.files import replacing

__all__ = [
    "PARTIAL",
    "Made",
    "Picture",
    "discard",
    "faces",
    "finish",
    "is_result",
    "read_made",
    "replace_folder",
    "thumbnail_of",
]

#: What ends the names of folders that are no results: being made, or about to be removed.
PARTIAL = ".part"
_PICTURES = (".png", ".apng", ".gif", ".jpg", ".jpeg", ".webp")
_RECORD = "result.json"
_THUMBNAILS = "thumbnails"
_WIDTH = 720


@dataclass(frozen=True)
class Picture:
    """A picture that a script made.

    Parameters
    ----------
    name : str
        Its file name.
    width, height : int
        In pixels.
    frames : int
        More than 1 if it moves.
    """

    name: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True)
class Made:
    """What a script made, as its result folder records it.

    Parameters
    ----------
    folder : pathlib.Path
        The result folder.
    script : str
        The file name of the script's copy in it.
    pictures : tuple of Picture
        At least one.
    others : tuple of str
        The names of the other files.
    when : float
        When the run began: what is older has been taken into account.
    notes : tuple of str
        What the script wants to be said on its card.
    """

    folder: Path
    script: str
    pictures: tuple[Picture, ...]
    others: tuple[str, ...]
    when: float
    notes: tuple[str, ...] = ()


def read_made(folder: Path) -> Made | None:
    """Return what a result folder records, or None if it is none or not complete.

    Parameters
    ----------
    folder : pathlib.Path
        Any folder.

    Returns
    -------
    Made or None
    """
    record = folder / _RECORD
    try:
        with open(record, encoding="utf-8") as file:
            plain = json.load(file)
        pictures = tuple(Picture(**picture) for picture in plain["pictures"])
        made = Made(
            folder,
            plain["script"],
            pictures,
            tuple(plain["others"]),
            record.stat().st_mtime,
            tuple(plain["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    wanted = [made.script, *made.others]
    wanted += [picture.name for picture in pictures] + [*map(thumbnail_of, faces(pictures))]
    return made if all((folder / path).is_file() for path in wanted) else None


def is_result(folder: Path) -> bool:
    """Tell whether a folder is a result folder, complete or not, and nobody else's."""
    return (folder / _RECORD).is_file()


def thumbnail_of(picture: Picture) -> str:
    """Return the path of a picture's thumbnail in the result folder."""
    return f"{_THUMBNAILS}/{picture.name}.png"


def faces(pictures: Sequence[Picture]) -> list[Picture]:
    """Return the picture of each name that stands for the others of the name: a still one first."""
    best: dict[str, Picture] = {}
    for picture in sorted(pictures, key=lambda picture: picture.frames):
        best.setdefault(Path(picture.name).stem, picture)
    order = dict.fromkeys(Path(picture.name).stem for picture in pictures)
    return [best[stem] for stem in order]


def discard(folder: Path) -> None:
    """Remove a folder; if that is cut short, what is left of it is no result."""
    doomed = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}")
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def finish(
    staging: Path, script: str, source: bytes, began: float, notes: Sequence[str] = ()
) -> list[Picture]:
    """Turn the folder that a script wrote to into a result folder, with the script as a notebook.

    Parameters
    ----------
    staging : pathlib.Path
        The folder.
    script : str
        The script's file name.
    source : bytes
        Its text.
    began : float
        When the run began.
    notes : sequence of str
        What is to be said on its card.

    Returns
    -------
    list of Picture

    Raises
    ------
    ScriptError
        If there is no picture, or one that cannot be read.
    """
    files = sorted(path for path in staging.iterdir() if path.is_file())
    (staging / _THUMBNAILS).mkdir(exist_ok=True)
    pictures = [_inspect(path) for path in files if path.suffix.lower() in _PICTURES]
    if not pictures:
        raise ScriptError("wrote no picture into the current directory")
    for picture in faces(pictures):
        _make_thumbnail(staging, picture)
    names = {picture.name for picture in pictures}
    others = [path.name for path in files if path.name not in names]
    notebook = f"{Path(script).stem}.ipynb"
    text = source.decode("utf-8", errors="replace")
    saved = [picture.name for picture in pictures if picture.name in text]
    with replacing(staging / notebook) as file:
        file.write(notebook_of(text, Path(script).stem, saved).encode())
    record = {
        "script": script,
        "pictures": [asdict(picture) for picture in pictures],
        "others": [*others, notebook],
        "notes": list(notes),
    }
    with replacing(staging / script) as file:
        file.write(source)
    with replacing(staging / _RECORD) as file:
        file.write(json.dumps(record, indent=1).encode())
    # An edit during the run makes the script newer than its result.
    os.utime(staging / _RECORD, (began, began))
    return pictures


def replace_folder(new: Path, target: Path) -> None:
    """Rename a folder over another; if that fails, the other is where it was."""
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    with contextlib.suppress(FileNotFoundError):
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _inspect(path: Path) -> Picture:
    """Measure a picture."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            frames = int(getattr(image, "n_frames", 1))
            return Picture(path.name, *image.size, frames)
    except Exception as error:  # Whatever Pillow finds in a damaged file.
        raise ScriptError(f"{path.name} cannot be read: {error}") from None


def _make_thumbnail(folder: Path, picture: Picture) -> None:
    """Make a picture's thumbnail from its last frame."""
    from PIL import Image

    try:
        with Image.open(folder / picture.name) as image:
            image.seek(picture.frames - 1)
            last = image.convert("RGBA")
    except Exception as error:
        raise ScriptError(f"{picture.name} cannot be read: {error}") from None
    paper = Image.new("RGBA", last.size, "white")
    paper.alpha_composite(last)
    narrow = min(_WIDTH, picture.width)
    size = narrow, max(1, round(picture.height * narrow / picture.width))
    small = paper.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    with replacing(folder / thumbnail_of(picture)) as file:
        # A palette makes a third of the bytes, and what is left out nobody sees at this size.
        small.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
