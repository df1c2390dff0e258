"""The pages of the API, made by pdoc from the docstrings, in the current directory.

Formulas become MathML, which browsers draw without a script from elsewhere.
"""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pdoc
import pdoc.docstrings
import pdoc.render
from latex2mathml.converter import convert

import trajectories

__all__ = ["main", "with_mathml"]

#: Modules of their own beside the package, which holds all public names.
_MODULES = ("trajectories.optimizers.schedules",)
#: A directive with all lines that are indented further than it is.
_DISPLAY = re.compile(
    r"^(?P<indent> *)\.\. math::(?P<first>.*)\n"
    r"(?P<rest>(?:(?P=indent) +\S.*\n?|[ ]*\n(?=(?P=indent) +\S))*)",
    re.MULTILINE,
)
_INLINE = re.compile(r":math:`(.+?)`", re.DOTALL)


def with_mathml(docstring: str) -> str:
    r"""Return a docstring whose formulas are MathML.

    Parameters
    ----------
    docstring : str
        With formulas in the roles and directives of reStructuredText.

    Returns
    -------
    str

    Examples
    --------
    >>> with_mathml(":math:`x`").partition(">")[0]
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"'
    """

    def display(match: re.Match[str]) -> str:
        text = " ".join(f"{match['first']} {match['rest']}".split())
        return f"{match['indent']}{convert(text, display='block')}\n\n"

    return _INLINE.sub(lambda m: convert(" ".join(m[1].split())), _DISPLAY.sub(display, docstring))


def main() -> None:
    """Write the pages."""
    for name in trajectories.__all__:
        getattr(trajectories, name)  # Public names come into being when they are first used.
    inside = [module.name for module in pkgutil.iter_modules(trajectories.__path__)]
    rst = pdoc.docstrings.rst
    pdoc.docstrings.rst = lambda text, file: rst(with_mathml(text), file)
    pdoc.render.configure(
        docformat="numpy",
        footer_text=f"trajectories {trajectories.__version__}",
        show_source=False,
        template_directory=Path(__file__).with_name("api_theme"),
    )
    hidden = [f"!trajectories.{name}" for name in inside]
    pdoc.pdoc("trajectories", *hidden, *_MODULES, output_directory=Path.cwd())


if __name__ == "__main__":
    main()
