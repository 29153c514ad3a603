"""CockroachDB and Upstash by their providers where a key is given, by secrets that people fill where none is."""

import pytest

from infra import price_table
from infra.bill import Estimate
from infra.cockroach import CPUS_A_NODE, NODES
from infra.inventory import Inventory
from tests.infra.conftest import make
from tests.infra.provisioned import Provisioned

KEYS = {"cockroach:apikey": "key-of-cockroach", "upstash:apiKey": "key-of-upstash", "upstash:email": "a@example.org"}


@pytest.fixture(scope="module")
def with_keys() -> dict[str, Provisioned]:
    """Stacks whose operator gave both vendors' keys."""
    return {stack: make(stack, **KEYS) for stack in ("dev", "prod")}


def test_patients_rows_are_on_three_nodes_of_our_region_with_backups_and_cannot_be_deleted(
    with_keys: dict[str, Provisioned],
) -> None:
    cluster = with_keys["prod"].one("Cluster", "cluster")
    assert (cluster["name"], cluster["cloudProvider"], cluster["plan"]) == ("meek-wallaby", "GCP", "ADVANCED")
    assert cluster["regions"] == [{"name": "us-west2", "nodeCount": 3.0}]
    assert cluster["dedicated"]["privateNetworkVisibility"] is True
    assert cluster["backupConfig"] == {"enabled": True, "frequencyMinutes": 60.0, "retentionDays": 30.0}
    assert cluster["deleteProtection"] is True


def test_development_rests_with_its_cluster(with_keys: dict[str, Provisioned]) -> None:
    cluster = with_keys["dev"].one("Cluster", "cluster")
    assert (cluster["plan"], cluster["deleteProtection"]) == ("BASIC", False)
    assert "dedicated" not in cluster.inputs
    assert not with_keys["dev"].of("AllowList")


def test_nobodys_password_for_the_rows_is_made_or_kept_by_the_program(with_keys: dict[str, Provisioned]) -> None:
    users = with_keys["prod"].of("SqlUser")
    assert {user["name"] for user in users} == {"bloom_migrations", "bloom_app"}
    assert not [user for user in users if "password" in user.inputs]
    assert with_keys["prod"].one("database:Database", "cluster-bloom")["name"] == "bloom"


def test_the_clusters_own_console_is_open_to_nobody(with_keys: dict[str, Provisioned]) -> None:
    (allowed,) = with_keys["prod"].of("AllowList")
    assert (allowed["sql"], allowed["ui"]) == (True, False)


def test_redis_is_encrypted_throws_nothing_away_and_is_near(with_keys: dict[str, Provisioned]) -> None:
    redis = with_keys["prod"].one("RedisDatabase", "redis")
    assert (redis["tls"], redis["eviction"], redis["prodPack"]) == (True, False, True)
    assert (redis["region"], redis["primaryRegion"]) == ("global", "us-west-1")


def test_what_leads_to_redis_goes_into_its_secrets_and_is_secret_on_the_way(with_keys: dict[str, Provisioned]) -> None:
    values = {found["secret"]: found["secretData"] for found in with_keys["prod"].of("SecretVersion")}
    assert {secret: value["value"] for secret, value in values.items()} == {
        "upstash-redis-rest-url-id": "https://calm-1.upstash.io",
        "upstash-redis-rest-token-id": "t" * 32,
        "redis-url-id": f"rediss://default:{'p' * 32}@calm-1.upstash.io:6379",
    }
    assert all(len(value) == 2 for value in values.values())  # beside the value, the mark that it is secret


def test_without_a_key_neither_is_made_and_people_fill_the_secrets(stack: Provisioned) -> None:
    assert not [found for found in stack.resources if found.type.startswith(("cockroach:", "upstash:"))]
    assert {"database-url", "redis-url"} <= {found.name for found in stack.of("Secret")}


def test_rows_in_cloud_sql_want_no_cluster() -> None:
    assert not make("dev", database="cloud-sql", **KEYS).of("Cluster")


def test_the_bill_of_production_is_that_of_the_nodes_it_has() -> None:
    stack = Inventory("prod", make("prod").resources)
    lines = Estimate(stack, 1_000, price_table.read()).lines()
    (line,) = [line for line in lines if line.what == "CockroachDB Advanced"]
    assert f"{NODES * CPUS_A_NODE} vCPU" in line.why
