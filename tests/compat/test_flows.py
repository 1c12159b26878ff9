"""pywa 4.5, unmodified: flows are made, checked and published, and its endpoint is asked while a person fills one in."""

import json
import pathlib
import textwrap

import pytest
from conftest import WAIT_S, Bot, plaza
from pywa import errors, types
from pywa.types import FlowButton
from pywa.types.flows import (
    FlowCategory,
    FlowMetricGranularity,
    FlowMetricName,
    FlowStatus,
    FlowTokenNoLongerValid,
)

# A key that was made for tests only and protects nothing.
VECTOR = json.loads(
    (pathlib.Path(__file__).parents[2] / "crates/business/fixtures/flow_vector.json").read_text()
)
PRIVATE_KEY = "\n".join(
    [
        "-----BEGIN PRIVATE KEY-----",
        *textwrap.wrap(VECTOR["private_key_pkcs8_der_base64"], 64),
        "-----END PRIVATE KEY-----",
    ]
)


def form(action: str) -> dict:
    """A form of one screen, which ends by itself or asks its endpoint."""
    form = {
        "version": "6.0",
        "screens": [
            {
                "id": "BOOK",
                "terminal": True,
                "title": "Book a table",
                "data": {"left": {"type": "string", "__example__": "3"}},
                "layout": {
                    "type": "SingleColumnLayout",
                    "children": [
                        {"type": "TextBody", "text": "${data.left}"},
                        {"type": "TextInput", "name": "seats", "label": "Seats"},
                        {
                            "type": "Footer",
                            "label": "Book",
                            "on-click-action": {"name": action, "payload": {"seats": "${form.seats}"}},
                        },
                    ],
                },
            }
        ],
    }
    if action == "data_exchange":
        form |= {"data_api_version": "3.0", "routing_model": {"BOOK": []}}
    return form


def test_flows_are_made_checked_published_and_listed(business, bot):
    wa = bot.wa
    created = wa.create_flow("booking", [FlowCategory.OTHER])
    wrong = wa.update_flow_json(created.id, {"version": "6.0", "screens": [{"id": "A", "tittle": "x"}]})
    (mistake,) = [error for error in wrong.validation_errors if "tittle" in error.message]
    assert (mistake.error, mistake.line_start, mistake.column_start) == ("INVALID_PROPERTY", 6, 13)
    with pytest.raises(errors.FlowPublishingError):
        wa.publish_flow(created.id)
    assert not wa.update_flow_json(created.id, form("complete")).validation_errors
    assert wa.update_flow_metadata(created.id, name="seats", categories=[FlowCategory.SURVEY])
    assert wa.publish_flow(created.id)
    flow = wa.get_flow(created.id)
    assert (flow.name, flow.status, flow.categories) == ("seats", FlowStatus.PUBLISHED, (FlowCategory.SURVEY,))
    assert (flow.json_version, flow.whatsapp_business_account.id) == ("6.0", business["waba_id"])
    assert flow.application.id == business["app_id"] and flow.health_status["can_send_message"] == "AVAILABLE"
    assert flow.preview.url.startswith("http") and flow.updated_at.year >= 2026
    (asset,) = wa.get_flow_assets(created.id)
    assert json.loads(bot.wa.api._session.get(asset.url).text)["screens"][0]["id"] == "BOOK"
    with pytest.raises(errors.FlowUpdatingError):
        wa.update_flow_json(created.id, form("complete"))
    with pytest.raises(errors.FlowDeletingError):
        wa.delete_flow(created.id)
    copy = wa.create_flow("copy", [FlowCategory.OTHER], clone_flow_id=created.id)
    assert {item.name for item in wa.get_flows()} == {"seats", "copy"}
    assert wa.delete_flow(copy.id) and wa.deprecate_flow(created.id)
    broken = wa.create_flow("broken", [FlowCategory.OTHER], flow_json={"version": "1.0"}, publish=True)
    assert not broken.success and broken.validation_errors


def test_an_endpoint_is_asked_while_a_form_is_filled_in(business, bot: Bot, ana):
    asked: list[types.FlowRequest] = []

    def answer(_, request: types.FlowRequest) -> types.FlowResponse:
        asked.append(request)
        if request.flow_token == "gone":
            raise FlowTokenNoLongerValid("Sold out")
        if request.action.value == "INIT":
            return request.respond(screen="BOOK", data={"left": "3"})
        if request.data["seats"] == "0":
            return request.respond(screen="BOOK", data={"left": "3"}, error_message="How many?")
        return request.respond(close_flow=True, data={"seat": "A4"})

    bot.wa.on_flow_request("/flow", private_key=PRIVATE_KEY)(answer)
    assert bot.wa.set_business_public_key(VECTOR["public_key_pem"])
    flow = bot.wa.create_flow(
        "table", [FlowCategory.APPOINTMENT_BOOKING], flow_json=form("data_exchange"),
        endpoint_uri=f"{bot.callback_url}flow",
    )  # fmt: skip
    assert flow.success and bot.wa.publish_flow(flow.id), "its endpoint answered a ping"

    ana.send(business["display_phone_number"], "A table, please")
    message = bot.message()

    def send(token: str) -> str:
        button = FlowButton(title="Book", flow_id=flow.id, flow_token=token, flow_action_type="data_exchange")
        message.reply_text("Book a table", buttons=button)
        (heard,) = ana.listen()
        return heard["message_id"]

    def ask(form_message: str, action: str, *more: str) -> dict:
        return plaza("person", "flow", "--message", form_message, "--action", action, *more, home=ana.home)[-1]

    opened = send("t-1")
    (document,) = plaza("person", "flow", "--message", opened, home=ana.home)
    assert document == form("data_exchange")
    assert ask(opened, "INIT") == {"screen": "BOOK", "data": {"left": "3"}}
    exchange = ("data_exchange", "--screen", "BOOK", "--data")
    refused = ask(opened, *exchange, '{"seats": "0"}')
    assert (refused["screen"], refused["data"]["error_message"]) == ("BOOK", "How many?")
    done = ask(opened, *exchange, '{"seats": "2"}')
    assert done["screen"] == "SUCCESS"
    params = done["data"]["extension_message_response"]["params"]
    assert params == {"flow_token": "t-1", "seat": "A4"}
    assert [(request.action.value, request.screen) for request in asked] == [
        ("INIT", None), ("data_exchange", "BOOK"), ("data_exchange", "BOOK"),
    ]  # fmt: skip
    assert {request.flow_token for request in asked} == {"t-1"}

    plaza("person", "answer", "--message", opened, "--form", json.dumps(params), home=ana.home)
    completed = bot.completions.get(timeout=WAIT_S)
    assert (completed.token, completed.response["seat"]) == ("t-1", "A4")

    closed = ask(send("gone"), "INIT")
    assert closed["error"] == {"code": "closed", "message": "Sold out", "is_closed": True}
    name, granularity = FlowMetricName.ENDPOINT_REQUEST_COUNT, FlowMetricGranularity.LIFETIME
    metrics = bot.wa.get_flow_metrics(flow.id, name, granularity)
    assert metrics["data_points"][0]["data"] == [{"key": "value", "value": 5}], metrics


def photo_form() -> dict:
    """A form that asks its endpoint about photos, and ends with them."""
    pick = {"type": "PhotoPicker", "name": "photos", "label": "Your table", "min-uploaded-photos": 1}

    def screen(name: str, action: str, component: dict, **more) -> dict:
        foot = {
            "type": "Footer",
            "label": "Go on",
            "on-click-action": {"name": action, "payload": {"photos": "${form.photos}"}},
        }
        layout = {"type": "SingleColumnLayout", "children": [component, foot]}
        return {"id": name, "title": name.title(), "layout": layout, **more}

    return {
        "version": "6.0",
        "data_api_version": "3.0",
        "routing_model": {"SHOW": ["SEND"], "SEND": []},
        "screens": [
            screen("SHOW", "data_exchange", pick),
            screen("SEND", "complete", pick, terminal=True),
        ],
    }


def test_photos_of_a_form_are_opened_by_the_endpoint_and_come_with_the_answer(business, bot: Bot, ana, tmp_path):
    photo = tmp_path / "table.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40)
    opened = []

    def answer(_, request: types.FlowRequest) -> types.FlowResponse:
        opened.append(request.decrypt_media(key="photos"))
        return request.respond(screen="SEND", data={})

    bot.wa.on_flow_request("/flow", private_key=PRIVATE_KEY)(answer)
    assert bot.wa.set_business_public_key(VECTOR["public_key_pem"])
    flow = bot.wa.create_flow(
        "photos", [FlowCategory.OTHER], flow_json=photo_form(), endpoint_uri=f"{bot.callback_url}flow"
    )
    assert flow.success and bot.wa.publish_flow(flow.id), flow
    ana.send(business["display_phone_number"], "Look")
    button = FlowButton(title="Show", flow_id=flow.id, flow_token="t", flow_action_type="navigate", flow_action_screen="SHOW")
    bot.message().reply_text("Show us your table", buttons=button)
    (heard,) = ana.listen()

    named = ("--message", heard["message_id"], "--file", f"photos={photo}")
    (asked,) = plaza("person", "flow", *named, "--action", "data_exchange", "--screen", "SHOW", home=ana.home)
    assert asked["screen"] == "SEND"
    (shown,) = opened
    assert (shown.filename, shown.data) == ("table.jpg", photo.read_bytes())

    plaza("person", "answer", *named, "--form", '{"flow_token": "t"}', home=ana.home)
    completed = bot.completions.get(timeout=WAIT_S)
    image = completed.get_media(types.Image, key="photos")
    assert (completed.response["photos"][0]["file_name"], image.mime_type) == ("table.jpg", "image/jpeg")
    assert image.get_bytes() == photo.read_bytes()
