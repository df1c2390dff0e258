"""Draw and animate the paths that optimizers take over a function of x and y.

Public names stand in ``__init__.pyi`` and are imported when they are first used, so that a program
pays only for what it touches: ``import trajectories`` loads neither SymPy nor Matplotlib.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
