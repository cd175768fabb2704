"""The library, told where it may be heard, and the streams that go out."""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from types import ModuleType
from typing import Any, Literal

from liveaffect.nodes.lsl.fence import EVERYWHERE, LOOPBACK
from liveaffect.nodes.lsl.layout import MISSING, STAMPS, Layout, model_facts
from liveaffect.stream.errors import DeviceError
from liveaffect.stream.extras import library

PORTS = range(16572, 16604)
"""Where programs of this machine look for streams, if nothing else is set."""
MULTICAST = "224.0.0.183"
"""LSL's own group within one network: routers do not pass it on."""


def opened(interface: str, address: str, peers: Iterable[str]) -> ModuleType:
    """pylsl, set so that it calls on no other machine than asked for. Raises UsageError where it is not installed.

    Must be called before anything else of it is used in this process.
    """
    lsl = library("lsl")
    if interface == EVERYWHERE:  # as lsl_api.cfg of this machine says
        return lsl
    lsl.util.set_config_content(settings(interface, address, peers))
    return lsl


def settings(interface: str, address: str, peers: Iterable[str]) -> str:
    """The library's settings file, whatever others lie about: see `lsl_api.cfg` in LSL's own documentation."""
    lines = ["[log]", "level = -3", "[tuning]", "TimeUpdateInterval = 1.0"]
    if interface == LOOPBACK:
        lines += ["[ports]", "IPv6 = disable", "[multicast]", "ResolveScope = machine", "ListenAddress = 127.0.0.1"]
        lines += ["AddressesOverride = {127.0.0.1}", "TTLOverride = 0"]
    else:
        lines += ["[ports]", "IPv6 = disable", "[multicast]", "ResolveScope = link", "TTLOverride = 1"]
        lines += [f"AddressesOverride = {{127.0.0.1, {MULTICAST}}}", f"Interfaces = {{{address}}}"]
    known = list(peers)
    lines += ["[lab]", f"KnownPeers = {{{', '.join(known)}}}"] if known else []
    return "\n".join([*lines, ""])


class Outlet:
    """One stream that goes out.

    Parameters
    ----------
    lsl: the library.
    layout: what it carries.
    source_id: the same at every start.
    facts: of the sensor, told with the stream.
    """

    def __init__(self, lsl: ModuleType, layout: Layout, source_id: str, facts: Mapping[str, str]) -> None:
        form = lsl.cf_string if layout.text else lsl.cf_float32
        info = lsl.StreamInfo(layout.name, layout.type, len(layout.channels), lsl.IRREGULAR_RATE, form, source_id)
        _describe(info.desc(), layout, facts)
        try:
            self._outlet: Any = lsl.StreamOutlet(info)
        except RuntimeError as error:
            raise DeviceError(
                f"LSL stream '{layout.name}' cannot be opened ({error}): are the ports from 16572 on all in use?"
            ) from None
        self.sent = 0

    @property
    def near(self) -> bool:
        """Whether programs of this machine can find it without multicast."""
        return self.port("service") in PORTS

    def port(self, what: Literal["service", "data"]) -> int:
        """Where it is looked for (UDP), or read (TCP); 0 where it has none."""
        found = re.search(rf"<v4{what}_port>(\d+)<", self._outlet.get_info().as_xml())
        return 0 if found is None else int(found[1])

    @property
    def read(self) -> bool:
        """Whether anybody reads it."""
        return self._outlet.have_consumers()

    def push(self, row: list[Any], lsl_s: float) -> None:
        """One sample and its time; lost where nobody reads."""
        self._outlet.push_sample(row, lsl_s)
        self.sent += 1


def _describe(desc: Any, layout: Layout, facts: Mapping[str, str]) -> None:
    """The XDF metadata: https://github.com/sccn/xdf/wiki/Meta-Data."""
    desc.append_child_value("manufacturer", "liveaffect")
    channels = desc.append_child("channels")
    for channel in layout.channels:
        one = channels.append_child("channel")
        for key, value in (("label", channel.label), ("unit", channel.unit), ("type", channel.kind)):
            one.append_child_value(key, value)
        one.append_child_value("meaning", channel.meaning)
    acquisition = desc.append_child("acquisition")
    acquisition.append_child_value("manufacturer", "liveaffect")
    acquisition.append_child_value("software_version", version("liveaffect"))
    models = acquisition.append_child("models")
    for name in layout.models:
        model = models.append_child("model")
        for key, value in {"name": name, **model_facts(name)}.items():
            model.append_child_value(key, value)
    desc.append_child("synchronization").append_child_value("can_drop_samples", "true")
    for key, value in {
        "missing": "" if layout.text else MISSING,
        "timestamps": STAMPS,
        **facts,
        **layout.facts,
    }.items():
        if value:
            desc.append_child_value(key, value)
