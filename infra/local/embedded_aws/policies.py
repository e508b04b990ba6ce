"""IAM policies are parsed once, where MiniStack parses every policy of a role for each request of it."""

import functools

from .emulator import Module

REMEMBERED = 1024


def install_policies(evaluator: Module) -> None:
    """Remember what `ministack.core.iam_evaluator` made of a policy's text; nobody changes it afterwards."""
    parse = evaluator.parse_policy_document
    parsed = functools.lru_cache(REMEMBERED)(parse)
    evaluator.parse_policy_document = lambda policy: (
        parsed(policy) if isinstance(policy, str) else parse(policy)
    )
