"""Payments through a provider that speaks like Stripe: localstripe, a program of its own, which forgets idempotency keys
and accepts refunds above what was paid. A server of its own pays through it."""

import concurrent.futures
import dataclasses
import hashlib
import hmac
import itertools
import json
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from conftest import BIN, WAIT_S, new_number, plaza

GOOD = "4242424242424242"
# Can be attached, and is declined when it shall pay.
DECLINED_LATER = "4000000000000341"
DECLINED = "4000000000000002"
# The bank wants a confirmation.
CONFIRM = "4000002500003155"
SECRET = "whsec_localtest"
MINUTES_3 = 180

_keys = itertools.count()


@dataclasses.dataclass
class Stripe:
    """The provider."""

    url: str

    def call(self, method: str, path: str, form: dict | None = None) -> dict:
        headers = {"Authorization": "Bearer sk_test_12345"}
        answer = httpx.request(method, f"{self.url}/v1/{path}", headers=headers, data=form)
        return answer.raise_for_status().json()

    def card(self, number: str) -> str:
        card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2039", "card[cvc]": "123"}
        return self.call("POST", "payment_methods", {"type": "card", **card})["id"]

    def charged(self) -> list[int]:
        """The amounts of all charges that went well."""
        charges = self.call("GET", "charges?limit=1000")["data"]
        return sorted(charge["amount"] for charge in charges if charge["status"] == "succeeded")

    def refunded(self) -> list[int]:
        return sorted(refund["amount"] for refund in self.call("GET", "refunds?limit=1000")["data"])

    def authenticate(self, payment: dict, success: bool = True) -> None:
        form = {"client_secret": payment["action"], "success": str(success).lower()}
        self.call("POST", f"payment_intents/{payment['reference']}/_authenticate", form)


@pytest.fixture(scope="module")
def stripe():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    assert process.poll() is None, "localstripe did not start"
    yield Stripe(f"http://127.0.0.1:{port}")
    process.terminate()
    process.wait(WAIT_S)


@pytest.fixture(scope="module")
def server(stripe: Stripe, tmp_path_factory: pytest.TempPathFactory):
    """Where a server that pays through it listens, and its data."""
    folder: pathlib.Path = tmp_path_factory.mktemp("payments")
    (folder / "key").write_text("sk_test_12345\n")
    (folder / "webhook").write_text(f"{SECRET}\n")
    config = folder / "plaza.toml"
    config.write_text(
        f'[payments]\nprovider = "stripe"\nurl = "{stripe.url}"\nsecret_key_file = "{folder / "key"}"\n'
        f'publishable_key = "pk_test_1"\nwebhook_secret_file = "{folder / "webhook"}"\n'
    )
    serve = [BIN, "serve", "--sandbox", "--config", str(config)]
    serve += ["--data", str(folder / "data"), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    guard = threading.Timer(WAIT_S, process.kill)
    guard.start()
    found = next((match for line in process.stdout if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
    guard.cancel()
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    drain.start()
    assert found, "the server did not say where it listens"
    yield found[0], folder / "data"
    process.terminate()
    assert process.wait(WAIT_S) == 0
    drain.join()


class Shop:
    """A business with nothing on its account, which pays in euros."""

    def __init__(self, stripe: Stripe, server: tuple[str, pathlib.Path]):
        self.stripe, (self.url, data) = stripe, server
        create = ["business", "create", "--name", "Tulip", "--number", new_number(), "--currency", "EUR"]
        made = plaza(*create, "--credit", "0", place=["--url", self.url, "--data", str(data)])[-1]
        self.token, self.operator_token = made["access_token"], (data / "operator-token").read_text().strip()

    def ask(self, method: str, path: str, body: dict | None = None, status: int | None = None) -> dict:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/manager/api/{path}", headers=headers, json=body, timeout=30)
        assert answer.is_success if status is None else answer.status_code == status, answer.text
        return answer.json()

    def operator(self, method: str, path: str, body: dict | None = None, status: int = 200) -> dict:
        headers = {"Authorization": f"Bearer {self.operator_token}"}
        answer = httpx.request(method, f"{self.url}/operator/api/{path}", headers=headers, json=body, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    def add(self, number: str) -> dict:
        """Adds a card and prefers it."""
        method = self.ask("POST", "payment-methods", {"token": self.stripe.card(number)}, 201)
        return self.ask("POST", f"payment-methods/{method['method_id']}/default")

    def top_up(self, amount: str, key: str | None = None) -> dict:
        return self.ask("POST", "payments", {"amount": amount, "key": key or f"key {next(_keys)}"})

    def payment(self, payment: dict) -> dict:
        return self.ask("GET", f"payments/{payment['payment_id']}")

    @property
    def available(self) -> float:
        return self.ask("GET", "session")["balance"]["available_micros"] / 1_000_000

    def advance(self, seconds: int) -> int:
        """Moves the clock of the server; its time."""
        answer = httpx.post(f"{self.url}/_sandbox/clock", json={"advance_s": seconds})
        return answer.raise_for_status().json()["now"]

    def reconcile_later(self) -> dict:
        self.advance(MINUTES_3)
        return self.operator("POST", "reconciliation")

    def webhook(self, event: dict, secret: str = SECRET, age_s: int = 0) -> httpx.Response:
        body = json.dumps(event).encode()
        at = self.advance(0) - age_s
        signature = hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={at},v1={signature}", "Content-Type": "application/json"}
        return httpx.post(f"{self.url}/_payments/stripe/webhook", content=body, headers=headers)


@pytest.fixture
def shop(stripe: Stripe, server):
    httpx.delete(f"{stripe.url}/_config/data").raise_for_status()
    return Shop(stripe, server)


def told(payment: dict, event_id: str, kind: str = "payment_intent.succeeded") -> dict:
    intent = {"object": "payment_intent", "id": payment["reference"]}
    return {"id": event_id, "type": kind, "data": {"object": intent}}


def test_the_same_top_up_sent_twice_charges_once(shop: Shop, stripe: Stripe):
    card = shop.add(GOOD)
    assert (card["brand"], card["last4"], card["expires"], card["is_default"]) == ("visa", "4242", "2039-12", True)
    paid = shop.top_up("100.00", "monday")
    assert (paid["state"], paid["amount_micros"], paid["currency"]) == ("succeeded", 100_000_000, "EUR")
    assert shop.top_up("100.00", "monday") == paid
    with concurrent.futures.ThreadPoolExecutor(8) as at_once:
        answers = list(at_once.map(lambda _: shop.top_up("25.50", "tuesday"), range(8)))
    assert len({answer["payment_id"] for answer in answers}) == 1
    shop.reconcile_later()
    assert stripe.charged() == [2550, 10000]
    assert shop.available == 125.5
    refused = shop.ask("POST", "payments", {"amount": "101.00", "key": "monday"}, 409)
    assert refused["code"] == "conflict"


def test_cards_are_declined_when_they_are_added_or_when_they_shall_pay(shop: Shop, stripe: Stripe):
    refused = shop.ask("POST", "payment-methods", {"token": stripe.card(DECLINED)}, 400)
    assert "Your card was declined." in refused["detail"]
    shop.add(DECLINED_LATER)
    failed = shop.top_up("10.00", "k")
    assert failed["state"] == "failed"
    assert failed["failure"] == {"code": "card_declined", "message": "Your card was declined."}
    intent = stripe.call("GET", f"payment_intents/{failed['reference']}")
    assert intent["status"] == "canceled", "it cannot be paid behind our back any more"
    assert shop.top_up("10.00", "k") == failed
    assert (stripe.charged(), shop.available) == ([], 0)


def test_a_payment_is_confirmed_at_the_bank_and_a_webhook_hints_at_it(shop: Shop, stripe: Stripe):
    shop.add(CONFIRM)
    asked = shop.top_up("40.00")
    assert asked["state"] == "requires_action" and asked["action"].startswith(asked["reference"])
    # A webhook that runs ahead of the truth changes nothing.
    assert shop.webhook(told(asked, "evt_1")).json() == {"received": True, "known": True}
    assert (shop.payment(asked)["state"], shop.available) == ("requires_action", 0)
    stripe.authenticate(asked)
    for answer in [shop.webhook(told(asked, "evt_2"), secret="whsec_other"), shop.webhook(told(asked, "evt_2"), age_s=301)]:
        assert answer.status_code == 400 and answer.json()["code"] == "invalid"
    assert shop.payment(asked)["state"] == "requires_action"
    for _ in range(3):
        assert shop.webhook(told(asked, "evt_2")).status_code == 200
    assert shop.webhook(told(asked, "evt_0", "payment_intent.processing")).status_code == 200
    assert (shop.payment(asked)["state"], shop.available) == ("succeeded", 40)
    unknown = {"id": "evt_3", "type": "customer.created", "data": {"object": {"object": "customer", "id": "cus_1"}}}
    assert shop.webhook(unknown).json() == {"received": True, "known": False}
    assert stripe.charged() == [4000]

    refused = shop.top_up("41.00")
    stripe.authenticate(refused, success=False)
    refused = shop.ask("POST", f"payments/{refused['payment_id']}/look-up")
    assert (refused["state"], refused["failure"]["code"]) == ("failed", "payment_intent_authentication_failure")
    called_off = shop.ask("POST", f"payments/{shop.top_up('42.00')['payment_id']}/cancel")
    assert called_off["state"] == "canceled"
    assert stripe.charged() == [4000]


def test_a_webhook_that_got_lost_is_found_by_the_reconciliation(shop: Shop, stripe: Stripe):
    shop.add(CONFIRM)
    asked = shop.top_up("40.00")
    stripe.authenticate(asked)
    assert shop.payment(asked)["state"] == "requires_action"
    done = shop.reconcile_later()["done"]
    assert done["ended"] == 1
    assert (shop.payment(asked)["state"], shop.available) == ("succeeded", 40)


def test_refunds_are_made_once_and_never_above_what_was_paid(shop: Shop, stripe: Stripe):
    shop.add(GOOD)
    paid = shop.top_up("100.00")
    path = f"payments/{paid['payment_id']}/refunds"
    some = {"amount": "30.00", "reason": "ordered by mistake", "key": "r1"}
    first = shop.operator("POST", path, some)
    assert first["state"] == "succeeded"
    assert shop.operator("POST", path, some) == first
    above = shop.operator("POST", path, {**some, "amount": "70.01", "key": "r2"}, 400)
    assert "70.00" in above["detail"]
    assert (stripe.refunded(), shop.available) == ([3000], 70)
    shop.operator("POST", path, {**some, "amount": "70.00", "key": "r2"})
    shop.operator("POST", path, {**some, "amount": "0.01", "key": "r3"}, 400)
    assert (stripe.refunded(), shop.available) == ([3000, 7000], 0)


def test_a_low_balance_is_topped_up_by_itself(shop: Shop, stripe: Stripe):
    settings = {"is_enabled": True, "threshold": "20", "amount": "50", "monthly_max": "60"}
    assert shop.ask("POST", "automatic-top-up", settings, 409)["detail"].startswith("there is no payment method")
    shop.add(GOOD)
    shop.ask("POST", "automatic-top-up", settings)
    assert shop.reconcile_later()["done"]["automatic"] == 1
    assert shop.reconcile_later()["done"]["automatic"] == 0
    [paid] = shop.ask("GET", "payments")["data"]
    assert (paid["cause"], paid["state"]) == ("automatic", "succeeded")
    assert (stripe.charged(), shop.available) == ([5000], 50)
    shop.ask("POST", "automatic-top-up", {**settings, "is_enabled": False})


def test_clearing_returns_to_zero_when_the_provider_pays_out(shop: Shop, stripe: Stripe):
    def owed() -> int:
        clearing = shop.operator("GET", "reconciliation")["clearing"]
        return next(one["owed_micros"] for one in clearing if one["provider"] == "stripe")

    shop.add(GOOD)
    before = owed() if shop.operator("GET", "reconciliation")["clearing"] else 0
    shop.top_up("80.00")
    assert owed() == before + 80_000_000
    payout = {"amount": str((before + 80_000_000) // 10_000), "currency": "eur", "status": "paid"}
    stripe.call("POST", "payouts", payout)
    report = shop.reconcile_later()
    assert report["done"]["payouts"] == 1
    assert owed() == 0
    assert shop.reconcile_later()["done"]["payouts"] == 0, "a payout is booked once"


def test_bad_input_is_refused_before_anything_happens(shop: Shop, stripe: Stripe):
    shop.add(GOOD)
    good = {"amount": "10.00", "key": "k"}
    for change in [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "0.001"},
        {"amount": "1000000"},
        {"amount": "99999999999999999999"},
        {"amount": "ten"},
        {"amount": 10},
        {"currency": "USD"},
        {"currency": "XXX"},
        {"key": ""},
        {"key": "k" * 101},
        {"method_id": "nonsense"},
        {"surplus": 1},
    ]:
        assert shop.ask("POST", "payments", {**good, **change}, 400)["code"] == "invalid", change
    nobody = f"pmt_{'0' * 32}"
    assert shop.ask("POST", "payments", {**good, "method_id": nobody}, 404)["code"] == "not_found"
    assert shop.ask("POST", "payment-methods", {"token": "pm_nobody"}, 400)["code"] == "invalid"
    assert shop.ask("GET", "payments")["data"] == []
    assert httpx.post(f"{shop.url}/_payments/stripe/webhook", content=b"{}").status_code == 400
    assert (stripe.charged(), shop.available) == ([], 0)


def test_another_business_sees_and_touches_nothing(shop: Shop, stripe: Stripe, server):
    card = shop.add(CONFIRM)
    asked = shop.top_up("40.00")
    rival = Shop(stripe, server)
    assert rival.ask("GET", "payments")["data"] == []
    for path in [f"payments/{asked['payment_id']}/{what}" for what in ["look-up", "cancel"]]:
        assert rival.ask("POST", path, status=404)["code"] == "not_found"
    rival.ask("GET", f"payments/{asked['payment_id']}", status=404)
    rival.ask("POST", f"payment-methods/{card['method_id']}/default", status=404)
    rival.ask("DELETE", f"payment-methods/{card['method_id']}", status=404)
    assert shop.payment(asked)["state"] == "requires_action"


def test_bank_transfers_come_in_by_statement_or_by_hand(shop: Shop):
    def transfer(amount: str) -> dict:
        wish = {"amount": amount, "key": f"key {next(_keys)}", "by_bank_transfer": True}
        return shop.ask("POST", "payments", wish, 202)

    one, other = transfer("250.00"), transfer("80.00")
    assert (one["state"], one["provider"], one["action"]) == ("requires_action", "bank", one["reference"])
    name = f"statement {next(_keys)} {one['payment_id']}"
    rows = [
        f"{name} 1,2026-11-27,250.00,EUR,Top-up {one['reference']},Tulip GmbH",
        f"{name} 2,2026-11-27,79.99,EUR,{other['reference']},Tulip GmbH",
        f"{name} 3,2026-11-27,-12.00,EUR,rent,Landlord",
    ]
    csv = "\n".join(["id,booked_on,amount,currency,reference,payer", *rows])
    wrong = shop.operator("POST", "bank-statements", {"csv": f"{csv}\n{name} 4,2026-11-27,1.2.3,EUR,x,y"}, 400)
    assert wrong["detail"].startswith("statement: entry 4, amount: "), wrong
    assert shop.available == 0, "all of a statement, or none"
    done = shop.operator("POST", "bank-statements", {"csv": csv})
    assert (done["matched"], done["suspense"], done["known"]) == (1, 1, 0)
    assert [entry["why"] for entry in done["unmatched"]] == ["the payment asked for 80.00 EUR"]
    again = shop.operator("POST", "bank-statements", {"csv": csv})
    assert again == {"matched": 0, "suspense": 0, "known": 2, "unmatched": []}
    assert (shop.payment(one)["state"], shop.available) == ("succeeded", 250)
    waiting = shop.operator("GET", "suspense")["data"]
    [entry] = [entry for entry in waiting if entry["payment_id"] == other["payment_id"]]
    assert entry["why"] == "the payment asked for 80.00 EUR"
    assigned = shop.operator("POST", f"suspense/{entry['entry_id']}/assign", {"business_id": one_business(shop)})
    assert (assigned["state"], shop.available) == ("assigned", 329.99)
    shop.operator("POST", f"suspense/{entry['entry_id']}/return", status=404)

    third = transfer("10.00")
    arrived = {"amount": "10.00", "key": f"{name} 5"}
    for known in [False, True]:
        booked = shop.operator("POST", f"payments/{third['payment_id']}/received", arrived)
        assert (booked["state"], booked["known"]) == ("matched", known)
    assert shop.available == 339.99
    refund = {"amount": "9.99", "reason": "paid too much", "key": "r"}
    path = f"payments/{third['payment_id']}/refunds"
    on_its_way = shop.operator("POST", path, refund)
    assert (on_its_way["state"], shop.available) == ("processing", 330)
    assert shop.operator("POST", f"{path}/{on_its_way['refund_id']}/sent")["state"] == "succeeded"


def one_business(shop: Shop) -> str:
    return shop.ask("GET", "session")["business_id"]


def test_the_steps_against_who_does_not_pay_are_rows(shop: Shop):
    before = shop.operator("GET", "dunning-steps")
    actions = [(step["after_days"], step["action"]) for step in before["data"]]
    assert actions == [(1, "mail"), (7, "webhook"), (14, "throttle"), (30, "suspend")]
    wanted = {"steps": [{"after_days": 3, "action": "mail"}, {"after_days": 20, "action": "suspend"}]}
    assert shop.operator("POST", "dunning-steps", wanted) == {"data": wanted["steps"]}
    for bad in [[{"after_days": 3, "action": "shout"}], [{"after_days": 400, "action": "mail"}], wanted["steps"][::-1]]:
        assert shop.operator("POST", "dunning-steps", {"steps": bad}, 400)["code"] == "invalid"
    assert shop.operator("GET", "dunning-steps") == {"data": wanted["steps"]}
