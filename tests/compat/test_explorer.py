"""The programs that the API explorer writes are run as they are written, each in a process of its own."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from conftest import URL
from nodes import Nodes

WEB = pathlib.Path(__file__).parents[2] / "web"
# The calls of the explorer; one that is new there has to be named here, with what it needs.
CALLS = (
    "send_text", "send_template", "send_buttons", "send_image", "send_location", "send_reaction", "mark_read",
    "templates", "create_template", "numbers", "profile", "set_profile", "block", "subscriptions", "subscribe", "flows",
    "create_qr",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = Nodes(tmp_path_factory.mktemp("people") / "ana")
    text = "Hello {{1}}, your order {{2}} is ready from {{3}} on."
    example = {"body_text": [["Ana", "T-17", "9:30"]]}
    world.template("order_confirmed", [{"type": "BODY", "text": text, "example": example}], language="en")
    yield world
    world.close()


@pytest.fixture(scope="module")
def programs(world: Nodes) -> dict[str, str]:
    to = world.person.wa_id

    def message(**body) -> dict:
        return {"messaging_product": "whatsapp", "to": to} | body

    business = world.business
    subject = {
        "origin": URL,
        "account": business["waba_id"],
        "phone": business["phone_number_id"],
        "app": business["app_id"],
        "business": business["business_id"],
    }
    values = [{"type": "text", "text": text} for text in ("Ana", "T-17", "9:30")]
    template = {
        "name": "order_confirmed",
        "language": {"code": "en"},
        "components": [{"type": "body", "parameters": values}],
    }
    button = {"type": "reply", "reply": {"id": "yes", "title": "Yes, please"}}
    asked = {"type": "button", "body": {"text": "Shall we?"}, "action": {"buttons": [button]}}
    place = {"latitude": 52.5208, "longitude": 13.4095, "name": "Tulip", "address": "Square 1"}
    # What a reader of the page changes: whom it is for, and which message it is about.
    bodies = {
        "send_text": message(type="text", text={"body": "Your bread is warm."}),
        "send_template": message(type="template", template=template),
        "send_buttons": message(type="interactive", interactive=asked),
        "send_image": message(type="image", image={"id": world.media("image/png"), "caption": "Fresh"}),
        "send_location": message(type="location", location=place),
        "send_reaction": message(type="reaction", reaction={"message_id": world.written, "emoji": "👍"}),
        "mark_read": {"messaging_product": "whatsapp", "status": "read", "message_id": world.written},
        "block": {"messaging_product": "whatsapp", "block_users": [{"user": to}]},
        "subscribe": {"override_callback_uri": world.bot.callback_url, "verify_token": "vt"},
    }
    script = ["node", str(WEB / "scripts/programs.mjs")]
    asked = json.dumps({"subject": subject, "bodies": bodies})
    written = subprocess.run(script, input=asked, capture_output=True, text=True, cwd=WEB, timeout=120)
    assert written.returncode == 0, written.stderr
    return json.loads(written.stdout)


def test_every_call_of_the_explorer_is_run(programs):
    assert set(programs) == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_program_runs_as_it_is_written(world: Nodes, programs, tmp_path, name: str):
    # A module of the same name may not stand beside it.
    program = tmp_path / f"explorer_{name}.py"
    program.write_text(programs[name])
    environment = os.environ | {"PLAZA_TOKEN": world.business["access_token"]}
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, f"{programs[name]}\n{done.stderr}"
    assert "error" not in done.stdout.lower(), done.stdout
