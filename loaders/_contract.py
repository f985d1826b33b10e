"""What the feeds of contracts share: how the nodes of the map are called, and a message's fields as facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from pydantic import Field

from lineage.facts import DatasetField
from loaders._documents import Place
from loaders._schema import SchemaField
from loaders.base import Reject, Said, Settings, make

Direction = Literal["sent", "accepted", "both"]


class ContractSettings(Settings):
    """``dataset``: the registry's own id of the one data set of a contract, or {its name in the contract: the registry's id}."""

    dataset: str | dict[str, str] = Field(
        default_factory=dict, description="id of the one data set, or dataset.NAME=ID for one of several"
    )
    system: str | None = Field(default=None, description="the system whose contract it is")


def slug(text: str) -> str:
    """A title as an id: ``Ads API`` is ``ads-api``."""
    return re.sub(r"[^\w.]+", "-", text.lower()).strip("-")


def dataset_ids(place: Place, names: Iterable[str], prefix: str, given: str | Mapping[str, str]) -> dict[str, str] | Reject:
    """The data sets' ids by their names in the contract; a reject where one id is given for several."""
    unique = list(dict.fromkeys(names))
    if isinstance(given, str):
        if len(unique) > 1:
            some = ", ".join(unique[:5]) + (" ..." if len(unique) > 5 else "")
            return Reject(
                position=place.position,
                reason=f"dataset={given} names one data set, and the contract has {len(unique)}: {some}",
                hint="write dataset.NAME=ID for each of those that have an id of their own",
            )
        return dict.fromkeys(unique, given)
    return {name: given.get(name) or f"{prefix}/{name}" for name in unique}


class Given:
    """What the contracts of a source are about: two versions of one in a source would contradict each other."""

    def __init__(self) -> None:
        self._at: dict[str, str] = {}

    def again(self, what: str, id_: str, place: Place) -> Reject | None:
        """A reject where another document is about the same; the first one counts."""
        first = self._at.setdefault(id_, place.position)
        if first == place.position:
            return None
        return place.reject(
            f"the {what} {id_} is given twice, first at {first}",
            "name one of the two versions, or load each by itself with settings that tell them apart; the first was loaded",
        )


def field_facts(dataset: str, fields: Iterable[SchemaField], prefix: str = "") -> Iterator[Said]:
    """The fields of a data set as facts. ``prefix``: what precedes their names."""
    for one in fields:
        name = prefix + one.name
        yield make(
            DatasetField, one.position, {"name": name}, dataset=dataset, name=name, type=one.type, required=one.required,
            description=one.description, format=one.format, pattern=one.pattern, enum=one.enum,
        )  # fmt: skip
