"""The trusted side's image: small, without Manim, TeX or a compiler, and nobody's secret in its layers."""

from __future__ import annotations

import re

import pytest
from harness.docker import BACKEND, said
from manimatic import __version__
from source_tree import ROOT

HARDENED = (
    *("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--tmpfs", "/tmp", "--tmpfs", "/data:uid=10001,gid=10001,mode=700"),
)


@pytest.fixture(autouse=True)
def _images(images: None) -> None:
    """Each test looks at the image of this checkout."""


def inside(*command: str) -> str:
    """Run a command in the image, as its own user, and return what it printed."""
    return said("run", *HARDENED, BACKEND, *command)


def as_root(command: str) -> str:
    """Run a command that looks everywhere and return what it printed."""
    return said("run", "--rm", "--network", "none", "--user", "0", BACKEND, *command.split())


def test_it_runs_as_a_user_of_its_own() -> None:
    """Not root, and its data folder is private."""
    assert inside("id", "-u").strip() == "10001"
    assert said("run", "--rm", "--network", "none", BACKEND, "stat", "-c", "%U %a", "/data").split() == [
        *("manimatic", "700")
    ]


def test_the_command_line_is_there() -> None:
    """`manimatic` runs on a read-only root, and offline a prompt is answered with a scene."""
    assert "generate" in inside("manimatic", "--help")
    program = (
        "from manimatic.settings import Settings; from manimatic import bootstrap, __version__; "
        "print(bootstrap.build_generator(Settings.from_env({})).name, __version__)"
    )
    assert inside("python", "-c", program).split() == ["offline", __version__]


def test_manim_tex_and_compilers_are_not_in_it() -> None:
    """What renders and what builds belongs elsewhere."""
    tools = "for tool in latex gcc cc make pip pip3 dvisvgm ffmpeg docker; do command -v $tool; done; true"
    assert inside("sh", "-c", tools) == ""
    done = inside("python", "-c", "import importlib.util as u; print([n for n in ('manim', 'av') if u.find_spec(n)])")
    assert done.strip() == "[]"


def test_the_studio_page_is_in_it_and_node_is_not() -> None:
    """The page was built before the image, and is served from it."""
    program = "from manimatic.api.app import STUDIO; print((STUDIO / 'index.html').is_file())"
    assert inside("python", "-c", program).strip() == "True"
    assert inside("sh", "-c", "command -v node npm; true") == ""


def test_no_program_changes_its_user() -> None:
    """No file is set-user-id or set-group-id."""
    assert as_root("find / -xdev -type f -perm /6000") == ""


def test_the_service_may_not_change_its_own_code() -> None:
    """Everything below /opt belongs to root and nobody else may write it."""
    assert as_root("find /opt ( -not -user root -o -perm /022 ) -not -type l") == ""


def test_versions_are_those_of_the_lock() -> None:
    """What is installed is what requirements/backend.txt pins."""
    pinned = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements/backend.txt").read_text(), re.MULTILINE)
    program = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
    found = {item.lower().replace("_", "-") for item in inside("python", "-c", program).split()}
    assert found
    assert found <= {f"{name}=={version}" for name, version in pinned}
