"""The images that are here already, for who must not wait for a download."""

from __future__ import annotations

import os

from trajectories.mnist.dataset import Dataset
from trajectories.mnist.mirrors import FILES, is_whole
from trajectories.mnist.source import cache_folder, load

__all__ = ["at_hand"]


def at_hand() -> Dataset:
    """Load the images that are here already; the network is never asked.

    Returns
    -------
    Dataset
        What is in the folder that the environment's ``TRAJECTORIES_DATA`` names; if that is not
        set, MNIST if the cache has all of it; and otherwise the 8 x 8 digits that come with the
        package. Its name tells what it is, and so do the figures.

    Raises
    ------
    ValueError, OSError
        If the folder that is named does not hold what it should.
    """
    if os.environ.get("TRAJECTORIES_DATA"):
        return load("auto")
    folder = cache_folder()
    if folder is not None and all(is_whole(folder / file.name, file) for file in FILES):
        return load("mnist")
    return load("digits")
