"""Cells, notebooks and Markdown of the gallery's pages."""

import doctest
import json

import pytest

SCRIPT = '''"""
A title: with colon
===================

First ``code`` paragraph
on two lines.

Tags: one, two words
"""

# %%
# A comment that is text,
# on two lines.
import math

# A comment in between stays.
x = 1

# %% A titled cell
y = """
# %% not a cell mark
"""
'''


def test_a_docstring_gives_title_text_and_tags(gallery_modules):
    words = gallery_modules.cells.read_words(SCRIPT, "plot_x")
    assert words.title == "A title: with colon"
    assert words.paragraphs == ("First ``code`` paragraph on two lines.",)
    assert words.tags == ("one", "two words")
    words = gallery_modules.cells.read_words("x = 1", "plot_my_name")
    assert (words.title, words.paragraphs, words.tags) == ("my name", (), ())


def test_cells_are_text_and_code(gallery_modules):
    cells = gallery_modules.cells.read_cells(SCRIPT)
    assert [(cell.is_code, cell.text.splitlines()[0]) for cell in cells] == [
        (False, "A comment that is text, on two lines."),
        (True, "import math"),
        (True, 'y = """'),
    ]
    assert "# A comment in between stays.\nx = 1" in cells[1].text
    assert "# %% not a cell mark" in cells[2].text


def test_a_notebook_is_the_same_each_time_and_shows_its_pictures(gallery_modules):
    make = gallery_modules.cells.notebook_of
    text = make(SCRIPT, "plot_x", ["a 'b'.png", "c.gif"])
    assert text == make(SCRIPT, "plot_x", ["a 'b'.png", "c.gif"])
    cells = json.loads(text)["cells"]
    assert "".join(cells[0]["source"]).startswith("# A title: with colon\n\nFirst `code`")
    assert "Tags" not in "".join(cells[0]["source"])
    assert "display(Image(\"a 'b'.png\"), Image('c.gif'))" in "".join(cells[-1]["source"])
    assert len({cell["id"] for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("plot_01_zigzag", "The chapter, figure by figure"),
        ("plot_19_last", "The chapter, figure by figure"),
        ("plot_20_race", "Races"),
        ("plot_59_map", "Maps"),
        ("plot_89_last", "Your own"),
        ("plot_99_last", "The chapter's network"),
        ("plot_no_number", "Your own"),
    ],
)
def test_the_number_tells_the_section(gallery_modules, name, title):
    assert gallery_modules.sections.section_of(name).title == title


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *b* **c** `d*e*`", "<p>a <em>b</em> <strong>c</strong> <code>d*e*</code></p>"),
        ("[x](y.html#z)", '<p><a href="y.html#z">x</a></p>'),
        ("<script>&", "<p>&lt;script&gt;&amp;</p>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("## Two\n\ntext", "<h2>Two</h2>\n<p>text</p>"),
        ("- a\n  b\n- c", "<ul><li>a b</li><li>c</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("```\na  <b>\n\nc\n```", '<pre tabindex="0"><code>a  &lt;b&gt;\n\nc\n</code></pre>'),
        ("![x y](z)", "[z|x y]"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ],
)
def test_markdown(gallery_modules, text, html):
    made = gallery_modules.marked.to_html(text, lambda address, caption: f"[{address}|{caption}]")
    assert made == html


def test_a_table_has_headings(gallery_modules):
    made = gallery_modules.marked.to_html("| a | b |\n|---|---|\n| `c` | d |", lambda *_: "")
    assert '<thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>' in made
    assert '<th scope="row"><code>c</code></th><td>d</td>' in made


@pytest.mark.parametrize("name", ["cells", "marked", "sections"])
def test_examples_run(gallery_modules, name):
    assert doctest.testmod(getattr(gallery_modules, name)).failed == 0
