"""The checker's own process: `ready`, then one request a line and one answer a line, under hard limits.

Source that kills a checker kills this process and nothing else. It opens no file after it has read the index.
"""

from __future__ import annotations

import codecs
import json
import resource
import sys
from typing import Any, BinaryIO

from manimatic.checking.api import ApiIndex
from manimatic.checking.check import TOO_DEEP, check_source, too_much
from manimatic.checking.fixing import fix_source
from manimatic.checking.ruledata import read_all
from manimatic.diagnostics import Severity, report_to_json

MEMORY_BYTES = 512 * 1024 * 1024
MAX_RECURSION = 4_000
WARM_UP = "from manim import *\n\nгруппа = Circel()\nгруппа.shfit(UP)\n"
"""Makes the parser and the rules load what they load late: for names that are not ASCII, and for nearest names."""


def main() -> None:
    """Answer requests until there are no more."""
    index = ApiIndex.load()
    read_all()
    codecs.lookup("unicode_escape")  # ast.unparse asks for it when it first sees an f-string with an escape
    answer(check_request(WARM_UP), index)
    limit_process()
    sys.setrecursionlimit(MAX_RECURSION)
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    serve(sys.stdin.buffer, sys.stdout.buffer, index)


def check_request(code: str) -> dict[str, Any]:
    """Return the request to check a source."""
    return {"code": code, "fix": False, "policy": Severity.WARNING.value}


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
    look = fix_source if request["fix"] else check_source
    try:
        return report_to_json(look(code, index=index, policy=policy))
    except (RecursionError, MemoryError):
        return report_to_json(too_much(code, "too-deep", TOO_DEEP))
    except Exception as error:  # noqa: BLE001  a bug of the checker's is not the scene's
        return {"error": type(error).__name__}


if __name__ == "__main__":
    main()
