"""What can be known of a scene before it runs: an index of the pinned Manim, a static checker, certain fixes.

The checker is advice for people and models; the sandbox is the wall. What it cannot know it says nothing about.
"""
