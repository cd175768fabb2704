"""Optional extras: found without being imported, and named where they are not there."""

import sys
import tomllib

import pytest
from paths import ROOT

from liveaffect.stream import extras
from liveaffect.stream.errors import UsageError
from liveaffect.stream.extras import Extra, library, require, there


def test_an_extra_that_is_not_installed_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "moon", Extra("moon.phases", "the moon (`--moon`)"))
    assert not there("moon")
    for ask in (require, library):
        with pytest.raises(UsageError) as told:
            ask("moon")
        assert str(told.value).startswith("the moon (`--moon`) needs the package moon.phases")
        assert 'pip install "liveaffect[moon]"' in str(told.value)


def test_an_extra_that_is_there_is_found_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "comb", Extra("colorsys", "a comb"))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    require("comb")
    assert "colorsys" not in sys.modules
    assert library("comb").rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_an_extra_that_cannot_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torn", Extra("torn_library", "torn things"))
    monkeypatch.setattr(extras, "there", lambda name: True)
    with pytest.raises(UsageError, match=r"torn things: .*install it anew"):
        library("torn")


def test_every_extra_is_told_by_doctor_and_by_the_page_on_setting_up() -> None:
    offered = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    page = (ROOT / "docs/setup.md").read_text()
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    offered -= {"dev", "train"}
    assert {name for name in offered if f"`{name}`" not in rows} == set()
    # the runtime and the window have parts of doctor of their own
    assert offered - set(extras.EXTRAS) == {"cpu", "gpu", "desktop"}
