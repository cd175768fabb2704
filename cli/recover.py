"""`liveaffect recover`: makes the session of a killed recorder whole, and says exactly what is missing."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table

from liveaffect.stream.errors import RecordError
from liveaffect.stream.session.files import DAMAGED, read_plain
from liveaffect.stream.session.info import MANIFEST, Missing, SessionInfo
from liveaffect.stream.session.manifest import LIMIT
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover as recover_session


def recover(
    session: Annotated[Path, typer.Argument(help="Folder of a session.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as it now is.")] = False,
) -> None:
    """Rebuild index and loss ledger of a session that was killed or damaged, and say what is missing.

    Nothing is destroyed: what cannot be read is kept beside. A session that is whole is left alone.
    """
    before = _manifest_bytes(session)
    info = recover_session(session)
    reader = SessionReader(session)
    if as_json:
        print((session / MANIFEST).read_text("utf-8"))
        raise typer.Exit(bool(reader.faults))
    out = Console(highlight=False)
    done = "" if _manifest_bytes(session) == before else ", recovered"
    out.print(f"{session}: {info.state}{done} ({info.reason})", markup=False)
    print_ledger(info, out)
    for missing in info.missing:
        out.print(f"missing: {_words(missing)}", markup=False, soft_wrap=True)
    lost = {topic: account.not_recorded for topic, account in info.ledger.items() if account.not_recorded}
    if lost and not info.missing:
        told = ", ".join(f"{count} messages of {topic}" for topic, count in lost.items())
        out.print(f"missing: {told}: published, but never received by the recorder", markup=False, soft_wrap=True)
    if (session / DAMAGED).is_dir():
        out.print(f"what could not be read is kept in {session / DAMAGED}", markup=False, soft_wrap=True)
    for fault in reader.faults:  # of files beside the recording, which cannot be made anew
        out.print(fault, markup=False, soft_wrap=True, style="red")
    if not lost and not info.missing and not reader.faults and info.state == "COMPLETE":
        out.print("nothing is missing")
    if reader.faults:
        raise typer.Exit(1)


def _manifest_bytes(session: Path) -> bytes:
    try:
        return read_plain(session / MANIFEST, LIMIT)
    except (OSError, RecordError):
        return b""


def print_ledger(info: SessionInfo, out: Console) -> None:
    """The loss ledger as two tables: what became of each topic, and what each of its readers did with it."""
    topics = _table("topic", "captured", "published", "recorded", "missed", words="lost at the source")
    readers = _table("read by", "topic", "processed", "dropped", words="why")
    for topic, account in info.ledger.items():
        counts = (account.captured, account.published, account.recorded, account.not_recorded)
        topics.add_row(topic, *map(str, counts), _causes(account.lost_at_source))
        for name, reader in account.readers.items():
            causes = {**reader.dropped, **({"in flight": reader.pending} if reader.pending else {})}
            dropped = str(sum(reader.dropped.values()) + reader.pending)
            readers.add_row(name, topic, str(reader.processed), dropped, _causes(causes))
    out.print(topics)
    if readers.row_count:
        out.print(readers)


def _table(first: str, *columns: str, words: str) -> Table:
    names = [Column(name, no_wrap=True, justify="left" if name == "topic" else "right") for name in columns]
    return Table(Column(first, no_wrap=True), *names, words, box=box.SIMPLE)


def _causes(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {cause}" for cause, n in counts.items())


def _words(missing: Missing) -> str:
    span = ""
    if missing.from_s is not None:
        end = f"{missing.to_s:.3f}" if missing.to_s is not None else "the end"
        span = f" from {missing.from_s:.3f} s to {end}{' s' if missing.to_s is not None else ''}"
    what = "everything" if missing.topic == "*" else missing.topic
    count = f"{missing.messages} messages of " if missing.messages is not None else ""
    return f"{count}{what}{span}: {missing.why}"
