"""The verdict table of design.md section 6, row by row, as far as one item's own evidence decides it. No database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from evidence import agreement, at, seen

from lineage.answers.codes import classify
from lineage.answers.expected import Expected
from lineage.answers.verdict import NOBODY, UNDETERMINED, Finding, judge
from lineage.custody import Evidence, fold_item


def verdict(*evidence: Evidence, within: int | None = 60, now: int = 1000, **route: Any) -> Finding:
    """Custody at a began at minute 0; a→b is due after ``within`` minutes; it is minute ``now``."""
    states = fold_item(evidence)
    state = states.get("a-to-b")
    expected = Expected(
        agreement("a-to-b", "a", "b", within=within, **route), begun=True, begun_at=at(0), depth=0,
        secured=state is not None and state.secured, superseded=False,
    )  # fmt: skip
    return judge(expected, state, at(now))


def sent(minutes: int = 1) -> Evidence:
    return seen("sent", minutes, "a", message_id="m1")


def failed(code: str | None, detail: str | None = None) -> Evidence:
    return seen("failed", 2, "a", message_id="m1", code=code, detail=detail)


REJECTED = seen("rejected", 2, "b", in_reply_to="m1", code="R")


def test_nothing_declares_a_deadline() -> None:
    found = verdict(sent(), within=None)
    assert (found.rule, found.at_fault, found.due) == ("no-deadline", NOBODY, None)


@pytest.mark.parametrize("now, rule", [(59, "not-due"), (60, "not-sent")])
def test_the_deadline_counts_from_its_minute_on(now: int, rule: str) -> None:
    assert verdict(now=now).rule == rule


@pytest.mark.parametrize("evidence", [(), (sent(),), (sent(), REJECTED), (failed("503"),)])
def test_before_the_deadline_nobody_is_at_fault(evidence: tuple[Evidence, ...]) -> None:
    found = verdict(*evidence, now=30)
    assert (found.rule, found.at_fault, found.due) == ("not-due", NOBODY, at(60))


def test_not_due_names_the_rejection() -> None:
    found = verdict(sent(), REJECTED, now=30)
    assert "b rejected it (R)" in found.reason
    assert {e.type for e in found.evidence} == {"sent", "rejected"}


@pytest.mark.parametrize("evidence", [(), (seen("queued", 1, "a"),)])
def test_not_sent_is_the_senders(evidence: tuple[Evidence, ...]) -> None:
    found = verdict(*evidence)
    assert (found.rule, found.at_fault) == ("not-sent", "a")
    assert found.missing
    assert found.confidence < 1


@pytest.mark.parametrize(
    "code, detail",
    [
        ("408", None), ("413", None), ("429", None), ("500", None), ("503", None), ("599", None),
        ("ECONNREFUSED", None), ("ECONNRESET", None), ("ETIMEDOUT", None), (None, "connection refused"),
        (None, "connection reset by peer"), (None, "connect timed out"), ("NXDOMAIN", None), (None, "DNS lookup"),
        (None, "TLS handshake failure"), ("552", None), (None, "mailbox full"), ("E-17", "connection timeout"),
    ],
)  # fmt: skip
def test_refused_by_endpoint_is_the_receivers(code: str | None, detail: str | None) -> None:
    found = verdict(sent(), failed(code, detail))
    assert (found.rule, found.at_fault) == ("refused-by-endpoint", "b")
    assert found.confidence < 1
    assert found.missing


@pytest.mark.parametrize(
    "detail", ["the read timed out", "request timeout", "no reply within 30 s", "timeout waiting for a receipt"]
)
def test_a_reply_that_did_not_come_is_silence(detail: str) -> None:
    """The message may have arrived all the same."""
    found = verdict(sent(), failed("ETIMEDOUT", detail))
    assert (found.rule, found.at_fault) == ("no-receipt", UNDETERMINED)


@pytest.mark.parametrize(
    "code, detail",
    [
        ("401", None), ("403", None), ("404", None), (None, "unknown key"), (None, "certificate has expired"),
        (None, "TLS handshake: expired certificate"), (None, "permission denied"),
    ],
)  # fmt: skip
def test_not_authorised_accuses_nobody(code: str | None, detail: str | None) -> None:
    found = verdict(sent(), failed(code, detail))
    assert (found.rule, found.at_fault) == ("not-authorised", UNDETERMINED)
    assert found.missing


@pytest.mark.parametrize(
    "evidence",
    [
        (sent(), REJECTED),
        (REJECTED,),
        (sent(), failed("422")),
        (sent(), failed(None, "schema error")),
        (sent(), seen("failed", 2, "b", in_reply_to="m1")),
        (sent(), seen("received", 1, "b", in_reply_to="m1"), REJECTED),
    ],
)
def test_a_rejection_accuses_nobody(evidence: tuple[Evidence, ...]) -> None:
    found = verdict(*evidence)
    assert (found.rule, found.at_fault) == ("rejected", UNDETERMINED)
    assert found.missing


def test_silence_accuses_nobody() -> None:
    found = verdict(sent())
    assert (found.rule, found.at_fault) == ("no-receipt", UNDETERMINED)
    assert found.missing


def test_silence_is_waited_for_as_long_as_the_acknowledgement_may_take() -> None:
    owed = {"acknowledgement": "functional", "acknowledge_within": timedelta(hours=10)}
    found = verdict(sent(), now=500, **owed)
    assert (found.rule, found.due) == ("not-due", at(601))
    assert verdict(sent(), now=601, **owed).rule == "no-receipt"


@pytest.mark.parametrize("code", ["E-17", None])
def test_an_unknown_code_accuses_nobody(code: str | None) -> None:
    found = verdict(sent(), failed(code))
    assert (found.rule, found.at_fault) == ("unknown-failure", UNDETERMINED)


def test_the_latest_attempt_decides() -> None:
    later = seen("failed", 9, "a", message_id="m2", code="401")
    assert verdict(sent(), failed("503"), later).rule == "not-authorised"
    assert (
        verdict(seen("failed", 1, "a", message_id="m0", code="401"), seen("sent", 9, "a", message_id="m2")).rule == "no-receipt"
    )


def test_two_codes_for_one_rejection_are_one_way_and_two_of_one_log_are_two() -> None:
    by_both = [seen("rejected", 3, by, in_reply_to="m1", code=code) for by, code in (("a", "422"), ("b", "E-17"))]
    again = seen("rejected", 9, "a", in_reply_to="m1", code="400")
    one, two = (verdict(sent(), *said) for said in (by_both, [*by_both, again]))
    assert (one.codes, one.ways) == (("422", "E-17"), 1)
    assert (two.codes, two.ways) == (("400", "422", "E-17"), 2)


def test_a_verdict_rests_on_its_evidence() -> None:
    found = verdict(sent(), failed("503"))
    assert [e.type for e in found.evidence] == ["sent", "failed"]
    assert "503" in found.reason


@pytest.mark.parametrize("code", ["4013", "x503y", "E4291", "order 15031"])
def test_digits_inside_other_numbers_are_no_code(code: str) -> None:
    assert classify(code) == "unknown"


def test_the_code_comes_before_the_words() -> None:
    # A status says more than words; but words that put the sender's credentials in question keep it from accusing.
    assert classify("503", "document is invalid: validation failed") == "refused"
    assert classify("503", "authentication failed") == "unauthorised"
    assert classify(None, None) == "unknown"


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("530", "Not logged in"),
        ("535", "authentication credentials invalid"),
        ("550", "5.7.1 relaying denied, SPF fail of sender"),
        ("550", "5.1.1 user unknown"),
        ("501", None),
        ("505", None),
        ("552", "message size exceeds fixed limit"),
        ("TLS", "bad certificate: client certificate required"),
        ("TLS", "unknown_ca"),
        ("E-17", "wrote 512 rows then stopped"),
        ("E", "could not read /data/500/feed.xml"),
        ("X", "No space left on device: /var/spool/b/out"),
        ("X", "disk quota exceeded for /home/b"),
        ("X", "network is unreachable"),
        ("X", "local lock timeout waiting for worker"),
        ("X", "refused to sign: key missing in b's keystore"),
    ],
)
def test_what_may_be_the_senders_own_side_accuses_nobody(code: str, detail: str | None) -> None:
    assert classify(code, detail) != "refused"
    assert verdict(sent(), failed(code, detail)).at_fault == UNDETERMINED


def test_a_failure_that_somebody_else_reports_accuses_nobody() -> None:
    found = verdict(sent(), failed("503", None)._replace(source="urn:lineage:system:monitor"))
    assert (found.rule, found.at_fault) == ("unknown-failure", UNDETERMINED)


def test_without_times_no_deadline_is_claimed_to_be_missing() -> None:
    """A deadline is declared; nothing says since when it runs."""
    route = agreement("a-to-b", "a", "b", within=60)
    undated = Expected(route, begun=True, begun_at=None, depth=0, secured=False, superseded=False)
    found = judge(undated, None, at(1000))
    assert found.rule == "no-deadline"
    assert "declares no deadline" not in found.reason
