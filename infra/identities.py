"""One service account for each thing that acts, and nothing that acts as the project's default account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import projects, serviceaccount

from infra.package import FUNCTIONS
from infra.stack import Stack

ACTORS: Final = (
    *FUNCTIONS,
    "realtime",
    "inference",
    "retrain",
    "migrations",
    "retirement",
    "push",
    "scheduler",
    "builder",
)
DATABASE_CLIENTS: Final = (*FUNCTIONS, "realtime", "retrain", "migrations", "retirement")


@dataclass(frozen=True)
class Identities:
    """The accounts, by who acts."""

    accounts: Mapping[str, serviceaccount.Account]

    def email(self, actor: str) -> pulumi.Output[str]:
        """An account's address."""

        address: pulumi.Output[str] = self.accounts[actor].email
        return address

    def member(self, actor: str) -> pulumi.Output[str]:
        """An account as the subject of a grant."""
        return pulumi.Output.concat("serviceAccount:", self.accounts[actor].email)


def create(stack: Stack) -> Identities:
    """The accounts of a stack, with what only a whole project can grant."""
    identities = Identities({actor: _account(stack, actor) for actor in ACTORS})
    projects.IAMMember(
        "builder-writes-logs",
        project=stack.project,
        role="roles/logging.logWriter",
        member=identities.member("builder"),
    )
    # It signs links to files in its own name, and holds no key to do it with.
    serviceaccount.IAMMember(
        "messages-signs-links",
        service_account_id=identities.accounts["messages"].name,
        role="roles/iam.serviceAccountTokenCreator",
        member=identities.member("messages"),
    )
    if stack.database == "cloud-sql":
        for actor in DATABASE_CLIENTS:
            projects.IAMMember(
                f"{actor}-connects",
                project=stack.project,
                role="roles/cloudsql.client",
                member=identities.member(actor),
            )
    return identities


def _account(stack: Stack, actor: str) -> serviceaccount.Account:
    return serviceaccount.Account(
        actor,
        account_id=stack.called(actor.replace("_", "-")),
        display_name=f"Bloom {stack.name}: {actor}",
    )
