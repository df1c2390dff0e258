"""Slides with moving pictures: what is read, and what is said in the notes."""
