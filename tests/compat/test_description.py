"""Every request example of the published description: accepted, or refused for the reason that stands here.

Where an example names what only its author has (a file, a person, a solution), it gets ours in its place; its shape
stays. Then every operation that only reads, with the examples of its parameters. All answers are held against the
described schemas.
"""

import json

import pytest
from conftest import advance
from description import Operation, described, examples, operations, parameters, problems, resolved, state
from examples import TEMPLATES, World, ask, path_of, renamed, request

# Examples that are refused, as they should be: their code and why. Those of operations that are planned or refused as a
# whole (docs/cloud-api.md) need no line.
REFUSED: dict[str, tuple[int, str]] = {
    "POST /{Phone-Number-ID}/messages-Send Draft Flow by ID": (131009, "the label is longer than a button's 20"),
    "POST /{Phone-Number-ID}/messages-Send Draft Flow by Name": (131009, "the label is longer than a button's 20"),
    "POST /{Phone-Number-ID}/messages-Send Order Status Message": (131009, "the reference is longer than 35"),
    "POST /{Phone-Number-ID}/messages-Send Reply to List Message": (131008, "it has no type: that means a text"),
    "POST /{Phone-Number-ID}/messages-Send Sample Issue Resolution Template": (
        132012,
        "a reply has a payload, no text",
    ),
    "POST /{Phone-Number-ID}/calls-Accept Call": (100, "nobody is calling"),
    "POST /{Phone-Number-ID}/calls-Reject Call": (100, "nobody is calling"),
    "POST /{Phone-Number-ID}-update_connection_status": (100, "whether it is connected is the server's to say"),
    "POST /{Phone-Number-ID}/settings-Configure data storage": (100, "there is no region us"),
    "POST /{Phone-Number-ID}/settings-Enable payload encryption": (100, "there is no second layer of encryption"),
    "POST /{Phone-Number-ID}/request_code-sms_verification": (100, "the number is verified: no code is needed"),
    "POST /{Phone-Number-ID}/request_code-voice_verification": (100, "the number is verified: no code is needed"),
    "POST /{Phone-Number-ID}/verify_code-verify_code": (100, "no code was asked for"),
    "POST /{Pre-Verified-Phone-Number-ID}/verify_code-verify_code": (100, "no code was asked for"),
    "POST /{Phone-Number-ID}/official_business_account-withdraw_application": (100, "a sandbox approves at once"),
    "POST /{Phone-Number-ID}/official_business_account-resubmit_application": (100, "a sandbox approves at once"),
    "POST /{WhatsApp-Business-Account-ID}/assigned_users-full_access": (100, "the file itself knows no FULL_CONTROL"),
    "POST /{WABA-ID}/phone_numbers-migration_phone_number": (100, "a number cannot be moved here"),
    "GET /{Solution-ID}/access_token": (100, "no client has let the solution in"),
    "POST /{WABA-ID}-update_timezone": (100, "the time zone is that of the business"),
    "POST /{TEMPLATE_ID}-Edit template": (100, "the category of an approved template stays"),
    "POST /{WABA-ID}/message_templates-Create Flow Template Message by Flow JSON": (100, "the flow is made first"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("people") / "ana"
    world = World(home)
    yield world
    world.close()


CASES = [(operation, name) for operation in operations() for name in examples(operation)]


@pytest.mark.parametrize(("operation", "name"), CASES, ids=[f"{operation}-{name}" for operation, name in CASES])
def test_an_example_is_taken_or_refused_for_a_reason(world, operation, name):
    kind, value = request(world, operation, name)
    if operation.path.endswith("/messages"):
        # One message in six seconds is what a person gets from a business.
        advance(6)
    answer = ask(world, operation, name, kind, value)
    body = answer.json()
    assert not problems(operation, answer.status_code, body), body
    if state(operation) in ("planned", "refused"):
        assert body["error"]["code"] == 100, body
        return
    expected, why = REFUSED.get(f"{operation}-{name}", (None, "it is taken"))
    assert body.get("error", {}).get("code") == expected, f"{why}: {body}"


READS = [operation for operation in operations() if operation.method == "get"]


@pytest.mark.parametrize("operation", READS, ids=str)
def test_what_is_read_is_as_described(world, operation):
    path = path_of(world, operation)
    is_refused = state(operation) in ("planned", "refused") or str(operation) in REFUSED
    for asked in [{}, *given(operation)]:
        required = {
            item["name"]: WANTED[item["name"]]
            for item in parameters(operation)
            if item.get("required") and item["in"] == "query"
        }
        query = world.filled(renamed({**required, **asked}))
        query = {name: item if isinstance(item, str) else json.dumps(item) for name, item in query.items()}
        answer = world.ask("GET", path, params=query)
        if "application/json" not in answer.headers["content-type"]:
            assert (answer.status_code, operation.path) == (200, "/{Version}/{Media-URL}"), answer.text
            continue
        body = answer.json()
        found = problems(operation, answer.status_code, body)
        # Who names fields gets those and the id, whatever else is required.
        found = [problem for problem in found if "fields" not in query or "is a required property" not in problem]
        assert not found, (query, body)
        # A cursor is for the server to make: that of an example names nothing, or a place that is empty.
        allowed = {400} if is_refused else {200, 400} if {"before", "after"} & set(asked) else {200}
        assert answer.status_code in allowed, (query, body)


# What stands for a parameter that must be there.
WANTED = {"business": "@business", "business_id": "@business", "user_wa_id": "@person"}


def given(operation: Operation) -> list[dict]:
    """Every member at once, and each parameter alone with its example."""
    names = fields(operation)
    asked = [{"fields": ",".join(names)}] if names else []
    for item in parameters(operation):
        if item["in"] == "query" and "example" in item and item["name"] not in WANTED:
            asked.append({item["name"]: item["example"]})
    return asked


def fields(operation: Operation) -> list[str]:
    """The members that an answer can have, where they can be asked for."""
    if not any(item["name"] == "fields" for item in parameters(operation)):
        return []
    answer = resolved(described(operation)["responses"]["200"])
    known = members(answer["content"]["application/json"]["schema"])
    if "data" in known:
        known = members(resolved(known["data"])["items"])
    return [name for name in known if name not in ("metric", "cursor", "node")]


def members(schema: dict) -> dict:
    schema = resolved(schema)
    parts = [schema, *(resolved(part) for kind in ("allOf", "oneOf", "anyOf") for part in schema.get(kind, []))]
    return {name: item for part in parts for name, item in part.get("properties", {}).items()}


def test_what_is_said_of_refusals_is_true():
    names = {f"{operation}-{name}" for operation, name in CASES} | set(map(str, READS))
    assert not set(REFUSED) - names and not set(TEMPLATES) - {name for _, name in CASES}
