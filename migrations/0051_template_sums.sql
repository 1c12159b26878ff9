-- What the deliveries of a template cost, summed by quarter of an hour in the transaction of the charges.
CREATE TABLE IF NOT EXISTS template_spend (
    template_id BIGINT NOT NULL,
    -- Whether the messages came by the address of marketing messages.
    is_marketing_lite BOOLEAN NOT NULL,
    -- When it begins.
    quarter BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (template_id, is_marketing_lite, quarter)
) {{clustered}};

-- How often a quick reply of a template was pressed: counts, not by whom.
CREATE TABLE IF NOT EXISTS template_click (
    template_id BIGINT NOT NULL,
    is_marketing_lite BOOLEAN NOT NULL,
    quarter BIGINT NOT NULL,
    -- What stands on the button.
    button TEXT NOT NULL,
    clicks BIGINT NOT NULL,
    PRIMARY KEY (template_id, is_marketing_lite, quarter, button)
) {{clustered}};
