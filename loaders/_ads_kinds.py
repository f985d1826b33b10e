"""What an object of the Spotify Ads API v3 is, what its words mean, and its values as text.

What an object is, its own keys say; where they do not, the name of the file that it was saved as.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

# Raw status -> evidence type (feeds' vocabularies exceed the documented lists, so anything else is unknown).
UPLOAD = {"WAITING_UPLOAD": "queued", "PROCESSING": "received", "READY": "accepted", "ERROR": "rejected"}
REVIEW = {
    "PENDING": "received", "PENDING_APPROVAL": "received", "ACTIVE": "accepted", "APPROVED": "accepted", "READY": "accepted",
    "COMPLETED": "accepted", "REJECTED": "rejected", "FAILED": "failed",
}  # fmt: skip
EXPORT = {"PROCESSING": "queued", "READY": "sent", "FAILED": "failed"}

# The key of a list envelope -> what its elements are.
LISTS = {
    "businesses": "business", "ad_accounts": "ad_account", "campaigns": "campaign", "ad_sets": "ad_set", "ads": "ad",
    "assets": "asset", "audiences": "audience", "datasets": "dataset", "mobile_apps": "mobile_app", "pixels": "pixel",
    "change_history": "change", "rows": "row",
}  # fmt: skip
# Keys that only one kind of object has, most telling first.
_TELLING = (
    ("change_id", "change"), ("ad_set_id", "ad"), ("campaign_id", "ad_set"), ("entity_type", "row"), ("asset_type", "asset"),
    ("report_url", "report"), ("submitted_at", "report"), ("lookback_days", "audience"), ("seed_audience_name", "audience"),
    ("platform_app_id", "mobile_app"), ("is_receiving_events", "dataset"), ("capi_integration", "dataset"), ("aam_fields", "pixel"),
    ("objective", "campaign"), ("delivery_goal_group", "campaign"), ("purchase_order", "campaign"), ("currency_code", "ad_account"),
)  # fmt: skip
_BUSINESSES = {"ADVERTISER", "AGENCY", "MUSIC_ARTIST_CONCERT_PROMOTER", "PODCAST_PROMOTER"}
# By the file's name, longer words first: "getAdSets" is about ad sets and not about ads.
_IN_NAMES = (
    ("asyncreport", "report"), ("adaccount", "ad_account"), ("mobileapp", "mobile_app"), ("campaign", "campaign"), ("adset", "ad_set"),
    ("audience", "audience"), ("business", "business"), ("dataset", "dataset"), ("pixel", "pixel"), ("asset", "asset"),
)  # fmt: skip
# What an id of an entity is called in item ids; change history calls an ad a creative.
ENTITIES = {"CAMPAIGN": "campaign", "AD_SET": "ad-set", "AD": "ad", "CREATIVE": "ad"}
DETAILS = (
    "status", "objective", "delivery_goal_group", "purchase_order", "delivery", "pause_reason", "asset_format", "start_time",
    "end_time", "advertiser_name", "tagline", "asset_type", "file_type", "duration_ms", "url",
)  # fmt: skip
MAX_DETAIL = 500


def kind_of(value: Mapping[str, Any], name: str) -> str | None:
    """What one object is, by its keys, else by the name of its file; None where neither says."""
    for key, kind in _TELLING:
        if key in value:
            return kind
    if value.get("type") in _BUSINESSES:
        return "business"
    plain = re.sub(r"[^a-z]", "", name.lower())
    return next((kind for word, kind in _IN_NAMES if word in plain), None)


def text(value: Any) -> str | None:
    """One value as bounded text; None for what is empty or no single value."""
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return None
    # JSON can say half a surrogate pair; UTF-8 cannot.
    return str(value).strip()[:MAX_DETAIL].encode("utf-8", "backslashreplace").decode() or None


def texts(value: Any) -> list[str]:
    """The values of a list as text; nothing where it is no list."""
    return [said for one in value if (said := text(one))] if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def address(value: Any) -> SplitResult | None:
    """A web address in its parts; None where it is none."""
    try:
        parts = urlsplit(text(value) or "")
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and parts.hostname else None


def reasons(value: Mapping[str, Any]) -> str:
    """Why something was rejected: ``reject_reason`` as text, ``reject_reasons`` as texts or as rejection with remediation."""
    many = value.get("reject_reasons")
    found = [text(value.get("reject_reason")), *texts(many)]
    found += [" ".join(filter(None, (text(one.get("rejection")), text(one.get("remediation"))))) for one in objects(many)]
    return "; ".join(dict.fromkeys(filter(None, found)))


def changed(change: Mapping[str, Any], side: str) -> str | None:
    """One side of a change, ``before`` or ``after``: its value, or the parts of one that has several, such as a budget."""
    value = change.get(side)
    if not isinstance(value, dict):
        return text(value)
    if "value" in value:
        return text(value["value"])
    return " ".join(said for part in value.values() if (said := text(part))) or None


def type_of(value: Any) -> str:
    """The type of a JSON value, as a field's type."""
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object")):
        if isinstance(value, python):
            return name
    return "text"
