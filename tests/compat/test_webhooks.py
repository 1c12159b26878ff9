"""What webhooks say, beside what clients know: every kind that Plaza can tell is caused over the public interface, heard
by pywa's own webhook server, and held against the published payloads of its kind, member by member.

The payloads in fixtures/updates are pywa's own (MIT). Each is one of a kind; a kind that Plaza tells has the same
members of the same types, but for those that are named here with a reason. A kind that it does not tell is named here, too; it
fails a test once it does.
"""

import fnmatch
import json
import pathlib
import threading
import time

import pytest
from conftest import FIELDS, WAIT_S, Person, advance, new_number, operator, plaza
from nodes import FILES, OFFER, Nodes
from pywa.types.base_update import RawUpdate

UPDATES = pathlib.Path(__file__).parent / "fixtures/updates"
FIXTURES = {
    f"{file.stem}.{name}": body
    for file in sorted(UPDATES.glob("*.json"))
    for name, body in json.loads(file.read_text()).items()
}
# One payload stands inside another.
FIXTURES["template_components_update.all"] = FIXTURES["template_components_update.element"].pop("all")

# Fixtures of kinds that Plaza does not tell, and why.
NOT_TOLD = {
    "account_update.account_deleted": "accounts are not deleted",
    "account_update.account_offboarded": "coexistence with a business app does not exist here",
    "account_update.account_reconnected": "coexistence with a business app does not exist here",
    "account_update.ad_account_linked": "there are no ad accounts yet",
    "account_update.authentication_international_eligibility": "the price book says from when on; it is not announced",
    "account_update.mm_api_for_wa_terms_of_service": "there are no terms to sign",
    "account_update.partner_app_installed": "a partner's app is let in as a whole: PARTNER_ADDED",
    "account_update.partner_app_uninstalled": "a partner's app is let in as a whole",
    "account_update.partner_led_business_verification_status": "partners verify nobody",
    "account_update.partner_removed": "a partner's token ends by itself; there is no removal yet",
    "account_update.partner_removed_wa_app_disconnection": "coexistence with a business app does not exist here",
    "account_update.pricing_tiering_update": "the price book has no volume tiers",
    "account_update.primary_business_location_set": "the country of a business is set when it is made",
    "callback_button.quick_reply_without_context": "a quick reply always says which message it answers",
    "edited_message.image": "people change texts; a caption stays",
    "message.forwarded_many_times": "people's clients do not count how often something was passed on",
    "message.interactive_message_with_err": "what cannot be told has the type unsupported",
    "message.media_with_url": "the server does not know by which name it is reached from outside; GET /{media} tells",
    "message.referral": "there are no ads yet that lead into a conversation",
    "message.unreaction_empty": "a reaction that is taken back has no emoji at all",
    "message.unsupported": "people's clients can say nothing that the server does not know",
    "message.unsupported_with_type": "people's clients can say nothing that the server does not know",
    "message_status.played": "people's clients do not tell that a voice message was played",
    "outgoing_message.delete": "coexistence with a business app does not exist here",
    "outgoing_message.edit": "coexistence with a business app does not exist here",
    "outgoing_message.text": "coexistence with a business app does not exist here",
    "system.identity_change": "a person's new identity key is shown to people, and not told to businesses yet",
    "system.phone_number_change": "people cannot take their account to another number yet",
    "user_marketing_preferences.signup": "people do not open sign-up links yet",
}

# Fields of which nothing is ever told, and why.
SILENT_FIELDS = {
    "account_review_update": "accounts are not reviewed: the operator opens them",
    "automatic_events": "nobody reads conversations",
    "history": "coexistence with a business app does not exist here",
    "payment_configuration_update": "a configuration is used as it was made",
    "smb_app_state_sync": "coexistence with a business app does not exist here",
    "smb_message_echoes": "coexistence with a business app does not exist here",
    "user_id_update": "a business-scoped user id stays when a person's number changes",
}

# Members of the published payloads that ours lack, by fixture and place: when they are there, as the interface says.
LACKING = {
    ("call_terminate.*", "*.value.errors*"): "only of a call that failed",
    ("message_status.group", "*.contacts[].profile.username"): "only of people who have one",
    ("message_status.group", "*.recipient_participant_parent_user_id"): "only where portfolios have a common parent",
    ("*", "*.contacts[].parent_user_id"): "only where portfolios have a common parent",
    ("message_status.*", "*.statuses[].conversation*"): "left out since v24; prices are per message",
    ("message.*", "*.messages[].context.forwarded"): "only of what was passed on",
    ("message.*", "*.messages[].context"): "only of what was passed on, or is an answer",
    ("message_status.read", "*.statuses[].pricing"): "in sent, and in the first of delivered and read",
    ("message.chosen_location", "*.location.url"): "only of a place with a page of its own",
    ("message.chosen_location", "*.location.address"): "only of a place with an address",
    ("message.contacts", "*.contacts[].name.last_name"): "only of cards with one",
    ("message.contacts", "*.contacts[].phones[].wa_id"): "only of numbers that are on the network",
    ("message.video", "*.video.caption"): "only of a film with words below it",
    ("account_update.partner_added", "*.waba_info.solution*"): "only of a partner with a solution",
}

# Members of ours that the published payloads lack.
BEYOND = {
    ("call_connect.*", "*.calls[].biz_opaque_callback_data"): "as it was given with the call",
    ("message.text", "*.messages[].group_id"): "of what was said in a group",
    ("*", "*.contacts[].user_id"): "business-scoped ids stand beside numbers everywhere",
    ("*", "*.messages[].from_user_id"): "business-scoped ids stand beside numbers everywhere",
    ("*", "*.statuses[].recipient_user_id"): "business-scoped ids stand beside numbers everywhere",
    ("*", "*.user_preferences[].user_id"): "business-scoped ids stand beside numbers everywhere",
    ("message.order", "*.messages[].context"): "an order says which message it answers",
    ("message_status.*", "*.pricing.type"): "there since July 2025; these payloads are older",
    ("call_permission_update.*", "*.call_permission_reply.is_permanent"): "there since permissions can be permanent",
    ("account_update.partner_added", "*.waba_info.partner_app_id"): "which app was let in",
    ("template_category_update.*", "*.previous_category"): "the notice after the change has both",
}


def kind(body: dict) -> tuple:
    """What makes two payloads ones of a kind."""
    change = body["entry"][0]["changes"][0]
    field, value = change["field"], change["value"]
    if messages := value.get("messages"):
        return field, "message", *_message_kind(messages[0])
    if statuses := value.get("statuses"):
        status = statuses[0]
        tracked, group = "biz_opaque_callback_data" in status, status.get("recipient_type") == "group"
        return field, "status", status["status"], tracked and field == "messages", group
    if echoes := value.get("message_echoes"):
        return field, echoes[0]["type"]
    if calls := value.get("calls"):
        return field, calls[0]["event"], calls[0].get("direction")
    if preferences := value.get("user_preferences"):
        return field, preferences[0]["value"]
    if field == "account_update":
        return field, value["event"], "disconnection_info" in value
    if field == "message_template_status_update":
        return field, value["event"], "other_info" in value
    if field == "message_template_components_update":
        return field, "message_template_title" in value
    if field == "message_template_quality_update":
        return field, value["new_quality_score"]
    return (field,)


def _message_kind(message: dict) -> tuple:
    said = message.get(message["type"], {})
    context = message.get("context", {})
    match message["type"]:
        case "text":
            how = "referral" if "referral" in message else next(
                (word for word in ("forwarded", "frequently_forwarded") if context.get(word)), "id" in context
            )
            return "text", how
        case "image" | "video" | "document":
            return message["type"], "url" in said
        case "audio":
            return "audio", said["voice"]
        case "sticker":
            return "sticker", said["animated"]
        case "reaction":
            return "reaction", said.get("emoji", None) if not said.get("emoji") else "an emoji"
        case "location":
            return "location", "name" in said
        case "button":
            return "button", "id" in context
        case "interactive" if not said:
            return "interactive", "errors"
        case "interactive":
            return "interactive", said["type"], *_reply_kind(said)
        case "unsupported":
            return "unsupported", "unsupported" in message
        case "system" | "edit":
            return message["type"], said.get("type") or said["message"]["type"]
    return (message["type"],)


def _reply_kind(said: dict) -> tuple:
    match said["type"]:
        case "list_reply":
            return ("description" in said["list_reply"],)
        case "nfm_reply":
            return ("flow_token" in json.loads(said["nfm_reply"]["response_json"]),)
        case "call_permission_reply":
            return (said["call_permission_reply"]["response"],)
    return ()


def members(value, at: str = "") -> set[tuple[str, str]]:
    """Where each member stands, and the type of what it holds."""
    if isinstance(value, dict):
        return {(at, "object")}.union(*(members(each, f"{at}.{name}") for name, each in value.items()))
    if isinstance(value, list):
        return {(at, "list")}.union(*(members(each, f"{at}[]") for each in value))
    # 3 and 3.5 are both numbers.
    return {(at, "number" if type(value) in (int, float) else type(value).__name__)}


def unexplained(fixture: str, found: set[tuple[str, str]], reasons: dict) -> list:
    def is_explained(place: str) -> bool:
        return any(fnmatch.fnmatchcase(fixture, name) and _matches(place, at) for name, at in reasons)

    return sorted((place, kind) for place, kind in found if not is_explained(place))


def _matches(place: str, pattern: str) -> bool:
    """Brackets mean themselves, and what stands below a member belongs to it."""
    pattern = pattern.replace("[", "[[]")
    return fnmatch.fnmatchcase(place, pattern) or fnmatch.fnmatchcase(place, f"{pattern}.*")


class Causes(Nodes):
    """Makes everything happen that a webhook tells of."""

    def __init__(self, folder: pathlib.Path):
        super().__init__(folder / "ana")
        self.folder = folder

    @property
    def phone(self) -> str:
        return self.business["phone_number_id"]

    def say(self, *how: str, person: Person | None = None) -> str:
        to = ("--to", self.business["display_phone_number"])
        return plaza("person", "send", *to, *how, home=(person or self.person).home)[-1]["message_id"]

    def answer(self, message: dict, *how: str) -> None:
        plaza("person", "answer", "--message", message["message_id"], *how, home=self.person.home)

    def asks(self, message: dict) -> dict:
        """The business sends something; the message as the person has it."""
        self.send(message)
        (heard,) = self.person.listen()
        return heard

    def interactive(self, kind: str, action: dict) -> dict:
        asked = {"type": kind, "body": {"text": "?"}, "action": action}
        return self.asks({"type": "interactive", "interactive": asked})

    def done(self, path: str, body: dict) -> dict:
        answer = self.ask("POST", path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def everything(self) -> None:
        self.words()
        self.files()
        self.places_and_cards()
        self.questions()
        self.statuses()
        self.templates()
        self.calls()
        self.groups()
        self.opinions()
        self.management()

    def words(self) -> None:
        first, second = self.say("Hello"), self.say("Never mind")
        self.say("--edit", first, "Good morning")
        self.say("--delete", second)
        heard = self.asks({"type": "text", "text": {"body": "Good morning"}})
        self.say("--reply-to", heard["message_id"], "Good morning to you")
        self.say("--react", heard["message_id"], "👍")
        self.say("--react", heard["message_id"])
        self.say("--forwarded", "Have you heard?")

    def files(self) -> None:
        for kind, name, *how in (
            ("image/png", "loaf.png"),
            ("video/mp4", "oven.mp4"),
            ("application/pdf", "bill.pdf", "The bill"),
            ("audio/ogg", "song.ogg"),
            ("audio/ogg", "voice.ogg", "--voice"),
            ("image/webp", "still.webp"),
            ("image/webp;animated", "moving.webp"),
        ):
            (self.folder / name).write_bytes(FILES[kind])
            self.say("--file", str(self.folder / name), "--mime-type", kind.split(";")[0], *how)

    def places_and_cards(self) -> None:
        self.say("--location", "52.5,13.4")
        self.say("--location", "52.5,13.4,Home")
        self.say("--contact", "Ben=+4915112345678")

    def questions(self) -> None:
        buttons = [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]
        self.answer(self.interactive("button", {"buttons": buttons}), "--button", "0")
        rows = [{"id": "rye", "title": "Rye", "description": "1 kg"}, {"id": "oat", "title": "Oat"}]
        action = {"button": "Choose", "sections": [{"title": "Bread", "rows": rows}]}
        for row in ("rye", "oat"):
            self.answer(self.interactive("list", action), "--row", row)
        product = {"catalog_id": "9", "product_retailer_id": "loaf"}
        self.answer(self.interactive("product", product), "--order", "loaf=2")
        flow = self.flow("told", is_published=True)
        for token in ("t1", None):
            parameters = {
                "flow_message_version": "3", "flow_id": flow, "flow_cta": "Book", "flow_token": "t1",
                "flow_action": "navigate", "flow_action_payload": {"screen": "BOOK"},
            }  # fmt: skip
            opened = self.interactive("flow", {"name": "flow", "parameters": parameters})
            response = {"seats": "2"} | ({"flow_token": token} if token else {})
            self.answer(opened, "--form", json.dumps(response))

    def statuses(self) -> None:
        self.asks({"type": "text", "text": {"body": "It is ready"}, "biz_opaque_callback_data": "order-17"})
        self.send({"type": "image", "image": {"link": "http://127.0.0.1:9/nothing.png"}})

    def templates(self) -> None:
        waba, body = self.business["waba_id"], {"type": "BODY", "text": "Your bread is ready."}
        buttons = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "On my way"}]}
        ready = self.template("told_ready", [body, buttons])
        rejected = {"name": "reject_told", "language": "en_US", "category": "MARKETING", "components": [body]}
        self.done(f"/{waba}/message_templates", rejected)
        asked = self.asks({"type": "template", "template": {"name": "told_ready", "language": {"code": "en_US"}}})
        self.answer(asked, "--button", "0")
        changed, text = self.template("told_changed", [body]), {"type": "BODY", "text": "Your bread is on its way."}
        self.done(f"/{changed}", {"components": [text]})
        changed = self.template("told_changed_all", [body])
        call = {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+4930901820"}
        page = {"type": "URL", "text": "See it", "url": "https://example.org/bread"}
        around = [
            {"type": "HEADER", "format": "TEXT", "text": "Tulip"},
            {"type": "FOOTER", "text": "Baked on the square"},
            {"type": "BUTTONS", "buttons": [call, page]},
        ]
        self.done(f"/{changed}", {"components": [text, *around]})
        operator(f"templates/{ready}/category", {"category": "MARKETING"})

    def calls(self) -> None:
        """Somebody is asked whether they may be called, once a day at most; then both sides call."""
        self.done(f"/{self.phone}/settings", {"calling": {"status": "ENABLED"}})
        action = {"name": "call_permission_request"}
        self.answer(self.interactive("call_permission_request", action), "--calls", "no")
        advance(25 * 3600)
        self.say("Well then")
        self.answer(self.interactive("call_permission_request", action), "--calls", "yes")
        self.settled(("messages", "message", "interactive", "call_permission_reply", "accept"))
        described, number = self.folder / "ana.sdp", self.business["display_phone_number"]
        described.write_text(OFFER["sdp"], newline="")
        call = self.person.call(number, "--sdp", str(described))
        self.settled(("calls", "connect", "USER_INITIATED"))
        self.person.call(number, "--call", call, "--hang-up")
        self.settled(("calls", "terminate", "USER_INITIATED"))
        placing = {"messaging_product": "whatsapp", "to": self.person.wa_id, "action": "connect", "session": OFFER}
        placed = self.done(f"/{self.phone}/calls", placing | {"biz_opaque_callback_data": "order-17"})
        rings = self.person.rings()
        self.person.call(number, "--call", rings["call_id"], "--sdp", str(described))
        self.settled(("calls", "status", "ACCEPTED", False, False))
        ended = {"messaging_product": "whatsapp", "call_id": placed["calls"][0]["id"], "action": "terminate"}
        self.done(f"/{self.phone}/calls", ended)

    def groups(self) -> None:
        made = {"messaging_product": "whatsapp", "subject": "Bread club", "join_approval_mode": "auto_approve"}
        self.done(f"/{self.phone}/groups", made)
        self.settled(("group_lifecycle_update",))
        (group,) = self.ask("GET", f"/{self.phone}/groups").json()["data"]["groups"]
        link = self.ask("GET", f"/{group['id']}/invite_link").json()["invite_link"]
        joined = plaza("person", "join", link, home=self.person.home)[-1]
        plaza("person", "send", "--group", joined["conversation_id"], "Hello", home=self.person.home)
        self.settled(("group_participants_update",))
        self.send({"recipient_type": "group", "to": group["id"], "type": "text", "text": {"body": "Hello all"}})
        self.person.listen()
        self.settled(("messages", "status", "read", False, True))
        self.done(f"/{group['id']}", {"messaging_product": "whatsapp", "subject": "Rye club"})
        for decision in ("suspend", "resume"):
            operator(f"groups/{group['id']}/{decision}", {})

    def opinions(self) -> None:
        to = ("--to", self.business["display_phone_number"])
        self.template("told_news", [{"type": "BODY", "text": "News from the oven."}], category="MARKETING")
        news = {"type": "template", "template": {"name": "told_news", "language": {"code": "en_US"}}}
        for n in range(3):
            person = Person(self.folder / f"person{n}", "Ben")
            self.send({"to": person.wa_id} | news)
            person.listen()
            plaza("person", "think", *to, "report", home=person.home)
        for opinion in ("stop-marketing", "resume-marketing"):
            plaza("person", "think", *to, opinion, home=self.person.home)
        # Housekeeping rates what people said.
        self.settled(("user_preferences", "resume"))
        advance(1)

    def management(self) -> None:
        self.done(f"/{self.phone}/settings", {"calling": {"status": "DISABLED"}})
        self.done(f"/{self.phone}", {"pin": "123456"})
        self.done(f"/{self.phone}", {"new_display_name": "Tulip and Rose"})
        self.done(f"/{self.phone}/username", {"username": f"told.{new_number()[-7:]}"})
        application = {"action": "SUBMIT_APPLICATION", "application_data": {"business_name": "Tulip"}}
        self.done(f"/{self.phone}/official_business_account", application)
        business = self.business["business_id"]
        operator(f"businesses/{business}/messaging-limit", {"messaging_limit": "TIER_100K"})
        waba = self.business["waba_id"]
        operator(f"wabas/{waba}/standing", {"state": "RESTRICTED", "violation": "SPAM", "days": 7})
        for state in ("DISABLED", "ACTIVE"):
            operator(f"wabas/{waba}/standing", {"state": state})
        self.solution("accepted")
        partner = self.partner
        let_in = {"business_id": business, "waba_ids": [self.business["waba_id"]]}
        code = operator(f"apps/{partner['app_id']}/codes", let_in)["code"]
        exchange = {"client_id": partner["app_id"], "client_secret": partner["app_secret"], "code": code}
        assert self.http.get("/oauth/access_token", params=exchange).status_code == 200

    def settled(self, *kinds: tuple) -> None:
        """Waits until each of these kinds was told."""
        deadline = time.monotonic() + WAIT_S
        while not set(kinds) <= {kind(body) for body, _ in list(self.bot.told)} and time.monotonic() < deadline:
            threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = Causes(tmp_path_factory.mktemp("people"))
    world.everything()
    world.settled(*(kind(body) for name, body in FIXTURES.items() if name not in NOT_TOLD))
    world.settled(*((field,) for field in FIELDS if field not in SILENT_FIELDS and field not in _KINDS))
    yield world
    world.close()


# Fields whose updates are of several kinds.
_KINDS = {
    "messages", "calls", "user_preferences", "account_update", "message_template_status_update",
    "message_template_quality_update", "message_template_components_update",
}  # fmt: skip


@pytest.mark.parametrize("name", FIXTURES)
def test_a_payload_has_the_members_that_are_published(world: Causes, name: str):
    fixture = FIXTURES[name]
    ours = [(body, parsed) for body, parsed in world.bot.told if kind(body) == kind(fixture)]
    if name in NOT_TOLD:
        assert not ours, f"this kind is told now: take it from the list. {ours[0]}"
        return
    there_were = sorted({kind(body) for body, _ in world.bot.told}, key=str)
    assert ours, f"nothing of the kind {kind(fixture)} was told; there were {there_were}"
    expected = members(fixture)
    raw = RawUpdate(json.dumps(fixture).encode(), hmac_header=None, update_hash="")
    handler = _handler_of(world, raw)
    for body, parsed in ours:
        found = members(body)
        assert not unexplained(name, expected - found, LACKING), body
        assert not unexplained(name, found - expected, BEYOND), body
        assert parsed == handler, "pywa reads it as something else"


def _handler_of(world: Causes, update: RawUpdate) -> str:
    """What pywa makes of a payload that is not for this business."""
    update["entry"][0]["id"] = world.business["waba_id"]
    if "metadata" in update.value:
        update.value["metadata"]["phone_number_id"] = world.phone
    return world.bot.wa._get_handler_type(update).__name__


def test_every_field_is_told_of_or_known_to_be_silent(world: Causes):
    told = {body["entry"][0]["changes"][0]["field"] for body, _ in world.bot.told}
    assert told & set(SILENT_FIELDS) == set(), "these are told now: take them from the list"
    assert set(FIELDS) - set(SILENT_FIELDS) - told == set(), "these were caused, and not told"
    assert told <= set(FIELDS), "fields that the interface does not have"


def test_what_pywa_has_a_word_for_it_reads(world: Causes):
    known = {"messages", "account_update", "message_template_status_update", "message_template_quality_update",
             "message_template_components_update", "template_category_update", "user_preferences"}  # fmt: skip
    for body, parsed in world.bot.told:
        if body["entry"][0]["changes"][0]["field"] in known:
            assert parsed, body


def test_times_and_envelopes_are_as_published(world: Causes):
    for body, _ in world.bot.told:
        assert body["object"] == "whatsapp_business_account"
        (entry,) = body["entry"]
        (change,) = entry["changes"]
        # Messages, statuses, calls and preferences carry times of their own.
        assert ("time" in entry) == (change["field"] not in ("messages", "calls", "user_preferences")), body
        assert type(entry.get("time", 0)) is int


def test_the_lists_name_fixtures_and_nothing_else():
    assert len(FIXTURES) == 75
    assert set(NOT_TOLD) <= set(FIXTURES)
    for name, _ in [*LACKING, *BEYOND]:
        assert any(fnmatch.fnmatchcase(fixture, name) for fixture in FIXTURES), name
