"""A gateway that knows a third of the fields changes one and loses nothing: documents of several kinds, in and out."""

import importlib.util
import json as reference
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from forkedenc import Rest, json


def support(name):
    path = Path(__file__).parents[1] / "support" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"support_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


suites = support("suites")


@dataclass(slots=True)
class Actor:
    login: str
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Repo:
    name: str
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Event:
    type: str
    actor: Actor
    repo: Repo
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Feature:
    type: Literal["Feature"]
    properties: dict[str, json.Raw]
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Collection:
    type: Literal["FeatureCollection"]
    features: list[Feature]
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Reference:
    reference: str
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Observation:
    resource_type: str
    status: str
    subject: Reference
    rest: Rest[json.Raw] = field(default_factory=dict)


json.rename("camel")(Observation)


@dataclass(slots=True)
class Metadata:
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Manifest:
    kind: str
    metadata: Metadata
    rest: Rest[json.Raw] = field(default_factory=dict)


EVENTS = b"""[{"id": "1", "type": "PushEvent", "public": true, "actor": {"id": 138052, "login": "ann", "score": 1.0e+2},
 "repo": {"id": 12345678901234567890, "name": "a/b"}, "payload": {"commits": [{"sha": "0", "distinct": null}]}}]"""
GEOJSON = b"""{"type": "FeatureCollection", "bbox": [8.50, -0.0, 1E3], "features": [{"type": "Feature", "id": 7,
 "properties": {"name": "Z\\u00fcrich", "pop": 0.4310e6}, "geometry": {"type": "Point", "coordinates": [8.541700, 47.37]}}]}"""
OBSERVATION = b"""{"resourceType": "Observation", "id": "o1", "status": "preliminary", "code": {"coding": [{"code": "8867-4"}]},
 "subject": {"reference": "Patient/1", "display": "P. X."}, "valueQuantity": {"value": 7.10, "unit": "mmol/L"}, "_status": null}"""
MANIFEST = b"""{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}, "annotations": {"a/b": "c"},
 "generation": 3}, "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "0.50"}}}]}}}}"""


def relabel(manifest):
    manifest.metadata.labels["team"] = "x"


def changes(path):
    """The kinds of document: the class, what a gateway changes, and the same in the plain document."""
    return {
        "events": (
            list[Event],
            lambda events: setattr(events[0].actor, "login", "new"),
            ([0, "actor", "login"], "new"),
        ),
        "geojson": (
            Collection,
            lambda collection: collection.features[0].properties.update(added=json.Raw("1")),
            (["features", 0, "properties", "added"], "1"),
        ),
        "observation": (Observation, lambda one: setattr(one, "status", "final"), (["status"], "final")),
        "manifest": (Manifest, relabel, (["metadata", "labels", "team"], "x")),
    }[path]


def as_texts(data: bytes) -> Any:
    """The document with numbers as their text, so that a digit lost is a difference."""
    return reference.loads(data, parse_int=str, parse_float=str)


def names(data: bytes) -> list[str]:
    """All names of members, as often as they come: `loads` would hide a member written twice."""
    found: list[str] = []
    reference.loads(data, object_pairs_hook=lambda pairs: found.extend(name for name, _ in pairs))
    return sorted(found)


def sent_on(data: bytes, kind: str, feeds: int) -> bytes:
    cls, change, _ = changes(kind)
    stream = json.StreamDecoder(cls)
    values = [
        value for at in range(0, len(data), feeds) for value in stream.feed(data[at : at + feeds])
    ] + stream.close()
    assert len(values) == 1
    change(values[0])
    return json.encode(values[0])


def expected(data: bytes, kind: str) -> Any:
    document = as_texts(data)
    (*way, last), value = changes(kind)[2]
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    return document


OWN = {"events": EVENTS, "geojson": GEOJSON, "observation": OBSERVATION, "manifest": MANIFEST}


@pytest.mark.parametrize("feeds", [1, 7, 1 << 20])
@pytest.mark.parametrize("kind", OWN)
def test_all_but_the_changed_field_survives(kind, feeds):
    out = sent_on(OWN[kind], kind, feeds)
    assert as_texts(out) == expected(OWN[kind], kind)
    added = {"geojson": ["added"], "manifest": ["team"]}.get(kind, [])
    assert names(out) == sorted([*names(OWN[kind]), *added])


@suites.present
@pytest.mark.parametrize(
    "file, kind",
    [
        ("json-bench/github_events.json", "events"),
        *((f"json-bench/small/jsoniter_scala/che-{number}.geo.json", "geojson") for number in (1, 2, 3)),
        ("json-bench/canada.json", "geojson"),
    ],
)
def test_real_documents_survive_as_well(file, kind):
    path = suites.FOLDER / file
    if not path.is_file():
        pytest.skip(f"no {file} in the data")
    data = path.read_bytes()
    assert as_texts(sent_on(data, kind, 4093)) == expected(data, kind)
