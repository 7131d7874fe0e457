"""Where the command line gets its video from."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.api import VIDEO_BYTES, VIDEO_NAME, open_api
from manimatic.cli.make import copy_of
from manimatic.errors import StorageError


def test_a_video_that_a_service_made_is_copied_from_its_storage(tmp_path: Path) -> None:
    """A service of the same data folder may take the job first; this process then has no copy of its own."""
    (tmp_path / "copies").mkdir()
    with open_api(tmp_path) as api:
        job = api.complete(api.generate())
        with pytest.raises(StorageError, match=f"/videos/{VIDEO_NAME}"):
            copy_of(job, tmp_path / "copies", api.storage)
        api.put_video(tmp_path)
        copy = copy_of(job, tmp_path / "copies", api.storage)
    assert copy == tmp_path / "copies" / VIDEO_NAME
    assert copy.read_bytes() == VIDEO_BYTES
