"""pywa 4.5, unmodified: what a business manages with it. Messages and flows have tests of their own."""

import datetime

import pytest
from conftest import new_number, operator
from nodes import png
from pywa import errors, types
from pywa.types.others import Industry, SignupStatus
from pywa.types.templates import (
    BodyText,
    CopyCodeOTPButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    TemplateStatus,
)
from test_pywa import ready_template


def test_the_profile_of_a_number(bot, tmp_path):
    wa = bot.wa
    assert wa.update_business_profile(
        about="Open 7 to 18", address="Square 5", email="hi@example.org", industry=Industry.RETAIL,
        websites=["https://example.org/"], profile_picture=png(9, 9), description="Bread",
    )  # fmt: skip
    profile = wa.get_business_profile()
    assert (profile.about, profile.address, profile.industry) == ("Open 7 to 18", "Square 5", Industry.RETAIL)
    assert profile.profile_picture_url.startswith("http")


def test_what_a_number_is_set_to(bot):
    wa = bot.wa
    assert wa.update_commerce_settings(is_catalog_visible=True, is_cart_enabled=False)
    commerce = wa.get_commerce_settings()
    assert (commerce.is_catalog_visible, commerce.is_cart_enabled) == (True, False)
    identity = types.UserIdentityChangeSettings(enable_identity_key_check=True)
    assert wa.update_business_phone_number_settings(user_identity_change=identity)
    settings = wa.get_business_phone_number_settings()
    assert settings.user_identity_change.enable_identity_key_check
    greeting = [types.Command(name="hours", description="When we are open")]
    assert wa.update_conversational_automation(ice_breakers=["Is there bread?"], commands=greeting)
    automation = wa.get_business_phone_number().conversational_automation
    assert automation.ice_breakers == ("Is there bread?",)
    assert [command.name for command in automation.commands] == ["hours"]
    assert wa.update_display_name("Tulip and Rose")


def test_a_username(bot):
    wa, name = bot.wa, f"tulip.{new_number()[-7:]}"
    assert wa.get_reserved_usernames()
    assert wa.set_username(name).status == "approved"
    assert wa.get_current_username().username == name
    assert wa.delete_username()


def test_qr_codes(bot):
    made = bot.wa.create_qr_code("A table, please", image_type="SVG")
    assert made.qr_image_url.endswith(".svg")
    assert bot.wa.update_qr_code(made.code, "Two tables").prefilled_message == "Two tables"
    assert bot.wa.get_qr_code(made.code).prefilled_message == "Two tables"
    assert [code.code for code in bot.wa.get_qr_codes()] == [made.code]
    assert bot.wa.delete_qr_code(made.code)
    assert bot.wa.get_qr_code(made.code) is None


def test_people_are_blocked_and_let_in(bot, open_window):
    ana = open_window
    blocked = bot.wa.block_users([ana.wa_id])
    assert [user.wa_id for user in blocked.added_users] == [ana.wa_id]
    assert [user.wa_id for user in bot.wa.get_blocked_users()] == [ana.wa_id]
    assert [user.wa_id for user in bot.wa.unblock_users([ana.wa_id]).removed_users] == [ana.wa_id]


def test_a_number_is_added_verified_and_registered(business, bot):
    wa, number = bot.wa, new_number()
    added = wa.create_phone_number(country_calling_code=49, phone_number=number[3:], verified_name="Tulip Garden")
    assert wa.request_verification_code(code_method="SMS", language_code="en_US", phone_id=added.id)
    (code,) = [row["code"] for row in operator("outbox")["data"] if row["number"] == number]
    assert wa.verify_phone_number(code, phone_id=added.id)
    assert wa.register_phone_number("123456", phone_id=added.id)
    with pytest.raises(errors.WhatsAppError):
        wa.register_phone_number("654321", phone_id=added.id)
    assert wa.deregister_phone_number(phone_id=added.id)
    assert [account.id for account in wa.get_owned_business_accounts(business_portfolio_id=business["business_id"])]
    assert not list(wa.get_shared_business_accounts(business_portfolio_id=business["business_id"]))


def test_templates_from_their_making_to_their_end(bot):
    wa, (template, *_) = bot.wa, ready_template()
    made = wa.create_template(template)
    changed = BodyText("Hello {{who}}, the {{what}} waits for you here.", who="Ana", what="bread")
    assert wa.update_template(made.id, new_components=[changed]).success
    end = datetime.datetime.now(datetime.UTC)
    other = Template(
        name="other", language=TemplateLanguage.GERMAN, category=TemplateCategory.UTILITY,
        components=[BodyText("Wir haben heute offen.")],
    )  # fmt: skip
    second = wa.create_template(other)
    wa.compare_templates(made.id, second.id, start=end - datetime.timedelta(days=7), end=end)
    codes = wa.upsert_authentication_template(
        name="code", languages=[TemplateLanguage.ENGLISH_US, TemplateLanguage.GERMAN], otp_button=CopyCodeOTPButton(),
        code_expiration_minutes=5,
    )  # fmt: skip
    assert {one.status for one in codes} == {TemplateStatus.APPROVED}
    assert not wa.unpause_template(made.id).success, "it is not paused"


def test_sign_ups(bot):
    made = bot.wa.create_signup("News?", "Thanks", "https://example.org/privacy", accept_policy=True)
    assert bot.wa.update_signup(made.id, status=SignupStatus.DISABLED)
    assert bot.wa.get_signup(made.id).status == SignupStatus.DISABLED
    assert [signup.id for signup in bot.wa.get_signups()] == [made.id]


def test_the_other_kinds_of_messages(bot, open_window, tmp_path):
    wa, ana = bot.wa, open_window
    said = wa.send_text(to=ana.wa_id, text="Good morning")
    assert wa.send_catalog(to=ana.wa_id, body="Our bread", thumbnail_product_sku="loaf").id
    assert wa.send_product(to=ana.wa_id, catalog_id="9", sku="loaf", body="Rye").id
    assert wa.send_voice(to=ana.wa_id, voice=b"OggS\0bread", mime_type="audio/ogg").id
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 32
    assert wa.send_video(to=ana.wa_id, video=video, mime_type="video/mp4", caption="The oven").id
    ana.send(bot.wa.get_business_phone_number().display_phone_number, "Thanks")
    heard = bot.message()
    assert wa.mark_message_as_read(heard.id)
    assert wa.send_reaction(to=ana.wa_id, emoji="👍", message_id=heard.id).id
    assert wa.remove_reaction(to=ana.wa_id, message_id=heard.id).id
    assert said.id


def test_a_file_is_streamed_and_written(bot, tmp_path):
    uploaded = bot.wa.upload_media(png(6, 6), mime_type="image/png", filename="loaf.png")
    url = bot.wa.get_media_url(uploaded.id).url
    assert b"".join(bot.wa.stream_media(url)) == png(6, 6)
    assert bot.wa.download_media(url=url, path=tmp_path, filename="loaf.png").read_bytes() == png(6, 6)
