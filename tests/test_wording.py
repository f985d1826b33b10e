"""The text of an event that is hashed: written out by hand for speed, and the same as the fact's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from lineage.assertions import canonical, content_hash
from lineage.facts import EvidenceType, HandoffEvent
from lineage.wording import is_bare, wording_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda text: text.strip() != "")
MAYBE = st.none() | TEXT
# A name stands on one line.
NAMES = st.lists(TEXT.filter(lambda text: "\n" not in text).map(lambda text: f"kind:{text}"), max_size=3).map(tuple)
TIMES = st.none() | st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))


@given(
    st.fixed_dictionaries(
        {"id": TEXT, "source": TEXT, "type": st.sampled_from(get_args(EvidenceType)), "item": st.just("episode:e")},
        optional={
            **dict.fromkeys(
                ("raw_type", "offset", "from", "dataset", "message_id", "reporter", "code", "detail", "route"), MAYBE
            ),
            "to": TEXT,
            "in_reply_to": TEXT,
            "envelopes": NAMES,
            "identifiers": NAMES,
            "time": TIMES,
        },
    )
)
def test_the_text_is_the_canonical_one(said: dict[str, object]) -> None:
    event = HandoffEvent.model_validate({"in_reply_to": "m-1", **said})
    text = canonical(event.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    wording = wording_of(event)
    assert (wording.text, wording.hash) == (text, content_hash(text))
    assert wording.moment == event.time
    assert wording.bare == is_bare(event)
