-- A catalog of a business portfolio.
CREATE TABLE IF NOT EXISTS catalog (
    catalog_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    vertical TEXT NOT NULL,
    created_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS catalog_by_portfolio ON catalog (portfolio_id, catalog_id);

-- What is in it.
CREATE TABLE IF NOT EXISTS catalog_product (
    catalog_id BIGINT NOT NULL,
    -- The business's own id of it.
    retailer_id TEXT NOT NULL,
    -- In the address space of the Graph.
    product_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Micros of the currency.
    price_micros BIGINT NOT NULL,
    -- ISO 4217, three letters.
    currency TEXT NOT NULL,
    -- in stock, out of stock, …
    availability TEXT NOT NULL,
    -- new, refurbished or used.
    condition TEXT NOT NULL,
    brand TEXT NOT NULL,
    -- Empty: it has no page, no picture.
    url TEXT NOT NULL,
    image_url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (catalog_id, retailer_id)
) {{clustered}};

-- The catalog that an account sells from.
CREATE TABLE IF NOT EXISTS waba_catalog (
    waba_id BIGINT NOT NULL PRIMARY KEY,
    catalog_id BIGINT NOT NULL,
    connected_at BIGINT NOT NULL
) {{clustered}};
