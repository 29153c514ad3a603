"""Artifact Registry: one repository for the images, one for what Cloud Functions builds."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry

from infra.identities import Identities
from infra.keys import Keys
from infra.stack import Stack


@dataclass(frozen=True)
class Registry:
    """Where images are."""

    stack: Stack
    images: artifactregistry.Repository
    builds: artifactregistry.Repository
    builder_writes: pulumi.Resource

    def image(self, name: str) -> pulumi.Output[str]:
        """The address of one of our own images in this stack's version."""
        host = f"{self.stack.region}-docker.pkg.dev/{self.stack.project}/"
        return pulumi.Output.concat(host, self.images.repository_id, f"/{name}:{self.stack.version}")


def create(stack: Stack, identities: Identities, keys: Keys) -> Registry:
    """Both repositories; the builder of functions may write to its own."""
    images, builds = (_repository(stack, name, keys) for name in ("images", "builds"))
    writes = artifactregistry.RepositoryIamMember(
        "builder-writes-builds",
        repository=builds.id,
        location=stack.region,
        role="roles/artifactregistry.writer",
        member=identities.member("builder"),
    )
    return Registry(stack, images, builds, writes)


def _repository(stack: Stack, name: str, keys: Keys) -> artifactregistry.Repository:
    immutable = artifactregistry.RepositoryDockerConfigArgs(immutable_tags=name == "images")
    return artifactregistry.Repository(
        name,
        repository_id=stack.called(name),
        location=stack.region,
        format="DOCKER",
        docker_config=immutable,
        kms_key_name=keys.of("registry"),
        labels=stack.labels,
        opts=keys.first,
    )
