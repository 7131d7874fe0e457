"""Anthropic's SDK."""

from __future__ import annotations

import httpx2
from anthropic import AnthropicError, AsyncAnthropic
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.providers.anthropic import AnthropicProvider

from manimatic.codegen.sdks.line import Line
from manimatic.codegen.vendors import Account

MODELS_PER_PAGE = 1000


def open_line(account: Account, name: str, client: httpx2.AsyncClient) -> Line:
    """Return the named model of Anthropic; what every request begins with is cached there for its repairs."""
    sdk = AsyncAnthropic(api_key=account.api_key, base_url=account.base_url, http_client=client, max_retries=0)
    model = AnthropicModel(name, provider=AnthropicProvider(anthropic_client=sdk))

    async def list_names() -> frozenset[str]:
        page = await sdk.models.list(limit=MODELS_PER_PAGE)
        return frozenset(found.id for found in page.data)

    settings = AnthropicModelSettings(anthropic_cache_instructions=True)
    return Line(model=model, settings=settings, list_names=list_names, errors=(AnthropicError,))
