"""`liveaffect recover`: makes the session of a killed recorder whole, and says exactly what is missing."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from liveaffect.stream.ledger import TopicAccount
from liveaffect.stream.recover import recover as recover_session
from liveaffect.stream.session_info import Missing, SessionInfo
from liveaffect.stream.session_reader import SessionReader


def recover(
    session: Annotated[Path, typer.Argument(help="Folder of a session.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as it now is.")] = False,
) -> None:
    """Rebuild index and loss ledger of a session whose recorder was killed, and say what is missing.

    Nothing that can be read is changed; a session that is whole is left alone.
    """
    whole = _is_whole(session)
    info = recover_session(session)
    if as_json:
        print((session / "session.json").read_text("utf-8"))
        return
    out = Console(highlight=False)
    out.print(f"{session}: {info.state}{'' if whole else ', recovered'} ({info.reason})", markup=False)
    print_ledger(info, out)
    for missing in info.missing:
        out.print(f"missing: {_words(missing)}", markup=False, soft_wrap=True)
    if not info.missing and info.state == "COMPLETE":
        out.print("nothing is missing")


def _is_whole(session: Path) -> bool:
    if session.is_dir() and not (session / "session.json").exists():
        return False
    return SessionReader(session).info.state != "RECORDING"


def print_ledger(info: SessionInfo, out: Console) -> None:
    """The loss ledger as a table."""
    table = Table(Column("topic", no_wrap=True), "captured", "published", "recorded", "missed", "processed", "dropped")
    for topic, account in info.ledger.items():
        counts = (account.captured, account.published, account.recorded, account.not_recorded)
        table.add_row(topic, *map(str, counts), _readers(account), _causes(account))
    out.print(table)


def _readers(account: TopicAccount) -> str:
    return "\n".join(f"{name} {reader.processed}" for name, reader in account.readers.items())


def _causes(account: TopicAccount) -> str:
    lines = [f"source: {n} {cause}" for cause, n in account.lost_at_source.items()]
    for name, reader in account.readers.items():
        causes = [f"{n} {cause}" for cause, n in reader.dropped.items()]
        causes += [f"{reader.pending} in flight"] * bool(reader.pending)
        lines.append(f"{name}: {', '.join(causes)}" if causes else "")
    return "\n".join(lines)


def _words(missing: Missing) -> str:
    span = ""
    if missing.from_s is not None:
        end = f"{missing.to_s:.3f}" if missing.to_s is not None else "the end"
        span = f" from {missing.from_s:.3f} s to {end}{' s' if missing.to_s is not None else ''}"
    what = "everything" if missing.topic == "*" else missing.topic
    count = f"{missing.messages} messages of " if missing.messages is not None else ""
    return f"{count}{what}{span}: {missing.why}"
