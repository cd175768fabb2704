"""Makes the session of a killed recorder whole again: index, ledger, and a plain list of what is missing."""

from pathlib import Path

from liveaffect.stream.errors import RecordError
from liveaffect.stream.session.info import MANIFEST, RECORDING, Missing, SessionInfo
from liveaffect.stream.session.ledger import TopicAccount
from liveaffect.stream.session.mcap_scan import Contents, scan
from liveaffect.stream.session.mcap_writer import McapWriter
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.writer import FLUSH_S, RESERVE, ledger_of

COPIED_S = 60.0
"""A file changed so long after its last message has been copied since: its time says nothing."""


def recover(folder: str | Path) -> SessionInfo:
    """Rebuilds index and ledger in place and returns the manifest; a session that is whole is left as it is.

    Only what cannot be read (a torn last record) is cut off. Raises RecordError for what is no session, or is still
    being recorded.
    """
    folder = Path(folder)
    path = folder / RECORDING
    if folder.is_dir() and path.is_file() and not (folder / MANIFEST).exists():
        _save(SessionInfo(reason="the manifest was lost"), folder)  # clock, graph and sources are gone with it
    reader = SessionReader(folder)
    info = reader.info
    if reader.running:
        raise RecordError(f"{folder} is still being recorded by process {info.writers[-1]}: stop that recording first")
    contents = scan(path)
    if contents.finished and info.state != "RECORDING":
        return info
    written_ns = path.stat().st_mtime_ns
    _rewrite(path, contents)
    ledger = ledger_of(info)
    first = last = None
    reader = SessionReader(folder)
    for topic, message in reader.messages():
        ledger.add(topic, message)
        if not topic.host:
            first = message.t_ns if first is None else min(first, message.t_ns)
            last = message.t_ns if last is None else max(last, message.t_ns)
    info.first_t_ns, info.last_t_ns = first, last
    info.ledger = ledger.accounts()
    info.missing = [*_tail(info, contents, written_ns), *_gaps(info.ledger), *_unknown(reader)]
    info.state = "INCOMPLETE"
    info.reason = info.reason or "the recorder was killed; recovered"
    (folder / RESERVE).unlink(missing_ok=True)
    info.files = {
        item.name: item.stat().st_size
        for item in sorted(folder.iterdir())
        if item.is_file() and not item.name.startswith(".") and item.name != MANIFEST
    }
    _save(info, folder)
    return info


def _rewrite(path: Path, contents: Contents) -> None:
    if contents.finished:
        return
    try:
        McapWriter(path, resume=True).finish()
    except OSError as error:
        raise RecordError(f"{path} cannot be repaired in place: {error.strerror}; copy the folder elsewhere") from None


def _save(info: SessionInfo, folder: Path) -> None:
    try:
        info.save(folder)
    except OSError as error:
        raise RecordError(f"{folder / MANIFEST} cannot be written: {error.strerror}") from None


def _tail(info: SessionInfo, contents: Contents, written_ns: int) -> list[Missing]:
    """What the recorder held in memory when it was killed: at most one flush interval and what was on its way."""
    if not info.clocks or not contents.chunks:
        why = "the recorder was killed before it had written anything"
        return [Missing(topic="*", messages=None, from_s=0.0, why=why)]
    start = contents.first_ns
    from_s = (contents.last_ns - start) / 1e9
    to_s = None
    if info.clock != "media" and -1e9 < written_ns - contents.last_ns < COPIED_S * 1e9:
        to_s = max(from_s, (written_ns - start) / 1e9) + FLUSH_S
    torn = f"; {contents.torn_bytes} bytes of a torn record were cut off" if contents.torn_bytes else ""
    why = (
        f"the recorder was killed: it wrote every {FLUSH_S} s, and what came after its last writing was not yet "
        f"on the disk{torn}"
    )
    return [Missing(topic="*", messages=None, from_s=round(from_s, 3), to_s=to_s and round(to_s, 3), why=why)]


def _gaps(ledger: dict[str, TopicAccount]) -> list[Missing]:
    why = "published, but not received by the recorder (see gaps)"
    return [
        Missing(topic=topic, messages=account.not_recorded, why=why)
        for topic, account in ledger.items()
        if account.not_recorded
    ]


def _unknown(reader: SessionReader) -> list[Missing]:
    why = "recorded, but not in the ledger: the package that declares the topic is not installed here"
    return [Missing(topic=topic, messages=count, why=why) for topic, count in reader.unknown.items()]
