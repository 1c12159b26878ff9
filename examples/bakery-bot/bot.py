"""The bakery's bot: pywa against Plaza. It greets, tells what is in the oven, and takes orders."""

import os

import httpx
import uvicorn
from pywa import WhatsApp, filters, types
from starlette.applications import Starlette

URL = os.environ.get("PLAZA_URL", "http://127.0.0.1:8080")
PORT = int(os.environ.get("PORT", "8000"))
BREADS = {"rye": "2.80", "spelt": "3.40", "pretzel": "0.90"}

app = Starlette()
session = httpx.Client()
wa = WhatsApp(
    phone_id=os.environ["PHONE_NUMBER_ID"],
    token=os.environ["ACCESS_TOKEN"],
    app_id=os.environ["APP_ID"],
    app_secret=os.environ["APP_SECRET"],
    session=session,
    server=app,
    callback_url=f"http://127.0.0.1:{PORT}",
    verify_token="fresh from the oven",
)
session.base_url = f"{URL}/v23.0"  # the only line that knows of Plaza


@wa.on_message(filters.text)
def answer(_: WhatsApp, message: types.Message) -> None:
    message.mark_as_read()
    message.indicate_typing()
    words = message.text.lower().split()
    ordered = [bread for bread in BREADS if bread in words]
    if ordered:
        message.reply_text(f"One {' and one '.join(ordered)}, until noon at the counter.", quote=True)
    elif "menu" in words:
        message.reply_text("\n".join(f"{bread} bread, {price} EUR" for bread, price in BREADS.items()))
    else:
        message.reply_text(f'Good morning {message.from_user.name}! Write "menu", or the bread that you want.')


@wa.on_message_status
def follow(_: WhatsApp, status: types.MessageStatus) -> None:
    price = f", {status.pricing.category.value}" if status.pricing else ""
    print(f"{status.id}: {status.status.value}{price}")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
