"""Recipes: what made a picture, in its own file, and the picture made again."""
