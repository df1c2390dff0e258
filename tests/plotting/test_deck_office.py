"""Decks in an office program: LibreOffice opens them and renders every slide."""

import re
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.plotting.reading import NIGHT, Film
from trajectories import deck

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
RASTER = shutil.which("pdftoppm")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(OFFICE is None, reason="needs LibreOffice Impress (soffice)"),
]
ORANGE, BLUE = (255, 138, 61), (86, 180, 233)


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    pytest.importorskip("pptx", reason="needs python-pptx")
    pytest.importorskip("av", reason="PyAV writes the video")
    folder = tmp_path_factory.mktemp("talk")
    light = Image.new("RGB", (80, 60), "white")
    light.paste(ORANGE, (20, 15, 60, 45))
    light.save(folder / "light.gif")
    dark = Image.new("RGB", (160, 72), NIGHT)
    dark.paste(BLUE, (40, 18, 120, 54))
    dark.save(folder / "dark.png")
    Film([np.asarray(dark)] * 5).save(folder / "movie.mp4", fps=10, end_pause=0, poster=False)
    return deck([folder / f for f in ("light.gif", "dark.png", "movie.mp4")], folder / "talk.pptx")


def converted(path, kind):
    """Let LibreOffice convert a file, with settings of its own, and return the result."""
    settings = f"-env:UserInstallation={(path.parent / 'settings').as_uri()}"
    order = [OFFICE, settings, "--headless", "--convert-to", kind, "--outdir", str(path.parent)]
    subprocess.run([*order, str(path)], check=True, capture_output=True, timeout=240)
    return path.with_suffix(f".{kind}")


@pytest.mark.skipif(RASTER is None, reason="needs pdftoppm")
def test_pages_show_pictures_titles_and_grounds(talk):
    pdf = converted(talk, "pdf")
    subprocess.run([RASTER, "-r", "48", "-png", str(pdf), str(pdf.with_suffix(""))], check=True)
    pages = [np.asarray(Image.open(file)) for file in sorted(talk.parent.glob("talk-*.png"))]
    assert len(pages) == 3
    grounds, fills = [(255, 255, 255), NIGHT, NIGHT], [ORANGE, BLUE, BLUE]
    for pixels, ground, fill in zip(pages, grounds, fills, strict=True):
        height, width = pixels.shape[:2]
        assert width / height == pytest.approx(16 / 9, abs=0.01)
        for row, column in [(2, 2), (2, -3), (-3, 2), (-3, -3), (-3, width // 2)]:
            assert np.abs(pixels[row, column].astype(int) - ground).max() <= 4
        near = np.abs(pixels[60:].astype(int) - fill).max(axis=-1) <= 16
        rows, columns = np.nonzero(near)
        # In the middle of the room below the title.
        assert abs((columns.min() + columns.max() + 1) / 2 - width / 2) <= 2
        assert rows.max() < height - 10
        contrast = np.abs(pixels[10:50].astype(int) - ground).max(axis=-1)
        assert (contrast > 100).sum() > 50, "there is a title"


def test_movie_is_played_when_its_slide_comes_up(talk):
    with zipfile.ZipFile(converted(talk, "odp")) as archive:
        text = archive.read("content.xml").decode()
        held = [name for name in archive.namelist() if name.endswith(".mp4")]
        assert [archive.read(name) for name in held] == [(talk.parent / "movie.mp4").read_bytes()]
    (play,) = re.findall('<anim:command [^>]*anim:command="play"[^>]*>', text)
    assert 'smil:dur="0.5s"' in play
    assert text.count('presentation:node-type="after-previous"') == 1
    assert text.count('anim:command="toggle-pause"') == 1
    assert 'smil:repeatCount="indefinite"' in text
    assert "Click to add" not in text
