"""OpenAI's SDK, for OpenAI and for every server that speaks its chat protocol.

The chat protocol rather than the newer one of responses: it is the one that the other servers speak.
"""

from __future__ import annotations

import httpx2
from openai import AsyncOpenAI, OpenAIError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from manimatic.codegen.sdks.line import Line
from manimatic.codegen.vendors import OPENAI, Account

NO_KEY = "no-key"
"""What is sent where no key is set: the SDK wants one, and would take another vendor's from the environment."""

UNPRICED = "server"
"""A name that the list of prices does not know: a server's prices are known by its address alone (OpenRouter's are)."""


def open_line(account: Account, name: str, client: httpx2.AsyncClient) -> Line:
    """Return the named model of OpenAI or of a compatible server."""
    sdk = AsyncOpenAI(api_key=account.api_key or NO_KEY, base_url=account.base_url, http_client=client, max_retries=0)
    model = OpenAIChatModel(name, provider=_provider(account, sdk))

    async def list_names() -> frozenset[str]:
        page = await sdk.models.list()
        return frozenset(found.id for found in page.data)

    return Line(model=model, settings=ModelSettings(), list_names=list_names, errors=(OpenAIError,))


def _provider(account: Account, sdk: AsyncOpenAI) -> OpenAIProvider | OpenAICompatibleProvider:
    if account.vendor is OPENAI:
        return OpenAIProvider(openai_client=sdk)
    return OpenAICompatibleProvider(UNPRICED, openai_client=sdk)
