"""Run one script of the gallery in this process, as ``python script.py`` would.

Around it stand hooks on what the package offers in public. In a build they make further formats of
every moving picture; in a remake they give all pictures another theme, size or format.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

__all__ = ["main"]

#: A script without these words draws with something else; nothing is loaded then.
_WORDS = ("trajectories", "matplotlib")


def main() -> None:
    """Run the script that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("script", type=Path)
    parser.add_argument("--formats", default="")
    parser.add_argument("--theme")
    parser.add_argument("--size", default="")
    options = parser.parse_args()
    script = str(options.script)
    source = options.script.read_text(encoding="utf-8")
    sys.argv = [script]
    sys.path[0] = str(options.script.parent)
    if not any(word in source for word in _WORDS):
        runpy.run_path(script, run_name="__main__")
        return
    sys.path.append(str(Path(__file__).parent))
    from hooks import Hooks

    width, _, height = options.size.partition("x")
    size = (int(width), int(height)) if options.size else None
    formats = tuple(filter(None, options.formats.split(",")))
    hooks = Hooks(formats, options.theme, size, source)
    hooks.install()
    runpy.run_path(script, run_name="__main__")
    hooks.finish()


if __name__ == "__main__":
    main()
