"""The checker's own process: one request a line, one answer a line, under hard limits.

Source that kills a checker kills this process and nothing else. It opens no file after it has read the index.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, BinaryIO

from manimatic.checking.api import ApiIndex
from manimatic.checking.check import check_source, too_complex
from manimatic.checking.fixing import Fixed, fix_source
from manimatic.checking.report import Severity
from manimatic.checking.wire import fixed_to_json

MEMORY_BYTES = 512 * 1024 * 1024
MAX_RECURSION = 4_000


def main() -> None:
    """Answer requests until there are no more."""
    index = ApiIndex.load()
    answer(check_request("from manim import *\n"), index)
    limit_process()
    sys.setrecursionlimit(MAX_RECURSION)
    serve(sys.stdin.buffer, sys.stdout.buffer, index)


def check_request(code: str) -> dict[str, Any]:
    """Return the request to check a source."""
    return {"code": code, "fix": False, "policy": Severity.WARNING.value, "packages": []}


def limit_process() -> None:
    """Give up memory, files and new processes for good."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def limit_cpu(seconds: int) -> None:
    """Let the process die when this request takes so many more seconds of CPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def serve(requests: BinaryIO, answers: BinaryIO, index: ApiIndex) -> None:
    """Answer each line with a line."""
    for line in requests:
        request = json.loads(line)
        limit_cpu(int(request["cpu_s"]))
        answers.write(json.dumps(answer(request, index)).encode() + b"\n")
        answers.flush()


def answer(request: dict[str, Any], index: ApiIndex) -> dict[str, Any]:
    """Check or mend one source."""
    code, policy = str(request["code"]), Severity(request["policy"])
    packages = frozenset(map(str, request["packages"]))
    try:
        if request["fix"]:
            return fixed_to_json(fix_source(code, index=index, policy=policy, packages=packages))
        report = check_source(code, index=index, policy=policy, packages=packages)
    except (RecursionError, MemoryError):
        report = too_complex("The source is nested too deeply.")
    return fixed_to_json(Fixed(code=code, applied=(), report=report))


if __name__ == "__main__":
    main()
