-- What waits and what was delivered are looked for by age only in their own state. An index of all states by age drew
-- SQLite away from webhook_delivery_due: it sorted everything that waits each time it asked who is due.
DROP INDEX webhook_delivery_by_age;
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (tried_since) WHERE state = 0;
CREATE INDEX webhook_delivery_delivered ON webhook_delivery (tried_since) WHERE state = 1;
