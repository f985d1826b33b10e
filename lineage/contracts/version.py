"""One version of a contract, as the facts that its feed says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lineage.facts import Dataset, DatasetField, Interface, Route, Said


@dataclass(frozen=True)
class Version:
    """What can be compared, by id; fields by their data set and name, in the order of the contract. ``source``: what it was read from."""

    datasets: dict[str, Dataset] = field(default_factory=dict)
    fields: dict[str, dict[str, DatasetField]] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    source: str | None = None

    @property
    def contract(self) -> str | None:
        """What the contract is called: by its data sets, else by its interfaces."""
        named = [one.contract for one in self.datasets.values()] + [one.contract for one in self.interfaces.values()]
        return next(filter(None, named), None)

    def called(self, id_: str) -> Version:
        """The same with another id for its only data set."""
        (old,) = self.datasets
        return replace(
            self,
            datasets={id_: self.datasets[old].model_copy(update={"id": id_})},
            fields={id_: self.fields.get(old, {})},
        )

    def only(self, id_: str) -> Version:
        """Nothing but that data set with its fields."""
        return Version(
            datasets={id_: self.datasets[id_]} if id_ in self.datasets else {}, fields={id_: self.fields.get(id_, {})}
        )


def version_of(said: Iterable[Said], source: str | None = None) -> Version:
    """The comparable facts of a source; of what is said twice the first counts."""
    version = Version(source=source)
    for one in said:
        if isinstance(one, Dataset):
            version.datasets.setdefault(one.id, one)
        elif isinstance(one, DatasetField):
            version.fields.setdefault(one.dataset, {}).setdefault(one.name, one)
        elif isinstance(one, Interface):
            version.interfaces.setdefault(one.id, one)
        elif isinstance(one, Route):
            version.routes.setdefault(one.id, one)
    return version
