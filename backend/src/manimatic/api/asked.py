"""What may come in, as pydantic models; the OpenAPI document is made from them and from `told`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from manimatic.api.choices import one_of
from manimatic.deliveries import MAX_URL_CHARS
from manimatic.jobs import ASPECT_RATIOS, MAX_CODE_BYTES, MAX_FPS, QUALITY_ALIASES, JobState, Quality
from manimatic.service import (
    MAX_DEADLINE_S,
    MAX_INSTRUCTION_CHARS,
    MAX_METADATA_CHARS,
    MAX_METADATA_ITEMS,
    MAX_PROMPT_CHARS,
)

MAX_NUMBER = 2**31 - 1
"""Largest number that an event may have."""
MAX_PAGE = 100

_QUALITY = one_of([*(item.value for item in Quality), *QUALITY_ALIASES])
_FORMAT = one_of(["mp4"], "only {allowed} is made so far")
_ASPECT = one_of(ASPECT_RATIOS)
_EVENT = one_of(item.value for item in JobState if item is not JobState.QUEUED)
_STATE = one_of(item.value for item in JobState)

_Seconds = Annotated[float, Field(allow_inf_nan=False)]
_Metadata = dict[str, Annotated[str, Field(max_length=MAX_METADATA_CHARS)]]


class WebhookIn(BaseModel):
    """Where the job's events are told to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(
        min_length=8,
        max_length=MAX_URL_CHARS,
        pattern=r"^https?://[!-?A-~]+$",
        description="An address of the public internet; it is asked by POST, and redirects are not followed.",
    )
    events: list[Annotated[str, *_EVENT]] | None = Field(
        None, min_length=1, max_length=20, description="The states that are told; those in which a job ends by default."
    )


class GenerateIn(BaseModel):
    """What is to be made: a prompt, or the code of a scene."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "anyOf": [
                {"required": ["prompt"], "properties": {"prompt": {"minLength": 1}}},
                {"required": ["code"], "properties": {"code": {"type": "string"}}},
            ],
        },
    )

    prompt: str = Field(
        "",
        max_length=MAX_PROMPT_CHARS,
        description="What to show, in any language. It needs a word or a number, and no control characters.",
        examples=["Create a simple circle animation"],
    )
    code: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_CODE_BYTES,
        description="A Manim scene to render instead of asking a model; the prompt is then its caption.",
    )
    scene: str | None = Field(
        None, min_length=1, max_length=200, description="The class to render, where the code has several."
    )
    quality: Annotated[str, *_QUALITY] | None = Field(
        None, description="How fine the picture is, as with Manim's -q; medium where it is not given."
    )
    format: Annotated[str, *_FORMAT] | None = Field(None, description="The file's format.")
    aspect_ratio: Annotated[str, *_ASPECT] | None = Field(None, description="Width to height; 16:9 by default.")
    fps: int | None = Field(None, ge=1, le=MAX_FPS, description="Frames a second; the quality's own by default.")
    background: str | None = Field(
        None,
        pattern=r"^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$",
        description="The background's colour.",
        examples=["#1c1c1c"],
    )
    seed: int | None = Field(None, ge=0, le=2**32 - 1, description="Seed of the scene's random numbers.")
    model: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$", description="The model that writes the scene."
    )
    duration_hint_seconds: _Seconds | None = Field(None, ge=1, le=600, description="About how long it should be.")
    deadline_seconds: _Seconds | None = Field(
        None, ge=1, le=MAX_DEADLINE_S, description="After so many seconds the job expires if it is not done."
    )
    parent: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="The job of which this is another version; it stands among its versions.",
    )
    metadata: _Metadata | None = Field(
        None, max_length=MAX_METADATA_ITEMS, description="Texts of your own, handed back with the job."
    )
    webhook: WebhookIn | None = Field(
        None, description="An address that is told of the job's ends; the account needs a secret to sign with."
    )


class ReviseIn(BaseModel):
    """What is to be changed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    instruction: str = Field(
        min_length=1,
        max_length=MAX_INSTRUCTION_CHARS,
        description="What to change, in any language. It needs a word or a number, and no control characters.",
        examples=["make the circle blue and slow the second step down"],
    )
    code: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_CODE_BYTES,
        description="The scene to change, where it is not the job's own: with edits of yours, say.",
    )


class CheckIn(BaseModel):
    """What is to be looked over."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: str = Field(min_length=1, max_length=MAX_CODE_BYTES, description="A Manim scene; it is not run.")


class AfterIn(BaseModel):
    """From where to go on."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=MAX_NUMBER, description="Number of the last event that you have.")


class JobsIn(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MAX_PAGE, description="Jobs on one page.")
    cursor: str | None = Field(None, max_length=100, description="next_cursor of the page before.")
    state: Annotated[str, *_STATE] | None = Field(None, description="Only jobs in this state.")
    lineage: str | None = Field(None, max_length=64, description="Only the versions of the job with this id.")
