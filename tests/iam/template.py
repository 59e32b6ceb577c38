"""The templates of ``docs/iam`` as CloudFormation would fill them in: parameters to policies.

Only the functions that the templates use; anything else is a KeyError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
IAM = ROOT / "docs" / "iam"
INITIAL, MEMBER = IAM / "initial-roles.yaml", IAM / "member-roles.yaml"
PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": "111111111111", "AWS::Region": "eu-west-1"}

_ABSENT = object()
"""What ``AWS::NoValue`` gives: the entry that has it disappears."""


class _Loader(yaml.SafeLoader):
    """Safe YAML with CloudFormation's short forms."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise yaml.YAMLError(f"!{suffix} of a mapping")
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def load(path: Path) -> dict[str, Any]:
    """A template, its functions in long form."""
    template = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506  (a safe loader)
    assert isinstance(template, dict)
    return template


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, its action, resources and condition values as tuples."""

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    def only(self, operator: str) -> Mapping[str, tuple[str, ...]]:
        """The conditions, which must all be of this operator."""
        assert set(self.conditions) == {operator}
        return self.conditions[operator]


@dataclass(frozen=True)
class FilledIn:
    """A template with its parameters given; missing ones have their defaults."""

    template: Mapping[str, Any]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, path: Path, **parameters: Any) -> FilledIn:
        """The template at ``path``; ``partition`` and ``account`` are AWS's own parameters."""
        template = load(path)
        pseudo = dict(PSEUDO)
        for name, given in (("partition", "AWS::Partition"), ("account", "AWS::AccountId")):
            pseudo[given] = parameters.pop(name, pseudo[given])
        declared = template["Parameters"]
        unknown = set(parameters) - set(declared)
        assert not unknown, unknown
        defaults = {k: v["Default"] for k, v in declared.items() if "Default" in v}
        values = pseudo | defaults | parameters
        for name, declaration in declared.items():
            _check(name, declaration, values[name])
        return cls(template, values)

    def trust(self, role: str) -> tuple[Statement, ...]:
        """The statements of a role's trust policy."""
        return statements(self.trust_document(role))

    def policy(self, role: str) -> tuple[Statement, ...]:
        """The statements of a role's only inline policy."""
        return statements(self.document(role))

    def trust_document(self, role: str) -> Mapping[str, Any]:
        """A role's trust policy."""
        properties = self._resolve(self.template["Resources"][role]["Properties"])
        document: Mapping[str, Any] = properties["AssumeRolePolicyDocument"]
        return document

    def document(self, role: str) -> Mapping[str, Any]:
        """A role's only inline policy."""
        properties = self._resolve(self.template["Resources"][role]["Properties"])
        (policy,) = properties["Policies"]
        document: Mapping[str, Any] = policy["PolicyDocument"]
        return document

    def managed(self, name: str) -> Mapping[str, Any] | None:
        """The document of a managed policy; None where its condition does not hold."""
        resource = self.template["Resources"][name]
        assert resource["Type"] == "AWS::IAM::ManagedPolicy"
        if not self._resolve(self.template["Conditions"][resource["Condition"]]):
            return None
        document: Mapping[str, Any] = self._resolve(resource["Properties"])["PolicyDocument"]
        return document

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [v for item in value if (v := self._resolve(item)) is not _ABSENT]
        if not isinstance(value, dict):
            return value
        (name, argument), *more = value.items()
        if not more and (name == "Ref" or name.startswith("Fn::")):
            return _FUNCTIONS[name](self, argument)
        resolved = {key: self._resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _ABSENT}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name in self.template["Resources"]:
            return f"arn:of:{name}"
        return self.values[name]

    def _if(self, argument: list[Any]) -> Any:
        name, yes, no = argument
        return self._resolve(yes if self._resolve(self.template["Conditions"][name]) else no)

    def _sub(self, argument: Any) -> str:
        text, local = argument if isinstance(argument, list) else (argument, {})
        known = {name: self._resolve(value) for name, value in local.items()}
        return re.sub(r"\$\{([^}]+)\}", lambda m: str(known.get(m[1]) or self._ref(m[1])), text)

    def _joined(self, argument: list[Any]) -> str:
        return str(argument[0]).join(self._resolve(argument[1]))

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self._resolve(argument[1])).split(argument[0])

    def _equals(self, argument: list[Any]) -> bool:
        left, right = map(self._resolve, argument)
        return bool(left == right)

    def _not(self, argument: list[Any]) -> bool:
        return not self._resolve(argument[0])


_FUNCTIONS: Mapping[str, Any] = {
    "Ref": FilledIn._ref,
    "Fn::If": FilledIn._if,
    "Fn::Sub": FilledIn._sub,
    "Fn::Join": FilledIn._joined,
    "Fn::Split": FilledIn._split,
    "Fn::Equals": FilledIn._equals,
    "Fn::Not": FilledIn._not,
}


class NotAllowed(ValueError):
    """A value that a parameter's declaration does not allow."""


def _check(name: str, declaration: Mapping[str, Any], value: Any) -> None:
    """As CloudFormation does before a stack is made; of a list, each value."""
    listed = value if declaration["Type"] == "CommaDelimitedList" else [value]
    for item in listed:
        if "AllowedValues" in declaration and item not in declaration["AllowedValues"]:
            raise NotAllowed(f"{name}: {item}")
        if not re.fullmatch(declaration.get("AllowedPattern", ".*"), item):
            raise NotAllowed(f"{name}: {item}")


def statements(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a policy document."""
    assert document["Version"] == "2012-10-17"
    return tuple(_statement(item) for item in document["Statement"])


def _statement(item: Mapping[str, Any]) -> Statement:
    known = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
    assert set(item) <= known, "NotAction and the like are not for these policies"
    return Statement(
        item["Sid"],
        item["Effect"],
        _listed(item["Action"]),
        _listed(item.get("Resource", [])),
        tuple(p for listed in item.get("Principal", {}).values() for p in _listed(listed)),
        {
            operator: {key: _listed(value) for key, value in keys.items()}
            for operator, keys in item.get("Condition", {}).items()
        },
    )


def _listed(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
