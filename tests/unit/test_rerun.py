"""Deciding again: whose result changes, what is published then, and what the report says."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities
from electoral.events import ApplicationReceived
from gateway_builders import EDINBURGH, HARTLEPOOL, RECEIVED_AT
from verification.__main__ import main
from verification.postgres.rerun import Locked, StoredOutcome
from verification.rerun import Redecided, deciding_by, redecide, verify_again
from verification.rerun_report import Change, Counts, Report
from verification.rules import RuleSet, Verdict, rule_set

SAME = ("match", "not-populated", "match", "match", "match", "false")
BY_SOUND = ("soundex", "not-populated", "match", "match", "match", "false")
NOTHING = ("not-applicable",) * 6
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STRICT = RuleSet.model_validate_json(
    json.dumps(
        {
            "version": "2030.1",
            "since": "2030-01-01",
            "why": "Only names that are the same.",
            "rules": [
                {"name": "under-16", "result": "green", "when": {"ninoAbsence": ["under-16"]}},
                {
                    "name": "the-same",
                    "result": "green",
                    "when": {"firstName": ["match"], "lastName": ["match"]},
                },
                {"name": "others", "result": "red", "when": {}},
            ],
        }
    )
)


def decided(**changes: Any) -> StoredOutcome:
    fields: dict[str, Any] = {
        "key": (UUID(int=7), 1),
        "revision": 1,
        "gss_code": HARTLEPOOL,
        "result": "green",
        "decided_by": "identified",
        "levels": SAME,
        "nino_absence": None,
        "found": None,
        "person_key": "person-2026-11-20",
    }
    return StoredOutcome(**(fields | changes))


def redecided(*those: StoredOutcome, rules: RuleSet = STRICT, over: str = "") -> Any:
    return redecide(those, deciding_by(rules), lambda key_id: key_id == over)


# -- deciding -------------------------------------------------------------------------------------


def test_whose_result_changes_is_decided_again_and_the_others_are_counted() -> None:
    step = redecided(decided(), decided(levels=BY_SOUND))
    assert [one.change for one in step.redecided] == [Change("green", "red")]
    assert step.redecided[0].verdict == Verdict("red", "others", "2030.1")
    assert step.counts[HARTLEPOOL].decided == 2


def test_the_same_result_by_another_rule_is_counted_and_no_change() -> None:
    same, other = decided(decided_by="the-same"), decided(decided_by="identified")
    step = redecided(same, other)
    assert (step.redecided, step.counts[HARTLEPOOL].other_rule) == ([], 1)


def test_counts_are_kept_for_each_authority() -> None:
    step = redecided(decided(), decided(gss_code=EDINBURGH), decided(gss_code=EDINBURGH))
    assert {code: counts.decided for code, counts in step.counts.items()} == {
        HARTLEPOOL: 1,
        EDINBURGH: 2,
    }


def test_why_there_was_no_nino_decides_too() -> None:
    unchecked = decided(result="not-applicable", levels=NOTHING, nino_absence="under-16")
    asked = decided(result="not-applicable", levels=NOTHING)
    changes = [one.change.after for one in redecided(unchecked, asked).redecided]
    assert changes == ["green", "red"]


def test_what_nobody_could_open_any_more_is_counted_and_left() -> None:
    step = redecided(decided(levels=BY_SOUND), over="person-2026-11-20")
    assert (step.redecided, step.counts[HARTLEPOOL].key_over) == ([], 1)


@pytest.mark.parametrize("version", ["2026.1", "2026.2"])
def test_a_rule_set_changes_nothing_of_what_it_decided_itself(version: str) -> None:
    own = rule_set(version)
    decide = deciding_by(own)
    made = []
    for levels in (SAME, BY_SOUND, NOTHING):
        verdict = decide(levels, None)
        made.append(decided(levels=levels, result=verdict.result, decided_by=verdict.decided_by))
    step = redecided(*made, rules=own)
    assert (step.redecided, step.counts[HARTLEPOOL].other_rule) == ([], 0)


# -- publishing -----------------------------------------------------------------------------------


def received(**changes: object) -> ApplicationReceived:
    fields: dict[str, object] = {
        "application_id": UUID(int=7),
        "attempt": 1,
        "gss_code": HARTLEPOOL,
        "previous_gss_code": EDINBURGH,
        "received_at": RECEIVED_AT,
        "attempt_received_at": RECEIVED_AT,
        "arrived_at": RECEIVED_AT,
        "reference": "SS3RZQV96V",
        "type": "ordinary",
        "source": "web",
        "language": "cy",
        "address_basis": "uprn",
        "client_id": "partner",
        "person": "person-2026-11-20.AAAA",
    }
    return ApplicationReceived.model_validate(fields | changes)


def test_the_new_outcome_has_the_next_revision_the_stored_levels_and_the_rule() -> None:
    one = Redecided(decided(revision=3, levels=BY_SOUND), Verdict("red", "others", "2030.1"))
    event, traceparent = verify_again(one, Locked(received(), "00-1-2-01"), NOW)
    assert (event.revision, traceparent) == (4, "00-1-2-01")
    told = event.outcome
    assert (told.status, told.result, told.decided_by) == ("final", "red", "others")
    assert (told.rule_version, told.decided_at) == ("2030.1", NOW)
    assert told.levels is not None
    assert tuple(told.levels.model_dump().values()) == BY_SOUND


def test_the_new_event_repeats_what_was_received() -> None:
    one = Redecided(decided(), Verdict("red", "others", "2030.1"))
    came = received()
    event, _ = verify_again(one, Locked(came, None), NOW)
    kept = set(ApplicationReceived.model_fields) - {"nino", "idempotency", "is_whole"}
    assert event.model_dump(include=kept) == came.model_dump(include=kept)


def test_it_says_why_there_was_no_nino_as_the_outcome_did_and_not_as_the_attempt_did() -> None:
    one = Redecided(decided(nino_absence="under-16"), Verdict("red", "others", "2030.1"))
    event, _ = verify_again(one, Locked(received(nino_absence="no-nino"), None), NOW)
    assert event.nino_absence == "under-16"


def test_what_was_found_among_other_applications_is_repeated_as_it_is() -> None:
    found = {
        "ninoReuse": [{"gssCode": EDINBURGH, "ninoCount": 2}],
        "ninoReuseTotal": 5,
        "possibleDuplicates": {
            "total": 1,
            "listed": [{"gssCode": EDINBURGH, "month": "2026-06", "basis": "nino"}],
            "group": "7f3c2b1a",
        },
    }
    one = Redecided(decided(found=json.dumps(found)), Verdict("red", "others", "2030.1"))
    event, _ = verify_again(one, Locked(received(), None), NOW)
    shown = event.outcome.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert {name: shown[name] for name in found} == found


# -- the report -----------------------------------------------------------------------------------


def a_report(by_authority: dict[str, Counts], *, applied: bool = False) -> Report:
    days = (date(2026, 11, 1), date(2026, 11, 22))
    return Report("2026.2", *days, applied, by_authority)


def some_counts(**changes: Any) -> Counts:
    greener, redder = Change("red", "green"), Change("green", "red")
    fields: dict[str, Any] = {
        "decided": 1_200,
        "changes": Counter({greener: 7, redder: 1_100}),
        "other_rule": 3,
    }
    return Counts(**(fields | changes))


def lines(report: Report) -> list[str]:
    return list(report.lines(Authorities.load()))


def test_a_dry_run_says_that_it_is_one_before_anything_else() -> None:
    told = lines(a_report({HARTLEPOOL: some_counts()}))
    assert told[0].startswith("Dry run: nothing is changed. Rule set 2026.2 over")
    assert told[-1] == "Give --apply to publish the new outcomes as new revisions."
    assert any("would change" in line for line in told)


def test_what_was_applied_is_told_as_done() -> None:
    told = lines(a_report({HARTLEPOOL: some_counts()}, applied=True))
    assert told[0].startswith("Rule set 2026.2 applied to")
    assert not any("would" in line or "--apply" in line for line in told)


def test_a_table_names_each_authority_with_a_change_and_adds_up() -> None:
    report = a_report(
        {
            HARTLEPOOL: some_counts(),
            EDINBURGH: some_counts(changes=Counter({Change("red", "green"): 1})),
            "E08000025": some_counts(changes=Counter()),
            AUTHORITY_UNKNOWN: some_counts(decided=2, changes=Counter({Change("red", "green"): 2})),
        }
    )
    assert lines(report)[2:7] == [
        "GSS code   authority          decided  green to red  red to green",
        "E06000001  Hartlepool           1,200         1,100             7",
        "S12000036  City of Edinburgh    1,200             0             1",
        "X99999999  To be confirmed          2             0             2",
        "           all authorities      3,602         1,100            10",
    ]
    assert "1,110 of 3,602 would change, in 3 of 4 authorities." in lines(report)
    assert any(line.startswith("12 are decided the same by another rule") for line in lines(report))


def test_without_a_change_there_is_no_table() -> None:
    told = lines(a_report({HARTLEPOOL: Counts(decided=5, other_rule=2)}))
    assert told[2] == "0 of 5 would change, in 0 of 1 authorities."
    assert not any("GSS code" in line for line in told)
    assert "--apply" not in told[-1]


def test_what_was_not_changed_and_why_is_told() -> None:
    told = "\n".join(lines(a_report({HARTLEPOOL: some_counts(key_over=4, overtaken=5)})))
    assert "4 more would change but for their key, whose time is over." in told
    assert "5 had a newer outcome by then, and were left." in told


def test_the_report_as_json_has_all_authorities_and_the_same_sums() -> None:
    report = a_report({HARTLEPOOL: some_counts(), EDINBURGH: Counts(decided=1)})
    shown: Any = report.as_json(Authorities.load())
    assert (shown["rules"], shown["since"], shown["applied"]) == ("2026.2", "2026-11-01", False)
    assert [(one["gssCode"], one["name"]) for one in shown["authorities"]] == [
        ("E06000001", "Hartlepool"),
        ("S12000036", "City of Edinburgh"),
    ]
    assert shown["total"] == {
        "decided": 1_201,
        "changed": [
            {"from": "green", "to": "red", "count": 1_100},
            {"from": "red", "to": "green", "count": 7},
        ],
        "sameByAnotherRule": 3,
        "keyOver": 0,
        "overtaken": 0,
    }


def test_an_authority_that_the_data_do_not_know_has_no_name_and_stops_nothing() -> None:
    shown = lines(a_report({"E99999999": some_counts()}))
    assert any(line.startswith("E99999999  ") for line in shown)


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIRECTORY": str(tmp_path),
        "DWP_URL": "http://127.0.0.1:1",
        "DWP_CLIENT_ID": "hub",
        "DWP_CLIENT_SECRET": "secret",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"VERIFICATION_{name}", value)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--rules", "1999.1", "--since", "2026-11-01"],
            "There is no rule set 1999.1, only 2026.1, 2026.2.",
        ),
        (
            ["--rules", "2026.1", "--since", "2026-11-02", "--until", "2026-11-01"],
            "No day lies between 2026-11-02 and 2026-11-01.",
        ),
    ],
)
def test_what_does_not_exist_is_refused_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rerun", *arguments]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", sentence + "\n")


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", ""])
def test_what_is_no_day_is_refused(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rerun", "--rules", "2026.1", "--since", day])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("--since: give a day as YYYY-MM-DD\n")


@pytest.mark.usefixtures("environment")
def test_without_postgres_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rerun", "--rules", "2026.1", "--since", "2026-11-01"]) == 69
    assert capsys.readouterr().err.startswith("Postgres did not answer")
