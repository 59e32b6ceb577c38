"""The page: no network, a policy that says so, every change in it."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html import unescape

from bot.model.change import Plan
from bot.render import html
from tests.render import builder
from tests.render.builder import CONTEXT
from tests.render.seen import seen_in_html


def test_style_and_script_are_allowed_by_their_hashes_and_nothing_else_is() -> None:
    page = html.report(builder.destructive(), CONTEXT)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(policy[1]).split(";"))

    for element, rule in (("style", "style-src"), ("script", "script-src")):
        content = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"


def test_nothing_is_loaded_and_no_handler_is_inline() -> None:
    seen = seen_in_html(html.report(builder.destructive(), CONTEXT))

    assert not {"img", "link", "iframe", "object", "form"} & set(seen.tags)
    assert not [
        name for name in seen.attributes if name.startswith("on") or name in ("style", "src")
    ]
    assert not seen.unbalanced


def test_every_change_is_a_row() -> None:
    plan = builder.destructive()

    page = html.report(plan, CONTEXT)

    assert page.count("<tr data-action=") == len(plan.changes)
    assert page.count('<tr data-action="delete">') == 12


def test_outcomes_stand_beside_their_changes() -> None:
    report = builder.failed()

    page = html.report(report.plan, CONTEXT, report.outcomes)

    assert page.count('<b class="applied">') == 7
    assert page.count('<b class="failed">') == 1
    assert "Add <code>ec2:CreateVpcPeeringConnection</code> to the role" in page


def test_an_empty_plan_says_so() -> None:
    page = html.report(Plan(environments=("production",)), CONTEXT)

    assert "No changes. The mesh in AWS is as its files ask for." in page
    assert 'id="words"' not in page


def test_the_largest_mesh_takes_seconds() -> None:
    plan = builder.huge()
    start = time.process_time()

    page = html.report(plan, CONTEXT)

    assert time.process_time() - start < 5
    assert page.count("<tr data-action=") == 23_253
