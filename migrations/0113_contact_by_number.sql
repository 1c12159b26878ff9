-- A business looks up many of its contacts by their numbers at once, before a send.
CREATE INDEX IF NOT EXISTS business_contact_by_number ON business_contact (portfolio_id, number);
