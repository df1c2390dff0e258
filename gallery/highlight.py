"""Python source as HTML, its comments, strings, keywords and numbers marked."""

from __future__ import annotations

import io
import itertools
import keyword
import tokenize
from html import escape

__all__ = ["highlighted"]


def highlighted(source: str) -> str:
    """Return Python source as HTML that marks its comments, strings, keywords and numbers.

    Parameters
    ----------
    source : str
        The source; if it cannot be parsed to its end, the rest is left plain.

    Returns
    -------
    str
    """
    lengths = map(len, io.StringIO(source))
    starts = [0, *itertools.accumulate(lengths)]
    pieces: list[str] = []
    done = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = _kind(token)
            begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            if kind and begin >= done:
                pieces += [escape(source[done:begin], quote=False)]
                pieces += [f'<span class="{kind}">{escape(source[begin:end], quote=False)}</span>']
                done = end
    except (tokenize.TokenError, SyntaxError):
        pass
    return "".join(pieces) + escape(source[done:], quote=False)


def _kind(token: tokenize.TokenInfo) -> str | None:
    """Return the class of a token that is to be marked."""
    name = tokenize.tok_name[token.type]
    if name == "COMMENT":
        return "comment"
    if name == "STRING" or name.startswith("FSTRING"):
        return "string"
    if name == "NUMBER":
        return "number"
    return "keyword" if keyword.iskeyword(token.string) else None
