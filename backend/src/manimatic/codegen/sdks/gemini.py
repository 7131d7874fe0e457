"""Google's SDK."""

from __future__ import annotations

import httpx2
from google.genai.errors import APIError
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.settings import ModelSettings

from manimatic.codegen.sdks.line import Line
from manimatic.codegen.vendors import Account

MODELS_PER_PAGE = 1000


def open_line(account: Account, name: str, client: httpx2.AsyncClient) -> Line:
    """Return the named model of Gemini."""
    provider = GoogleProvider(api_key=account.api_key, base_url=account.base_url, http_client=client)

    async def list_names() -> frozenset[str]:
        pager = await provider.client.aio.models.list(config={"page_size": MODELS_PER_PAGE})
        return frozenset((model.name or "").removeprefix("models/") for model in pager.page)

    return Line(
        model=GoogleModel(name, provider=provider), settings=ModelSettings(), list_names=list_names, errors=(APIError,)
    )
