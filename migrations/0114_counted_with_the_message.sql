-- Where a message was counted stands in its own row: on which day of its payer it was spent, and for which campaign.
-- Absent: it is free and of no campaign.
ALTER TABLE usage_intent ADD COLUMN spent_day BIGINT;
ALTER TABLE usage_intent ADD COLUMN campaign TEXT;
ALTER TABLE usage_event ADD COLUMN spent_day BIGINT;
ALTER TABLE usage_event ADD COLUMN campaign TEXT;

UPDATE usage_intent SET
    spent_day = (SELECT c.day FROM usage_counted c WHERE c.message_id = usage_intent.message_id),
    campaign = (SELECT c.campaign FROM usage_counted c WHERE c.message_id = usage_intent.message_id);
UPDATE usage_event SET
    spent_day = (SELECT c.day FROM usage_counted c WHERE c.message_id = usage_event.message_id),
    campaign = (SELECT c.campaign FROM usage_counted c WHERE c.message_id = usage_event.message_id);

DROP TABLE usage_counted;
