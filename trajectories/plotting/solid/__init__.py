"""The 3-D layout: a hill, the paths on it, and the camera."""
