"""pywa 4.5, unmodified: what it sends arrives, what it hears is signed and complete."""

import conftest
import pytest
from conftest import operator, plaza
from pywa import errors
from pywa.types import ReplyToMessage
from pywa.types.templates import (
    BodyText,
    Buttons,
    FooterText,
    ParamFormat,
    QuickReplyButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    TemplateStatus,
)


def charges_of(message_id: str, business: dict) -> list[dict]:
    """The charges of a business's number; each test has a business of its own."""
    charges = operator("charges?limit=100")["data"]
    return [charge for charge in charges if charge["phone_number_id"] == business["phone_number_id"]]


def ready_template() -> tuple[Template, BodyText, QuickReplyButton]:
    body = BodyText("Hi {{who}}, your {{what}} is ready to be fetched.", who="Ana", what="bread")
    stop = QuickReplyButton(text="Stop")
    template = Template(
        name="ready",
        language=TemplateLanguage.ENGLISH_US,
        category=TemplateCategory.UTILITY,
        parameter_format=ParamFormat.NAMED,
        components=[body, FooterText(text="Tulip"), Buttons(buttons=[stop])],
    )
    return template, body, stop


def test_a_person_writes_and_the_bot_answers(business, bot, ana):
    ana.send(business["display_phone_number"], "Do you have bread? Grüße 😮")
    message = bot.message()
    assert message.text == "Do you have bread? Grüße 😮"
    assert (message.from_user.wa_id, message.from_user.name) == (ana.wa_id, "Ana")
    assert message.from_user.bsuid
    message.mark_as_read()
    message.indicate_typing()

    sent = message.reply_text("Fresh from the oven.", quote=True, tracker="order-17")
    (heard,) = ana.listen()
    assert (heard["type"], heard["text"]) == ("text", "Fresh from the oven.")

    statuses = bot.statuses_of(sent.id, "sent", "delivered", "read")
    assert {status.tracker for status in statuses.values()} == {"order-17"}
    assert {status.from_user.wa_id for status in statuses.values()} == {ana.wa_id}
    for word in ("sent", "delivered"):
        pricing = statuses[word].pricing
        assert (pricing.model.value, pricing.category.value) == ("PMP", "service")
    assert statuses["read"].pricing is None


def test_a_template_reaches_a_person_outside_the_window(business, bot, ana):
    template, body, stop = ready_template()
    created = bot.wa.create_template(template)
    assert created.status == TemplateStatus.APPROVED
    with pytest.raises(errors.ReEngagementMessage):
        bot.wa.send_message(to=ana.wa_id, text="No window is open")

    params = [body.params(who="Ana", what="rye bread"), stop.params(callback_data="STOP", index=0)]
    sent = bot.wa.send_template(to=ana.number, template=template, params=params)
    (heard,) = ana.listen()
    assert heard["type"] == "template"
    assert "Hi Ana, your rye bread is ready to be fetched." in heard["text"]
    statuses = bot.statuses_of(sent.id, "sent", "delivered", "read")
    pricing = statuses["delivered"].pricing
    assert (pricing.billable, pricing.type.value, pricing.category.value) == (True, "regular", "utility")
    (charge,) = charges_of(sent.id, business)
    assert (charge["category"], charge["currency"]) == ("utility", "EUR")
    assert charge["amount_micros"] > 0


def test_templates_are_listed_read_and_deleted(bot):
    template, _, _ = ready_template()
    created = bot.wa.create_template(template)
    found = bot.wa.get_templates(name="ready")
    assert [item.name for item in found] == ["ready"]
    assert (found.total_count, found.message_template_count) == (1, 1)
    assert bot.wa.get_template(created.id).parameter_format == ParamFormat.NAMED
    assert bot.wa.delete_template(template_name="ready")
    assert len(bot.wa.get_templates()) == 0


def test_numbers_and_accounts_are_read(business, bot):
    number = bot.wa.get_business_phone_number()
    assert (number.verified_name, number.display_phone_number) == ("Tulip", business["display_phone_number"])
    assert number.status == "CONNECTED"
    (listed,) = bot.wa.get_business_phone_numbers()
    assert listed.id == business["phone_number_id"]
    account = bot.wa.get_business_account()
    assert (account.id, account.currency, account.name) == (business["waba_id"], "EUR", "Tulip")


def test_callbacks_of_an_account_and_a_number_override(business, bot, ana):
    assert bot.wa.override_waba_callback_url(callback_url=bot.callback_url, verify_token="vt")
    assert bot.wa.override_phone_callback_url(callback_url=bot.callback_url, verify_token="vt")
    ana.send(business["display_phone_number"], "Hello")
    assert bot.message().text == "Hello"
    assert bot.wa.delete_waba_callback_url() and bot.wa.delete_phone_callback_url()
    with pytest.raises(errors.WhatsAppError) as refused:
        bot.wa.override_waba_callback_url(callback_url="http://10.0.0.1/hook", verify_token="vt")
    assert "private" in refused.value.details


def test_errors_are_pywas_own(bot, ana):
    with pytest.raises(errors.MessageUndeliverable):
        bot.wa.send_message(to="+99970000000", text="Nobody has this number")
    with pytest.raises(errors.TemplateNotExists):
        bot.wa.send_template(to=ana.number, name="nothing", language=TemplateLanguage.GERMAN, params=[])
    bot.wa.token = "EAAwrong"
    with pytest.raises(errors.ExpiredAccessToken) as refused:
        bot.wa.send_message(to=ana.wa_id, text="Who am I?")
    assert refused.value.status_code == 401


def test_every_request_three_times_is_one_message_and_one_charge(business, repeating_bot, ana):
    bot = repeating_bot
    template, body, stop = ready_template()
    bot.wa.create_template(template)
    params = [body.params(who="Ana", what="bread"), stop.params(callback_data="STOP", index=0)]
    sent = bot.wa.send_template(to=ana.number, template=template, params=params)
    heard = ana.listen()
    assert [message["type"] for message in heard] == ["template"]
    bot.statuses_of(sent.id, "sent", "delivered", "read")
    assert len(charges_of(sent.id, business)) == 1
    ana.send(business["display_phone_number"], "Thanks")
    message = bot.message()
    message.mark_as_read()
    reply = message.reply_text("You are welcome.")
    (answer,) = ana.listen()
    assert answer["text"] == "You are welcome."
    bot.statuses_of(reply.id, "sent", "delivered", "read")
    data = conftest.os.environ.get("PLAZA_DATA")
    if data:
        done = conftest.subprocess.run(
            [conftest.BIN, "ledger", "verify", "--data", data, "--json"], capture_output=True, text=True, timeout=120
        )
        report = conftest.json.loads(done.stdout)
        assert report["ok"] and report["differences"] == [], report
