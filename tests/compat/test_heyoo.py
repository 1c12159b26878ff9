"""heyoo 0.1.2, unmodified: it sends nulls and extra members, and reads only the first update of a call."""

from conftest import URL
from heyoo import WhatsApp
from nodes import png


def client(business: dict) -> WhatsApp:
    wa = WhatsApp(token=business["access_token"], phone_number_id=business["phone_number_id"])
    wa.base_url, wa.v15_base_url = f"{URL}/v14.0", f"{URL}/v15.0"
    wa.url = f"{wa.base_url}/{business['phone_number_id']}/messages"
    return wa


def test_it_sends_reacts_and_marks_as_read(business, bot, ana):
    ana.send(business["display_phone_number"], "Hello")
    message = bot.message()
    wa = client(business)
    answer = wa.send_message("Good morning!", ana.wa_id)
    assert answer["messages"][0]["id"].startswith("wamid."), answer
    assert wa.send_reaction("👍", message.id, ana.wa_id)["messages"]
    assert wa.reply_to_message(message.id, ana.wa_id, "What may it be?")["messages"]
    assert wa.mark_as_read(message.id)["success"]
    heard = ana.listen(messages=3)
    texts = [event["text"] for event in heard if event["type"] == "text"]
    assert texts == ["Good morning!", "What may it be?"], "in their order"


def test_its_nulls_and_link_files_are_taken(business, ana, bot):
    ana.send(business["display_phone_number"], "Hello")
    bot.message()
    answer = client(business).send_image("http://127.0.0.1:9/bread.jpg", ana.wa_id)
    assert answer["messages"][0]["id"].startswith("wamid."), "a link that cannot be fetched fails later"
    answer = client(business).send_location("52.52", "13.4", "Square", "Arcade 5", ana.wa_id)
    assert answer["messages"], answer


def test_its_readers_understand_our_webhooks(business, bot, ana):
    ana.send(business["display_phone_number"], "Hello")
    data = dict(bot.message().raw)
    wa = client(business)
    assert wa.is_message(data)
    assert (wa.get_message(data), wa.get_mobile(data), wa.get_name(data)) == ("Hello", ana.wa_id, "Ana")


def test_every_kind_of_message_and_file(business, bot, ana, tmp_path):
    ana.send(business["display_phone_number"], "Hello")
    heard = dict(bot.message().raw)
    wa, loaf = client(business), tmp_path / "loaf.png"
    assert (wa.changed_field(heard), wa.get_message_type(heard)) == ("messages", "text")
    assert wa.get_message_id(heard).startswith("wamid.") and wa.get_message_timestamp(heard).isdigit()
    loaf.write_bytes(png(4, 4))
    picture = wa.upload_media(str(loaf))["id"]
    url = wa.query_media_url(picture)
    saved = wa.download_media(url, "image/png", str(tmp_path / "again"))
    assert open(saved, "rb").read() == png(4, 4)
    answers = [
        wa.send_image(picture, ana.wa_id, caption="Walnut", link=False),
        wa.send_contacts(
            [{"name": {"formatted_name": "Ben", "first_name": "Ben"}, "phones": [{"phone": "+4915112345678"}]}],
            ana.wa_id,
        ),
        wa.send_button(
            {
                "header": "Bread",
                "body": "Which?",
                "footer": "Tulip",
                "action": {
                    "button": "Choose",
                    "sections": [{"title": "Bread", "rows": [{"id": "rye", "title": "Rye"}]}],
                },
            },
            ana.wa_id,
        ),
        wa.send_reply_button(
            {
                "type": "button",
                "body": {"text": "Yes?"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
            },
            ana.wa_id,
        ),
        wa.send_custom_json(
            {"messaging_product": "whatsapp", "to": ana.wa_id, "type": "text", "text": {"body": "By hand"}}
        ),
    ]
    assert all("messages" in answer for answer in answers), answers
    *_, asked, _, said = ana.listen(messages=5)
    assert said["text"] == "By hand"
    for name in ("send_video", "send_document", "send_audio", "send_sticker"):
        answer = getattr(wa, name)("https://127.0.0.1:9/file", ana.wa_id)
        assert answer["messages"], "a link that cannot be fetched fails later"
    refused = wa.send_template("nothing", ana.wa_id, [])
    assert refused["error"]["code"] == 132001
    assert wa.delete_media(picture)["success"] and wa.query_media_url(picture) is None
