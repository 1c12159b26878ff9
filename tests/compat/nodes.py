"""A business with a node of every kind, a partner, and a person who has written to it: what requests can name."""

import json
import pathlib
import re
import struct
import time
import zlib

import httpx
from conftest import URL, WAIT_S, Bot, Person, new_number, operator, plaza
from description import Operation

HERE = pathlib.Path(__file__).parent
FLOW = (HERE / "fixtures/flow.json").read_text()
# A key that was made for tests only and protects nothing.
PUBLIC_KEY = json.loads((HERE.parents[1] / "crates/business/fixtures/flow_vector.json").read_text())["public_key_pem"]
# What a browser would offer for a call.
OFFER = {"sdp_type": "offer", "sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"}


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + b"\xc4\x53\x2b" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


FILES = {
    "image/png": png(),
    "video/mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 32,
    "audio/ogg": b"OggS\0bread",
    "application/pdf": b"%PDF-1.7\n%bread\n",
    "image/webp;animated": b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0",
}


USED_UP = frozenset(
    ["Solution-ID", "Flow-ID", "TEMPLATE_ID", "Media-ID", "Pre-Verified-Phone-Number-ID", "QR-Code-ID", "group_id"]
)


class Nodes:
    """Makes nodes by the public interface, once each, and remembers them."""

    def __init__(self, home: pathlib.Path):
        create = ("business", "create", "--country", "DE", "--currency", "EUR", "--credit", "100.00")
        self.business = plaza(*create, "--name", "Tulip", "--number", new_number())[-1]
        self.partner = plaza(*create, "--name", "Rose", "--number", new_number())[-1]
        self.http = httpx.Client(base_url=f"{URL}/v23.0", timeout=30)
        self.person = Person(home, "Ana")
        self.bot = Bot(self.business)
        self.written = self.said("Hello")
        self._kept: dict[str, str] = {}

    def said(self, text: str) -> str:
        """The person writes; the id of the message as the bot heard it."""
        self.person.send(self.business["display_phone_number"], text)
        return self.bot.message().id

    def may_call(self) -> None:
        """The person lets the business call, for good."""
        phone = self.business["phone_number_id"]
        self.made(f"/{phone}/settings", member="success", json={"calling": {"status": "ENABLED"}})
        question = {"type": "call_permission_request", "action": {"name": "call_permission_request"}}
        self.send({"type": "interactive", "interactive": question})
        self.person.allow_calls("always")
        asked = f"/{phone}/call_permissions?user_wa_id={self.person.wa_id}"
        deadline = time.monotonic() + WAIT_S
        while self.ask("GET", asked).json()["permission"]["status"] != "permanent":
            assert time.monotonic() < deadline, "the permission did not come"

    def call(self) -> str:
        """A call to the person that rings."""
        path = f"/{self.business['phone_number_id']}/calls"
        to = {"messaging_product": "whatsapp", "to": self.word("called")}
        self.ask("POST", path, json={**to, "action": "terminate"})
        placed = self.ask("POST", path, json={**to, "action": "connect", "session": OFFER})
        return placed.json()["calls"][0]["id"]

    def close(self) -> None:
        self.bot.stop()
        self.http.close()

    def ask(self, method: str, path: str, *, business: dict | None = None, **how) -> httpx.Response:
        token = (business or self.business)["access_token"]
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **how)

    def made(self, path: str, *, member: str = "id", business: dict | None = None, **how) -> str:
        answer = self.ask("POST", path, business=business, **how)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()[member]

    def read(self, path: str, member: str) -> str:
        return self.ask("GET", path, params={"fields": member}).json()[member]["id"]

    def node(self, name: str) -> str:
        """The node that stands in a path for `name`; of those that requests use up, a new one each time."""
        if name in USED_UP:
            return self._make(name)
        if name not in self._kept:
            self._kept[name] = self._make(name)
        return self._kept[name]

    def _make(self, name: str) -> str:
        business, waba, phone = (self.business[key] for key in ("business_id", "waba_id", "phone_number_id"))
        match name:
            case "Version":
                return "v23.0"
            case "Business-ID":
                return business
            case "WABA-ID" | "WhatsApp-Business-Account-ID":
                return waba
            case "Phone-Number-ID" | "WhatsApp-Account-Number-ID":
                return phone
            case "Application-ID":
                return self.business["app_id"]
            case "group_id":
                return self.group(f"Bread club {self._serial()}")
            case "Solution-ID":
                return self.solution()
            case "Flow-ID":
                return self.flow(f"form_{self._serial()}")
            case "TEMPLATE_ID":
                return self.template(f"edited_{self._serial()}", [{"type": "BODY", "text": "We are open."}])
            case "Media-ID":
                return self.media("image/png")
            case "Media-URL":
                url = self.ask("GET", f"/{self.media('image/png')}").json()["url"]
                return url.split("/v23.0/")[-1].removeprefix(f"{URL}/")
            case "User-ID":
                return self.made(f"/{business}/system_users", json={"name": "bot", "role": "EMPLOYEE"})
            case "QR-Code-ID":
                return self.made(f"/{phone}/message_qrdls", member="code", json={"prefilled_message": "Hi"})
            case "Pre-Verified-Phone-Number-ID":
                return self.made(f"/{business}/add_phone_numbers", json={"phone_number": new_number()})
            case "WABA-Bot-ID":
                prompts = {"enable_welcome_message": True, "prompts": ["Bread?"], "commands": []}
                self.ask("POST", f"/{phone}/conversational_automation", json=prompts)
                return self.read(f"/{phone}", "conversational_automation")
            case "WhatsApp-Business-Profile-ID":
                # The profile of a number is a node beside it.
                return f"1{phone}"
            case "Message-History-ID":
                sent = self.send({"type": "text", "text": {"body": "Good morning"}})
                listed = self.ask("GET", f"/{phone}/message_history", params={"message_id": sent}).json()
                return listed["data"][0]["id"]
            case "Migration-Intent-ID":
                intent = {"solution_id": self.solution(), "migration_intent": "INITIATE_MIGRATION"}
                return self.made(f"/{waba}/set_solution_migration_intent", member="migration_intent_id", json=intent)
            case "OBO-Mobility-Intent-ID":
                intent = {"waba_id": waba, "solution_id": self.solution()}
                return self.made(f"/{waba}/set_obo_mobility_intent", member="intent_id", json=intent)
        raise KeyError(name)

    def _serial(self) -> int:
        self._count = getattr(self, "_count", 0) + 1
        return self._count

    def solution(self, *steps: str) -> str:
        """A solution that the partner proposes, `accepted` by the business, `ending` at its wish."""
        proposal = {
            "solution_name": "Both",
            "partner_app_id": self.business["app_id"],
            "owner_permissions": ["MESSAGING"],
            "partner_permissions": ["MESSAGING"],
        }
        path = f"/{self.partner['app_id']}/whatsapp_business_solution"
        solution = self.made(path, member="solution_id", business=self.partner, json=proposal)
        if "accepted" in steps or "ending" in steps:
            self.made(f"/{solution}/accept", member="success", json={"partner_app_id": self.business["app_id"]})
        if "ending" in steps:
            self.made(f"/{solution}/send_deactivation_request", member="success", business=self.partner, json={})
        return solution

    def template(self, name: str, components: list, *, category: str = "UTILITY", language: str = "en_US") -> str:
        template = {"name": name, "language": language, "category": category, "components": components}
        return self.made(f"/{self.business['waba_id']}/message_templates", json=template)

    def flow(self, name: str, *, is_published: bool = False) -> str:
        form = {"name": name, "categories": ["OTHER"], "flow_json": FLOW, "publish": is_published}
        return self.made(f"/{self.business['waba_id']}/flows", json=form)

    def group(self, subject: str) -> str:
        path = f"/{self.business['phone_number_id']}/groups"
        self.made(path, member="request_id", json={"messaging_product": "whatsapp", "subject": subject})
        groups = self.ask("GET", path, params={"limit": 100}).json()["data"]["groups"]
        return next(group["id"] for group in groups if group["subject"] == subject)

    def media(self, kind: str) -> str:
        path, file = f"/{self.business['phone_number_id']}/media", ("file", FILES[kind], kind)
        return self.made(path, data={"messaging_product": "whatsapp"}, files={"file": file})

    def send(self, message: dict) -> str:
        message = {"messaging_product": "whatsapp", "to": self.person.wa_id} | message
        answer = self.ask("POST", f"/{self.business['phone_number_id']}/messages", json=message)
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"][0]["id"]

    def places(self, operation: Operation) -> dict[str, str]:
        """A node for each place in the operation's path."""
        return {name: self.node(name) for name in re.findall(r"\{([^}]*)\}", operation.path)}

    def path(self, operation: Operation, **given: str) -> str:
        """The operation's path with nodes in it, below the version."""
        path = operation.path.removeprefix("/{Version}")
        return re.sub(r"\{([^}]*)\}", lambda place: given.get(place[1]) or self.node(place[1]), path)

    def books(self) -> dict:
        """What the business has, as it can see it itself: to find out whether a request left something behind."""
        waba, phone, app = (self.business[key] for key in ("waba_id", "phone_number_id", "app_id"))
        lists = [
            f"/{waba}/phone_numbers",
            f"/{waba}/message_templates",
            f"/{waba}/flows",
            f"/{waba}/schedules",
            f"/{waba}/subscribed_apps",
            f"/{waba}/solutions",
            f"/{waba}/signups",
            f"/{waba}/payment_configurations",
            f"/{waba}/welcome_message_sequences",
            f"/{phone}/message_qrdls",
            f"/{phone}/block_users",
            f"/{phone}/settings",
            f"/{phone}/whatsapp_business_profile",
            f"/{phone}/business_compliance_info",
            f"/{phone}/official_business_account",
            f"/{phone}/message_history",
            f"/{phone}/groups",
            f"/{waba}/activities",
            f"/{app}/whatsapp_business_solutions",
            f"/{self.business['business_id']}/preverified_numbers",
            f"/{self.business['business_id']}/system_users",
            f"/{self.business['business_id']}/extendedcredits",
        ]
        seen = {path: self.ask("GET", path, params={"limit": 100}).json() for path in lists}
        seen["number"] = self.ask("GET", f"/{phone}", params={"fields": "status,name_status,username"}).json()
        seen["charges"] = [
            charge for charge in operator("charges?limit=100")["data"] if charge["phone_number_id"] == phone
        ]
        return json.loads(json.dumps(seen, sort_keys=True))
