"""
Slides from pictures
====================

A deck has a slide for each picture: a PowerPoint file whose movies begin when their slide comes up,
or a fragment for reveal.js as here. Its titles come from the recipe that every picture carries, and
so do the speaker's notes: what was run, from where, with which rates.

Tags: style, chapter
"""

# %%
import trajectories as tj

rules = [tj.SGD(0.95), tj.Momentum(0.1), tj.AdaGrad(1.5), tj.Adam(0.3)]
paths = tj.compare("x**2/20 + y**2", rules, start=(-7, 2), steps=30)
tj.plot_race(paths, theme="slides", size=(1280, 720)).savefig("first_slide.png")
tj.animate(paths, theme="slides", size=(1280, 720)).save("second_slide.gif", fps=5)

# %%
# With the name ``deck.pptx`` it is a file for PowerPoint, Keynote or Impress.
tj.deck(["first_slide.png", "second_slide.gif"], "deck.html")
