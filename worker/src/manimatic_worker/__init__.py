"""The untrusted side of Manimatic: one scene, one sandbox, one run."""

__version__ = "0.1.0"
