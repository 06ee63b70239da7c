"""Exports: self-contained, signed, and verified by a program that needs nothing else; any change is found."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cryptography
import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client
from support.real_streams import append_frames, messages_of
from support.small_mission import write_mission
from support.waiting import run_async

from commands.audit import verify_export
from commands.audit.export import export
from commands.audit.export_lines import signature_line, signed_bytes
from commands.audit.export_range import Asked
from commands.audit.key import fingerprint, public_hex
from infra.errors import ConfigError
from streams import names
from streams.chain import append_event
from streams.event_log import ensure_streams, stream_configs
from streams.generations import ensure_mission
from streams.heads import Head, read_heads
from streams.mission import load_mission
from streams.sealer import Sealer

Document = dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """An export's lines, the key that signed it, and the heads of its streams."""

    lines: tuple[bytes, ...]
    key: Ed25519PrivateKey
    heads: list[Head]
    folder: Path

    @property
    def public(self) -> str:
        return public_hex(self.key)


@pytest.fixture(scope="module")
def exported(nats_server: object, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder, key = tmp_path_factory.mktemp("export"), Ed25519PrivateKey.generate()

    async def work(nc: Client) -> list[Head]:
        await fly(nc, folder)
        done = await export(nc, key, folder / "flight.jsonl", Asked())
        assert done.frames == (1, 30)
        return await read_heads(nc)

    heads = run_async(on_streams, str(nats_server), work)
    return Exported(tuple(split((folder / "flight.jsonl").read_bytes())), key, heads, folder)


async def on_streams(url: str, work: Callable[[Client], Any]) -> Any:
    """Do something with all streams, which are gone afterwards."""
    async with await nats.connect(url) as nc:
        await ensure_streams(nc.jetstream())
        try:
            return await work(nc)
        finally:
            for config in stream_configs():
                await nc.jetstream().delete_stream(str(config.name))


async def fly(nc: Client, folder: Path) -> None:
    """A mission, three telecommands, two sessions of frames in six seals."""
    await ensure_mission(nc, load_mission(write_mission(folder / "mission")))
    for number in range(3):
        await append_event(
            nc, names.COMMANDS, f"command.{number}.submitted", f'{{"to":"größe {number}"}}'.encode()
        )
        await append_frames(nc, 10, first=10 * number, session=f"s{number // 2}")
        await Sealer(nc, frames=7).catch_up()
    await append_event(nc, names.COMMANDS, "command.9.submitted", b"\xff no text \xfe")
    await Sealer(nc).catch_up()


def verified(lines: Sequence[bytes]) -> str:
    """What the verifier says is broken; nothing when all is good."""
    try:
        verify_export.verify(lines)
    except verify_export.BrokenError as error:
        return str(error)
    return ""


def run(file: Path, *options: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = verify_export.main([str(file), *options])
    return code, capsys.readouterr().out


def resigned(lines: list[bytes], key: Ed25519PrivateKey) -> list[bytes]:
    """The lines with a signature over them as they are now."""
    header = json.loads(lines[0]) | {"public_key": public_hex(key)}
    signed = [json.dumps(header).encode() + b"\n", *lines[1:-1]]
    sha256 = hashlib.sha256(b"".join(signed)).hexdigest()
    return [*signed, signature_line(sha256, key.sign(signed_bytes(sha256)))]


def test_an_export_is_good_and_the_verifier_says_what_it_saw(
    exported: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported.folder / "flight.jsonl"
    (exported.folder / "key.txt").write_text(f"our key: {exported.public}\n")
    (exported.folder / "heads.txt").write_text("\n".join(map(str, exported.heads)))
    for key in (exported.public, fingerprint(exported.public), str(exported.folder / "key.txt")):
        code, said = run(file, "--key", key, "--head", str(exported.folder / "heads.txt"), capsys=capsys)
        assert (code, said.splitlines()[-1][:4]) == (0, "GOOD")
    assert "COMMANDS    4 events" in said
    assert "FRAMES      offsets 1 to 30" in said
    assert "mission     2 files" in said
    assert fingerprint(exported.public) in said


def test_without_a_key_only_consistency_is_claimed(
    exported: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(exported.folder / "flight.jsonl", capsys=capsys)
    assert code == 0
    assert "CONSISTENT ONLY" in said
    assert "GOOD" not in said
    code, said = run(exported.folder / "flight.jsonl", "--json", capsys=capsys)
    assert json.loads(said) | {"public_key": ""} == {
        "good": True, "key_given": False, "public_key": "", "events": {"OPERATIONS": 11, "COMMANDS": 4},
        "frames": {"first": 1, "last": 30},
    }  # fmt: skip


def test_another_key_is_not_ours(
    exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = tmp_path / "forged.jsonl"
    forged.write_bytes(b"".join(resigned(list(exported.lines), Ed25519PrivateKey.generate())))
    assert run(forged, capsys=capsys)[0] == 0
    code, said = run(forged, "--key", exported.public, capsys=capsys)
    assert code == 1
    assert "signed by another key than the one you gave" in said


def test_a_head_that_is_not_part_of_the_record_is_told(
    exported: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported.folder / "flight.jsonl"
    for stream in ("OPERATIONS", "COMMANDS", "FRAMES"):
        for head in (f"{stream}:2:{'0' * 64}", f"{stream}:99:{'0' * 64}"):
            code, said = run(file, "--head", head, capsys=capsys)
            assert code == 1
            assert stream in said


def test_wrong_use_is_told_and_is_no_verdict(exported: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(exported.folder / "flight.jsonl")
    for arguments in ([file, "--key", "what"], [file, "--head", "what"], [f"{file}.nowhere"], []):
        with pytest.raises(SystemExit) as ended:
            verify_export.main(arguments)
        assert ended.value.code == 2


def test_the_verifier_runs_alone_with_nothing_but_a_signature_library(
    exported: Exported, tmp_path: Path
) -> None:
    installed = Path(cryptography.__file__).parents[1]
    library, script = tmp_path / "library", tmp_path / "verify.py"
    library.mkdir()
    for found in [installed / "cryptography", *installed.glob("cffi*"), *installed.glob("_cffi_backend*")]:
        (library / found.name).symlink_to(found)
    shutil.copy(verify_export.__file__, script)
    alone = [sys.executable, "-I", "-S", "-c"]  # no site-packages, no environment, no working folder
    start = f"import runpy, sys; sys.path.append({str(library)!r}); "

    def runs(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*alone, start + code, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60)

    assert "No module named 'streams'" in runs("import streams").stderr
    script_run = f"runpy.run_path({str(script)!r}, run_name='__main__')"
    file = str(exported.folder / "flight.jsonl")
    good = runs(script_run, file, "--key", exported.public)
    assert (good.returncode, good.stderr) == (0, "")
    assert "GOOD" in good.stdout
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(b"".join(exported.lines).replace(b"command.1", b"command.7", 1))
    broken = runs(script_run, str(changed), "--key", exported.public)
    assert (broken.returncode, broken.stderr) == (1, "")
    shutil.rmtree(library)
    missing = runs(script_run, file)
    assert missing.returncode == 2
    assert "pip install cryptography" in missing.stderr


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_is_found(exported: Exported, data: st.DataObject) -> None:
    whole = b"".join(exported.lines)
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    assert verified(split(changed))


def test_any_flipped_bit_of_the_signatures_line_is_found(exported: Exported) -> None:
    last = exported.lines[-1]
    for at in range(len(last)):
        for bit in range(8):
            changed = last[:at] + bytes([last[at] ^ 1 << bit]) + last[at + 1 :]
            lines = [*exported.lines[:-1], *split(changed)]
            assert verified(lines), (at, bit)


def split(data: bytes) -> list[bytes]:
    """Lines as a file gives them: only LF ends one."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def test_a_removed_a_doubled_and_a_moved_line_are_found_also_when_signed_again(exported: Exported) -> None:
    lines, key = list(exported.lines), exported.key
    for row in range(len(lines)):
        changes = [lines[:row] + lines[row + 1 :], lines[: row + 1] + lines[row:]]
        if row + 1 < len(lines):
            changes.append([*lines[:row], lines[row + 1], lines[row], *lines[row + 2 :]])
        for changed in changes:
            assert verified(changed), row
            if 0 < row < len(lines) - 2:
                assert verified(resigned(changed, key)), row
    for more in (b"\n", b"{}\n", b"x", lines[-1]):
        assert verified([*lines, more])


def test_a_file_that_ends_early_is_found(exported: Exported) -> None:
    whole = b"".join(exported.lines)
    for end in (*range(0, len(whole), 997), *range(len(whole) - 300, len(whole))):
        assert verified(split(whole[:end])), end


@pytest.mark.parametrize("field", ["recorded", "subject", "text", "base64", "headers", "offset", "files"])
def test_a_change_of_any_message_is_found_also_when_signed_again(exported: Exported, field: str) -> None:
    """Chains and seals do not need the signature; only the last event of a chain does."""
    found = 0
    lasts = [last_row(exported, stream) for stream in ("OPERATIONS", "COMMANDS")]
    for row, line in enumerate(exported.lines):
        document = json.loads(line)
        if field in document and row not in lasts and document["line"] in {"event", "frame", "mission"}:
            changed = json.dumps(document | {field: other(document[field])}).encode() + b"\n"
            lines = [*exported.lines[:row], changed, *exported.lines[row + 1 :]]
            assert verified(resigned(lines, exported.key)), (row, field)
            found += 1
    assert found


def rechained(documents: list[Document], key: Ed25519PrivateKey) -> list[bytes]:
    """A record by a forger with the key, who makes the hashes of both chains fit after what he changed."""
    hashes = {"OPERATIONS": verify_export.FIRST, "COMMANDS": verify_export.FIRST}
    for document in documents:
        if document["line"] == "event":
            document["headers"]["Fl-Previous-Hash"] = hashes[document["stream"]]
            hashes[document["stream"]] = verify_export.event_hash(document)
    return resigned([json.dumps(document).encode() + b"\n" for document in documents], key)


def forge_seal(document: Document, *, digest: bool, **changes: Any) -> None:
    seal = json.loads(document["text"]) | changes
    if digest:
        seal["digest"] = verify_export.seal_digest(seal, seal["columns"])
    document["text"] = json.dumps(seal)


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("nothing", ""),
        ("a frame", "one of these frames is not what was sealed"),
        ("a seal", "has not the digest of its own fields"),
        ("the seal before", "does not follow on the one before it"),
        ("a seal removed", "does not follow on the one before it"),
        ("a command", "has another hash than was written down"),
        ("a file", "these are not the files"),
    ],
)
def test_chains_that_fit_again_do_not_hide_what_else_was_changed(
    exported: Exported, what: str, found: str
) -> None:
    documents = [json.loads(line) for line in exported.lines]
    rows = {
        "seals": [n for n, one in enumerate(documents) if one.get("subject") == "operation.sealed"],
        "commands": [n for n, one in enumerate(documents) if one.get("stream") == "COMMANDS"],
        "frames": [n for n, one in enumerate(documents) if one["line"] == "frame"],
        "missions": [n for n, one in enumerate(documents) if one["line"] == "mission"],
    }
    second = documents[rows["seals"][1]]
    match what:
        case "a frame":
            documents[rows["frames"][9]]["recorded"] += 1
        case "a seal":
            forge_seal(second, digest=False, last=9)
        case "the seal before":
            forge_seal(second, digest=True, previous="1" * 64)
        case "a seal removed":
            second["subject"] = "operation.nothing"
        case "a command":
            documents[rows["commands"][1]]["text"] = "{}"
        case "a file":
            documents[rows["missions"][0]]["files"][0]["text"] += " "
    said = verified(rechained(documents, exported.key))
    assert found in said
    assert bool(found) == bool(said)


def other(value: Any) -> Any:
    match value:
        case int():
            return value + 1
        case str():
            return "AAAA" + value
        case dict():
            return {**value, "Fl-Session": "another"}
    return [{**value[0], "name": "other.xml"}, *value[1:]]


def last_row(exported: Exported, stream: str) -> int:
    documents = [json.loads(line) for line in exported.lines]
    return max(row for row, document in enumerate(documents) if document.get("stream") == stream)


def test_what_is_no_export_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x"
    for content in (b"", b"\n", b"\0" * 100, b"[]\n", b'{"line":1}\n', b"[" * 10_000 + b"\n", b"null\n"):
        file.write_bytes(content)
        code, said = run(file, capsys=capsys)
        assert (code, said[:8]) == (1, "NOT GOOD")


def test_frames_of_a_time_or_a_session_come_in_whole_seals(nats_server: object, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()

    async def work(nc: Client) -> None:
        await fly(nc, tmp_path)  # seals: 1-7, 8-10, 11-17, 18-20, 21-27, 28-30
        frames = await messages_of(nc, names.FRAMES)
        for number, (asked, run_of_frames) in enumerate(
            {
                Asked(start=frames[8].recorded): (8, 30),
                Asked(end=frames[8].recorded): (1, 10),
                Asked(start=frames[8].recorded, end=frames[11].recorded): (8, 17),
                Asked(session="s1"): (21, 30),
                Asked(session="s0", start=frames[17].recorded): (18, 20),
            }.items()
        ):
            file = tmp_path / f"{number}.jsonl"
            assert (await export(nc, key, file, asked)).frames == run_of_frames
            assert verified(split(file.read_bytes())) == ""
        for nothing in (Asked(session="s7"), Asked(start=2**62), Asked(end=1)):
            with pytest.raises(ConfigError, match="no frame"):
                await export(nc, key, tmp_path / "nothing", nothing)
        with pytest.raises(ConfigError, match=r"0\.jsonl: this file exists"):
            await export(nc, key, tmp_path / "0.jsonl", Asked())

    run_async(on_streams, str(nats_server), work)
    assert not list(tmp_path.glob("nothing*"))


def test_streams_without_anything_can_be_exported(nats_server: object, tmp_path: Path) -> None:
    async def work(nc: Client) -> None:
        done = await export(nc, Ed25519PrivateKey.generate(), tmp_path / "x", Asked())
        assert (done.frames, done.events) == (None, {"OPERATIONS": 0, "COMMANDS": 0})

    run_async(on_streams, str(nats_server), work)
    assert verified(split((tmp_path / "x").read_bytes())) == ""
