"""A Pub/Sub that remembers what Google's client published, and can be quick or refuse."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from uuid import UUID

import grpc
from google.pubsub_v1 import types


class PubSubStandIn(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The Publish call over real gRPC. `meanwhile` is called with each event's id before the answer."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.meanwhile: Callable[[UUID], object] = lambda _: None
        self._threads = ThreadPoolExecutor(4)
        self._server = grpc.server(self._threads)
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._threads.shutdown()

    @property
    def event_ids(self) -> list[UUID]:
        """The events that were named, in the order of their coming."""
        return [UUID(json.loads(message.data)["id"]) for message in self.published]

    def service(self, call: Any) -> Any:
        """The handler of Publish."""
        assert call.method == "/google.pubsub.v1.Publisher/Publish"
        return grpc.unary_unary_rpc_method_handler(
            self._publish, types.PublishRequest.deserialize, types.PublishResponse.serialize
        )

    def _publish(self, request: Any, _: Any) -> Any:
        self.published += request.messages
        for message in request.messages:
            self.meanwhile(UUID(json.loads(message.data)["id"]))
        return types.PublishResponse(message_ids=[str(number) for number in range(len(request.messages))])
