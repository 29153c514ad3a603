"""Ten backup codes stand in for the phone, each once, and ten new ones end those before."""

import re
from collections.abc import Iterator
from itertools import chain

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shared.database.models.audit_trail import AuditEvent
from shared.database.models.credentials import BackupCode
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import HeldClock, Phone, add_phone, challenge, holding, problem, verify
from tests.people import As, add_person, rows

RENEW = "/api/auth/two-factor/backup-codes"
WRONG_CODE = (401, "wrong-code")


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


@pytest.fixture
def phone(auth: FlaskClient, clock: HeldClock) -> Phone:
    return add_phone(auth, clock)


def renew(auth: FlaskClient, phone: Phone) -> list[str]:
    answer = As(auth, phone.person).post(RENEW)
    assert answer.status_code == 200
    return list(answer.get_json()["backupCodes"])


def test_there_are_ten_that_nobody_misreads(phone: Phone) -> None:
    assert len(set(phone.backup_codes)) == 10
    for code in phone.backup_codes:
        assert re.fullmatch("[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}", code), code


def test_their_letters_are_drawn_from_all_of_the_alphabet(auth: FlaskClient, phone: Phone) -> None:
    drawn = "".join(chain.from_iterable(renew(auth, phone) for _ in range(10)))
    assert len(set(drawn) - {"-"}) == 32  # 1000 draws: one of 32 is missing in fewer than one of 10^12 runs


def test_only_digests_are_kept_and_they_differ_by_account(auth: FlaskClient, phone: Phone) -> None:
    kept = rows(select(BackupCode))
    assert {len(code.code_hash) for code in kept} == {32}
    for code in phone.backup_codes:
        assert code.encode() not in b"".join(bytes(row.code_hash) for row in kept)


def test_one_finishes_a_sign_in_and_says_how_many_are_left(auth: FlaskClient, phone: Phone) -> None:
    for used, code in enumerate(phone.backup_codes[:3], start=1):
        answer = verify(auth, challenge(auth, phone.person), code)
        assert (answer.status_code, answer.get_json()["backupCodesLeft"]) == (200, 10 - used)


@pytest.mark.parametrize(
    "typed", [str.upper, lambda code: code.replace("-", ""), lambda code: f" {code[:5]} {code[6:]}"]
)
def test_one_is_read_as_it_is_typed(auth: FlaskClient, phone: Phone, typed: object) -> None:
    assert callable(typed)
    assert verify(auth, challenge(auth, phone.person), typed(phone.backup_codes[0])).status_code == 200


def test_what_is_easily_confused_is_read_as_what_is_meant(auth: FlaskClient, phone: Phone) -> None:
    confused = str.maketrans("01", "OL")
    for code in phone.backup_codes:
        assert verify(auth, challenge(auth, phone.person), code.translate(confused)).status_code == 200


def test_one_counts_once(auth: FlaskClient, phone: Phone) -> None:
    code = phone.backup_codes[0]
    assert verify(auth, challenge(auth, phone.person), code).status_code == 200
    assert problem(verify(auth, challenge(auth, phone.person), code)) == WRONG_CODE


def test_its_use_is_told_by_mail_and_in_the_trail(auth: FlaskClient, phone: Phone, mailbox: Mailbox) -> None:
    mailbox.deliver()
    verify(auth, challenge(auth, phone.person), phone.backup_codes[0])
    [mail] = mailbox.deliver()[1:]
    assert (mail.recipients, mail.subject) == ([phone.person.email], "A backup code was used")
    assert phone.backup_codes[0] not in mail.text + mail.html
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "backup-code.used"))
    [used] = rows(select(BackupCode.id).where(BackupCode.used_at.is_not(None)))
    assert (entry.actor_id, entry.resource_id) == (phone.person.id, used)


def test_ten_new_ones_end_those_before(auth: FlaskClient, phone: Phone, mailbox: Mailbox) -> None:
    verify(auth, challenge(auth, phone.person), phone.backup_codes[0])
    fresh = renew(auth, phone)
    assert len(fresh) == len(set(fresh) - set(phone.backup_codes)) == 10
    assert problem(verify(auth, challenge(auth, phone.person), phone.backup_codes[1])) == WRONG_CODE
    assert verify(auth, challenge(auth, phone.person), fresh[0]).get_json()["backupCodesLeft"] == 9
    assert "You have new backup codes" in [mail.subject for mail in mailbox.deliver()]
    assert len(rows(select(AuditEvent.id).where(AuditEvent.action == "backup-codes.renewed"))) == 1


def test_there_are_none_without_two_factors(auth: FlaskClient) -> None:
    asking = As(auth, add_person())
    asking.post("/api/auth/two-factor/enroll")
    assert problem(asking.post(RENEW)) == (409, "two-factor-off")


DEEDS = st.lists(st.one_of(st.just("renew"), st.integers(0, 11)), min_size=1, max_size=9)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_happens_each_code_of_the_last_ten_opens_one_session(
    auth: FlaskClient, clock: HeldClock, deeds: list[str | int]
) -> None:
    phone = add_phone(auth, clock)
    ended, unused = phone.backup_codes[:], set(phone.backup_codes)
    codes = phone.backup_codes
    for deed in deeds:
        if isinstance(deed, str):
            ended, codes = codes, renew(auth, phone)
            unused = set(codes)
            continue
        code = codes[deed] if deed < 10 else ended[deed - 10]
        answer = verify(auth, challenge(auth, phone.person), code)
        assert answer.status_code == (200 if code in unused else 401)
        unused.discard(code)
        if answer.status_code == 200:
            assert answer.get_json()["backupCodesLeft"] == len(unused)
