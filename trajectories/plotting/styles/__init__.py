"""Matplotlib style files, which the themes are put together from."""
