"""What the API's process loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MAX_RSS_MB = 120
PROBE = """
import json, sys
import manimatic.api
imported = sorted({name.partition(".")[0] for name in sys.modules})
import os
from manimatic.api import create_app
client = create_app().test_client()
assert client.post("/generate", json={"prompt": "a circle"}).status_code == 202
assert client.get("/docs").status_code == client.get("/health").status_code == 200
resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
print(json.dumps({"imported": imported, "after": sorted(sys.modules), "rss_mb": resident / 2**20}))
"""


def probe(folder: Path) -> dict[str, list[str] | float]:
    """Build and use an app in a fresh interpreter."""
    environ = {"PATH": os.environ["PATH"], "MANIMATIC_DATA_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environ, capture_output=True, text=True, check=True)
    found: dict[str, list[str] | float] = json.loads(done.stdout)
    return found


def test_api_is_light_and_loads_neither_manim_nor_a_model(tmp_path: Path) -> None:
    """It has no use for them, and they would cost memory on every server."""
    found = probe(tmp_path)
    heavy = {"manim", "pydantic_ai", "google", "numpy", "cloudinary", "typer"}
    assert isinstance(found["imported"], list)
    assert isinstance(found["after"], list)
    assert not {"manim", "pydantic_ai", "google", "cloudinary"} & {name.partition(".")[0] for name in found["after"]}
    assert not heavy & set(found["imported"])
    assert not {"celery", "kombu", "obstore", "psycopg"} & {name.partition(".")[0] for name in found["after"]}
    assert isinstance(found["rss_mb"], float)
    assert found["rss_mb"] < MAX_RSS_MB
