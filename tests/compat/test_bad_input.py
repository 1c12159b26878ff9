"""What cannot be right is refused with an error of the interface; nothing panics, and nothing is left behind.

Wrong bodies are made of the described examples: a member of another type, or far too long. Below that there are bodies
that are no JSON, or too deep, or too large, broken forms with files, and addresses and queries of all sorts. Before and
after, everything that the business can see is the same, and the books agree.
"""

import copy
import json
import os
import pathlib
import subprocess

import httpx
import pytest
from conftest import BIN, URL, advance
from description import Operation, error_problems, examples, operations, state
from examples import World, path_of, request
from test_description import REFUSED

# More than any text may have, and less than a body.
LONG = "x" * 70_000
DEEP = 10_000
MEGABYTE = 1 << 20

# Members that are not read here, or carried as they are: whatever stands in them is fine.
FREE = {
    "POST /{Phone-Number-ID}": ["webhook_url"],
    "POST /{Phone-Number-ID}/messages": [
        "interactive.action.parameters.order",
        "interactive.action.parameters.payment_configuration",
        "interactive.action.parameters.payment_type",
        "interactive.action.parameters.flow_action_payload.data",
    ],
    "POST /{Solution-ID}/accept": ["log_session_id"],
    "POST /{Solution-ID}/reject": ["partner_app_id"],
    "POST /{Solution-ID}/reject_deactivation_request": ["reject_deactivation_request"],
    "POST /{WABA-ID}/obo_mobility_intent": ["metadata"],
    "POST /{WhatsApp-Business-Profile-ID}": ["account_name"],
}


def is_offered(operation: Operation) -> bool:
    return operation.method != "get" and state(operation) not in ("planned", "refused")


WRITES = [operation for operation in operations() if is_offered(operation)]


def base(operation: Operation) -> list[str]:
    """The examples to spoil: one of each kind of message, and the first of each other operation."""
    taken = [
        name
        for name, (kind, value) in examples(operation).items()
        if f"{operation}-{name}" not in REFUSED and kind == "application/json" and value and "file" not in value
    ]
    if not operation.path.endswith("/messages"):
        return taken[:1]
    kinds = {}
    for name in taken:
        value = examples(operation)[name][1]
        kinds.setdefault((value.get("type"), value.get("interactive", {}).get("type"), "context" in value), name)
    return list(kinds.values())


SPOILED = [(operation, name) for operation in WRITES for name in base(operation)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A world in which nothing that these tests ask for may change anything."""
    world = World(tmp_path_factory.mktemp("people") / "ana")
    # All that is needed is made before: paths, and bodies that would be taken.
    world.paths = {operation: world.path(operation) for operation in WRITES}
    world.good = {
        (operation, name): (path_of(world, operation, name), request(world, operation, name)[1])
        for operation, name in SPOILED
    }
    advance(600)
    before = world.books()
    yield world
    assert world.books() == before
    verified = subprocess.run(
        [BIN, "ledger", "verify", "--data", os.environ["PLAZA_DATA"], "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(verified.stdout)["ok"]
    assert httpx.get(f"{URL}/livez").status_code == 200
    if log := os.environ.get("PLAZA_LOG"):
        assert "panicked" not in pathlib.Path(log).read_text(errors="replace")
    world.close()


def is_refused(answer: httpx.Response, what="") -> None:
    body = answer.json()
    assert 400 <= answer.status_code < 500, (what, answer.status_code, body)
    assert not error_problems(answer.status_code, body), (what, body)


@pytest.mark.parametrize(("operation", "name"), SPOILED, ids=[f"{operation}-{name}" for operation, name in SPOILED])
def test_a_member_of_another_type_is_refused(world, operation, name):
    path, good = world.good[operation, name]
    free = FREE.get(str(operation), [])
    for place, value in places(good):
        if any(".".join(map(str, place)).startswith(member) for member in free):
            continue
        for wrong in others(value):
            answer = world.ask(operation.method.upper(), path, json=spoiled(good, place, wrong))
            is_refused(answer, (place, str(wrong)[:40]))


def places(value, place=()):
    """Every member, and the first item of each list."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, item in inside:
        yield (*place, name), item
        yield from places(item, (*place, name))


def others(value) -> list:
    """What is no such thing, however forgivingly it is read."""
    match value:
        case bool():
            return ["perhaps", {"a": 1}]
        case int() | float():
            return ["many", []]
        case str():
            return [{"a": [1]}, [["x"]], LONG]
        case list():
            return ["no list", {"a": 1}]
    return ["no object", [1, 2], 17]


def spoiled(good: dict, place: tuple, wrong) -> dict:
    body = copy.deepcopy(good)
    inside = body
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = wrong
    return body


def test_these_are_many():
    assert (
        sum(len(others(value)) for operation, name in SPOILED for _, value in places(examples(operation)[name][1]))
        > 500
    )


JSON, FORM = "application/json", "multipart/form-data; boundary=line"
PART = b'--line\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
RAW = {
    "no JSON": (JSON, b"{"),
    "a list": (JSON, b"[1, 2]"),
    "a text": (JSON, b'"text"'),
    "nothing": (JSON, b"null"),
    "two values": (JSON, b"{} {}"),
    "a number that is none": (JSON, b'{"to": NaN}'),
    "half a character": (JSON, b'{"to": "\xc3"}'),
    "another encoding": (JSON, '{"to": "1"}'.encode("utf-16")),
    "half an escape": (JSON, b'{"to": "\\ud83d"}'),
    "deep lists": (JSON, b'{"to": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "deep objects": (JSON, b'{"to": ' * DEEP + b"1" + b"}" * DEEP),
    "a deep end": (JSON, b"[" * DEEP),
    "compressed": (JSON, b"\x1f\x8b\x08\0\0\0\0\0"),
    "a form without a boundary": ("multipart/form-data", b"x"),
    "a form without an end": (FORM, PART % (b"to", b"", b"1")),
    "a form that ends inside a head": (FORM, b"--line\r\nContent-Disposition: form-da"),
    "a form of another boundary": (FORM, b"--other\r\n\r\n--other--\r\n"),
}


@pytest.mark.parametrize("name", RAW)
def test_a_body_that_cannot_be_read_is_refused(world, name):
    kind, body = RAW[name]
    for operation in WRITES:
        answer = raw(world, operation, kind, body)
        is_refused(answer, (str(operation), name))


@pytest.mark.parametrize("kind", [JSON, "application/x-www-form-urlencoded", FORM])
def test_three_megabytes_are_too_much_where_no_file_is_expected(world, kind):
    parts = {
        JSON: json.dumps({"to": "x" * 3 * MEGABYTE}).encode(),
        "application/x-www-form-urlencoded": b"to=" + b"x" * 3 * MEGABYTE,
        FORM: PART % (b"to", b"", b"x" * 3 * MEGABYTE) + b"--line--\r\n",
    }
    for path in ("/messages", "/register", "/settings"):
        operation = Operation("post", f"/{{Version}}/{{Phone-Number-ID}}{path}")
        is_refused(raw(world, operation, kind, parts[kind]), path)


def raw(world: World, operation: Operation, kind: str, body: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {world.business['access_token']}", "Content-Type": kind}
    return world.http.request(operation.method.upper(), world.paths[operation], headers=headers, content=body)


FILES = {
    "no file": [(b"messaging_product", b"", b"whatsapp"), (b"type", b"", b"image/png")],
    "an empty file": [(b"messaging_product", b"", b"whatsapp"), (b"file", b'; filename="a.png"', b"")],
    "a file of another kind": [(b"messaging_product", b"", b"whatsapp"), (b"file", b'; filename="a.png"', b"MZ\x90")],
    "no product": [(b"file", b'; filename="a.txt"\r\nContent-Type: text/plain', b"hello")],
    "two megabytes of members": [(b"messaging_product", b"", b"w" * 2 * MEGABYTE)],
    "thousands of members": [(b"m%d" % number, b"", b"1") for number in range(5000)],
    "a name without an end": [(b'file"; filename="a', b"", b"hello")],
}


@pytest.mark.parametrize("name", FILES)
def test_a_form_with_a_wrong_file_is_refused(world, name):
    body = b"".join(PART % part for part in FILES[name]) + b"--line--\r\n"
    is_refused(raw(world, Operation("post", "/{Version}/{Phone-Number-ID}/media"), FORM, body))


IDS = [
    "0",
    "-1",
    "9" * 40,
    "1e3",
    "%00",
    "%ff",
    "..%2f..",
    "१२३",
    "1" * 5000,
    "{id}",
    "null",
    "upload:x",
    "1/2/3/4/5/6/7",
]


@pytest.mark.parametrize("node", IDS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_that_names_nothing_is_refused(world, method, node):
    for edge in ("", "/messages", "/message_templates"):
        is_refused(world.ask(method, f"/{node}{edge}"), node)


QUERIES = {
    "limit": ["-1", "0", "many", "9" * 30, "1.5", "[]"],
    "after": ["x", "%00", "=" * 5000, "bm90aGluZw"],
    "fields": ["analytics.start(", "a{" * 500, "id(" + ")" * 500],
}


@pytest.mark.parametrize(("member", "value"), [(member, value) for member in QUERIES for value in QUERIES[member]])
def test_a_query_that_cannot_be_meant_does_no_harm(world, member, value):
    """Lists forgive what only narrows them; they never fail."""
    waba, phone = world.business["waba_id"], world.business["phone_number_id"]
    for path in (f"/{waba}/message_templates", f"/{waba}/phone_numbers", f"/{phone}/message_qrdls", f"/{waba}"):
        answer = world.ask("GET", path, params={member: value})
        if answer.status_code != 200:
            is_refused(answer, (path, member, value))


def test_a_token_that_cannot_be_is_refused(world):
    for token in ("x" * 10_000, "EAA\u00e9", "a|b|c", "null", "|", "1|"):
        for header in (f"Bearer {token}", f"OAuth {token}", token):
            answer = world.http.get(f"/{world.business['waba_id']}", headers={"Authorization": header.encode()})
            assert answer.status_code == 401, (token[:20], answer.text)
            is_refused(answer)
