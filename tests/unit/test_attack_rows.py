"""The registry of attacks is whole, and says what the backends themselves say of their losses."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from attack_sessions import SAMPLE
from attacks import checks, report
from attacks.backends import BACKENDS
from attacks.host_cases import CASES
from attacks.registry import CLASSES, Registry, Row, load
from manimatic.sandbox.cgroup import NoGroups
from manimatic.sandbox.landlock import MISSING
from manimatic.sandbox.supervised import group_layers

REGISTRY = load()
SCENES = Path(__file__).parent.parent / "scenes"
NUMBERS = {
    "A": (1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23),
    "B": (25, 26, 28, 29, 31, 32, 34, 35, 37, 38),
    "C": (40, 41, 43, 44, 46, 47, 49, 50, 52, 53, 55, 56, 58, 59, 61, 62),
    "D": (64, 65, 67, 68, 70, 71, 73, 74, 76, 77, 79, 80),
    "E": (82, 83, 85, 86, 88, 89, 91, 92, 94, 95, 97, 98, 99, 100, 101, 103, 104, 106),
    "F": (107, 109, 110, 112, 113, 115, 116, 118, 119, 121, 122, 124, 125, 127, 128, 130),
    "G": (131, 133, 134, 136),
    "H": (137, 139, 140, 142),
}


def test_no_attack_has_got_lost() -> None:
    """Each number is there, and each class but G, whose attacks need two runs, has its harmless twin."""
    wanted = {f"{letter}{number}" for letter, numbers in NUMBERS.items() for number in numbers}
    controls = {f"{letter}0" for letter in CLASSES if letter != "G"}
    assert REGISTRY.rows.keys() == wanted | controls
    assert {row.id for row in REGISTRY.rows.values() if row.is_control} == controls


def test_every_run_is_used_and_has_its_scene() -> None:
    """No scene without a row, no row without its scene."""
    used = {name for row in REGISTRY.rows.values() for name in row.runs}
    assert used == REGISTRY.runs.keys()
    scenes = {run.scene for run in REGISTRY.runs.values()}
    assert all((SCENES / f"{scene}.py").is_file() for scene in scenes)
    made_for_this = {path.stem for path in SCENES.glob("*.py") if path.read_text().startswith("# attack:")}
    assert made_for_this <= scenes


@pytest.mark.parametrize("row", REGISTRY.rows.values(), ids=lambda row: row.id)
def test_every_row_proves_that_it_was_tried(row: Row) -> None:
    """A row that only waits for a verdict names a scene that cannot end so by accident."""
    assert row.host in CASES if row.host else True
    assert set(row.checks) <= checks.CHECKS.keys()
    told = row.probes or row.done or row.host
    limits = {"process_limit", "memory_limit", "disk_limit", "output_limit", "timeout", "crashed"}
    verdicts = {verdict for name in row.runs for verdict in REGISTRY.runs[name].verdicts}
    assert told or verdicts <= limits


@pytest.mark.parametrize("row", REGISTRY.rows.values(), ids=lambda row: row.id)
def test_probe_stands_in_a_scene_of_its_row(row: Row) -> None:
    """A probe that no scene makes would be found missing only when it runs."""
    text = "".join((SCENES / f"{REGISTRY.runs[name].scene}.py").read_text() for name in row.runs)
    for name in (*row.probes, *row.done):
        words = [word for word in re.findall(r"[a-z0-9_]+", name.lower()) if len(word) > 2]
        assert any(word in text.lower() for word in words) or name in text, name


def test_what_landlock_cannot_hold_stands_in_its_own_report() -> None:
    """What the registry gives as a reason is a loss that doctor, health and each job's report name."""
    named = {*MISSING, *group_layers(NoGroups(("none here",)).describe())[1]}
    for row in REGISTRY.rows.values():
        for backend, weaker in row.weaker.items():
            assert backend in BACKENDS or any(name.startswith(backend + "-") for name in BACKENDS)
            assert weaker.reason
            if backend.startswith("landlock"):
                assert weaker.missing in named, f"{row.id}: {weaker.reason}"


def test_sample_has_each_class() -> None:
    """One row per class where not all are run."""
    assert {row[0] for row in SAMPLE} == set(CLASSES)
    assert set(SAMPLE) <= REGISTRY.rows.keys()


def test_first_attacks_are_those_that_run_four_at_once() -> None:
    """Twelve, none of them a control."""
    assert [row.id for row in REGISTRY.first()][:3] == ["A1", "A2", "A4"]
    assert len(REGISTRY.first()) == 12


def test_scenes_of_attacks_are_python() -> None:
    """A scene that does not parse attacks nothing."""
    for run in REGISTRY.runs.values():
        ast.parse((SCENES / f"{run.scene}.py").read_text())


def test_kept_results_are_of_known_rows_and_none_failed() -> None:
    """What the documentation shows was run at a commit; a row that was not run is shown as such."""
    for name, found in json.loads(report.RESULTS.read_text()).items():
        assert name in BACKENDS
        for row, cell in found["cells"].items():
            assert re.fullmatch(r"[0-9a-f]{12}", cell["commit"]), f"{name}: {cell['commit']} is no commit"
            assert cell["outcome"] != "FAILED", f"{name} {row}"
        assert {row.removesuffix(" ×4") for row in found["cells"]} <= REGISTRY.rows.keys(), name
    assert {row for row in report.kept()["bubblewrap-root"]["cells"] if "×" not in row} == REGISTRY.rows.keys()


@pytest.mark.parametrize(
    "change", ['expect = "hoped"', 'id = "Z1"', 'runs = ["nothing"]', 'id = "A1"\ntext = "twice"\nexpect = "blocked"']
)
def test_registry_that_contradicts_itself_is_refused(change: str, tmp_path: Path) -> None:
    """A mistake in the data is found when it is read."""
    rows = tmp_path / "rows.toml"
    good = {"id": "A1", "text": "x", "expect": "blocked", "runs": ["kernel"]}
    changed = change.partition(" = ")[0]
    lines = [f"{name} = {json.dumps(value)}" for name, value in good.items() if name != changed]
    second = "\n[[rows]]\n" + change + '\nhost = "videos"\n' if "twice" in change else ""
    body = "\n".join([*lines, "" if second else change] if not second else ['id = "A1"', *lines])
    rows.write_text('[runs.kernel]\nverdicts = ["ok"]\n[[rows]]\n' + body + "\n" + second)
    with pytest.raises(ValueError, match=r"A1|Z1|twice"):
        load(rows)


def test_registry_is_a_value() -> None:
    """It is read anew each time and shared by nobody."""
    assert isinstance(load(), Registry)
