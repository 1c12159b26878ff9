-- Of what a message was charged with, what is owed: the parts of its price that came from the receivable account.
ALTER TABLE charge ADD COLUMN credit_micros BIGINT NOT NULL DEFAULT 0;

-- Charges of before: the account of the first transfer says it.
UPDATE charge SET credit_micros = amount_micros WHERE transfer_id IN
    (SELECT t.transfer_id FROM ledger_transfer t JOIN ledger_account a ON a.ledger_account_id = t.debit
     WHERE a.code LIKE 'portfolio:%:receivable');
