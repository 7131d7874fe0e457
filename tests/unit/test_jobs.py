"""The values of a job: picture sizes, ids, sources."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest
from manimatic import jobs
from manimatic.errors import InvalidInput
from manimatic.jobs import ASPECT_RATIOS, MAX_CODE_BYTES, Options, Quality, check_source, new_id

SIZES = {
    ("low", "16:9"): (854, 480),
    ("low", "9:16"): (480, 854),
    ("low", "1:1"): (480, 480),
    ("low", "4:5"): (480, 600),
    ("low", "4:3"): (640, 480),
    ("medium", "16:9"): (1280, 720),
    ("medium", "9:16"): (720, 1280),
    ("medium", "1:1"): (720, 720),
    ("medium", "4:5"): (720, 900),
    ("medium", "4:3"): (960, 720),
    ("high", "16:9"): (1920, 1080),
    ("high", "9:16"): (1080, 1920),
    ("high", "1:1"): (1080, 1080),
    ("high", "4:5"): (1080, 1350),
    ("high", "4:3"): (1440, 1080),
    ("production", "16:9"): (2560, 1440),
    ("production", "9:16"): (1440, 2560),
    ("production", "1:1"): (1440, 1440),
    ("production", "4:5"): (1440, 1800),
    ("production", "4:3"): (1920, 1440),
    ("fourk", "16:9"): (3840, 2160),
    ("fourk", "9:16"): (2160, 3840),
    ("fourk", "1:1"): (2160, 2160),
    ("fourk", "4:5"): (2160, 2700),
    ("fourk", "4:3"): (2880, 2160),
}
FPS = {"low": 15, "medium": 30, "high": 60, "production": 60, "fourk": 60}


def test_every_size_is_known() -> None:
    """The table has all qualities and all aspect ratios."""
    assert set(SIZES) == {(quality.value, ratio) for quality in Quality for ratio in ASPECT_RATIOS}


@pytest.mark.parametrize(("quality", "ratio"), SIZES)
def test_picture_has_its_size_in_pixels_and_units(quality: str, ratio: str) -> None:
    """Sides are even, as H.264 wants them; the short side is 8 units; a pixel is as wide as high."""
    picture = Options(quality=Quality(quality), aspect_ratio=ratio).picture()
    assert (picture.width, picture.height, picture.fps) == (*SIZES[quality, ratio], FPS[quality])
    assert picture.width % 2 == picture.height % 2 == 0
    assert min(picture.frame_width, picture.frame_height) == 8.0
    assert picture.frame_width / picture.frame_height == pytest.approx(picture.width / picture.height, rel=2e-3)


def test_own_frame_rate_wins() -> None:
    """Over that of the quality."""
    assert Options(quality=Quality.HIGH, fps=24).picture().fps == 24


def test_ids_are_unguessable_and_safe_anywhere() -> None:
    """26 characters of 32, none of which is taken for another."""
    ids = {new_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"[a-km-np-z2-9]{26}", one) for one in ids)
    assert len(set("".join(ids))) == 32


@pytest.mark.parametrize("code", ["", " \n\t", "a\0b", "x" * (MAX_CODE_BYTES + 1), "π" * (MAX_CODE_BYTES // 2 + 1)])
def test_text_that_can_be_no_program_is_refused(code: str) -> None:
    """Empty, too long in bytes, or with NUL."""
    with pytest.raises(InvalidInput):
        check_source(code)


@pytest.mark.parametrize("code", ["x", "def broken(", "\ud800", "x" * MAX_CODE_BYTES])
def test_everything_else_is_left_to_the_checker(code: str) -> None:
    """Syntax is no matter of this."""
    check_source(code)


def test_every_value_is_frozen() -> None:
    """Nobody changes a job but through the store."""
    kinds = [kind for _, kind in inspect.getmembers(jobs, dataclasses.is_dataclass) if kind.__module__ == jobs.__name__]
    assert len(kinds) > 8
    assert all(kind.__dataclass_params__.frozen for kind in kinds)
