"""The contracts: what is committed below `shared/contracts`, written from events and topics.

`python -m electoral.contracts write` writes the topic files, the JSON Schemas and the AsyncAPI
document; `check` says what has drifted, and what an older reader that is deployed could not read.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from electoral.events import EVENTS, Event
from electoral.topics import TOPICS, Topic

CONTRACTS = Path(__file__).parent.parent / "contracts"
HEADERS: Mapping[str, str] = {
    "ce_id": "CloudEvents id of the event, a UUID",
    "ce_type": "CloudEvents type, with the event's version",
    "ce_source": "CloudEvents source: the service that wrote it",
    "ce_time": "CloudEvents time: the writing transaction's",
    "ce_specversion": "CloudEvents version, 1.0",
    "content-type": "application/json",
    "traceparent": "W3C trace context",
    "application-id": "the application's id, a UUID; also the message's key",
    "attempt": "the attempt's number, from 1",
    "revision": "the outcome's number within the attempt, from 1, where there is one",
    "gss-code": "the authority that the attempt was accepted with",
    "accepted-at": "when the attempt was accepted, ISO 8601 in UTC",
}

Schema = dict[str, object]


def schema_of(event: type[Event]) -> Schema:
    """Return an event's JSON Schema, as it is on the wire."""
    schema = event.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": event.CE_TYPE,
    } | schema


def topic_document(topic: Topic) -> Schema:
    """Return what a topic's file says."""
    return {
        "name": topic.name,
        "meaning": topic.meaning,
        "event": topic.event.__name__,
        "type": topic.event.CE_TYPE,
        "schema": f"../schemas/{topic.event.__name__}.json",
        "producers": list(topic.producers),
        "consumers": list(topic.consumers),
        "key": "application id",
        "partitions": topic.partitions,
        "retention": f"{topic.retention_days} days, by age; never compacted",
        "configuration": topic.configuration(copies=3),
        "compatibility": "a reader of the deployed version reads what this version writes",
        "headers": dict(HEADERS),
    }


def asyncapi_document() -> Schema:
    """Return the AsyncAPI 3 document of all topics."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Electoral registration: events",
            "version": "1.0.0",
            "description": "What the services tell each other over Kafka. Personal data is sealed.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {topic.event.__name__: _message(topic) for topic in TOPICS},
            "schemas": {event.__name__: schema_of(event) for event in EVENTS},
        },
    }


def _channel(topic: Topic) -> Schema:
    name = topic.event.__name__
    return {
        "address": topic.name,
        "description": topic.meaning,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": {"partitions": topic.partitions, "replicas": 3}},
    }


def _operations() -> Iterator[tuple[str, Schema]]:
    for topic in TOPICS:
        channel = {"$ref": f"#/channels/{topic.name}"}
        for service in topic.producers:
            yield f"{service}.sends.{topic.name}", {"action": "send", "channel": channel}
        for service in topic.consumers:
            yield f"{service}.receives.{topic.name}", {"action": "receive", "channel": channel}


def _message(topic: Topic) -> Schema:
    headers = {name: {"type": "string", "description": text} for name, text in HEADERS.items()}
    return {
        "name": topic.event.CE_TYPE,
        "summary": topic.meaning,
        "headers": {"type": "object", "properties": headers},
        "payload": {"$ref": f"#/components/schemas/{topic.event.__name__}"},
    }


def documents() -> dict[Path, str]:
    """Return every generated file and its text."""
    files = {
        CONTRACTS / "topics" / f"{topic.name}.yaml": _yaml(topic_document(topic))
        for topic in TOPICS
    }
    for event in EVENTS:
        files[CONTRACTS / "schemas" / f"{event.__name__}.json"] = _json(schema_of(event))
    files[CONTRACTS / "asyncapi.yaml"] = _yaml(asyncapi_document())
    return files


def _yaml(document: Schema) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text


def _json(document: Schema) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def drifted() -> list[Path]:
    """Return the committed files that say something else than the code."""
    return [
        path
        for path, text in documents().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def breaks(deployed: object, current: object, at: str = "") -> Iterator[str]:
    """Say what a reader with the deployed schema could not read of what is written now.

    The reader ignores fields that it does not know; it cannot do without one that it requires,
    nor read another type, another pattern or a choice that it has never heard of.
    """
    if not isinstance(deployed, dict) or not isinstance(current, dict):
        return
    required_now = current.get("required", [])
    for name in deployed.get("required", []):
        if name not in required_now:
            yield f"{at}/{name} is no longer always there"
    for keyword in ("type", "pattern", "format", "const", "$ref"):
        if keyword in deployed and deployed[keyword] != current.get(keyword):
            yield f"{at} has another {keyword}"
    new_choices = set(map(str, current.get("enum", []))) - set(map(str, deployed.get("enum", [])))
    if "enum" in deployed and (new_choices or "enum" not in current):
        yield f"{at} has choices that the reader does not know"
    for group in ("properties", "$defs"):
        for name, part in deployed.get(group, {}).items():
            yield from breaks(part, current.get(group, {}).get(name), f"{at}/{name}")
    yield from breaks(deployed.get("items"), current.get("items"), f"{at}/*")
    branches = zip(deployed.get("anyOf", []), current.get("anyOf", []), strict=False)
    for part, part_now in branches:
        yield from breaks(part, part_now, at)


def broken_for_deployed_readers() -> list[str]:
    """Compare with the schemas of the deployed version, kept below `deployed/`."""
    found = []
    for event in EVENTS:
        path = CONTRACTS / "deployed" / f"{event.__name__}.json"
        if path.exists():
            deployed = json.loads(path.read_text(encoding="utf-8"))
            found += [f"{event.__name__}{what}" for what in breaks(deployed, schema_of(event))]
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m electoral.contracts")
    parser.add_argument("action", choices=("write", "check"))
    action = parser.parse_args(arguments).action
    if action == "write":
        for path, text in documents().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    wrong = [f"{path.name} differs: run `write`." for path in drifted()]
    wrong += broken_for_deployed_readers()
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
