"""The JSON Schema of what a TOML file may hold, by which editors complete and check its words (JSON Schema 2020-12).

A file may extend another, so that no word is required and a table may leave out its kind: it then needs to be part of one kind's words.
"""

from collections.abc import Mapping

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from research.config.experiment import Experiment
from research.config.field_comments import field_comments
from research.config.plain import Json, Tree, table
from research.config.schema import Config
from research.config.sweep import Sweep

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LEFT_OUT = {"title": str, "required": list}  # where they have this type they are of the schema; else they are words of a config
OWN_WORDS: Tree = {  # what the loader reads beside the words of a config
    "extends": {
        "type": "string",
        "description": "The file that this one changes, relative to it; or one that comes with the code, as configs/lm/lstm_tiny.toml.",
    },
    "base": {"type": "boolean", "description": "This file is there to be extended, and need not be complete."},
}


def toml_schema() -> Tree:
    """The schema of a whole file: the words of a config, `extends`, `base`, [sweep] and [experiment]."""
    _, schemas = models_json_schema([(node, "validation") for node in (Config, Sweep, Experiment)], schema_generator=_PartialTables)
    definitions: Tree = dict(table(_partial(schemas["$defs"])))
    config = table(definitions.pop("Config"))
    sections: Tree = {"sweep": {"$ref": "#/$defs/Sweep"}, "experiment": {"$ref": "#/$defs/Experiment"}}
    return {
        "$schema": DIALECT,
        "title": "A config of Stepladder",
        "type": "object",
        "additionalProperties": False,
        "properties": {**OWN_WORDS, **table(config["properties"]), **sections},
        "$defs": definitions,
    }


class _PartialTables(GenerateJsonSchema):
    """Nothing is required, TOML has no null, and a table without its kind is any kind that has its words."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        is_plain = described.get("default") is not None and not isinstance(described["default"], Mapping)
        return described if is_plain else {key: value for key, value in described.items() if key != "default"}

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        return {"anyOf": super().tagged_union_schema(schema)["oneOf"]}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described = super().model_schema(schema)
        comments = field_comments(schema["cls"])
        keys = {name: field.alias or name for name, field in schema["cls"].model_fields.items()}
        for name, comment in comments.items():
            described["properties"].get(keys.get(name), {}).setdefault("description", comment)
        return described


def _partial(value: Json) -> Json:
    """A schema without titles and required words, which says the least length of an array by `minItems`."""
    if isinstance(value, Mapping):
        is_array = value.get("type") == "array"
        inner_schemas = {key: inner for key, inner in value.items() if not isinstance(inner, LEFT_OUT.get(key, ()))}
        return {("minItems" if key == "minLength" and is_array else key): _partial(inner) for key, inner in inner_schemas.items()}
    return [_partial(inner) for inner in value] if isinstance(value, list) else value
