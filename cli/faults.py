"""What is wrong with a session, in the words of a terminal."""

from rich.console import Console

from liveaffect.stream.session.reader import SessionReader


def tell_faults(reader: SessionReader, out: Console) -> bool:
    """Says what of a session is not as it was recorded, or was never in it; True where that costs messages."""
    for fault in reader.faults:
        out.print(f"{reader.folder}: {fault}", markup=False, highlight=False, soft_wrap=True, style="red")
    if reader.faults and reader.loses:
        remedy = f"what is intact is used; `liveaffect recover {reader.folder}` keeps it and lists what is missing"
        out.print(remedy, markup=False, highlight=False, soft_wrap=True)
    elif reader.state == "INCOMPLETE":
        why = reader.info.reason or "its recorder was killed"
        out.print(f"{reader.folder} is INCOMPLETE ({why})", markup=False, highlight=False, soft_wrap=True)
    return bool(reader.faults) and reader.loses
