"""The fixtures of the sandbox ring."""

from sandbox_bench import bench, each_bench, landlock_bench, landlock_sandbox, sandbox

__all__ = ["bench", "each_bench", "landlock_bench", "landlock_sandbox", "sandbox"]
