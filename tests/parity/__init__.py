"""The parity of fastmanim with Manim: a corpus of scenes, recorded with both."""
