"""Documents survive: whatever happens, a reader finds the whole old or the whole new document."""

import asyncio
import json
import logging
import os
from pathlib import Path
import signal
import subprocess
import sys
import textwrap
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from tidewatt.ledger import JsonFileStore
from tidewatt.site import StateStore

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)
OLD = {"state": "old", "padding": "x" * 5000}
NEW = {"state": "new", "padding": "y" * 5000}

CRASHING_WRITER = textwrap.dedent("""
    import asyncio, os, pathlib, resource, signal, sys
    from tidewatt.ledger import JsonFileStore

    folder, when, where = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]

    def crash_around(module, name):
        real = getattr(module, name)
        calls = 0
        def crashing(*args, **kwargs):
            nonlocal calls
            calls += 1
            if when == "before":
                os._exit(9)
            result = real(*args, **kwargs)
            os._exit(9)
        setattr(module, name, crashing)

    if where == "fsync":
        crash_around(os, "fsync")
    elif where == "replace":
        crash_around(pathlib.Path, "replace")
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(where), int(where)))
    asyncio.run(JsonFileStore(folder).save("doc", {"state": "new", "padding": "y" * 5000}))
""")


def _crash(folder: Path, when: str, where: str) -> int:
    command = [sys.executable, "-c", CRASHING_WRITER, str(folder), when, where]
    return subprocess.run(command, check=False, timeout=60).returncode  # noqa: S603 - our own text, no shell


@pytest.mark.parametrize(
    ("when", "where", "found"),
    [
        ("while writing byte", "0", OLD),
        ("while writing byte", "1", OLD),
        ("while writing byte", "2500", OLD),
        ("while writing byte", "5000", OLD),
        ("before", "fsync", OLD),
        ("after", "fsync", OLD),
        ("before", "replace", OLD),
        ("after", "replace", NEW),
    ],
)
async def test_process_killed_in_the_middle_of_a_write(
    tmp_path: Path, when: str, where: str, found: dict[str, Any]
) -> None:
    store = JsonFileStore(tmp_path)
    await store.save("doc", OLD)

    assert await asyncio.to_thread(_crash, tmp_path, when, where) in (9, -signal.SIGXFSZ)

    assert await store.load("doc") == found
    await store.save("doc", NEW)
    assert await JsonFileStore(tmp_path).load("doc") == NEW


async def test_new_content_and_then_its_name_are_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def recording_fsync(descriptor: int) -> None:
        fsync(descriptor)
        steps.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")

    def recording_replace(path: Path, target: Path) -> Path:
        steps.append(f"{path.name} -> {target.name}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(Path, "replace", recording_replace)

    await JsonFileStore(tmp_path / "state").save("doc", NEW)

    assert steps == [
        f"fsync {tmp_path.name}",
        "fsync doc.json.new",
        "doc.json.new -> doc.json",
        "fsync state",
    ]


async def test_is_a_state_store(tmp_path: Path) -> None:
    store: StateStore = JsonFileStore(tmp_path / "deep" / "folder")

    assert await store.load("wishes") is None
    await store.save("wishes", {"left": {"mode": "fast"}})

    assert await store.load("wishes") == {"left": {"mode": "fast"}}
    assert await store.load("other") is None


@given(name=st.text(min_size=1, max_size=12), document=st.dictionaries(st.text(), JSON))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_name_and_document_comes_back(tmp_path: Path, name: str, document: dict[str, Any]) -> None:
    async def save_and_load() -> dict[str, Any] | None:
        await JsonFileStore(tmp_path).save(name, document)
        return await JsonFileStore(tmp_path).load(name)

    assert asyncio.run(save_and_load()) == document
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


async def test_names_stay_apart(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path)
    names = ["a/b", "a%2Fb", "..", "A", "a"]

    for name in names:
        await store.save(name, {"name": name})

    assert [await store.load(name) for name in names] == [{"name": name} for name in names]


@pytest.mark.parametrize("content", [b"", b'{"state": "ne', b"[1, 2]", b"\xff\xfe", b"null"])
async def test_unreadable_document_is_set_aside_and_logged(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "doc.json").write_bytes(content)
    store = JsonFileStore(tmp_path)

    with caplog.at_level(logging.ERROR):
        assert await store.load("doc") is None

    assert "doc.json" in caplog.text
    assert "it stays as doc.json.corrupt" in caplog.text
    assert (tmp_path / "doc.json.corrupt").read_bytes() == content
    await store.save("doc", NEW)
    assert await store.load("doc") == NEW


async def test_unreadable_document_that_cannot_be_set_aside_is_logged_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "doc.json").write_text("{")
    (tmp_path / "doc.json.corrupt").mkdir()

    assert await JsonFileStore(tmp_path).load("doc") is None

    assert "moving it aside failed" in caplog.text
    assert "it stays as doc.json" in caplog.text


async def test_saves_take_effect_in_the_order_they_were_asked_for(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path)

    await asyncio.gather(*(store.save("doc", {"number": number}) for number in range(20)))

    assert await store.load("doc") == {"number": 19}


async def test_cancelled_caller_does_not_lose_the_write(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path)
    caller = asyncio.create_task(store.save("doc", NEW))
    await asyncio.sleep(0)

    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert await store.load("doc") == NEW


async def test_document_is_the_one_at_the_time_of_the_call(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path)
    document = {"energy_wh": 1}
    caller = asyncio.create_task(store.save("doc", document))
    await asyncio.sleep(0)

    document["energy_wh"] = 2
    await caller

    assert await store.load("doc") == {"energy_wh": 1}


@pytest.mark.parametrize("document", [{"a": float("nan")}, {"a": float("inf")}, {"a": object()}])
async def test_what_json_cannot_carry_is_refused_and_the_old_document_stays(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    store = JsonFileStore(tmp_path)
    await store.save("doc", OLD)

    with pytest.raises((ValueError, TypeError)):
        await store.save("doc", document)

    assert await store.load("doc") == OLD


async def test_full_disk_is_reported_and_the_old_document_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = JsonFileStore(tmp_path)
    await store.save("doc", OLD)

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(OSError, match="No space left"):
            await store.save("doc", NEW)

    assert await store.load("doc") == OLD
    await store.save("doc", NEW)
    assert await store.load("doc") == NEW


async def test_documents_are_private_and_readable_by_people(tmp_path: Path) -> None:
    await JsonFileStore(tmp_path).save("doc", {"a": 1})

    file = tmp_path / "doc.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()) == {"a": 1}
