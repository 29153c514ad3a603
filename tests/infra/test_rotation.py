"""Secrets are renewed: who is told when, and that no instance ever meets a key that it does not know."""

from datetime import UTC, datetime

import pytest

from infra.rotation import BY_COMMAND, BY_ITSELF, RotationRefused, due, main, renew
from infra.secret_store import SECRETS
from tests.infra.conftest import make
from tests.infra.gcloud_double import Gcloud
from tests.infra.provisioned import NUMBER, Provisioned

SOON = datetime(2026, 12, 1, 17, tzinfo=UTC)
SECRET = "bloom-qa-audit-signing-key"
OLD = "2026-05:b2xk"


def test_every_secret_that_ages_says_so_before_it_is_a_year_old(prod: Provisioned) -> None:
    for secret in prod.of("Secret"):
        kept = SECRETS[secret.name]
        if not kept.renewal:
            assert "rotation" not in secret.inputs, secret.name
            continue
        assert secret["topics"] == [{"name": "rotations-topic-id"}]
        assert secret["rotation"]["rotationPeriod"] == f"{kept.days * 86_400}s"
        assert kept.days <= 365
        first = datetime.fromisoformat(secret["rotation"]["nextRotationTime"])
        assert kept.days - 2 < (first - datetime.now(UTC)).days <= kept.days
    assert len(prod.of("Secret")) == len(SECRETS)


def test_what_is_a_name_and_no_secret_does_not_age() -> None:
    assert {name for name, kept in SECRETS.items() if not kept.renewal} == {
        name for name in SECRETS if name.endswith(("-id", "-rest-url", "sdk-key"))
    }


def test_secret_manager_may_tell_and_its_notices_wait_for_a_person(prod: Provisioned) -> None:
    grant = prod.one("TopicIAMMember", "secret-manager-tells")
    assert (grant["topic"], grant["role"]) == ("bloom-prod-rotations", "roles/pubsub.publisher")
    assert grant["member"] == f"serviceAccount:service-{NUMBER}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    kept = prod.one("Subscription", "rotations")
    assert kept["topic"] == "rotations-topic-id"
    assert kept["filter"] == 'attributes.eventType = "SECRET_ROTATE"'
    assert kept["messageRetentionDuration"] == f"{31 * 86_400}s"
    assert "pushConfig" not in kept.inputs
    alert = prod.one("AlertPolicy", "rotations-alert")
    assert alert["severity"] == "WARNING"  # a ticket: nobody is woken for it
    (condition,) = alert["conditions"]
    assert 'subscription_id="bloom-prod-rotations"' in condition["conditionThreshold"]["filter"]
    assert "docs/runbook.md#rotations" in alert["documentation"]["content"]


def test_a_preview_whose_secrets_are_anothers_is_told_nothing() -> None:
    preview = make("pr-7")
    assert {found.name for found in preview.of("Topic")} == {"events-topic", "dead-letters-topic"}
    assert not [found.name for found in preview.of("Secret") if "rotation" in found.inputs]
    assert "rotations-alert" not in {found.name for found in preview.of("AlertPolicy")}


def test_whoever_reads_a_new_key_first_knows_it_before_anything_is_sealed_with_it(gcloud: Gcloud) -> None:
    gcloud.settle("bloom-qa-admin")
    gcloud.settle("bloom-qa-auth")
    gcloud.keep(SECRET, OLD)
    renew("qa", "audit-signing-key", SOON)
    told = [
        (entry["restarted"], [key.split(":")[0] for key in entry["seen"][SECRET].split(",")]) for entry in gcloud["log"]
    ]
    assert told == [("bloom-qa-admin", ["2026-05", "2026-12"]), ("bloom-qa-admin", ["2026-12", "2026-05"])]
    assert gcloud.values(SECRET)[-1].endswith(OLD)


def test_what_was_broken_off_between_the_two_steps_goes_on_with_the_second(gcloud: Gcloud) -> None:
    gcloud.settle("bloom-qa-admin")
    gcloud.keep(SECRET, OLD, f"{OLD},2026-12:bmV3")
    renew("qa", "audit-signing-key", SOON)
    assert gcloud.values(SECRET)[2:] == [f"2026-12:bmV3,{OLD}"]


def test_two_keys_of_a_month_have_two_names(gcloud: Gcloud) -> None:
    gcloud.settle("bloom-qa-admin")
    gcloud.keep(SECRET, "2026-12:b25l")
    renew("qa", "audit-signing-key", SOON)
    assert [key.split(":")[0] for key in gcloud.values(SECRET)[-1].split(",")] == ["2026-12-2", "2026-12"]


def test_no_key_is_renewed_while_a_release_holds_the_requests(gcloud: Gcloud) -> None:
    gcloud.serve("bloom-qa-admin", old=90, new=10)
    gcloud.keep(SECRET, OLD)
    with pytest.raises(RotationRefused, match="bloom-qa-admin are held by a release"):
        renew("qa", "audit-signing-key", SOON)
    assert gcloud.values(SECRET) == [OLD]


def test_a_key_that_data_would_be_lost_without_seals_nothing_before_a_person_has_put_it_away(
    gcloud: Gcloud, capsys: pytest.CaptureFixture[str]
) -> None:
    gcloud.settle("bloom-qa-messages")
    gcloud.keep("bloom-qa-message-keys", OLD)
    assert main(["qa", "renew", "message-keys"]) == 1
    assert gcloud.values("bloom-qa-message-keys")[-1].startswith(f"{OLD},2")
    told = capsys.readouterr()
    assert "seals nothing" in told.err
    assert not [key for key in gcloud.values("bloom-qa-message-keys")[-1].split(",") if key.split(":")[1] in str(told)]


def test_only_what_is_old_enough_and_wants_no_person_is_renewed_by_itself(gcloud: Gcloud) -> None:
    for name in (*BY_ITSELF, *BY_COMMAND):
        gcloud.keep(f"bloom-qa-{name}", OLD, made="2026-05-01T00:00:00Z")
    assert due("qa", SOON) == list(BY_ITSELF) == ["audit-signing-key"]
    gcloud.keep(SECRET, OLD, OLD, made="2026-11-01T00:00:00Z")
    assert due("qa", SOON) == []


def test_a_vendors_secret_is_not_ours_to_make(gcloud: Gcloud) -> None:
    with pytest.raises(RotationRefused, match="smtp-url is another's"):
        renew("qa", "smtp-url", SOON)
