"""Makes a session whole again after a kill or damage: index, ledger, and a plain list of what is missing.

Nothing is destroyed: the recording is written anew beside the old one from every chunk that is proven, put on the disk,
and takes its place at the end; what could not be read is kept, byte for byte, in the folder `damaged`.
"""

import os
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from liveaffect.stream.errors import RecordError, TransportError
from liveaffect.stream.messages import Message
from liveaffect.stream.session import manifest
from liveaffect.stream.session.context import files_of, ledger_of
from liveaffect.stream.session.files import DAMAGED, keep_damaged, read_plain, sync_folder
from liveaffect.stream.session.info import MANIFEST, RECORDING, Missing, SessionInfo, load
from liveaffect.stream.session.ledger import TopicAccount
from liveaffect.stream.session.mcap.read import UNDECLARED, chunks
from liveaffect.stream.session.mcap.scan import Contents, scan
from liveaffect.stream.session.mcap.writer import McapWriter
from liveaffect.stream.session.reader import TIME_LIMIT_NS
from liveaffect.stream.session.schema import schema_of
from liveaffect.stream.session.writer import FLUSH_S, RESERVE
from liveaffect.stream.topics import REGISTRY
from liveaffect.stream.wire import from_json

COPIED_S = 60.0
"""A file changed so long after its last message has been copied since: its time says nothing."""
STILL_S = 30.0
"""A recorder whose end cannot be seen from here, and that wrote so lately, may still be writing."""
BESIDE = f".{RECORDING}.recovering"
ROOM = 16 << 20


def recover(folder: str | Path) -> SessionInfo:
    """Rebuilds index and ledger and returns the manifest; a session that is whole is left as it is.

    Raises RecordError for what is no session, is still being recorded, or cannot be written beside itself.
    """
    folder = Path(folder)
    path = folder / RECORDING
    info, lost_keys = _manifest(folder)
    if info.state == "RECORDING" and info.alive:
        raise RecordError(f"{folder} is still being recorded by process {info.writers[-1]}: stop that recording first")
    age_s = time.time() - path.stat().st_mtime if info.state == "RECORDING" and path.is_file() else STILL_S
    if info.processes and info.processes[-1].fate() == "elsewhere" and 0 <= age_s < STILL_S:
        raise RecordError(
            f"{folder} was written {age_s:.0f} s ago by another machine or container, which may go on: "
            "stop that recording first, or wait a minute"
        )
    contents = scan(path)
    whole = contents.finished and not contents.damage
    if whole and info.state != "RECORDING" and not lost_keys:
        return info
    written_ns = path.stat().st_mtime_ns
    before = info.state
    try:
        _keep(folder, contents, lost_keys)
        _describe(info, path, contents, lost_keys, written_ns)
        if not whole:
            _rewrite(path, contents)
        (folder / RESERVE).unlink(missing_ok=True)
        info.files = {**files_of(folder), RECORDING: (path if whole else path.with_name(BESIDE)).stat().st_size}
        info.save(folder)  # should the swap not come, the old recording still is no whole one, and this is done again
        if not whole:
            path.with_name(BESIDE).replace(path)
            sync_folder(folder)
    except OSError as error:
        where = f"{folder} ({before.lower()}) cannot be repaired: {error.strerror}"
        raise RecordError(f"{where}; nothing in it was changed: copy the folder elsewhere") from None
    finally:
        path.with_name(BESIDE).unlink(missing_ok=True)
    return info


def _manifest(folder: Path) -> tuple[SessionInfo, list[str]]:
    """The manifest, or a new one where it was lost or cannot be read at all; and what of it was lost."""
    path = folder / MANIFEST
    if not (folder.is_dir() and (folder / RECORDING).is_file()):
        return load(folder)
    if not os.path.lexists(path):
        return SessionInfo(reason="the manifest was lost"), ["everything"]  # clock, graph and sources are gone with it
    try:
        readable = manifest.unseal(read_plain(path, manifest.LIMIT))[2]
    except OSError:
        readable = True  # `load` says why not
    if not readable:
        return SessionInfo(reason="the manifest was damaged"), ["everything"]
    return load(folder)


def _keep(folder: Path, contents: Contents, lost_keys: list[str]) -> None:
    """Copies what cannot be read, before anything is changed."""
    for item in contents.damage:
        keep_damaged(folder / RECORDING, item.offset, item.length)
    if contents.torn_bytes and not any(item.offset == contents.end for item in contents.damage):
        keep_damaged(folder / RECORDING, contents.end, contents.torn_bytes)
    if lost_keys and os.path.lexists(folder / MANIFEST):
        keep_damaged(folder / MANIFEST, 0, (folder / MANIFEST).stat().st_size)


def _rewrite(path: Path, contents: Contents) -> None:
    """Writes every proven message into a new, finished file beside the recording."""
    free, needed = shutil.disk_usage(path.parent).free, contents.size + ROOM
    if free < needed:
        raise RecordError(
            f"{path} needs {needed >> 20} MB beside it to be repaired, and {free >> 20} MB are free: "
            "make room, or copy the folder elsewhere"
        )
    beside = path.with_name(BESIDE)
    beside.unlink(missing_ok=True)
    writer = McapWriter(beside)
    try:
        for records in chunks(path):
            for topic, record in records:
                number = writer.channel(topic, *_schema(topic, record.channel_id, contents))
                writer.add(number, record.log_time, record.publish_time, record.sequence, record.data)
            writer.flush()
        writer.finish()
    except ValueError as error:
        raise RecordError(f"{path} cannot be repaired, and nothing in it was changed: {error}") from None
    finally:
        writer.abandon()


def _schema(topic: str, channel_id: int, contents: Contents) -> tuple[str, bytes]:
    """Name and text of a channel's schema, made anew where it was lost with a damaged chunk."""
    channel = contents.channels.get(channel_id)
    schema = None if channel is None else contents.schemas.get(channel.schema_id)
    if schema is not None:
        return schema.name, schema.data
    known = REGISTRY.get(topic)
    return (known.message.__name__, schema_of(known.message)) if known else (topic, b'{"type":"object"}')


def _describe(info: SessionInfo, path: Path, contents: Contents, lost_keys: list[str], written_ns: int) -> None:
    """Fills the manifest from what the recording holds."""
    ledger = ledger_of(info)
    first = last = None
    clock = ""
    passed: dict[str, int] = {}
    foreign = {topic for node in info.wiring.values() for topic in node.get("writes", ())} - set(REGISTRY)
    for name, topic, message in _messages(path, foreign):
        if topic is None or message is None:
            passed[name] = passed.get(name, 0) + 1
            continue
        ledger.add(topic, message)
        clock = clock or message.clock
        if not topic.host:
            first = message.t_ns if first is None else min(first, message.t_ns)
            last = message.t_ns if last is None else max(last, message.t_ns)
    if lost_keys and clock:
        info.clock = clock
    info.first_t_ns, info.last_t_ns = first, last
    info.ledger = ledger.accounts()
    killed = info.state == "RECORDING"
    found = [*_damaged(contents), *_gaps(info.ledger), *_passed(passed)]
    if killed or not contents.finished:
        found = [*_tail(info, contents, written_ns), *found]
    if lost_keys:
        why = f"it was damaged or changed in {MANIFEST}, which is kept in {DAMAGED}"
        found += [Missing(topic=f"what the manifest said of {key}", messages=None, why=why) for key in lost_keys]
    info.missing = [*(item for item in info.missing if item.why != GAP), *found]
    info.state = "INCOMPLETE"
    said = [] if info.reason in ("", "stopped") else [info.reason]
    said += ["the recorder was killed; recovered"] if killed and not said else []
    damaged = contents.damage or (lost_keys and not said) or not (killed or contents.finished)
    said += ["damaged; recovered"] if damaged else []
    info.reason = "; ".join(dict.fromkeys(said)) or "recovered"


class _Foreign(Message):
    """What is counted of a message whose package is not imported: a session has nothing imported."""

    frame_seq: int = -1


class _Named(NamedTuple):
    """A topic that only its name is known of."""

    name: str
    host: bool = False


def _messages(path: Path, foreign: Collection[str]) -> Iterator[tuple[str, Any, Message | None]]:
    """Name, topic and message; None for what cannot be read, and nothing of what is there for viewers only."""
    decoder = msgspec.json.Decoder(_Foreign)
    for records in chunks(path):
        for name, record in records:
            topic = REGISTRY.get(name)
            message: Message | None
            try:
                if topic is not None:
                    message = from_json(topic, record.data)
                elif name in foreign:
                    topic, message = _Named(name), decoder.decode(record.data)
                elif name.startswith(UNDECLARED):
                    message = None
                else:
                    continue
            except (TransportError, *manifest.UNREADABLE):
                message = None
            fits = message is not None and max(abs(message.t_ns), abs(message.pub_ns)) < TIME_LIMIT_NS
            yield name, topic, message if fits else None


def _tail(info: SessionInfo, contents: Contents, written_ns: int) -> list[Missing]:
    """What the recorder held in memory when it was killed: at most one flush interval and what was on its way."""
    if not contents.chunks:
        why = "the recorder was killed before it had written anything that can be read"
        return [Missing(topic="*", messages=None, from_s=0.0, why=why)]
    start = contents.first_ns
    from_s = (contents.last_ns - start) / 1e9
    to_s = None
    if info.clock != "media" and -1e9 < written_ns - contents.last_ns < COPIED_S * 1e9:
        to_s = max(from_s, (written_ns - start) / 1e9) + FLUSH_S
    torn = f"; {contents.torn_bytes} bytes of a torn record are kept in {DAMAGED}" if contents.torn_bytes else ""
    why = (
        f"the recorder was killed: it wrote every {FLUSH_S} s, and what came after its last writing was not yet "
        f"on the disk{torn}"
    )
    if info.state != "RECORDING":
        to_s, why = None, f"the end of {RECORDING} was missing or damaged{torn}"
    return [Missing(topic="*", messages=None, from_s=round(from_s, 3), to_s=to_s and round(to_s, 3), why=why)]


def _damaged(contents: Contents) -> Iterator[Missing]:
    """What damage within the file has cost."""
    start = contents.first_ns
    for item in contents.damage:
        if item.lost:
            span = tuple(None if t is None else round((t - start) / 1e9, 3) for t in (item.from_ns, item.to_ns))
            where = f"{item.length} bytes of {RECORDING} from byte {item.offset} are damaged"
            why = f"{where} ({item.why}); kept in {DAMAGED}"
            yield Missing(topic="*", messages=None, from_s=span[0], to_s=span[1], why=why)
    for topic, count in sorted(contents.lost.items()):
        yield Missing(topic=topic, messages=count, why=f"recorded, and lost with damaged bytes of {RECORDING}")


GAP = "published, but not received by the recorder (see gaps)"


def _gaps(ledger: dict[str, TopicAccount]) -> list[Missing]:
    return [
        Missing(topic=topic, messages=account.not_recorded, why=GAP)
        for topic, account in ledger.items()
        if account.not_recorded
    ]


def _passed(passed: dict[str, int]) -> list[Missing]:
    why = "recorded, but not in the ledger: what was recorded cannot be read as a message of its topic"
    return [Missing(topic=topic, messages=count, why=why) for topic, count in sorted(passed.items())]
