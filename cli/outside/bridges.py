"""Options of `run` and `live` that let other programs in or out: optional nodes, each with an extra of its own."""

from typing import Annotated

import typer

from liveaffect.nodes.mqtt.broker import place_of
from liveaffect.nodes.osc import host_and_port
from liveaffect.offline.scoring.settings import as_toml
from liveaffect.stream.extras import require

Lsl = Annotated[bool, typer.Option("--lsl", help="Streams of the Lab Streaming Layer out, markers in.")]
Osc = Annotated[str, typer.Option("--osc", metavar="HOST:PORT", help="Open Sound Control messages to there.")]
Mqtt = Annotated[
    str,
    typer.Option(
        "--mqtt", metavar="URL", help="To an MQTT broker, mqtt://HOST; the password in LIVEAFFECT_MQTT_PASSWORD."
    ),
]


def bridges(*, lsl: bool = False, osc: str = "", mqtt: str = "") -> list[str]:
    """What these options set. Raises UsageError where an extra is not installed, or an address is none."""
    if osc:
        host_and_port(osc)
    if mqtt:
        place_of(mqtt)
    words: list[str] = []
    for name, key, value in (("lsl", "", "yes" if lsl else ""), ("osc", "target", osc), ("mqtt", "url", mqtt)):
        if value:
            require(name)
            words += [f"{name}.enabled=true", *([f"{name}.{key}={as_toml(value)}"] if key else [])]
    return words
