"""What is built of a script and of a page of text: HTML, a notebook, pictures."""

import json
import shutil

import pytest
from PIL import Image


@pytest.fixture(scope="module")
def output(small_gallery):
    return small_gallery / "build"


def test_pictures_and_thumbnails_are_written(output, still_script):
    with Image.open(output / "plot_1_still/thumbnails/red & wide.png.png") as still:
        assert still.size == (640, 320)
    with Image.open(output / "plot_20_moving/thumbnails/colors.gif.png") as moving:
        assert moving.size == (600, 600)
        assert moving.convert("RGB").getpixel((240, 240)) == pytest.approx((0, 0, 255), abs=2)
    assert (output / "plot_1_still/plot_1_still.py").read_text(encoding="utf-8") == still_script
    assert not [path for path in output.iterdir() if path.name.startswith(".")]


def test_the_page_is_whole(output, check_page):
    page = check_page(output)
    assert [card["id"] for card in page.all("article")] == ["plot_1_still", "plot_20_moving"]
    assert "A <still> picture" in page.text
    assert "It is red & wide. It has two sentences." in page.text
    assert "And a second paragraph." in page.text
    assert "Tags:" not in page.text
    notes = [at for at in page.all("p") if at.get("class") == "note"]
    assert len(notes) == 1
    assert page.text.count("Note: it is <made> of nothing.") == 2, "on the card and in the script"
    assert page.text.count("This goes nowhere.") == 1
    assert "# A comment with <b>markup</b>." in page.text
    assert not page.all("b")
    moving = [image.get("data-moving") for image in page.all("img")]
    assert moving == [None, "plot_20_moving/colors.gif"]
    links = [link["href"] for link in page.all("a")]
    assert "plot_1_still/numbers.txt" in links
    assert "plot_20_moving/plot_20_moving.py" in links
    assert "plot_20_moving/plot_20_moving.ipynb" in links
    assert [at["data-tags"] for at in page.all("article")] == ["red|wide & still", "red|blue"]
    tags = [at.get("data-tag") for at in page.all("button") if "data-tag" in at]
    assert tags == ["", "blue", "red", "wide & still"]
    headings = [at["id"] for at in page.all("h2")]
    assert headings == ["section-the-chapter-figure-by-figure", "section-races"]


def test_a_page_of_text_shows_the_pictures_that_there_are(output, check_page):
    page = check_page(output, "when.html")
    assert [at["src"] for at in page.all("img")] == ["plot_20_moving/thumbnails/colors.gif.png"]
    assert {"index.html", "index.html#plot_20_moving"} <= {at.get("href") for at in page.all("a")}
    source = (output / "when.html").read_text(encoding="utf-8")
    for made in (
        "When <em>to</em> move",
        '<code>code &amp; &lt;b&gt;</code> and a <a href="index.html">link</a>',
        '<thead><tr><th scope="col">if</th><th scope="col">then</th></tr></thead>',
        '<th scope="row">red</th><td>stop</td>',
        "<ul><li>one and more</li><li><strong>two</strong> and <code>d*e*</code></li></ul>",
        "<ol><li>first</li></ol>",
        "<p>2 * 3 * 4 &lt;script&gt;&amp;</p>",
        "&lt;i&gt;",
    ):
        assert made in source
    assert "Not there." not in source
    # The gallery links to it.
    assert "when.html" in {at.get("href") for at in check_page(output).all("a")}


def test_a_notebook_has_the_scripts_cells_and_is_the_same_each_time(small_gallery, build, tmp_path):
    path = small_gallery / "build/plot_1_still/plot_1_still.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    assert texts[0].startswith("# A <still> picture\n\nIt is red & `wide`.")
    assert "Tags" not in texts[0]
    assert "It is made by Pillow, and by nothing else." in texts
    code = [text for cell, text in zip(cells, texts, strict=True) if cell["cell_type"] == "code"]
    assert "# A comment with <b>markup</b>.\nImage.new(" in code[0]
    assert "# %% not a cell mark" in code[1]
    assert code[-1].endswith("display(Image('red & wide.png'))")
    assert len({cell["id"] for cell in cells}) == len(cells)
    shutil.copy(small_gallery / "plot_1_still.py", tmp_path)
    assert build(tmp_path).returncode == 0
    again = tmp_path / "build/plot_1_still/plot_1_still.ipynb"
    assert again.read_bytes() == path.read_bytes()
