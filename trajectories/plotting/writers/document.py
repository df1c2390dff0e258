"""Documents: HTML that holds its own style, script and data, and asks nothing of a network."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from string import Template

__all__ = ["asset", "document"]


def document(
    kind: str, *, title: str, style: str, script: str, data: str, recipe: str, **parts: object
) -> str:
    """Return an HTML document that may run nothing but its own script."""
    return Template(asset("document.html")).substitute(
        title=title,
        style=style,
        script=script,
        style_hash=_policy_hash(f"\n{style}\n"),
        script_hash=_policy_hash(f"\n{script}\n"),
        data=_inert(data),
        recipe=_inert(recipe),
        body=Template(asset(f"{kind}.html")).substitute(title=title, **parts),
    )


def asset(name: str) -> str:
    """Return the text of a file beside this one."""
    return (files("trajectories.plotting.writers") / name).read_text("utf-8")


def _inert(text: str) -> str:
    """Keep JSON from ending the element that holds it: ``<`` can stand only in its strings."""
    return text.replace("<", r"\u003c")


def _policy_hash(text: str) -> str:
    """Return what a content security policy calls a script or a style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
