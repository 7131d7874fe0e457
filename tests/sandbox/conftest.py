"""The fixtures of the sandbox ring."""

from sandbox_bench import bench, sandbox

__all__ = ["bench", "sandbox"]
