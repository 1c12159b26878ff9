"""The examples of the published description, made ours: what only their author has becomes something of this world.

A file, a person, a solution: each word for one is looked up, and made over the public interface if need be. The shape of
the example stays.
"""

import json
import re

import httpx
from conftest import new_number, operator
from description import Operation, examples, merged
from nodes import FILES, PUBLIC_KEY, Nodes

# What is ours in a request, by operation: merged into the example. A word with @ is looked up in the world.
OURS: dict[str, dict] = {
    "POST /{Application-ID}/whatsapp_business_solution": {"partner_app_id": "@partner_app"},
    "POST /{Business-ID}/add_phone_numbers": {"phone_number": "@new_number"},
    "POST /{Business-ID}/share_preverified_numbers": {
        "preverified_id": "@preverified",
        "partner_business_id": "@partner_business",
    },
    "POST /{Phone-Number-ID}": {"username": "@username"},
    "POST /{Phone-Number-ID}/calls": {"to": "@called"},
    "POST /{Phone-Number-ID}/whatsapp_business_encryption": {"business_public_key": "@public_key"},
    "POST /{Solution-ID}/accept": {"partner_app_id": "@app"},
    "POST /{Solution-ID}/reject": {"partner_app_id": "@app"},
    "POST /{WhatsApp-Business-Account-ID}/assigned_users": {"user": "@user"},
    "DELETE /{WhatsApp-Business-Account-ID}/assigned_users": {"user": "@assigned_user"},
    "POST /{WABA-ID}/message_templates": {"name": "@template_name"},
    "POST /{WABA-ID}/obo_mobility_intent": {"solution_id": "@solution", "target_solution_id": "@solution"},
    "POST /{WABA-ID}/phone_numbers": {"preverified_id": "@preverified", "cc": "49", "phone_number": "@new_national"},
    "POST /{WABA-ID}/set_obo_mobility_intent": {"waba_id": "@waba", "solution_id": "@solution", "app_id": "@app"},
    "POST /{WABA-ID}/set_solution_migration_intent": {"solution_id": "@solution", "target_solution_id": "@solution"},
}

# The members of examples that have words for what is meant, wherever they stand.
WORDS = {
    r"\{\{Recipient-(WA-)?Phone-Number\}\}|\+16505551234|16315555555|16315552222": "@person",
    r"<AUDIO_OBJECT_ID>": "@audio/ogg",
    r"<DOCUMENT_OBJECT_ID>": "@application/pdf",
    r"<IMAGE_OBJECT_ID>": "@image/png",
    r"<VIDEO_OBJECT_ID>": "@video/mp4",
    r"<MEDIA_OBJECT_ID>": "@image/webp",
    r"<?http(\(s\))?://[a-z-]+>?": "@link",
    r"wacid\..*": "@call",
    r"wamid\.HBgLMTY0NzM3.*": "@sent",
    r"<MSGID_OF_[A-Z_]+>|wamid\..*": "@written",
    r"\{\{Flow-ID\}\}": "@flow",
    r"\{\{Flow-Name\}\}": "@flow_name",
    r"<SCREEN_ID>": "BOOK",
    r"language-and-locale-code": "en_US",
    r"4::?[A-Za-z0-9+/=]+:.*": "@handle",
    r"https://your-.*": "@callback",
    r"YOUR_VERIFY_TOKEN.*": "vt",
    r"<HEADER_TYPE>": "text",
    r"ANED2T5QRU7HG1": "@qr",
}

TEXT = "Dear guest, {{1}} is for {{2}} since {{3}} today."
BODY = {"type": "BODY", "text": TEXT, "example": {"body_text": [["a", "b", "c"]]}}
ONE = {"type": "BODY", "text": "Is it well, {{1}}, as we hope?", "example": {"body_text": [["Ana"]]}}
PLAIN = {"type": "BODY", "text": "Hello world."}
REPLIES = [{"type": "QUICK_REPLY", "text": "Yes"}, {"type": "QUICK_REPLY", "text": "No"}]
PICTURE = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["@handle"]}}

# The templates that examples of messages fill in.
TEMPLATES: dict[str, list] = {
    "Send Catalog Template Message": [BODY, {"type": "BUTTONS", "buttons": [{"type": "CATALOG", "text": "See"}]}],
    "Send Flow Template Message": [
        {"type": "BODY", "text": "Book a table."},
        {
            "type": "BUTTONS",
            "buttons": [
                {
                    "type": "FLOW",
                    "text": "Book",
                    "flow_id": "@flow",
                    "flow_action": "navigate",
                    "navigate_screen": "BOOK",
                }
            ],
        },
    ],
    "Send Message Template Interactive": [PICTURE, BODY, {"type": "BUTTONS", "buttons": REPLIES}],
    "Send Message Template Media": [PICTURE, BODY],
    "Send Message Template Text": [BODY],
    "Send Sample Issue Resolution Template": [ONE, {"type": "BUTTONS", "buttons": REPLIES}],
    "Send Sample Shipping Confirmation Template": [BODY],
    "Send Sample Text Message": [BODY],
    "Send Test Message": [PLAIN],
    "Simple Template Message": [PLAIN],
    "Template with Product Policy": [PLAIN],
    "Parameterized Template": [
        {"type": "BODY", "text": "Hello {{1}}, {{2}} less today.", "example": {"body_text": [["a", "b"]]}}
    ],
}


class World(Nodes):
    """What the words in examples stand for here."""

    def word(self, word: str) -> str:
        """Looked up once, but for what a request uses up."""
        if word in (
            "new_number",
            "new_national",
            "preverified",
            "assigned_user",
            "username",
            "qr",
            "solution",
            "template_name",
            "call",
        ):
            return self._look(word)
        key = f"@{word}"
        if key not in self._kept:
            self._kept[key] = self._look(word)
        return self._kept[key]

    def _look(self, word: str) -> str:
        if word in FILES:
            return self.media(word)
        match word:
            case "person":
                return self.person.wa_id
            case "written":
                return self.written
            case "called":
                self.may_call()
                return self.person.wa_id
            case "call":
                return self.call()
            case "sent":
                return self.send({"type": "text", "text": {"body": "Good morning"}})
            case "link":
                return "https://127.0.0.1:9/file"
            case "callback":
                return self.bot.callback_url
            case "app":
                return self.business["app_id"]
            case "waba":
                return self.business["waba_id"]
            case "business":
                return self.business["business_id"]
            case "partner_app":
                return self.partner["app_id"]
            case "partner_business":
                return self.partner["business_id"]
            case "public_key":
                return PUBLIC_KEY
            case "template_name":
                return f"example_{new_number()[-7:]}"
            case "username":
                return f"tulip.{new_number()[-7:]}"
            case "new_number":
                return new_number()
            case "new_national":
                return new_number().removeprefix("+49")
            case "preverified":
                return self.verified()
            case "solution":
                return self.solution("accepted")
            case "user":
                return self.node("User-ID")
            case "assigned_user":
                user = self.made(
                    f"/{self.business['business_id']}/system_users", json={"name": "b", "role": "EMPLOYEE"}
                )
                form = {"user": user, "tasks": "['MANAGE']"}
                self.made(f"/{self.business['waba_id']}/assigned_users", member="success", data=form)
                return user
            case "flow":
                self._kept["@flow_name"] = "published"
                return self.flow("published", is_published=True)
            case "flow_name":
                self.word("flow")
                return "published"
            case "handle":
                picture = FILES["image/png"]
                session = {"file_name": "loaf.png", "file_length": len(picture), "file_type": "image/png"}
                upload = self.made(f"/{self.business['app_id']}/uploads", params=session)
                return self.made(f"/{upload}", member="h", content=picture)
            case "qr":
                return self.node("QR-Code-ID")
        raise KeyError(word)

    def verified(self) -> str:
        """A pre-verified number whose code was told."""
        number = self.node("Pre-Verified-Phone-Number-ID")
        self.made(f"/{number}/request_code", member="success", json={"code_method": "SMS", "language": "en_US"})
        shown = self.ask("GET", f"/{number}", params={"fields": "display_phone_number"}).json()["display_phone_number"]
        (code,) = [row["code"] for row in operator("outbox")["data"] if row["number"] == shown]
        self.made(f"/{number}/verify_code", member="success", json={"code": code})
        return number

    def filled(self, value):
        """The value with every word that is looked up."""
        match value:
            case dict():
                return {name: self.filled(item) for name, item in value.items()}
            case list():
                return [self.filled(item) for item in value]
            case str() if value.startswith("@") and not value.startswith("@/"):
                return self.word(value[1:])
        return value


def ours(operation: Operation, name: str, value):
    """The example with our names for what it means."""
    own = {member: word for member, word in OURS.get(operation.name, {}).items() if member in value}
    return renamed(merged(value, own))


def request(world: World, operation: Operation, name: str) -> tuple[str, dict]:
    """The media type and the body of an example in this world, with the template that it fills in."""
    kind, value = examples(operation)[name]
    value = world.filled(ours(operation, name, value))
    if name in TEMPLATES and "template" in value:
        value["template"]["name"] = re.sub(r"\W+", "_", name.lower())
        category = "MARKETING" if "marketing" in operation.path else "UTILITY"
        language = value["template"]["language"]["code"]
        components = world.filled(TEMPLATES[name])
        world.template(value["template"]["name"], components, category=category, language=language)
    return kind, value


def renamed(value):
    match value:
        case dict():
            return {name: renamed(item) for name, item in value.items()}
        case list():
            return [renamed(item) for item in value]
        case str():
            found = (word for pattern, word in WORDS.items() if re.fullmatch(pattern, value, re.DOTALL))
            return next(found, value)
    return value


# Where an example needs a solution that has come further.
SOLUTIONS = {
    "access_token": ("accepted",),
    "accept_deactivation_request": ("accepted", "ending"),
    "reject_deactivation_request": ("accepted", "ending"),
    "reject-reject_deactivation": ("accepted", "ending"),
    "send_deactivation_request": ("accepted",),
}


def path_of(world: World, operation: Operation, name: str = "") -> str:
    steps = next((steps for word, steps in SOLUTIONS.items() if f"{operation}-{name}".find(f"/{word}") >= 0), None)
    given = {"Solution-ID": world.solution(*steps)} if steps else {}
    return world.path(operation, **given)


def ask(world: World, operation: Operation, name: str, kind: str, value: dict) -> httpx.Response:
    path, method = path_of(world, operation, name), operation.method.upper()
    file = value.get("file", "")
    if file.startswith("@/"):
        kind = {"ogg": "audio/ogg", "jpg": "image/png", "webp": "image/webp"}[re.search(r"file\.(\w+)", file)[1]]
        return world.ask(method, path, data=value | {"file": None}, files={"file": ("file", FILES[kind], kind)})
    if kind == "application/json":
        return world.ask(method, path, json=value)
    fields = {name: item if isinstance(item, str) else json.dumps(item) for name, item in value.items()}
    return world.ask(method, path, data=fields)
