-- A business looks through its messages, the latest first.
CREATE INDEX IF NOT EXISTS business_message_by_portfolio ON business_message (portfolio_id, accepted_at);
