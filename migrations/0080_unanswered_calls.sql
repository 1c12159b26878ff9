-- Calls of the business in a row that the person did not take, since they allowed calls: at four it ends.
ALTER TABLE call_permission ADD COLUMN unanswered BIGINT NOT NULL DEFAULT 0;
