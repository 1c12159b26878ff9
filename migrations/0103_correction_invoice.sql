-- What a correction means to invoices.

-- Of what held before and of what holds now, what is owed.
ALTER TABLE charge_correction ADD COLUMN from_credit_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE charge_correction ADD COLUMN credit_micros BIGINT NOT NULL DEFAULT 0;
-- Transfers of the difference: several where several accounts paid, or got something back.
ALTER TABLE charge_correction ADD COLUMN transfers BIGINT NOT NULL DEFAULT 0;
-- The final invoice that has the message: a credit note of it, or an adjustment on the next invoice, has the difference.
-- NULL: no final invoice had the message, its usage stands on another line now.
ALTER TABLE charge_correction ADD COLUMN invoice_id UUID;

UPDATE charge_correction SET transfers = 1 WHERE transfer_id IS NOT NULL;
