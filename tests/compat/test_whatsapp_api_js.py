"""whatsapp-api-js 6.3, unmodified, with its own webhook handler: everything that it can call."""

import base64
import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading

import httpx
import pytest
from conftest import URL, WAIT_S, plaza
from nodes import FLOW, png

HERE = pathlib.Path(__file__).parent


class Refused(Exception):
    pass


def new(name: str, *args) -> dict:
    """An object of the SDK's own classes."""
    return {"new": name, "args": list(args)}


class Sdk:
    """The process that runs it."""

    def __init__(self, business: dict):
        told = {"url": URL, "token": business["access_token"], "app_secret": business["app_secret"]}
        self.phone = business["phone_number_id"]
        self.process = subprocess.Popen(
            ["node", str(HERE / "driver.mjs")],
            env=os.environ | {"BUSINESS": json.dumps(told)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.answers: dict[int, queue.Queue] = {}
        self.events: dict[str, queue.Queue] = {name: queue.Queue() for name in ("message", "status", "sent")}
        self.ids = itertools.count(1)
        self.ready: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.callback = self.ready.get(timeout=WAIT_S)

    def _read(self) -> None:
        for line in self.process.stdout:
            said = json.loads(line)
            if "ready" in said:
                self.ready.put(said["ready"])
            elif "event" in said:
                self.events[said["event"]].put(said["value"])
            else:
                self.answers[said["id"]].put(said)

    def call(self, method: str, *args, on: str | None = None):
        """Calls a method of the SDK, or of what it offered with a message."""
        number = next(self.ids)
        self.answers[number] = queue.Queue()
        self.process.stdin.write(json.dumps({"id": number, "call": method, "args": args, "on": on}) + "\n")
        said = self.answers[number].get(timeout=WAIT_S)
        if "error" in said:
            raise Refused(said["error"])
        return said["answer"]

    def send(self, to: str, message: dict, *rest) -> str:
        """Sends and gives the id."""
        answer = self.call("sendMessage", self.phone, to, message, *rest)
        assert "messages" in answer, answer
        return answer["messages"][0]["id"]

    def message(self) -> dict:
        return self.events["message"].get(timeout=WAIT_S)

    def statuses(self, message: str, *expected: str) -> dict[str, dict]:
        seen = {}
        while set(seen) != set(expected):
            status = self.events["status"].get(timeout=WAIT_S)
            if status["id"] == message:
                seen[status["status"]] = status
        return seen

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=WAIT_S)


@pytest.fixture
def sdk(business):
    sdk = Sdk(business)
    app, secret = business["app_id"], business["app_secret"]
    subscription = {
        "object": "whatsapp_business_account",
        "callback_url": sdk.callback,
        "verify_token": "vt",
        "fields": "messages",
        "access_token": f"{app}|{secret}",
    }
    # The handshake is answered by the SDK itself.
    httpx.post(f"{URL}/v23.0/{app}/subscriptions", params=subscription).raise_for_status()
    yield sdk
    sdk.stop()


@pytest.fixture
def open_window(business, sdk, ana):
    """A conversation in which the business may write; the message that opened it."""
    ana.send(business["display_phone_number"], "Do you have bread? Grüße 😮")
    return sdk.message()


def test_a_person_writes_and_is_answered(sdk, ana, open_window):
    heard = open_window
    assert (heard["from"], heard["name"], heard["phoneID"]) == (ana.wa_id, "Ana", sdk.phone)
    assert heard["message"]["text"]["body"] == "Do you have bread? Grüße 😮"
    assert heard["contact"]["user_id"]
    on = heard["message"]["id"]
    assert sdk.call("received", "text", on=on)["success"]
    assert sdk.call("markAsRead", sdk.phone, on)["success"]
    answered = sdk.call("reply", new("Text", "Fresh from the oven."), True, "order-17", on=on)
    sent = sdk.events["sent"].get(timeout=WAIT_S)
    assert sent == {"id": answered["messages"][0]["id"], "type": "text", "to": ana.wa_id}
    (said,) = ana.listen()
    assert said["text"] == "Fresh from the oven."
    statuses = sdk.statuses(sent["id"], "sent", "delivered", "read")
    assert {status["biz_opaque_callback_data"] for status in statuses.values()} == {"order-17"}
    assert statuses["delivered"]["pricing"]["category"] == "service"
    assert sdk.send(heard["contact"]["user_id"], new("Text", "By your id")), "a business-scoped id is an address too"


def test_every_free_message_arrives(sdk, ana, open_window):
    picture = sdk.call("uploadMedia", sdk.phone, {"form": {"type": "image/png", "base64": b64(png())}})["id"]
    card = new("Contacts", [new("Name", "Ben Okafor", "Ben"), new("Phone", "+4915112345678", "WORK")])
    body, foot = new("Body", "What may it be?"), new("Footer", "Tulip")
    buttons = new("ActionButtons", new("Button", "y", "Yes"), new("Button", "n", "No"))
    rows = new("ListSection", "Bread", new("Row", "rye", "Rye", "1 kg"), new("Row", "oat", "Oat"))
    product = new("CatalogProduct", "9", "loaf")
    shelf = new("ProductSection", "Hot", new("Product", "loaf"), new("Product", "roll"))
    sent = [
        (new("Text", "See https://example.org", True), "text"),
        (new("Image", picture, True, "Walnut"), "media"),
        (new("Location", 13.405, 52.52, "Square", "Arcade 5"), "location"),
        (card, "contacts"),
        (new("Interactive", buttons, body, new("Header", "Order 17"), foot), "interactive"),
        (new("Interactive", buttons, body, new("Header", new("Image", picture, True))), "interactive"),
        (new("Interactive", new("ActionList", "Choose", rows), body), "interactive"),
        (new("Interactive", new("ActionCTA", "See", "https://example.org/17"), body), "interactive"),
        (new("Interactive", new("ActionCatalog", new("Product", "loaf")), body), "interactive"),
        (new("Interactive", new("ActionProduct", product), body), "interactive"),
        (new("Interactive", new("ActionProductList", "9", shelf), body, new("Header", "Bread")), "interactive"),
        (new("Interactive", new("ActionLocation"), body), "interactive"),
    ]
    for message, _ in sent:
        sdk.send(ana.wa_id, message)
    assert [event["type"] for event in ana.listen(messages=len(sent))] == [kind for _, kind in sent]
    # A reaction changes a message that is there.
    assert sdk.send(ana.wa_id, new("Reaction", open_window["message"]["id"], "👍"))
    assert sdk.send(ana.wa_id, new("Reaction", open_window["message"]["id"]))
    for name, kind, head in [
        ("Document", "application/pdf", b"%PDF-1.7\n%bread\n"),
        ("Audio", "audio/ogg", b"OggS\0bread"),
        ("Video", "video/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 32),
        ("Sticker", "image/webp", b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"),
    ]:
        file = sdk.call("uploadMedia", sdk.phone, {"form": {"type": kind, "base64": b64(head)}})["id"]
        sdk.send(ana.wa_id, new(name, file, True))


def test_flows_are_sent(business, sdk, ana, open_window):
    form = {"name": "booking", "categories": ["OTHER"], "flow_json": FLOW, "publish": True}
    token = {"Authorization": f"Bearer {business['access_token']}"}
    flow = httpx.post(f"{URL}/v23.0/{business['waba_id']}/flows", json=form, headers=token).json()["id"]
    navigate = new("ActionNavigateFlow", "t", flow, "Book", "BOOK")
    sdk.send(ana.wa_id, new("Interactive", navigate, new("Body", "A table?")))
    (asked,) = ana.listen()
    plaza("person", "answer", "--message", asked["message_id"], "--form", '{"seats": "2"}', home=ana.home)
    reply = sdk.message()["message"]["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"])["seats"] == "2"


def test_a_button_and_a_row_come_back(sdk, ana, open_window):
    buttons = new("ActionButtons", new("Button", "y", "Yes"), new("Button", "n", "No"))
    sdk.send(ana.wa_id, new("Interactive", buttons, new("Body", "Shall we deliver?")))
    (asked,) = ana.listen()
    plaza("person", "answer", "--message", asked["message_id"], "--button", "1", home=ana.home)
    assert sdk.message()["message"]["interactive"]["button_reply"] == {"id": "n", "title": "No"}


def test_templates_are_filled_in(business, sdk, ana):
    token = {"Authorization": f"Bearer {business['access_token']}"}
    picture = sdk.call("uploadMedia", sdk.phone, {"form": {"type": "image/png", "base64": b64(png())}})["id"]
    body = {
        "type": "BODY",
        "text": "Hello {{1}}, {{2}} are due on {{3}} at noon.",
        "example": {"body_text": [["a", "b", "c"]]},
    }
    buttons = [
        {"type": "URL", "text": "Track", "url": "https://example.org/{{1}}", "example": ["https://example.org/a"]},
        {"type": "QUICK_REPLY", "text": "Stop"},
    ]
    components = [body, {"type": "BUTTONS", "buttons": buttons}]
    template = {"name": "due", "language": "en_US", "category": "UTILITY", "components": components}
    made = httpx.post(f"{URL}/v23.0/{business['waba_id']}/message_templates", json=template, headers=token)
    assert made.json()["status"] == "APPROVED", made.text
    values = [
        new("BodyParameter", "Ana"),
        new("BodyParameter", new("Currency", 12500, "EUR", "€12.50")),
        new("BodyParameter", new("DateTime", "1 May")),
    ]
    filled = [new("BodyComponent", *values), new("URLComponent", "A17"), new("PayloadComponent", "STOP")]
    sdk.send(ana.wa_id, new("Template", "due", new("Language", "en_US"), *filled))
    (heard,) = ana.listen()
    assert "Hello Ana, €12.50 are due on 1 May at noon." in heard["text"]
    plaza("person", "answer", "--message", heard["message_id"], "--button", "1", home=ana.home)
    assert sdk.message()["message"]["button"] == {"payload": "STOP", "text": "Stop"}
    assert picture


def test_a_broadcast_reaches_everybody(business, sdk, ana, open_window):
    answers = sdk.call("broadcastMessage", sdk.phone, [ana.wa_id, ana.number], new("Text", "Closed on Sunday"), 1, 10)
    assert len({answer["messages"][0]["id"] for answer in answers}) == 2
    assert [event["text"] for event in ana.listen(messages=2)] == ["Closed on Sunday"] * 2


def test_media_are_uploaded_looked_up_fetched_and_deleted(sdk):
    picture = png(5, 5)
    media = sdk.call("uploadMedia", sdk.phone, {"form": {"type": "image/png", "base64": b64(picture)}})["id"]
    found = sdk.call("retrieveMedia", media, sdk.phone)
    assert (found["mime_type"], int(found["file_size"])) == ("image/png", len(picture))
    assert base64.b64decode(sdk.call("fetchMedia", found["url"])) == picture
    assert sdk.call("deleteMedia", media, sdk.phone)["success"]
    assert sdk.call("retrieveMedia", media)["error"]["code"] == 100


def test_qr_codes_are_made_read_changed_and_deleted(sdk):
    made = sdk.call("createQR", sdk.phone, "A table, please", "svg")
    assert httpx.get(made["qr_image_url"]).headers["content-type"] == "image/svg+xml"
    assert sdk.call("updateQR", sdk.phone, made["code"], "Two tables")["prefilled_message"] == "Two tables"
    assert sdk.call("retrieveQR", sdk.phone, made["code"])["data"][0]["prefilled_message"] == "Two tables"
    assert [code["code"] for code in sdk.call("retrieveQR", sdk.phone)["data"]] == [made["code"]]
    assert sdk.call("deleteQR", sdk.phone, made["code"])["success"]
    assert sdk.call("retrieveQR", sdk.phone)["data"] == []


def test_people_are_blocked_and_let_in(sdk, ana, open_window):
    on = open_window["message"]["id"]
    assert sdk.call("block", on=on)["block_users"]["added_users"][0]["wa_id"] == ana.wa_id
    assert sdk.call("unblockUser", sdk.phone, ana.wa_id)["block_users"]["removed_users"][0]["wa_id"] == ana.wa_id
    user = open_window["contact"]["user_id"]
    assert sdk.call("blockUser", sdk.phone, user)["block_users"]["added_users"][0]["user_id"] == user
    assert sdk.call("unblockUser", sdk.phone, user)["block_users"]["removed_users"]


def test_calls_are_answered_with_an_error_it_can_read(sdk, ana):
    """Calls are a surface of their own; what is said about them is an answer of the interface."""
    call = "wacid.none"
    for answer in (
        sdk.call("initiateCall", sdk.phone, ana.wa_id, "v=0"),
        sdk.call("preacceptCall", sdk.phone, call, "v=0"),
        sdk.call("acceptCall", sdk.phone, call, "v=0"),
        sdk.call("rejectCall", sdk.phone, call),
        sdk.call("terminateCall", sdk.phone, call),
    ):
        assert "calls" in answer or answer["error"]["code"], answer


def test_what_is_wrong_is_told_by_code(sdk, ana):
    def refusal(to: str, message: dict) -> int:
        return sdk.call("sendMessage", sdk.phone, to, message)["error"]["code"]

    assert refusal(ana.wa_id, new("Text", "No window is open")) == 131047
    assert refusal("99970000000", new("Text", "Nobody has this number")) == 131026
    assert refusal(ana.wa_id, new("Template", "nothing", "en_US")) == 132001


def test_a_forged_event_is_refused_by_the_sdk(sdk):
    event = {"object": "whatsapp_business_account", "entry": []}
    forged = httpx.post(sdk.callback, json=event, headers={"X-Hub-Signature-256": "sha256=00"})
    assert forged.status_code == 401
    with pytest.raises(Refused):
        sdk.call("sendMessage", sdk.phone, {}, new("Text", "To nobody"))


def b64(file: bytes) -> str:
    return base64.b64encode(file).decode()
