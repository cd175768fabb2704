"""The loss ledger in a report: what was captured, processed, dropped and recorded, topic by topic."""

from collections.abc import Iterator
from html import escape

from liveaffect.stream.session.info import SessionInfo
from liveaffect.stream.session.ledger import TopicAccount

_ORDER = ("video/frame", "audio/chunk", "face/observation", "face/crop", "face/mesh", "face/affect",
          "voice/descriptors", "voice/affect", "affect", "marker", "command")  # fmt: skip
_CAUSES = {
    "skipped": "skipped for a newer one", "overflow": "queue full", "late": "too late", "invalid": "malformed",
    "down": "node down", "ended": "run ended", "overrun": "device overrun",
}  # fmt: skip
_DASH = "–"
_RULE = (
    "Captured = lost at the source + published. Published = recorded + not recorded, and for each reader = processed + "
    "dropped + still pending at the end. A dropped video frame is the normal answer to a busy machine: the newest is "
    "taken, and the count says so."
)


def ledger(session: SessionInfo, state: str) -> Iterator[str]:
    """The section; a verdict first, then a row per topic."""
    yield "<h2>Loss ledger</h2>"
    lost = sum(account.not_recorded for account in session.ledger.values())
    whole = state == "COMPLETE" and not lost and not session.missing
    words = "Everything that was published is in the recording." if whole else _wanting(state, lost)
    if not session.ledger:
        yield f'<p><span class="badge bad">{escape(state.lower())}</span> The session holds no ledger: '
        yield "<code>liveaffect recover SESSION</code> makes it.</p>"
        return
    yield f'<p><span class="badge {"good" if whole else "bad"}">{escape(state.lower())}</span> {escape(words)}</p>'
    heads = ("captured", "published", "recorded", "not recorded")
    cells = "".join(f'<th class="n">{head}</th>' for head in heads)
    yield f'<div class="wide"><table><tr><th>topic</th>{cells}<th>readers: processed and dropped</th></tr>'
    topics = sorted(session.ledger, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    for name in topics:
        yield _row(name, session.ledger[name])
    yield "</table></div>"
    for missing in session.missing:
        number = "an unknown number" if missing.messages is None else f"{missing.messages:,}"
        span = (
            "" if missing.from_s is None or missing.to_s is None else f", {missing.from_s:.1f} to {missing.to_s:.1f} s"
        )
        yield f'<p class="note bad">{escape(f"{missing.topic}: {number} missing{span}: {missing.why}")}</p>'
    yield f'<p class="note">{_RULE}</p>'


def _wanting(state: str, lost: int) -> str:
    words = {"INCOMPLETE": "The recording did not end as it should. ", "RECORDING": "It is still being recorded. "}
    text = (
        f"{lost:,} published messages are not in it." if lost else "Nothing that is known to be published is missing."
    )
    return words.get(state, "") + text


def _row(name: str, account: TopicAccount) -> str:
    wanting = ' class="n bad"' if account.not_recorded else ' class="n"'
    numbers = "".join(f'<td class="n">{n:,}</td>' for n in (account.captured, account.published, account.recorded))
    said: list[str] = []
    if account.lost_at_source:
        said.append(f"lost at the source: {_causes(account.lost_at_source)}")
    for reader, what in account.readers.items():
        text = f"{reader} {what.processed:,}"
        text += f", dropped {_causes(what.dropped)}" if what.dropped else ""
        said.append(text + (f", {what.pending:,} pending" if what.pending else ""))
    if account.starts > 1:
        said.append(f"{account.starts} starts of its process")
    gaps = len(account.gaps) + account.gaps_left_out
    said += [f"{gaps} {'gap' if gaps == 1 else 'gaps'}"] if gaps else []
    told = escape("; ".join(said)) or _DASH
    first = f"<tr><td><code>{escape(name)}</code></td>{numbers}"
    return f"{first}<td{wanting}>{account.not_recorded:,}</td><td>{told}</td></tr>"


def _causes(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {_CAUSES.get(cause, cause)}" for cause, count in counts.items())
