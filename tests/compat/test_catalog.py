"""Products of a connected catalog, named by pywa, arrive with what the catalog says about them. Analytics count them."""

import time

import httpx
import pytest
from conftest import URL, plaza
from pywa import errors, types


@pytest.fixture
def graph(business):
    """Calls that pywa does not have: catalogs belong to another interface, and analytics are fields."""
    headers = {"Authorization": f"Bearer {business['access_token']}"}
    with httpx.Client(base_url=f"{URL}/v23.0", headers=headers, timeout=30) as client:

        def call(method: str, path: str, **members) -> dict:
            where = {"params": members} if method == "GET" else {"json": members}
            return client.request(method, path, **where).raise_for_status().json()

        yield call


def test_products_carry_what_the_catalog_says(business, bot, ana, graph):
    ana.send(business["display_phone_number"], "What do you have?")
    bot.message()
    catalog = graph("POST", f"/{business['business_id']}/owned_product_catalogs", name="Bread")["id"]
    product = {"name": "Rye loaf", "price": 450, "currency": "EUR", "image_url": "https://example.org/loaf.png"}
    graph("POST", f"/{catalog}/products", retailer_id="loaf", **product)
    roll = {"method": "CREATE", "data": {"id": "roll", "title": "Roll", "price": "0.60 EUR"}}
    assert graph("POST", f"/{catalog}/items_batch", item_type="PRODUCT_ITEM", requests=[roll])["handles"]
    assert graph("POST", f"/{business['waba_id']}/product_catalogs", catalog_id=catalog)["success"]
    assert bot.wa.get_commerce_settings().catalog_id == catalog

    sections = [types.ProductsSection(title="Hot", skus=["loaf", "roll"])]
    bot.wa.send_products(to=ana.wa_id, catalog_id=catalog, product_sections=sections, title="Bread", body="Fresh today")
    (offered,) = ana.listen()
    shown = offered["content"]["action"]["sections"][0]["products"]
    assert [(item["name"], item["price_micros"], item["currency"]) for item in shown] == [
        ("Rye loaf", 4_500_000, "EUR"),
        ("Roll", 600_000, "EUR"),
    ]
    plaza("person", "answer", "--message", offered["message_id"], "--order", "loaf=2", home=ana.home)
    order = bot.message().order
    assert order.catalog_id == catalog
    assert [(item.sku, item.quantity, item.price, item.currency) for item in order.products] == [
        ("loaf", 2, 4.5, "EUR")
    ]

    bot.wa.send_catalog(to=ana.wa_id, body="All of it", thumbnail_product_sku="roll")
    (offered,) = ana.listen()
    assert [item["retailer_id"] for item in offered["content"]["action"]["products"]] == ["roll", "loaf"]
    with pytest.raises(errors.WhatsAppError) as refused:
        bot.wa.send_product(to=ana.wa_id, catalog_id=catalog, sku="croissant", body="Sold out")
    assert (refused.value.code, "croissant" in refused.value.details) == (131009, True)


def test_analytics_count_what_was_sent_and_paid(business, bot, ana, graph):
    start = int(time.time()) - 3600
    ana.send(business["display_phone_number"], "Hello")
    bot.message().reply_text("Good morning")
    ana.listen()
    end = int(time.time()) + 3600
    times = f"start({start}).end({end})"
    fields = f"analytics.{times}.granularity(DAY),pricing_analytics.{times}.granularity(DAILY).dimensions([\"PHONE\"])"
    found = graph("GET", f"/{business['waba_id']}", fields=fields)
    points = found["analytics"]["data_points"]
    assert (sum(point["sent"] for point in points), sum(point["delivered"] for point in points)) == (1, 1)
    (priced,) = found["pricing_analytics"]["data"][0]["data_points"]
    assert priced["volume"] == 1
    assert priced["phone_number"] == business["display_phone_number"].removeprefix("+")
