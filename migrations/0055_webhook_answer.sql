-- What an endpoint said to a call, as its owner reads it. A row only where it said something; its beginning is kept.
CREATE TABLE IF NOT EXISTS webhook_answer (
    delivery_id UUID NOT NULL,
    attempt BIGINT NOT NULL,
    -- personal: what the endpoint wrote, which may repeat what it was told; forgotten with the delivery
    body TEXT NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
) {{clustered}};

-- A business looks through its own deliveries, the latest first.
CREATE INDEX IF NOT EXISTS webhook_delivery_by_portfolio ON webhook_delivery (portfolio_id, delivery_id);
