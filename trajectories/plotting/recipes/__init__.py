"""Recipes: the source and settings of a picture, stored in its file."""
