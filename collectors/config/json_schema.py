"""JSON Schemas of the files: with them an editor completes, explains, and refuses as we do.

They are made from the models that read the files and those of the sources' queries, so a new key
or source appears by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, Field, TypeAdapter, create_model

from collectors.api import Source
from collectors.config.files import (
    NAME,
    CollectorKeys,
    Name,
    ParameterKeys,
    PlatformKeys,
    ProfileKeys,
    ServiceKeys,
    TargetKeys,
    Url,
)
from collectors.config.json_schema_values import (
    OF_TEXT,
    TEXT,
    Describing,
    DescribingQuery,
    Schema,
    Writing,
    either,
)
from collectors.config.mapping import IdentitySpec, MappingSpec
from collectors.errors import ConfigError

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Manual(Protocol):
    """What explains sources; ``collectors.sources.manual`` does."""

    def title(self, source: type[Source]) -> str:
        """Give what a source is, in a line."""
        ...

    def texts(self, source: type[Source]) -> Mapping[str, str]:
        """Give what is said of the keys of its query."""
        ...


def schema(kind: str, sources: Mapping[str, type[Source]], manual: Manual) -> Schema:
    """Give the JSON Schema (2020-12) of one kind of file, one of ``KINDS``.

    Raises ConfigError, with its name, for a source whose query cannot be described.
    """
    root, definitions = KINDS[kind](sources, manual)
    return {"$schema": _DIALECT, **root, "$defs": dict(sorted(definitions.items()))}


def _exactly(base: type[BaseModel], **shapes: Any) -> type[BaseModel]:
    """Give ``base`` with the shape of those keys that it leaves to others to read."""
    fields: dict[str, Any] = {key: (shape, base.model_fields[key]) for key, shape in shapes.items()}
    return create_model(base.__name__, __base__=base, __doc__=base.__doc__, **fields)


_Target = Literal["embedded"] | Url | TargetKeys
_PLATFORM = _exactly(PlatformKeys, target=_Target | Annotated[list[_Target], Field(min_length=1)])
_PROFILE = _exactly(ProfileKeys, parameters=dict[str, Literal["required"] | ParameterKeys])
_IDENTITY: Any = IdentitySpec.model_fields["scheme"].annotation
_MAPPING: Any = {key: (info.annotation, info) for key, info in MappingSpec.model_fields.items()}
_COLLECTOR = create_model(
    "Collector",
    __base__=CollectorKeys,
    __doc__=CollectorKeys.__doc__,
    **_MAPPING | {"id": (_IDENTITY | IdentitySpec, MappingSpec.model_fields["id"])},
)


@dataclass(frozen=True, kw_only=True)
class _Maker:
    """Makes the schema of one kind of file; ``made`` gathers its ``$defs``."""

    parameters: bool = False
    secrets: bool = False
    made: Schema = field(default_factory=dict)

    def writing(self, described: Schema, prefix: str = "") -> Writing:
        return Writing(
            definitions=described.get("$defs", {}) | {"": described},
            made=self.made,
            prefix=prefix,
            parameters=self.parameters,
            secrets=self.secrets,
        )

    def root(self, model: type[BaseModel], prefix: str = "") -> Schema:
        """Give the schema of a whole file."""
        self.writing(described(model), prefix).value({"$ref": ""}, whole=True)
        root: Schema = self.made.pop(prefix)
        return root

    def collectors(self, *, required: bool) -> Schema:
        """Give the schema of what is under ``collectors``."""
        described = TypeAdapter(dict[Name, _COLLECTOR]).json_schema(schema_generator=Describing)
        return self.writing(described).value(described, whole=False, required=required)

    def tell_sources(self, sources: Mapping[str, type[Source]], manual: Manual) -> None:
        """Let the source of a collector decide which query, period and credentials it takes."""
        collector = self.made["Collector.part"]
        queries = {}
        rules = []
        for name, source in sources.items():
            writing = self.writing(query(name, source, manual), f"{name}.query")
            queries[name] = writing.value({"$ref": ""}, whole=False)
            rules.append(_rule(name, source, queries[name], writing))
        known = [{"const": name, "description": manual.title(s)} for name, s in sources.items()]
        named = self.writing({}).value({"enum": list(sources)}, whole=False)
        about = collector["properties"]["source"]["description"]
        collector["properties"]["source"] = {
            "description": about,
            "anyOf": [*known, *named["anyOf"][1:]],
        }
        said = {"properties": {"source": {"enum": list(sources)}}, "required": ["source"]}
        anyone = {"properties": {"query": either(list(queries.values()))}}
        collector["allOf"] = [*rules, {"if": said, "else": anyone}]


_Kind = Callable[[Mapping[str, type[Source]], Manual], tuple[Schema, Schema]]


def _platform(_: Mapping[str, type[Source]], __: Manual) -> tuple[Schema, Schema]:
    maker = _Maker()
    return maker.root(_PLATFORM), maker.made


def _with_collectors(model: type[BaseModel], *, parameters: bool = False) -> _Kind:
    def make(sources: Mapping[str, type[Source]], manual: Manual) -> tuple[Schema, Schema]:
        maker = _Maker(parameters=parameters)
        root = maker.root(model)
        required = "collectors" in root.get("required", ())
        root["properties"]["collectors"] |= maker.collectors(required=required)
        maker.tell_sources(sources, manual)
        return root, maker.made

    return make


def _credential(sources: Mapping[str, type[Source]], _: Manual) -> tuple[Schema, Schema]:
    maker = _Maker(secrets=True)
    models = {name: one.credential for name, one in sources.items() if one.credential}
    roots = [maker.root(model, f"{name}.") for name, model in models.items()]
    return either(roots) if roots else {"type": "object"}, maker.made


def _tokens(_: Mapping[str, type[Source]], __: Manual) -> tuple[Schema, Schema]:
    names = {"pattern": rf"^{NAME}/{NAME}$|[*?]|\[[^\]]*\]"}
    return {"type": "object", "propertyNames": names, "additionalProperties": TEXT}, {}


KINDS: Mapping[str, _Kind] = {
    "platform": _platform,
    "profile": _with_collectors(_PROFILE, parameters=True),
    "service": _with_collectors(ServiceKeys),
    "credential": _credential,
    "tokens": _tokens,
}
"""The kinds of file, with what makes the schema of each."""


def described(model: type[BaseModel]) -> Schema:
    """Give what a model wants, as pydantic tells it: see ``json_schema_values``."""
    return model.model_json_schema(schema_generator=Describing)


def query(name: str, source: type[Source], manual: Manual) -> Schema:
    """Give what the query of a source wants; the manual explains what does not do so itself.

    Raises ConfigError where that cannot be described.
    """
    try:
        wanted = source.model_json_schema(schema_generator=DescribingQuery)
    except Exception as exc:
        kind = type(exc).__name__
        raise ConfigError(f"the query of the source {name!r} cannot be described: {kind}") from exc
    texts = manual.texts(source)
    for key, inner in wanted.get("properties", {}).items():
        if key in texts:
            inner.setdefault("description", texts[key])
    wanted.pop(OF_TEXT, None)
    return wanted | {"description": manual.title(source)}


def _rule(name: str, source: type[Source], query: Schema, writing: Writing) -> Schema:
    says = {"query": query}
    if source.credential is None:
        says["credentials"] = writing.value({"type": "null"}, whole=False)
    if isinstance(source.periods, frozenset):
        says["period"] = writing.value({"enum": sorted(source.periods)}, whole=False)
    this = {"properties": {"source": {"const": name}}, "required": ["source"]}
    return {"if": this, "then": {"properties": says}}
