"""What a dbt run says of each table: evidence that it was built, or was not.

Each node of a run is an item of its own, ``run:<invocation id>/<unique id>``, part of ``run:<invocation id>``. One item for the
whole run would not do: the same item would then leave many jobs for one database, and where one table arrived, another that
failed would count as having got there, too (custody: what arrived by another handoff is superseded).

Its handoff goes from the job (``dbt:<package>/<name>``) to the database (setting ``warehouse``). It was ``queued`` when the
node's first phase began. What came of it is known from the status:

==================================  ====================  ==========================================================
status                              evidence
==================================  ====================  ==========================================================
success, pass                       published             the database has answered that the table stands
warn                                accepted_with_errors
partial success                     partially_accepted    some batches of a microbatch model
error, fail, runtime error          failed                as dbt says it: whose fault it is, the message may tell
skipped                             failed                it was not run, because another node failed
any other                           unknown               kept under its own word
==================================  ====================  ==========================================================

``skipped`` is not left at ``queued``: then the job would stand accused of not having sent what it was not allowed to run. Tests,
hooks and exposures hand nothing over and are left out. Freshness (sources.json) says when the newest row of a source was loaded:
``received`` by the database at ``max_loaded_at``, from the job that loads it, whether or not that was thought too late; that is
a schedule's to say.

Source: https://schemas.getdbt.com/dbt/run-results/v6.json, sources/v3.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lineage.facts import Finding, HandoffEvent, Item
from loaders._database_tables import parts_of, table
from loaders._dbt_artifacts import Artifact, job_of
from loaders._logs import time_said
from loaders._shapes import text
from loaders.base import Reject, Said, make, shown

_TYPES = {
    "success": "published", "pass": "published", "warn": "accepted_with_errors", "partial success": "partially_accepted",
    "error": "failed", "fail": "failed", "runtime error": "failed", "skipped": "failed",
}  # fmt: skip
_HANDED_OVER = {"model", "seed", "snapshot"}
_OTHERS = {"test", "unit_test", "operation", "sql_operation", "exposure", "saved_query", "analysis", "function"}
_MAX_DETAIL = 500


def run_facts(artifact: Artifact, warehouse: str, server: str) -> Iterator[Said]:
    """The evidence of a run_results.json."""
    invocation = artifact.metadata.get("invocation_id")
    if not invocation:
        yield Reject(
            position=artifact.document.at("/metadata"),
            reason="no invocation_id: which run this was is not known",
            hint="let dbt write the file again (dbt 0.19 or newer)",
        )
        return
    run = f"run:{invocation}"
    yield make(Item, artifact.document.at("/metadata"), invocation, id=run, name=f"dbt run {invocation}")
    for position, result in artifact.results:
        kind, named = _kind(result)
        if named is None or (kind not in _HANDED_OVER and kind not in _OTHERS):
            yield _nameless(position, result)
        elif kind in _HANDED_OVER:
            yield from _result(position, result, named, run, artifact, warehouse, server)


def _kind(result: dict[str, Any]) -> tuple[str, str | None]:
    named = text(result.get("unique_id"))
    return (named.partition(".")[0], named) if named and named.count(".") >= 2 else ("", None)


def _nameless(position: str, result: dict[str, Any]) -> Reject:
    reason = "the result names no node of dbt in unique_id, such as model.shop.orders"
    return Reject(position=position, reason=reason, hint="let dbt write the file again", record=shown(result))


def _result(
    position: str, result: dict[str, Any], named: str, run: str, artifact: Artifact, warehouse: str, server: str
) -> Iterator[Said]:
    job, item = job_of(named), f"{run}/{named}"
    names = parts_of(relation) if isinstance(relation := result.get("relation_name"), str) else []
    status = text(result.get("status")) or "none"
    kind = _TYPES.get(status, "unknown")
    yield make(Item, position, named, id=item, name=named, part_of=run, origin=job)
    common = {
        "source": f"urn:lineage:system:{job}",
        "item": item,
        "from": job,
        "to": warehouse,
        "dataset": table(names, server).id if names else None,
    }
    invocation = run.removeprefix("run:")
    if result.get("started_at"):
        (began, offset), fault = time_said(result["started_at"], None, position)
        yield from (fault,) if fault else ()
        yield make(
            HandoffEvent, position, result, id=f"{invocation}:{named}:start", type="queued", time=began, offset=offset, **common
        )
    ended = result.get("completed_at") or artifact.metadata.get("generated_at")
    (at, offset), fault = time_said(ended, None, position)
    yield from (fault,) if fault else ()
    message = text(result.get("message"))
    yield make(
        HandoffEvent,
        position,
        result,
        id=f"{invocation}:{named}:end",
        type=kind,
        raw_type=status,
        time=at,
        offset=offset,
        message_id=f"{invocation}:{named}",
        code=status if kind in {"failed", "unknown"} else None,
        detail=message[:_MAX_DETAIL] if message else None,
        **common,
    )


def freshness_facts(artifact: Artifact, warehouse: str) -> Iterator[Said]:
    """The evidence of a sources.json."""
    for position, result in artifact.results:
        kind, named = _kind(result)
        if named is None or kind != "source":
            yield _nameless(position, result)
            continue
        loaded = result.get("max_loaded_at")
        if not isinstance(loaded, str):
            why = (text(result.get("error")) or "it has no max_loaded_at")[:200]
            detail = f"when it was last loaded is not known ({text(result.get('status'))}): {why}"
            yield Finding(position=position, finding="freshness-unknown", subject=named, detail=detail)
            continue
        (at, offset), fault = time_said(loaded, None, position)
        yield from (fault,) if fault else ()
        yield make(
            HandoffEvent,
            position,
            result,
            id=f"{named}@{loaded}",
            source=f"urn:lineage:system:{warehouse}",
            type="received",
            raw_type=text(result.get("status")),
            time=at,
            offset=offset,
            item=f"run:{named}@{loaded}",
            **{"from": job_of(named), "to": warehouse},
        )
