"""pywa's way to the address of marketing messages."""

import pytest
from pywa import errors
from pywa.types.templates import BodyText, Template, TemplateCategory, TemplateLanguage


def template(name: str, category: TemplateCategory) -> Template:
    return Template(
        name=name,
        language=TemplateLanguage.ENGLISH_US,
        category=category,
        components=[BodyText("Fresh bread every morning.")],
    )


def test_a_marketing_message_arrives_and_has_its_own_word(bot, ana):
    news = template("news", TemplateCategory.MARKETING)
    bot.wa.create_template(news)
    sent = bot.wa.send_template(
        to=ana.number, name="news", language=TemplateLanguage.ENGLISH_US, params=[],
        use_mm_lite_api=True, message_activity_sharing=False, tracker="spring",
    )  # fmt: skip
    (heard,) = ana.listen()
    assert (heard["type"], "Fresh bread" in heard["text"]) == ("template", True)
    statuses = bot.statuses_of(sent.id, "sent", "delivered", "read")
    for word in ("sent", "delivered"):
        pricing = statuses[word].pricing
        assert (pricing.billable, pricing.category.value) == (True, "marketing_lite")
    assert {status.tracker for status in statuses.values()} == {"spring"}


def test_other_templates_are_refused_there(bot, ana):
    bot.wa.create_template(template("ready", TemplateCategory.UTILITY))
    with pytest.raises(errors.WhatsAppError) as refused:
        bot.wa.send_template(
            to=ana.number, name="ready", language=TemplateLanguage.ENGLISH_US, params=[], use_mm_lite_api=True
        )
    assert refused.value.code == 134100


def test_an_account_may_want_the_address_of_marketing_messages_only(bot, ana):
    bot.wa.create_template(template("news", TemplateCategory.MARKETING))
    bot.wa.update_business_account_settings(disable_marketing_messages_on_cloud_api=True)
    assert bot.wa.get_business_account().disable_marketing_messages_on_cloud_api
    english = TemplateLanguage.ENGLISH_US
    with pytest.raises(errors.MarketingTemplatesDisabledForCloudAPI):
        bot.wa.send_template(to=ana.number, name="news", language=english, params=[])
    assert bot.wa.send_template(to=ana.number, name="news", language=english, params=[], use_mm_lite_api=True).id
