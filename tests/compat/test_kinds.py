"""Every kind of message, from pywa to a person and back: what is sent can be used, and what is answered is understood."""

import http.server
import threading

import pytest
from conftest import plaza
from nodes import png
from pywa import errors, types
from pywa.types.templates import (
    BodyText,
    Buttons,
    HeaderImage,
    QuickReplyButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    TemplateStatus,
)


@pytest.fixture
def web():
    """A web server with one picture and one program that says it is a picture."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = png() if self.path.endswith("loaf.png") else b"MZ\x90\0"
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def answer(person, message_id: str, *how: str) -> dict:
    return plaza("person", "answer", "--message", message_id, *how, home=person.home)[-1]


def fetch(person, message_id: str, into) -> bytes:
    plaza("person", "fetch", "--message", message_id, "--out", str(into), home=person.home)
    return into.read_bytes()


def test_files_go_out_and_are_what_they_were(business, bot, open_window, tmp_path):
    ana, picture = open_window, png(3, 4)
    uploaded = bot.wa.upload_media(picture, mime_type="image/png", filename="loaf.png")
    sent = bot.wa.send_image(to=ana.wa_id, image=uploaded.id, caption="Walnut")
    pdf = b"%PDF-1.7\n%bread\n"
    bot.wa.send_document(to=ana.wa_id, document=pdf, filename="bill.pdf", caption="Your bill", mime_type="application/pdf")
    bot.wa.send_audio(to=ana.wa_id, audio=b"OggS\0bread", mime_type="audio/ogg")
    image, document, audio = ana.listen(messages=3)
    shown = image["content"]
    assert (shown["kind"], shown["form"], shown["caption"]) == ("media", "image", "Walnut")
    assert (shown["attachment"]["width"], shown["attachment"]["height"]) == (3, 4)
    assert "key" not in shown["attachment"]
    assert fetch(ana, image["message_id"], tmp_path / "loaf.png") == picture
    assert fetch(ana, document["message_id"], tmp_path / "bill.pdf") == pdf
    assert (document["content"]["filename"], audio["content"]["form"]) == ("bill.pdf", "audio")
    bot.statuses_of(sent.id, "sent", "delivered", "read")


def test_media_are_looked_up_downloaded_and_deleted(bot):
    picture = png(5, 5)
    uploaded = bot.wa.upload_media(picture, mime_type="image/png", filename="loaf.png")
    found = bot.wa.get_media_url(uploaded.id)
    assert (found.mime_type, int(found.file_size)) == ("image/png", len(picture))
    assert bot.wa.get_media_bytes(found.url) == picture
    assert bot.wa.delete_media(uploaded.id)
    with pytest.raises(errors.WhatsAppError):
        bot.wa.get_media_url(uploaded.id)
    with pytest.raises(errors.WhatsAppError) as refused:
        bot.wa.upload_media(b"MZ\x90\0", mime_type="image/png", filename="loaf.png")
    assert "does not look like" in refused.value.details


def test_a_link_is_fetched_once_and_a_bad_one_fails_the_message(bot, open_window, web):
    ana = open_window
    for _ in range(2):
        bot.wa.send_image(to=ana.wa_id, image=f"{web}/loaf.png")
    assert [event["type"] for event in ana.listen(messages=2)] == ["media", "media"]
    failed = bot.wa.send_image(to=ana.wa_id, image=f"{web}/program.png")
    statuses = bot.statuses_of(failed.id, "failed")
    assert isinstance(statuses["failed"].error, errors.MediaUploadError)


def test_a_person_sends_a_file_and_the_bot_downloads_it(business, bot, ana, tmp_path):
    loaf = tmp_path / "loaf.png"
    loaf.write_bytes(png(7, 7))
    plaza("person", "send", "--to", business["display_phone_number"], "--file", str(loaf), "My loaf", home=ana.home)
    message = bot.message()
    assert (message.image.mime_type, message.caption) == ("image/png", "My loaf")
    found = bot.wa.get_media_url(message.image.id)
    assert bot.wa.get_media_bytes(found.url) == loaf.read_bytes()


def test_places_and_cards_go_both_ways(business, bot, open_window):
    ana = open_window
    bot.wa.send_location(to=ana.wa_id, latitude=52.52, longitude=13.405, name="Square", address="Arcade 5")
    card = types.Contact(
        name=types.Contact.Name(formatted_name="Ben Okafor", first_name="Ben"),
        phones=[types.Contact.Phone(phone="+4915112345678", type="WORK")],
    )
    bot.wa.send_contact(to=ana.wa_id, contact=card)
    place, cards = ana.listen(messages=2)
    assert (place["content"]["latitude"], place["content"]["name"]) == (52.52, "Square")
    assert cards["content"]["cards"][0]["phones"][0]["value"] == "+4915112345678"
    plaza("person", "send", "--to", business["display_phone_number"], "--location", "52.5,13.4,Home", home=ana.home)
    heard = bot.message()
    assert (heard.location.latitude, heard.location.name) == (52.5, "Home")
    plaza("person", "send", "--to", business["display_phone_number"], "--contact", "Ben=+4915112345678", home=ana.home)
    assert bot.message().contacts[0].name.formatted_name == "Ben"


def test_buttons_and_lists_are_answered(bot, open_window):
    ana = open_window
    buttons = [types.Button(title="Yes", callback_data="y"), types.Button(title="No", callback_data="n")]
    bot.wa.send_message(to=ana.wa_id, text="Shall we deliver?", header="Order 17", footer="Tulip", buttons=buttons)
    (asked,) = ana.listen()
    assert asked["content"]["action"]["type"] == "buttons"
    answer(ana, asked["message_id"], "--button", "1")
    pressed = bot.message()
    assert (pressed.data, pressed.title) == ("n", "No")

    rows = [types.SectionRow(title="Rye", callback_data="rye", description="1 kg")]
    choices = types.SectionList(button_title="Choose", sections=[types.Section(title="Bread", rows=rows)])
    bot.wa.send_message(to=ana.wa_id, text="Which bread?", buttons=choices)
    (asked,) = ana.listen()
    answer(ana, asked["message_id"], "--row", "rye")
    chosen = bot.message()
    assert (chosen.data, chosen.title, chosen.description) == ("rye", "Rye", "1 kg")

    bot.wa.request_location(to=ana.wa_id, text="Where are you?")
    (asked,) = ana.listen()
    answer(ana, asked["message_id"], "--location", "52.5,13.4")
    assert bot.message().location.longitude == 13.4

    link = types.URLButton(title="See", url="https://example.org/17")
    bot.wa.send_message(to=ana.wa_id, text="Your order", buttons=link)
    (shown,) = ana.listen()
    assert shown["content"]["action"]["url"] == "https://example.org/17"


def test_products_are_ordered(bot, open_window):
    ana = open_window
    bot.wa.send_products(
        to=ana.wa_id,
        catalog_id="9",
        product_sections=[types.ProductsSection(title="Hot", skus=["loaf", "roll"])],
        title="Bread",
        body="Fresh today",
    )
    (offered,) = ana.listen()
    answer(ana, offered["message_id"], "--order", "loaf=2", "--order", "roll=4")
    order = bot.message().order
    assert [(product.sku, product.quantity) for product in order.products] == [("loaf", 2), ("roll", 4)]


def test_a_template_with_a_picture(bot, ana):
    uploaded = bot.wa.upload_media(png(), mime_type="image/png", filename="loaf.png")
    header, body = HeaderImage(example=png(), mime_type="image/png"), BodyText("Fresh from the oven, {{1}}, since seven.", "Ana")
    keep = QuickReplyButton(text="Keep one")
    template = Template(
        name="fresh",
        language=TemplateLanguage.ENGLISH_US,
        category=TemplateCategory.MARKETING,
        components=[header, body, Buttons(buttons=[keep])],
    )
    # The sample goes up in pieces first; pywa does that by itself.
    assert bot.wa.create_template(template).status == TemplateStatus.APPROVED
    params = [header.params(image=uploaded.id), body.params("Ana"), keep.params(callback_data="K", index=0)]
    bot.wa.send_template(to=ana.number, name="fresh", language=TemplateLanguage.ENGLISH_US, params=params)
    (heard,) = ana.listen()
    assert heard["content"]["rich_header"]["form"] == "image"
    answer(ana, heard["message_id"], "--button", "0")
    pressed = bot.message()
    assert (pressed.data, pressed.title) == ("K", "Keep one")


def test_edits_and_withdrawals_are_told(business, bot, ana):
    number = business["display_phone_number"]
    said = ana.send(number, "Two loafs")
    bot.message()
    plaza("person", "send", "--to", number, "--edit", said["message_id"], "Two loaves", home=ana.home)
    plaza("person", "send", "--to", number, "--delete", said["message_id"], home=ana.home)
    edited, deleted = bot.edits.get(timeout=30), bot.edits.get(timeout=30)
    assert {type(edited).__name__, type(deleted).__name__} == {"EditedMessage", "DeletedMessage"}


def test_limits_answer_their_codes(bot, open_window):
    ana = open_window
    with pytest.raises(errors.TooManyMessages):
        for n in range(60):
            bot.wa.send_message(to=ana.wa_id, text=f"{n}")
