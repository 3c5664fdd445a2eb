"""What holds for the tree as a whole: who may import whom, one version, files of a readable length."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
import json
from pathlib import Path

import pytest

import tidewatt

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core" / "tidewatt"
INTEGRATION = ROOT / "custom_components" / "tidewatt"
LONGEST_FILE = 400

MAY_IMPORT = {
    "kernels": set[str](),
    "site": set[str](),
    "control": {"kernels", "site"},
    "ledger": {"site"},
    "ocpp": {"site"},
    "drivers": {"site", "ocpp"},
    "emulators": {"site", "ocpp"},
    "simulation": {"kernels", "site", "control"},
    "runtime": {"site", "control", "ledger", "drivers"},
    "cli": {"site", "control", "ledger", "drivers", "emulators", "simulation", "runtime"},
}
"""The rooms of the core, and what each may import besides itself."""

FACES_FOR_THE_INTEGRATION = {
    "tidewatt.control",
    "tidewatt.drivers.modbus",
    "tidewatt.drivers.ocpp",
    "tidewatt.ledger",
    "tidewatt.runtime",
}
"""What the integration may import besides the vocabulary: packages, never a module inside one."""


def modules_imported(file: Path, package_root: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports, those that only the type checker sees included."""
    package = file.relative_to(package_root).parts[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            outer = package[: len(package) - node.level + 1] if node.level else ()
            if node.module is not None:
                yield ".".join((*outer, node.module))
            else:
                yield from (".".join((*outer, alias.name)) for alias in node.names)


def room_imports(folder_or_file: Path, package_root: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, module of the core) for every import of the core."""
    files = folder_or_file.rglob("*.py") if folder_or_file.is_dir() else [folder_or_file]
    for file in files:
        for module in modules_imported(file, package_root):
            if module.startswith("tidewatt."):
                yield str(file.relative_to(ROOT)), module


def room_of(module: str) -> str:
    return module.split(".")[1]


def test_the_rooms_are_those_with_a_direction() -> None:
    rooms = {path.stem for path in CORE.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"}
    assert rooms - {"__init__"} == MAY_IMPORT.keys()


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_go_one_way(room: str) -> None:
    place = CORE / room if (CORE / room).is_dir() else CORE / f"{room}.py"
    imported = set(room_imports(place, CORE.parent))
    assert imported or not MAY_IMPORT[room]
    assert {(file, module) for file, module in imported if room_of(module) not in {room, *MAY_IMPORT[room]}} == set()


def test_the_integration_runs_the_runtime_and_emulates_nothing() -> None:
    imported = set(room_imports(INTEGRATION, ROOT))
    assert "tidewatt.runtime" in {module for _, module in imported}
    assert {
        (file, module)
        for file, module in imported
        if room_of(module) != "site" and module not in FACES_FOR_THE_INTEGRATION
    } == set()


def modules_of(folder: Path, package_root: Path) -> dict[str, set[str]]:
    """Return the modules of a folder, and which of them each imports."""
    modules = {
        ".".join(file.relative_to(package_root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in folder.rglob("*.py")
    }
    return {
        name: {module for module in modules_imported(file, package_root) if module in modules}
        for name, file in modules.items()
    }


@pytest.mark.parametrize(("folder", "package_root"), [(CORE, CORE.parent), (INTEGRATION, ROOT)])
def test_no_module_needs_one_that_needs_it(folder: Path, package_root: Path) -> None:
    order = TopologicalSorter(modules_of(folder, package_root))
    order.prepare()  # CycleError names the circle


def test_the_core_runs_without_home_assistant() -> None:
    files = CORE.rglob("*.py")
    imported = {(file.name, module.split(".")[0]) for file in files for module in modules_imported(file, CORE.parent)}
    assert {each for each in imported if each[1] in ("homeassistant", "custom_components", "probatio")} == set()


def test_there_is_one_version() -> None:
    manifest = json.loads((INTEGRATION / "manifest.json").read_text())
    assert manifest["version"] == tidewatt.__version__
    assert manifest["requirements"] == [f"tidewatt=={tidewatt.__version__}"]
    assert f"## [{tidewatt.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def files_of_the_repository() -> Iterator[Path]:
    """Yield every file that is ours: nothing hidden but `.ci`, nothing that was built."""
    for folder, folders, names in ROOT.walk():
        folders[:] = [
            name
            for name in folders
            if (name == ".ci" or not name.startswith("."))
            and name not in ("__pycache__", "node_modules")
            and not name.endswith(".egg-info")
            and not (folder == ROOT and name in ("build", "dist"))
        ]
        files = (folder / name for name in names if not name.startswith(".coverage"))
        yield from (file for file in files if file.is_file())  # an environment may be a link


def test_every_python_file_can_be_read_in_one_go() -> None:
    lengths = {
        str(path.relative_to(ROOT)): path.read_text().count("\n")
        for path in files_of_the_repository()
        if path.suffix == ".py"
    }
    assert "core/tidewatt/__init__.py" in lengths
    assert {name: length for name, length in lengths.items() if length >= LONGEST_FILE} == {}


def test_no_file_names_a_host_that_packages_come_from() -> None:
    """A registry or mirror is for the machine to choose; a name in the tree or in a lock file would choose for it."""
    # Put together here, so that this file does not name them either.
    hosts = [b".".join(parts) for parts in ((b"pypi", b"org"), (b"pythonhosted", b"org"), (b"npmjs", b"org"))]
    naming = {
        str(path.relative_to(ROOT))
        for path in files_of_the_repository()
        if any(host in path.read_bytes() for host in hosts)
    }
    assert naming == set()
