"""A running server, a business on it, a person with a command-line device, and a bot with its webhook server.

The environment says where things are: PLAZA_URL (a sandbox), PLAZA_BIN (the binary), PLAZA_DATA (the server's data
folder, for the operator's token) or PLAZA_OPERATOR_TOKEN.
"""

import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading
import time
import uuid

import httpx
import pytest
import uvicorn
from pywa import WhatsApp, handlers, types
from starlette.applications import Starlette

URL = os.environ.get("PLAZA_URL", "http://127.0.0.1:8080").rstrip("/")
BIN = os.environ.get("PLAZA_BIN", "plaza")
WAIT_S = 30

# What an app can hear of: the fields of the Cloud API's webhooks.
FIELDS = (
    "messages", "account_alerts", "account_review_update", "account_settings_update", "account_update",
    "automatic_events", "business_capability_update", "business_username_update", "calls", "flows",
    "group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update", "history",
    "message_template_components_update", "message_template_quality_update", "message_template_status_update",
    "partner_solutions", "payment_configuration_update", "phone_number_name_update", "phone_number_quality_update",
    "security", "smb_app_state_sync", "smb_message_echoes", "template_category_update", "user_id_update",
    "user_preferences",
)  # fmt: skip
# pywa's handlers of one kind of update each.
UPDATE_HANDLERS = sorted(
    name
    for name, kind in vars(handlers).items()
    if isinstance(kind, type)
    and issubclass(kind, handlers.Handler)
    and not name.startswith("_")
    and name not in ("Handler", "RawUpdateHandler")
)

# Numbers of one run differ from those of another on the same database.
_numbers = itertools.count(int(time.time() * 10) % 10_000_000)


def new_number() -> str:
    """A business's number that nobody has yet."""
    return f"+4930{next(_numbers):07d}"


def plaza(*arguments: str, home: pathlib.Path | None = None, place: list[str] | None = None) -> list[dict]:
    """Runs the binary, for a person, or for the operator of the server or of one at another place; its JSON lines."""
    place = ["--home", str(home)] if home else place or _operator()
    command = [BIN, *arguments[:2], *place, *arguments[2:], "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def _operator() -> list[str]:
    data = os.environ.get("PLAZA_DATA")
    return ["--url", URL, *(["--data", data] if data else [])]


def operator(path: str, body: dict | None = None) -> dict:
    """Reads from the operator's surface, or does something there."""
    token = os.environ.get("PLAZA_OPERATOR_TOKEN")
    if not token:
        token = httpx.get(f"{URL}/_sandbox/session").raise_for_status().json()["operator_token"]
    method = "GET" if body is None else "POST"
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.request(method, f"{URL}/operator/api/{path}", headers=headers, json=body)
    return answer.raise_for_status().json()


def charges_of_calls(business: dict) -> list[dict]:
    """What a business paid for calls."""
    charges = operator("charges?limit=100")["data"]
    own = (charge for charge in charges if charge["phone_number_id"] == business["phone_number_id"])
    return [charge for charge in own if charge["category"] == "call"]


def advance(seconds: int) -> None:
    """Moves the sandbox's clock forward."""
    httpx.post(f"{URL}/_sandbox/clock", json={"advance_s": seconds}).raise_for_status()


class Person:
    """Somebody with a device on the command line."""

    def __init__(self, home: pathlib.Path, name: str, url: str = URL):
        self.home, self.name = home, name
        # The demo range: the one-time code is 000000.
        self.number = f"+9997{next(_numbers):07d}"
        register = ["person", "register", "--url", url, "--number", self.number, "--name", name, "--code", "000000"]
        plaza(*register, home=home)

    @property
    def wa_id(self) -> str:
        return self.number.removeprefix("+")

    def send(self, to: str, text: str) -> dict:
        return plaza("person", "send", "--to", to, text, home=self.home)[-1]

    def listen(self, messages: int = 1) -> list[dict]:
        """Receives, acknowledges and reads that many messages."""
        seen = plaza("person", "listen", "--count", str(messages), "--timeout-s", str(WAIT_S), home=self.home)
        return [event for event in seen if event["event"] == "message"]


    def allow_calls(self, whether: str) -> None:
        """Answers the question whether a business may call: the next message that comes."""
        asked = self.listen()[-1]
        while asked["content"].get("action", {}).get("type") != "call_permission":
            asked = self.listen()[-1]
        answer = ["--message", asked["message_id"], "--calls", whether]
        plaza("person", "answer", *answer, home=self.home)

    def rings(self) -> dict:
        """Listens until a call comes in: its offer."""
        command = [BIN, "person", "listen", "--home", str(self.home), "--timeout-s", str(WAIT_S), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
            for line in listening.stdout:
                event = json.loads(line)
                if event["event"] == "call" and event["signal"] == "offer":
                    # The ring goes out with the process; it is left in peace until that is stored.
                    listening.terminate()
                    return event
        raise AssertionError("it does not ring")

    def call(self, to: str, *what: str) -> str:
        """Calls, or does something about a call; its id as the person's client names it."""
        return plaza("person", "call", "--to", to, *what, home=self.home)[-1]["call_id"]


class Thrice(httpx.BaseTransport):
    """Sends every request three times, as a client that lost the answers would, and checks that they agree."""

    def __init__(self):
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        request.headers["Idempotency-Key"] = str(uuid.uuid4())
        answers = []
        for _ in range(3):
            response = self.inner.handle_request(request)
            response.read()
            answers.append(response)
        # A template is made once: the second time its name is taken.
        is_repeatable = not request.url.path.endswith("/message_templates")
        if is_repeatable:
            assert len({(answer.status_code, answer.content) for answer in answers}) == 1, answers
        return answers[0]


class Bot:
    """pywa with its own webhook server, which verifies signatures. Only the base URL is ours."""

    def __init__(self, business: dict, transport: httpx.BaseTransport | None = None, url: str = URL):
        self.app = Starlette()
        self.messages: queue.Queue = queue.Queue()
        self.statuses: queue.Queue = queue.Queue()
        self.edits: queue.Queue = queue.Queue()
        self.calls: queue.Queue = queue.Queue()
        self.completions: queue.Queue = queue.Queue()
        self.group_statuses: queue.Queue = queue.Queue()
        # Every call as it came, and the handler that pywa found for what it parsed it into; None: it knows no such kind.
        self.told: list[tuple[dict, str | None]] = []
        self._parsed: dict[str, str] = {}
        session = httpx.Client(transport=transport, timeout=30)
        config = uvicorn.Config(self.app, host="127.0.0.1", port=0, log_level="error")
        self.server = uvicorn.Server(config)
        self.wa = WhatsApp(
            phone_id=business["phone_number_id"],
            token=business["access_token"],
            session=session,
            server=self.app,
            verify_token="vt",
            waba_id=business["waba_id"],
            app_id=business["app_id"],
            app_secret=business["app_secret"],
        )
        session.base_url = f"{url}/v23.0"
        queues = {
            "MessageHandler": self.messages,
            "CallbackButtonHandler": self.messages,
            "CallbackSelectionHandler": self.messages,
            "EditedMessageHandler": self.edits,
            "DeletedMessageHandler": self.edits,
            "MessageStatusHandler": self.statuses,
            "FlowCompletionHandler": self.completions,
            "GroupMessageStatusesHandler": self.group_statuses,
            "CallConnectHandler": self.calls,
            "CallStatusHandler": self.calls,
            "CallTerminateHandler": self.calls,
            "CallPermissionUpdateHandler": self.calls,
        }
        for name in UPDATE_HANDLERS:
            self.wa.add_handlers(getattr(handlers, name)(self._hear(name, queues.get(name))))
        self.wa.add_handlers(handlers.RawUpdateHandler(self._keep))
        threading.Thread(target=self.server.run, daemon=True).start()
        deadline = time.monotonic() + WAIT_S
        while not self.server.started:
            assert time.monotonic() < deadline, "the webhook server did not start"
            threading.Event().wait(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.callback_url = f"http://127.0.0.1:{port}/"
        self.subscribe(business)

    def _hear(self, name: str, into: queue.Queue | None):
        def heard(_, update):
            self._parsed[update.raw._update_hash] = name
            if into is not None:
                into.put(update)

        return heard

    def _keep(self, _, update) -> None:
        """pywa calls this last, whatever it made of the update."""
        self.told.append((dict(update), self._parsed.pop(update._update_hash, None)))

    def subscribe(self, business: dict) -> None:
        """What pywa does by itself when it is given a callback_url; it does not know its port before."""
        token = self.wa.api.get_app_access_token(business["app_id"], business["app_secret"])["access_token"]
        done = self.wa.api.set_app_callback_url(business["app_id"], token, self.callback_url, "vt", FIELDS)
        assert done["success"]

    def message(self) -> types.Message:
        return self.messages.get(timeout=WAIT_S)

    def call_update(self):
        """The next thing that is heard of calls."""
        return self.calls.get(timeout=WAIT_S)

    def call_updates(self, *expected: type) -> dict[type, object]:
        """What is heard of calls at one time, one of each kind. They are told in order, but pywa answers a webhook
        before it handles it, on any of its threads: what comes close together may be handled the other way around."""
        heard = [self.call_update() for _ in expected]
        assert sorted(type(update).__name__ for update in heard) == sorted(kind.__name__ for kind in expected)
        return {type(update): update for update in heard}

    def statuses_of(self, message_id: str, *expected: str) -> dict[str, types.MessageStatus]:
        """Waits until each of these statuses of a message came, each once."""
        seen: dict[str, types.MessageStatus] = {}
        while set(seen) != set(expected):
            status = self.statuses.get(timeout=WAIT_S)
            if status.id == message_id:
                assert status.status.value not in seen, f"{status.status} came twice"
                seen[status.status.value] = status
        return seen

    def stop(self) -> None:
        self.server.should_exit = True


@pytest.fixture
def business() -> dict:
    created = plaza(
        "business", "create", "--name", "Tulip", "--number", new_number(), "--country", "DE", "--currency", "EUR",
        "--credit", "100.00",
    )  # fmt: skip
    return created[-1]


@pytest.fixture
def ana(tmp_path: pathlib.Path) -> Person:
    return Person(tmp_path / "ana", "Ana")


@pytest.fixture
def bot(business: dict):
    bot = Bot(business)
    yield bot
    bot.stop()


@pytest.fixture
def open_window(business, bot, ana):
    """A conversation in which the business may write."""
    ana.send(business["display_phone_number"], "Hello")
    bot.message()
    return ana


@pytest.fixture
def repeating_bot(business: dict):
    bot = Bot(business, transport=Thrice())
    yield bot
    bot.stop()
