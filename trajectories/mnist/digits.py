"""The 8 x 8 digits that come with the package: real handwriting for machines without a network.

The test part of the "Optical Recognition of Handwritten Digits" data set: 1,797 images by 13
writers, each pixel the number of inked dots, 0 to 16, in a block of 4 x 4. Values and order are
unchanged; ``digits.npz`` holds them as bytes, with this notice:

E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning
Repository. https://doi.org/10.24432/C50P49. Licensed under CC BY 4.0,
https://creativecommons.org/licenses/by/4.0/.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from trajectories.mnist.dataset import Dataset

__all__ = ["digits"]

#: The images that are trained on; 360, a fifth of all, remain for the test.
_TRAIN = 1437


def digits() -> Dataset:
    """Return the 8 x 8 digits: the first 1,437 images for training, the last 360 for the test."""
    with (files("trajectories.mnist") / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        images, labels = archive["images"], archive["labels"].astype(np.int64)
    return Dataset(
        "digits",
        images[:_TRAIN],
        labels[:_TRAIN],
        images[_TRAIN:],
        labels[_TRAIN:],
        scale=16.0,
        shape=(8, 8),
        classes=10,
    )
