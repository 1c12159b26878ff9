"""A business's money over HTTP and from the command line: credit, promotional credit, caps, and what they refuse."""

import uuid

import httpx
from conftest import URL, Person, new_number, operator, plaza


def _business() -> dict:
    made = plaza("business", "create", "--name", "Poor Bakery", "--number", new_number(), "--credit", "0")[0]
    template = ["template", "create", "--waba", made["waba_id"], "--name", "news", "--body", "Fresh bread."]
    plaza(*template, "--category", "MARKETING")
    plaza("template", "approve", "--waba", made["waba_id"], "--name", "news")
    return made


def _manager(business: dict, method: str, path: str, body: dict | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {business['access_token']}"}
    return httpx.request(method, f"{URL}/manager/api/{path}", headers=headers, json=body)


def _send(business: dict, to: str) -> httpx.Response:
    body = {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {"name": "news", "language": {"code": "en_US"}},
    }
    headers = {"Authorization": f"Bearer {business['access_token']}"}
    return httpx.post(f"{URL}/v23.0/{business['phone_number_id']}/messages", headers=headers, json=body)


def test_credit_caps_and_what_they_refuse(tmp_path):
    ana = Person(tmp_path, "Ana")
    business = _business()
    of = ["--business", business["business_id"]]
    assert _send(business, ana.number).json()["error"]["code"] == 131042

    promo = ["business", "promo", *of, "--amount", "20.00", "--days", "30", "--note", "Welcome", "--key", "welcome"]
    assert plaza(*promo)[0]["repeated"] is False
    assert plaza(*promo)[0]["repeated"] is True
    line = plaza("business", "credit-line", *of, "--limit", "5", "--key", str(uuid.uuid4()))[0]
    assert line == {"limit_micros": 5_000_000, "used_micros": 0, "held_micros": 0}
    cap = plaza("business", "cap", *of, "--limit", "100", "--period", "day")[0]
    assert (cap["owner"], cap["spent_micros"]) == ("operator", 0)

    money = _manager(business, "GET", "billing").json()
    assert money["balance"]["available_micros"] == 25_000_000
    assert [grant["note"] for grant in money["balance"]["grants"]] == ["Welcome"]
    # The business may not touch the operator's cap, and sets its own beside it: nothing may be spent on this template.
    refused = _manager(business, "DELETE", f"billing/caps/{cap['cap_id']}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    own = {"scope": "campaign", "subject": "news", "period": "month", "limit": "0"}
    made = _manager(business, "POST", "billing/caps", own).json()
    assert made["owner"] == "business"
    refusal = _send(business, ana.number).json()["error"]
    assert refusal["code"] == 131042
    details = refusal["error_data"]["details"]
    assert details.startswith("the cap of 0.00 USD a month for the campaign news is reached"), details
    assert details.endswith("raise it under Billing in the manager, /manager/billing"), details
    assert _manager(business, "DELETE", f"billing/caps/{made['cap_id']}").status_code == 200
    assert _send(business, ana.number).status_code == 200

    seen = operator(f"businesses/{business['business_id']}/billing")
    assert seen["balance"]["held_micros"] > 0
    assert seen["spent"]["today_micros"] == seen["balance"]["held_micros"]
    assert seen["balance"]["grants"][0]["held_micros"] == seen["balance"]["held_micros"], "promotional credit pays first"
    assert plaza("business", "balance", *of)[0]["spent"] == seen["spent"]


def test_what_makes_no_sense_is_refused_and_changes_nothing():
    business = _business()
    before = _manager(business, "GET", "billing").json()
    caps = [
        {"scope": "world", "period": "day", "limit": "1"},
        {"scope": "portfolio", "period": "year", "limit": "1"},
        {"scope": "portfolio", "period": "day", "limit": "-1"},
        {"scope": "portfolio", "period": "day", "limit": "1.0000001"},
        {"scope": "portfolio", "period": "day", "limit": "99999999999999"},
        {"scope": "number", "period": "day", "limit": "1"},
        {"scope": "portfolio", "subject": "x", "period": "day", "limit": "1"},
        {"scope": "portfolio", "period": "day", "limit": "1", "action": "explode"},
    ]
    for cap in caps:
        answer = _manager(business, "POST", "billing/caps", cap)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), (cap, answer.text)
    for thresholds in ({"threshold": "0"}, {"top_up": "5"}, {"mail_to": "nobody"}, {"threshold": "much"}):
        answer = _manager(business, "POST", "billing/thresholds", thresholds)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), (thresholds, answer.text)
    token = httpx.get(f"{URL}/_sandbox/session").raise_for_status().json()["operator_token"]
    headers = {"Authorization": f"Bearer {token}"}
    for path, body in (
        ("credit-line", {"limit": "-1", "key": "a"}),
        ("credit-line", {"limit": "1", "key": ""}),
        ("credit", {"amount": "1", "currency": "EUR", "key": "a"}),
        ("credit", {"amount": "1", "rate": "1.1", "key": "a"}),
        ("credit", {"amount": "1", "currency": "EUR", "rate": "0", "key": "a"}),
        ("credit", {"amount": "1", "currency": "EUR", "rate": "1e9", "key": "a"}),
        ("credit", {"amount": "1", "currency": "USD", "rate": "1.1", "key": "a"}),
        ("promo", {"amount": "0", "days": 3, "key": "a"}),
        ("promo", {"amount": "99999999999999", "days": 3, "key": "a"}),
        ("promo", {"amount": "1", "days": 0, "key": "a"}),
        ("promo", {"amount": "1", "days": 9999, "key": "a"}),
    ):
        answer = httpx.post(f"{URL}/operator/api/businesses/{business['business_id']}/{path}", headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), (path, body, answer.text)
    unknown = httpx.get(f"{URL}/operator/api/businesses/1/billing", headers=headers)
    assert unknown.status_code == 404
    after = _manager(business, "GET", "billing").json()
    assert {**after, "at": None} == {**before, "at": None}


def test_money_of_another_currency_counts_at_its_rate():
    of = ["--business", _business()["business_id"]]
    euros = ["business", "credit", *of, "--amount", "10.00", "--currency", "EUR", "--rate", "1.0834", "--key", "euros"]
    before = plaza("business", "balance", *of)[0]["balance"]["prepaid_micros"]
    assert plaza(*euros)[0]["posted_micros"] == before + 10_834_000
    assert plaza(*euros)[0]["posted_micros"] == before + 10_834_000, "once"
    exchange = operator("exchanges")["data"][0]
    assert (exchange["from_currency"], exchange["from_micros"], exchange["rate"]) == ("EUR", 10_000_000, "1.0834")
    assert (exchange["to_currency"], exchange["to_micros"]) == ("USD", 10_834_000)
    assert plaza("business", "reinstate", *of)[0] == {"reinstated_micros": 0}
