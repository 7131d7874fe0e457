"""Each provider from `.env` to the video: settings alone, the real sandbox, a server that speaks its protocol."""

from __future__ import annotations

import pytest
from harness.shell import SMALL_SCENE, Shell
from loopback.generating import PROVIDERS, Provider
from manimatic.sandbox.mp4 import inspect_mp4

FAILS = SMALL_SCENE.replace("Circle()", "Circle().get_glow()")


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.vendor.name)
def test_settings_alone_make_a_video_with_one_repair(shell: Shell, provider: Provider) -> None:
    """The first scene fails and goes back with its complaint; key and model are where they belong."""
    with provider.server([provider.script.answer(FAILS), provider.script.answer(SMALL_SCENE)]) as server:
        lines = {
            "MANIMATIC_PROVIDER": provider.vendor.name,
            "MANIMATIC_MODEL": provider.model,
            "MANIMATIC_MODEL_BASE_URL": server.url + provider.at,
            provider.vendor.key_variable: provider.key,
        }
        shell.write(".env", "".join(f"{name}={value}\n" for name, value in lines.items()))
        done = shell.run("generate", "a small scene", "-ql", "--json", "-o", "small.mp4")
        assert done.status == 0, done.err
        assert (done.json["verdict"], done.json["code"]) == ("ok", SMALL_SCENE)
        assert inspect_mp4(shell.folder / "small.mp4", max_bytes=2**29).width == 854
        assert len(server.requests) == 2
        assert "get_glow" in server.requests[1].text
        assert not provider.key or provider.key not in done.out + done.err
        looked = shell.run("doctor", "--json")
        assert f"{provider.model} of {provider.vendor.name}" in looked.out
        assert "the provider lists it" in looked.out
        assert not provider.key or provider.key not in looked.out + looked.err
