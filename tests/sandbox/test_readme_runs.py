"""The README's requests work as they are printed, against the service as it is started."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from source_tree import ROOT

START = "from manimatic.cli import main; main()"
PRINTED = "http://127.0.0.1:5000"
REQUEST = re.compile(r"^```bash\n((?:job_id|curl).*?)^```$", re.MULTILINE | re.DOTALL)


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Serve on a free port and return the address."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "MANIMATIC_DATA_DIR": str(folder),
        "MANIMATIC_PORT": "0",
    }
    argv = [sys.executable, "-c", START, "serve"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environ, cwd=folder) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(30)


def answer(request: str, address: str) -> dict[str, object]:
    """Run a printed request against the service and return its answer."""
    command = request.replace(PRINTED, address).replace("curl -s", "curl -s --retry 20 --retry-connrefused")
    done = subprocess.run(["bash", "-eu", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    body: dict[str, object] = json.loads(done.stdout)
    return body


def test_the_three_requests_of_the_readme_work(tmp_path: Path) -> None:
    """A prompt is taken, its job is found, and the service says how it is."""
    generate, status, health = REQUEST.findall((ROOT / "README.md").read_text(encoding="utf-8"))

    with service(tmp_path) as address:
        started = answer(generate, address)
        assert started["status"] == "started"
        job = answer(status, address)
        assert job["job_id"] == started["job_id"]
        assert job["status"] in {"queued", "generating", "checking", "rendering", "uploading", "complete"}
        assert answer(health, address)["status"] in {"ok", "degraded"}
