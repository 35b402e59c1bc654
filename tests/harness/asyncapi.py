"""`docs/asyncapi.yaml`, made from what the code publishes and reads: `python -m tests.harness.asyncapi` writes it, a test compares.

What is read is looked up in the services themselves: each is started on a database of its own, and its consumers are asked.
It lives here because no part of the product may import all four services.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared import contracts
from shared.contracts.channels import CHANNELS, ERASED, PING
from shared.db import migrate
from shared.http.application import API_VERSION
from shared.messaging.consumer import Consumer, Subscription
from shared.messaging.envelope import MEDIA_TYPE
from shared.messaging.tail import Tail
from shared.messaging.topics import TOPICS, Topic
from shared.process import Service
from tests.harness.services import classes_of

PAGE = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
SERVICES = ("issuer", "backpack", "verifier", "directory")
_WEBHOOK = "webhook"
Document = dict[str, Any]


@dataclass(frozen=True)
class Reader:
    """What one service reads of one topic, and how."""

    service: str
    name: str
    topic: str
    types: tuple[str, ...]
    tail: bool
    """Every process reads for itself, without a group."""


@asynccontextmanager
async def started(name: str, folder: Path) -> AsyncIterator[Service]:
    """A service on a database of its own; its workers are made and not run."""
    service_class, settings_class = classes_of(name)
    settings = settings_class(data_dir=folder)
    await asyncio.to_thread(migrate.upgrade, settings.database_url, service_class.migrations)
    service = service_class(settings)
    try:
        await service.start()
        yield service
    finally:
        await service.stop()


def subscriptions(service: Service) -> list[Subscription]:
    """What the service's consumers handle."""
    runners = [getattr(worker.run, "__self__", None) for worker in service.workers()]
    return [runner._subscription for runner in runners if isinstance(runner, Consumer)]


def tails(service: Service) -> list[Tail]:
    """What every process of the service follows."""
    return [each for each in vars(service).values() if isinstance(each, Tail)]


def readers_of(service: Service) -> list[Reader]:
    """Everything that a started service reads."""
    found = [
        Reader(service.name, each.name, topic.name, _handled(each, topic), tail=False)
        for each in subscriptions(service)
        for topic in each.topics
    ]
    found += [
        Reader(service.name, f"{service.name}-tail", topic.name, CHANNELS[topic.name], tail=True)
        for tail in tails(service)
        for topic in tail._topics
    ]
    return found


def _handled(subscription: Subscription, topic: Topic) -> tuple[str, ...]:
    return tuple(kind for kind in CHANNELS[topic.name] if kind in subscription.handlers)


async def readers() -> list[Reader]:
    """Everything that the four services read."""
    found: list[Reader] = []
    for name in SERVICES:
        with tempfile.TemporaryDirectory() as folder:
            async with started(name, Path(folder)) as service:
                found += readers_of(service)
    return found


def document(read: Sequence[Reader]) -> Document:
    """The AsyncAPI 3.0 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Confer events",
            "version": API_VERSION,
            "description": "Made from the code by `make docs`. The topics are for operators; partners read the same events, of their own "
            "organisation, from `GET /v1/events` or have them sent to a webhook.",
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The operator's Apache Kafka (`CONFER_KAFKA_BOOTSTRAP`).",
                "variables": {"bootstrap": {"default": "localhost:9092"}},
            }
        },
        "channels": {_id(topic.name): _channel(topic) for topic in TOPICS} | {_WEBHOOK: _webhook()},
        "operations": _sending() | _receiving(read) | _delivering(),
        "components": {
            "messages": {name: _message(name) for name in _stems()},
            "schemas": {"envelope": _ENVELOPE, **{name: _data(name) for name in _stems()}},
        },
    }


def _stems() -> list[str]:
    """`credential.issued.v1` of `org.confer.credential.issued.v1`: each type once."""
    types = {kind for kinds in CHANNELS.values() for kind in kinds} | {ERASED, PING}
    return sorted(_stem(kind) for kind in types)


def _stem(kind: str) -> str:
    return kind.removeprefix("org.confer.")


def _id(topic: str) -> str:
    return topic.replace(".", "-")


def _channel(topic: Topic) -> Document:
    kept = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    types = [*CHANNELS[topic.name], *([ERASED] if topic.private else [])]
    return {
        "address": topic.name,
        "description": "Private: for the parties concerned." if topic.private else "Public, kept for ever.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {_stem(kind): {"$ref": f"#/components/messages/{_stem(kind)}"} for kind in types},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": kept},
            }
        },
    }


def _webhook() -> Document:
    """Whatever a service publishes may be sent to a webhook; the ping only there."""
    return {
        "address": None,
        "description": "A receiver of an organisation, by POST, signed as Standard Webhooks 1.0.0 says.",
        "messages": {stem: {"$ref": f"#/components/messages/{stem}"} for stem in _stems()},
        "bindings": {"http": {}},
    }


def _sending() -> Document:
    return {
        f"{topic.name.split('.')[1]}-publishes-{topic.name.split('.')[2]}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{_id(topic.name)}"},
            "summary": f"The {topic.name.split('.')[1]} publishes, in the transaction of what happened.",
        }
        for topic in TOPICS
    }


def _receiving(read: Sequence[Reader]) -> Document:
    return {
        f"{each.service}-reads-{'-'.join(each.topic.split('.')[1:])}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{_id(each.topic)}"},
            "summary": f"Every process of the {each.service}, from now on."
            if each.tail
            else f"The {each.service}, each event once in effect.",
            "messages": [
                {"$ref": f"#/channels/{_id(each.topic)}/messages/{_stem(kind)}"} for kind in each.types
            ],
            **(
                {}
                if each.tail
                else {"bindings": {"kafka": {"groupId": {"type": "string", "const": each.name}}}}
            ),
        }
        for each in read
    }


def _delivering() -> Document:
    return {
        "any-service-sends-to-webhooks": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{_WEBHOOK}"},
            "summary": "At least once, of one subject in order; `POST /v1/webhooks` subscribes.",
            "bindings": {"http": {"method": "POST"}},
        }
    }


def _message(stem: str) -> Document:
    schema = contracts.schema(contracts.current(f"org.confer.{stem}"))
    name = contracts.current(f"org.confer.{stem}")
    return {
        "name": schema["title"],
        "summary": schema["description"],
        "contentType": MEDIA_TYPE,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": schema["title"]},
                        "data": {"$ref": f"#/components/schemas/{stem}"},
                    },
                },
            ]
        },
        "examples": [{"name": name.replace(".", "-"), "payload": {"data": contracts.example(name)}}],
    }


def _data(stem: str) -> Document:
    """The contract, whose keywords mean the same in AsyncAPI's own schema object."""
    schema = contracts.schema(contracts.current(f"org.confer.{stem}"))
    return {key: value for key, value in schema.items() if key != "$schema"}


_TEXT = {"type": "string", "minLength": 1}
_ENVELOPE: Document = {
    "type": "object",
    "description": "CloudEvents 1.0, structured JSON, with the extensions organisation, sequence and traceparent.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "The same wherever the event is seen, however often."},
        "type": _TEXT,
        "source": {**_TEXT, "format": "uri", "description": "The public address of the service."},
        "subject": {**_TEXT, "description": "What it happened to; on a topic, the key."},
        "time": {"type": "string", "format": "date-time"},
        "organisation": {**_TEXT, "description": "Whose event it is."},
        "sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "1, 2, 3 … per topic and subject.",
        },
        "datacontenttype": {"const": "application/json"},
        "dataschema": {
            "type": "string",
            "format": "uri",
            "description": "Where the contract of `data` is served.",
        },
        "traceparent": {"type": "string", "description": "W3C Trace Context of what caused it."},
        "data": {"type": "object"},
    },
    "required": [
        "specversion",
        "id",
        "type",
        "source",
        "subject",
        "time",
        "organisation",
        "sequence",
        "data",
    ],
}


class _Plain(yaml.SafeDumper):
    """No anchors: a part that occurs twice is written twice."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def text(made: Mapping[str, Any]) -> str:
    """The document as YAML."""
    return "# Made from the code by `make docs`.\n" + yaml.dump(
        dict(made), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120
    )


if __name__ == "__main__":
    PAGE.write_text(text(document(asyncio.run(readers()))), encoding="utf-8")
