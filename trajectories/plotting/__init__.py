"""Pictures of paths: the only part of the package that imports Matplotlib."""
