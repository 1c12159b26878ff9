-- Payers write the number of an invoice with other marks than it has: letters and digits are compared.
CREATE INDEX IF NOT EXISTS invoice_by_plain_number
    ON invoice (REPLACE(REPLACE(REPLACE(number, '-', ''), '/', ''), '.', ''));
