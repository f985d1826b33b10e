"""DDEX: releases, licences and their updates, acknowledgements, usage reports."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import Database
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import DatasetField, Finding, Grant, HandoffEvent, Identifier, Item, Partner, Reject, Said, System
from lineage.session import Lineage
from loaders.ddex import read as feed

HERE = FIXTURES / "ddex"
LABEL, SHOP = "PADPIDA2026030201D", "PADPIDA2026030203S"
PARTIES = (
    f"<MessageSender><PartyId>{LABEL}</PartyId></MessageSender><MessageRecipient><PartyId>{SHOP}</PartyId></MessageRecipient>"
)
RELEASE = (
    "<ReleaseList><Release><ReleaseReference>R0</ReleaseReference><ReleaseId><GRid>A1LITTL0000000007X</GRid></ReleaseId>"
    "{}</Release></ReleaseList>"
)
STREAM = "<UseType>Stream</UseType>"


def message(
    body: str,
    *,
    id_: str = "m-1",
    at: str = "2026-03-02T08:00:00Z",
    root: str = "NewReleaseMessage",
    version: str = "43",
    header: str = PARTIES,
    more: str = "",
) -> str:
    return (
        f'<ern:{root} xmlns:ern="http://ddex.net/xml/ern/{version}"{more}><MessageHeader><MessageId>{id_}</MessageId>{header}'
        f"<MessageCreatedDateTime>{at}</MessageCreatedDateTime></MessageHeader>{body}</ern:{root}>"
    )


def notification(*deals: str, **header: Any) -> str:
    terms = "".join(f"<Deal><DealTerms>{deal}</DealTerms></Deal>" for deal in deals)
    listed = f"<ReleaseDeal><DealReleaseReference>R0</DealReleaseReference>{terms}</ReleaseDeal>" if deals else ""
    return message(f"{RELEASE.format('')}<DealList>{listed}</DealList>", **header)


def deal(where: str = "SE", start: str = "2026-03-06", end: str = "", extra: str = "") -> str:
    until = f"<EndDate>{end}</EndDate>" if end else ""
    period = f"<ValidityPeriod><StartDate>{start}</StartDate>{until}</ValidityPeriod>"
    return f"<TerritoryCode>{where}</TerritoryCode>{period}{STREAM}{extra}"


def grants(*texts: str) -> list[Grant]:
    said = load_text(feed, "m.xml", *texts)
    assert rejects(said) == []
    return only(Grant, said)


def found(said: list[Said]) -> list[str]:
    return [one.finding for one in only(Finding, said)]


def refused(text: str | bytes) -> str:
    (reject,) = rejects(load_text(feed, "m.xml", text))
    return reject.reason


def day(year: int, month: int, day_: int, hour: int = 0) -> datetime:
    return datetime(year, month, day_, hour, tzinfo=UTC)


@pytest.mark.parametrize("path", files("ddex", feed), ids=lambda path: path.name)
def test_fixtures_load(path: Path) -> None:
    check_good(feed, path)


@pytest.mark.parametrize("path", files("hostile/ddex", feed), ids=lambda path: path.name)
def test_hostile_files_are_refused(path: Path) -> None:
    check_hostile(feed, path)


# Who and what.


def test_parties_their_systems_and_what_the_registry_calls_them() -> None:
    said = load(feed, HERE / "album-432.xml")
    assert {one.id: one.name for one in only(Partner, said)} == {
        LABEL: "Sound Distribution",
        "PADPIDA2026030202L": "Little Label",
        SHOP: "Store music",
        "PADPIDA2026030204R": None,
    }
    # The label itself sends nothing: its distributor does.
    assert {one.id: one.partner for one in only(System, said)} == {
        f"ddex:{LABEL}": LABEL,
        f"ddex:{SHOP}": SHOP,
        "ddex:PADPIDA2026030204R": "PADPIDA2026030204R",
    }
    ours = load(feed, HERE / "album-432.xml", system={SHOP: "ingestion"}, partner={SHOP: "store-music"})
    assert SHOP not in {one.id for one in only(Partner, ours)}
    assert {one.licensee for one in only(Grant, ours)} == {"store-music", "PADPIDA2026030204R"}
    assert {one.to for one in only(HandoffEvent, ours)} == {"ingestion", "ddex:PADPIDA2026030204R"}
    assert "ingestion" not in {one.id for one in only(System, ours)}


def test_a_party_may_have_only_a_name() -> None:
    header = PARTIES.replace(f"<PartyId>{SHOP}</PartyId>", "<PartyName>Test Recipient</PartyName>")
    said = load_text(feed, "m.xml", notification(deal(), header=header))
    assert "Test Recipient" in {one.id for one in only(Partner, said)}


def test_releases_recordings_and_their_identifiers() -> None:
    said = load(feed, HERE / "album-432.xml")
    items = {one.id: one for one in only(Item, said)}
    album, track = "release:grid:A1LITTL0000000007X", "release:ddex:PADPIDA2026030202L:track-1"
    stereo = items["recording:isrc:SELL12600001"]
    assert (stereo.name, stereo.duration_s, stereo.part_of) == ("Ebb", 245.0, (track, album))
    assert (items[album].name, items[album].origin) == ("Tideline", f"ddex:{LABEL}")
    # The immersive edition has an ISRC of its own: another recording; a cover is no recording.
    assert {one for one in items if one.startswith("recording:")} == {
        "recording:isrc:SELL12600001", "recording:isrc:SELL12600002", "recording:ddex:PADPIDA2026030202L:clip-1",
    }  # fmt: skip
    names = {(one.item, one.identifier) for one in only(Identifier, said)}
    assert {(album, "grid:A1LITTL0000000007X"), (album, "upc:0340000000012")} < names
    assert ("recording:isrc:SELL12600001", "isrc:SELL12600001") in names


def test_an_identifier_of_another_form_merges_nothing() -> None:
    text = notification(deal()).replace("A1LITTL0000000007X", "A1-LITTL")
    said = load_text(feed, "m.xml", text, text.replace(LABEL, "PADPIDA2026030209X"))
    assert {one.id for one in only(Item, said) if one.kind == "release"} == {
        f"release:ddex:{LABEL}:A1-LITTL", "release:ddex:PADPIDA2026030209X:A1-LITTL",
    }  # fmt: skip
    assert only(Identifier, said) == []
    assert found(said).count("grid-form") == 2


def test_a_track_release_that_borrows_an_isrc_is_not_the_recording() -> None:
    text = notification(deal()).replace("<GRid>A1LITTL0000000007X</GRid>", "<ISRC>SELL12600001</ISRC>")
    said = load_text(feed, "m.xml", text)
    assert {one.id for one in only(Item, said) if one.kind == "release"} == {"release:isrc:SELL12600001"}
    assert only(Identifier, said) == []


def test_the_newest_message_has_the_last_word_on_what_a_release_is() -> None:
    old = message(RELEASE.format("<DisplayTitleText>Old</DisplayTitleText>"), at="2026-03-02T08:00:00.5Z")
    new = message(RELEASE.format("<DisplayTitleText>New</DisplayTitleText>"), at="2026-03-02T10:00:00+01:00", id_="m-2")
    for order in ((old, new), (new, old)):
        said = load_text(feed, "m.xml", *order)
        assert [one.name for one in only(Item, said) if one.kind == "release"] == ["New"]


# Deals.


def test_a_deal_is_a_grant_for_each_recipient_release_and_period() -> None:
    said = load(feed, HERE / "album-432.xml")
    assert len(only(Grant, said)) == 8
    first = only(Grant, said)[0]
    assert first.covers == (
        "release:grid:A1LITTL0000000007X", "recording:isrc:SELL12600001", "recording:isrc:SELL12600002",
        "recording:ddex:PADPIDA2026030202L:clip-1",
    )  # fmt: skip
    # The licensor is on whose behalf it was sent; a deal that excludes is worldwide beyond that; an end date is inclusive.
    assert (first.licensor, first.licensee) == ("PADPIDA2026030202L", SHOP)
    assert (first.territories, first.excluded) == (("Worldwide",), ("US",))
    assert (first.uses, first.models) == (("PlayInPublic", "NonInteractiveStream"), ("SubscriptionModel", "StoreRadio"))
    assert (first.valid_from, first.valid_to) == (day(2026, 3, 6), day(2027, 1, 1))
    assert only(Grant, said)[1].valid_from == day(2027, 3, 1, 5)
    assert found(said) == ["pre-order"]


@pytest.mark.parametrize(
    "end, until",
    [("2026-12-31", day(2027, 1, 1)), ("2026-12", day(2027, 1, 1)), ("2027", day(2028, 1, 1)), ("9999-12-31", None)],
)
def test_an_end_is_the_end_of_that_day_month_or_year(end: str, until: datetime | None) -> None:
    (grant,) = grants(notification(deal(end=end)))
    assert grant.valid_to == until


def test_a_deal_without_start_counts_from_its_message() -> None:
    said = load_text(feed, "m.xml", notification(f"<TerritoryCode>SE</TerritoryCode>{STREAM}"))
    assert only(Grant, said)[0].valid_from == day(2026, 3, 2, 8)
    assert found(said) == ["deal-without-start"]


@pytest.mark.parametrize(
    "bad, reason",
    [
        (deal(where="UK"), "'UK' is no ISO 3166-1 code"),
        (deal(where="2136"), "'2136' is no ISO 3166-1 code"),
        (deal(end="2026-03-05"), "ends before it begins"),
        (deal(start="2026-02-30"), "no date of the calendar"),
        (deal(start="soon"), "'soon' is no date"),
    ],
)
def test_a_deal_that_cannot_be_read_is_left_out_and_the_others_load(bad: str, reason: str) -> None:
    said = load_text(feed, "m.xml", notification(bad, deal(where="NO")))
    (reject,) = rejects(said)
    assert reason in reject.reason and "Deal[1] of R0" in reject.position
    assert [one.territories for one in only(Grant, said)] == [("NO",)]


def test_a_deal_that_ends_on_the_day_it_begins_is_one_day_long() -> None:
    (grant,) = grants(notification(deal(end="2026-03-06")))
    assert (grant.valid_from, grant.valid_to) == (day(2026, 3, 6), day(2026, 3, 7))


def test_terms_that_are_agreed_elsewhere_are_no_grant() -> None:
    text = notification(deal()).replace(f"<DealTerms>{deal()}</DealTerms>", "<DealReference>D-1</DealReference>")
    said = load_text(feed, "m.xml", text)
    assert (only(Grant, said), found(said)) == ([], ["deal-elsewhere"])


@pytest.mark.parametrize("flag", ["TakeDown", "AllDealsCancelled"])
def test_a_takedown_takes_back_the_release_and_not_its_recordings(flag: str) -> None:
    (grant,) = grants(notification(deal(extra=f"<{flag}>true</{flag}>"), version="382"))
    assert grant.withdrawn
    assert (grant.covers, grant.territories) == (("release:grid:A1LITTL0000000007X",), ("SE",))


# Messages of one release.


def test_each_message_is_a_version_of_the_licence() -> None:
    said = load_text(
        feed, "m.xml",
        notification(deal("SE")),
        notification(deal("NO"), at="2026-03-03T08:00:00Z", id_="m-2"),
        notification(at="2026-03-04T08:00:00Z", id_="m-3"),
        message("<PurgedRelease><ReleaseId><GRid>A1LITTL0000000007X</GRid></ReleaseId></PurgedRelease>",
                root="PurgeReleaseMessage", at="2026-03-05T08:00:00Z", id_="m-4"),
    )  # fmt: skip
    licence = f"licence:ddex:{LABEL}:{SHOP}:grid:A1LITTL0000000007X"
    versions = [one for one in only(Item, said) if one.version_of == licence]
    assert [one.published_at for one in versions] == [day(2026, 3, number, 8) for number in (2, 3, 4, 5)]
    terms = {one.licence: (one.territories, one.withdrawn) for one in only(Grant, said)}
    assert [terms.get(one.id) for one in versions] == [
        (("SE",), False), (("NO",), False), None, (("Worldwide",), True),
    ]  # fmt: skip
    assert found(said) == []


def test_deals_may_replace_those_before_later_than_the_message() -> None:
    text = notification(deal(), version="381").replace(
        "</ReleaseDeal>", "<EffectiveDate>2026-04-01</EffectiveDate></ReleaseDeal>"
    )
    said = load_text(feed, "m.xml", text)
    assert [one.published_at for one in only(Item, said) if one.version_of] == [day(2026, 4, 1)]


def test_the_same_message_laid_out_otherwise_is_the_same() -> None:
    text = notification(deal())
    other = text.replace("ern:", "x:").replace(":ern=", ":x=").replace("><", ">\n  <")
    assert [one.id for one in grants(other)] == [one.id for one in grants(text)]
    assert [one.id for one in grants(notification(deal("NO")))] != [one.id for one in grants(text)]


def test_a_takedown_that_nobody_saw_coming_is_found_and_counts() -> None:
    purge = HERE / "thread" / "audius-03_delete.xml"
    said = load(feed, purge)
    assert "takedown-before-release" in found(said)
    assert [one.withdrawn for one in only(Grant, said)] == [True]
    later = notification(deal(), at="2026-03-09T08:00:00Z")
    take = notification(deal(extra="<TakeDown>true</TakeDown>"), version="382", id_="m-2")
    assert "takedown-before-release" in found(load_text(feed, "m.xml", later, take))
    assert found(load_text(feed, "m.xml", take.replace("03-02T", "03-10T"), later)) == []


def test_a_message_id_that_names_several_messages() -> None:
    said = load_text(feed, "m.xml", notification(deal("SE")), notification(deal("NO"), at="2026-03-03T08:00:00Z"))
    assert found(said) == ["message-id-reused"]
    assert len({one.id for one in only(HandoffEvent, said)}) == 2
    empty = load_text(feed, "m.xml", notification(deal(), id_=""))
    assert found(empty) == ["no-message-id"]
    assert [one.message_id for one in only(HandoffEvent, empty)] == [None]


def test_the_message_is_evidence_that_each_release_was_sent() -> None:
    said = load(feed, HERE / "album-432.xml")
    events = only(HandoffEvent, said)
    assert {(one.item, one.from_, one.to, one.dataset) for one in events} == {
        (item, f"ddex:{LABEL}", to, "ddex:ern")
        for item in ("release:grid:A1LITTL0000000007X", "release:ddex:PADPIDA2026030202L:track-1")
        for to in (f"ddex:{SHOP}", "ddex:PADPIDA2026030204R")
    }
    assert {(one.type, one.time, one.offset, one.message_id) for one in events} == {
        ("sent", day(2026, 3, 2, 8), "+01:00", "SD-7-1"),
    }  # fmt: skip


def test_a_test_message_and_a_manifest_count_for_nothing() -> None:
    test = notification(deal(), header=f"{PARTIES}<MessageControlType>TestMessage</MessageControlType>")
    manifest = message("", root="ManifestMessage", version="13")
    for text, finding in ((test, "test-message"), (manifest, "left-out")):
        (only_one,) = load_text(feed, "m.xml", text)
        assert isinstance(only_one, Finding) and only_one.finding == finding


@pytest.mark.parametrize(
    "text, reason",
    [
        (notification(version="51"), "ERN version '51' is not known"),
        (notification(version="43", more=' MessageSchemaVersionId="ern/382"'), "the namespace says version '43'"),
        (notification().replace("ddex.net/xml/ern", "example.net/xml/ern"), "not that of ERN"),
        (message("", root="CatalogListMessage"), "its root is <CatalogListMessage>"),
        (notification(header=""), "no MessageSender and no MessageRecipient"),
        (notification().replace("MessageHeader", "Header"), "has no MessageHeader"),
        (message(""), "no release that can be named"),
        (notification()[:-20], "breaks off"),
        (notification().encode("utf-16"), "UTF-16"),
        ("<html><body>502</body></html>", "its root is <html>"),
    ],
)
def test_what_is_no_message_is_refused(text: str | bytes, reason: str) -> None:
    assert reason in refused(text)


def test_versions_that_differ_in_their_last_digit_are_only_odd() -> None:
    said = load_text(feed, "m.xml", notification(deal(), version="43", more=' MessageSchemaVersionId="ern/432"'))
    assert (found(said), len(only(Grant, said))) == (["schema-version"], 1)


@pytest.mark.parametrize("old, new", [(' xmlns:ern="http://ddex.net/xml/ern/43"', ""), ("ern:", "")])
def test_a_message_without_its_namespace_is_read_and_odd(old: str, new: str) -> None:
    said = load_text(
        feed, "m.xml", notification(deal()).replace(old, new).replace(' xmlns:ern="http://ddex.net/xml/ern/43"', "")
    )
    assert (found(said), len(only(Grant, said))) == (["schema-version"], 1)


def test_an_undated_message_is_read() -> None:
    said = load_text(feed, "m.xml", notification(deal(), at="yesterday"))
    assert found(said) == ["undated-message"]
    assert [one.time for one in only(HandoffEvent, said)] == [None]


def test_enrichment_is_about_recordings_and_grants_nothing() -> None:
    body = (
        "<ResourceInformationList><ResourceInformation><ResourceSummary><ResourceId><ISRC>SELL12600001</ISRC></ResourceId>"
        "<DisplayTitle><TitleText><Title>Ebb</Title></TitleText></DisplayTitle></ResourceSummary></ResourceInformation>"
        "</ResourceInformationList>"
    )
    text = message(body, root="MeadMessage").replace("/ern/43", "/mead/101")
    said = load_text(feed, "m.xml", text)
    assert [(one.id, one.name) for one in only(Item, said)] == [("recording:isrc:SELL12600001", "Ebb")]
    assert [one.dataset for one in only(HandoffEvent, said)] == ["ddex:mead"]
    alone = load_text(feed, "m.xml", text.replace(SHOP, LABEL))
    assert (only(HandoffEvent, alone), found(alone)) == ([], ["message-to-itself"])
    assert "about no recording" in refused(
        message("<PartyInformationList/>", root="MeadMessage").replace("/ern/43", "/mead/10")
    )


# Acknowledgements.


def reply(body: str, root: str = "FtpAcknowledgementMessage", namespace: str = "ern-c/15") -> list[HandoffEvent]:
    header = PARTIES.replace(LABEL, "X").replace(SHOP, LABEL).replace("X", SHOP)
    text = message(body, root=root, header=header).replace("xml/ern/43", f"xml/{namespace}")
    said = load_text(feed, "ack.xml", text)
    assert rejects(said) == []
    return only(HandoffEvent, said)


def test_an_acknowledgement_answers_a_message_release_by_release() -> None:
    events = only(HandoffEvent, load(feed, HERE / "acknowledgement-18.xml"))
    assert [(one.item, one.type, one.raw_type, one.code) for one in events] == [
        ("release:grid:A1LITTL0000000007X", "accepted", "SuccessfullyIngestedByReleaseDistributor", None),
        ("release:ddex:PADPIDA2026030202L:track-1", "failed", "ProcessingErrorAtReleaseDistributor", "ProcessingErrorAtReleaseDistributor"),
        ("release:ddex:PADPIDA2026030202L:track-1", "rejected", "ResourceCorrupt", "ResourceCorrupt"),
    ]  # fmt: skip
    assert {(one.from_, one.to, one.in_reply_to, one.offset) for one in events} == {
        (f"ddex:{LABEL}", f"ddex:{SHOP}", "SD-7-1", "+01:00"),
    }  # fmt: skip
    assert events[2].detail == "checksum differs; the audio stops after a minute; about SELL12600001"


@pytest.mark.parametrize(
    "status, type_",
    [("FileOK", "accepted"), ("MetadataMissing", "rejected"), ("InternalError", "failed"), ("Quarantined", "unknown")],
)
def test_an_acknowledgement_by_the_name_of_the_file(status: str, type_: str) -> None:
    (event,) = reply(
        f"<AcknowledgedFile><ReleaseId>340000000012</ReleaseId></AcknowledgedFile><FileStatus>{status}</FileStatus>"
    )
    assert (event.type, event.raw_type, event.item) == (type_, status, "release:upc:0340000000012")
    assert (event.in_reply_to, event.dataset) == (None, "ddex:ern")


def test_other_acknowledgements() -> None:
    (plain,) = reply("<AcknowledgedMessageId>m-1</AcknowledgedMessageId><FileStatus>FileOK</FileStatus>")
    assert (plain.item, plain.in_reply_to, plain.type) == (None, "m-1", "accepted")
    (chain,) = reply(
        "<ReleaseId><GRid>A1LITTL0000000007X</GRid></ReleaseId><Status>ReleaseMadeAvailableToConsumers</Status>",
        "SupplyChainStatusMessage",
    )
    assert (chain.item, chain.type) == ("release:grid:A1LITTL0000000007X", "published")
    (bare,) = reply(
        "<Acknowledgement><MessageId>m-1</MessageId><MessageStatus>FileOK</MessageStatus></Acknowledgement>",
        "AcknowledgementMessage", "ern-c-sftp/18",
    )  # fmt: skip
    assert (bare.item, bare.in_reply_to) == (None, "m-1")


@pytest.mark.parametrize(
    "body, reason", [("", "has no status"), ("<FileStatus>FileOK</FileStatus>", "names no message and no release")]
)
def test_an_acknowledgement_of_nothing_is_refused(body: str, reason: str) -> None:
    assert reason in refused(message(body, root="FtpAcknowledgementMessage").replace("xml/ern/43", "xml/ern-c/15"))


# Usage reports.

NAME = "DSR_PADPIDA2026030202L_Store music_Premium_2026-03_SE_{}of{}_20260401T000000.tsv"
HEADER = f"HEAD\tdsrf/30\tBasicAudioProfile\t1.0\tm-9\t2026-04-01T00:00:00+02:00\t{{}}\t{{}}\t2026-03-01\t2026-03-31\t{SHOP}\tStore music\tPremium\tPADPIDA2026030202L\tLittle Label\n"  # noqa: E501


def part(number: int, of: int, foot: str = "FOOT\t5\t\t1\t1") -> str:
    return f"{HEADER.format(number, of)}#AS01\tBlockId\tISRC\nSY02\t1\tStream\nAS01\t1\tSELL12600001\n{foot}\n"


def reports(folder: Path, *parts: tuple[str, str]) -> list[Said]:
    for name, text in parts:
        (folder / name).write_text(text, "utf-8")
    return load(feed, folder)


def test_a_report_its_files_and_their_fields(tmp_path: Path) -> None:
    said = reports(
        tmp_path, (NAME.format(1, 2), part(1, 2)), (NAME.format(2, 2), part(2, 2, "FOOT\t5\t10\t1\t1\t2"))
    )  # fmt: skip
    assert (rejects(said), found(said)) == ([], [])
    whole = f"report:ddex:{SHOP}:PADPIDA2026030202L:2026-03-01--2026-03-31:m-9"
    items = {one.id: one for one in only(Item, said)}
    assert set(items) == {whole, f"{whole}:1of2", f"{whole}:2of2"}
    first = items[f"{whole}:1of2"]
    assert first.part_of == (whole,)
    assert (first.details["lines"], first.details["territory"], first.details["records"]) == ("5", "SE", ("AS01 1", "SY02 1"))
    assert {(one.dataset, one.name) for one in only(DatasetField, said)} == {
        ("ddex:dsr", "AS01.BlockId"), ("ddex:dsr", "AS01.ISRC"),
    }  # fmt: skip
    events = only(HandoffEvent, said)
    assert {(one.from_, one.to, one.message_id, one.offset, one.envelopes[0]) for one in events} == {
        (f"ddex:{SHOP}", "ddex:PADPIDA2026030202L", "m-9", "+02:00", NAME.format(number, 2)) for number in (1, 2)
    }


def test_a_packed_file_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / f"{NAME.format(1, 1)}.gz").write_bytes(gzip.compress(part(1, 1).encode()))
    packed = load(feed, tmp_path / f"{NAME.format(1, 1)}.gz")
    (tmp_path / NAME.format(1, 1)).write_text(part(1, 1), "utf-8")
    assert packed == load(feed, tmp_path / NAME.format(1, 1))
    (tmp_path / "cut.tsv.gz").write_bytes(gzip.compress(part(1, 1).encode())[:-20])
    assert "breaks off" in rejects(load(feed, tmp_path / "cut.tsv.gz"))[0].reason


def test_what_is_missing_or_does_not_add_up(tmp_path: Path) -> None:
    said = reports(tmp_path, (NAME.format(1, 2), part(1, 3, "FOOT\t6\t\t1\t2")))
    assert found(said) == ["file-number", "control-total", "control-total", "missing-part"]
    details = [one.detail for one in only(Finding, said)]
    assert details[0] == "HEAD says file 1 of 3, the name says 1 of 2; HEAD counts"
    assert details[1:] == ["says 6, there are 5 lines", "says 2, there are 1 blocks", "1 of 3 files are there; missing: 2, 3"]


def test_the_whole_report_does_not_add_up(tmp_path: Path) -> None:
    said = reports(tmp_path, (NAME.format(1, 1), part(1, 1, "FOOT\t5\t50\t1\t1\t1")))
    assert [one.detail for one in only(Finding, said)] == ["says 50, there are 5 in its files"]


def test_a_file_says_by_its_name_what_its_header_leaves_out() -> None:
    said = load_text(feed, NAME.format(1, 2), "HEAD\tm-9\tBasic\n#HEAD\tMessageId\tProfile\nFOOT\t3\n")
    (event,) = only(HandoffEvent, said)
    assert (event.from_, event.to, event.offset) == ("ddex:Store music", "ddex:PADPIDA2026030202L", None)
    assert event.time == day(2026, 4, 1)
    assert event.item == "report:ddex:Store music:PADPIDA2026030202L:2026-03:m-9:1of2"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "no records"),
        ("date\tplays\n2026-03-01\t4\n", "not a DSR file"),
        (HEADER.format(1, 1), "its FOOT record is missing"),
        ("HEAD\tm-9\nFOOT\t2\n", "who sent the report to whom"),
        (HEADER.format(1, 1) + "total\t5\nFOOT\t3\n", "no type of record"),
    ],
)
def test_what_is_no_report_is_refused(text: str, reason: str) -> None:
    said = load_text(feed, "usage.tsv", text)
    assert reason in rejects(said)[0].reason


def test_a_quote_is_a_quote() -> None:
    said = load_text(feed, NAME.format(1, 1), part(1, 1).replace("Stream", '"7" single'))
    assert rejects(said) == []


# In the graph.


def terms(session: Lineage, item: str, as_of: str) -> list[tuple[Any, ...]]:
    rows = session.query("licence_terms", item=item, as_of=as_of).rows
    return [(row["covered"].partition(":")[0], row["territories"], row["uses"], row["withdrawn"]) for row in rows]


def test_updates_and_a_purge_count_by_their_time_in_any_order(database: Database, session: Lineage) -> None:
    found_digests = set()
    first, second, purge = HERE / "audius-01_delivery.xml", *sorted((HERE / "thread").iterdir())
    for order in ((first, second, purge), (purge, first, second), (second, purge, first)):
        database.wipe()
        for path in order:
            session.load("ddex", path)
        found_digests.add(session.digest())
    assert len(found_digests) == 1
    uses = ["OnDemandStream", "PermanentDownload"]
    given = [("release", ["Worldwide"], uses, False)]
    release = "release:ddex:PADPIDA1234567890:A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6Q7R8S9T0"
    settled = []
    for as_of, expected in (
        ("2023-09-01", []),
        ("2023-10-01", given),  # of the first message, whose deal began before it was sent
        ("2024-04-01T05:30:00Z", given),
        ("2024-04-01T06:30:00Z", given),
        ("2024-04-03", [("release", ["Worldwide"], None, True)]),
    ):
        assert terms(session, release, as_of) == expected
        settled += [row["settled_at"] for row in session.query("licence_terms", item=release, as_of=as_of).rows]
    assert settled == [day(2024, 4, 1, 5), day(2024, 4, 1, 5), day(2024, 4, 1, 6), day(2024, 4, 2, 7)]
    # A recording is asked for by its ISRC; the purge took back its release, and with it the only deal.
    assert terms(session, "isrc:USRC12345678", "2024-04-02T06:00:00Z") == [("recording", ["Worldwide"], uses, False)]
    assert [row[3] for row in terms(session, "isrc:USRC12345678", "2024-04-03")] == [True]


def test_no_deal_is_no_deal(session: Lineage, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(notification(deal()), "utf-8")
    (tmp_path / "b.xml").write_text(notification(at="2026-03-20T08:00:00Z", id_="m-2"), "utf-8")
    session.load("ddex", tmp_path / "b.xml")
    session.load("ddex", tmp_path / "a.xml")
    assert len(terms(session, "grid:A1LITTL0000000007X", "2026-03-19")) == 1
    assert terms(session, "grid:A1LITTL0000000007X", "2026-03-21") == []


def test_an_acknowledgement_finds_its_message_in_any_order(database: Database, session: Lineage) -> None:
    for order in (("album-432.xml", "acknowledgement-18.xml"), ("acknowledgement-18.xml", "album-432.xml")):
        database.wipe()
        for name in order:
            session.load("ddex", HERE / name)
        rows = session.graph.read(
            """MATCH (h:Handoff {to_system: $to}) RETURN h.item_id AS item, h.secured AS secured, h.attempts AS attempts,
            h.acknowledgement AS state ORDER BY item""",
            to=f"ddex:{SHOP}",
        ).rows
        assert [tuple(row.values()) for row in rows] == [
            ("release:ddex:PADPIDA2026030202L:track-1", False, 1, "rejected"),
            ("release:grid:A1LITTL0000000007X", True, 1, "accepted"),
        ]


def test_real_samples() -> None:
    said = load(feed, sample("ddex_ern"))
    assert [one.position.partition(":")[0] for one in only(Reject, said)] == ["audius-mead_artist_update.xml"]
    assert found(said).count("message-id-reused") == 1
    reports_ = load(feed, sample("ddex_dsr"))
    assert (rejects(reports_), found(reports_)) == ([], ["file-number", "control-total", "missing-part"])
