-- Where the messages of a business stand in its groups: each participant's read mark covers a range of its own, so that
-- the rows stay until they are old.
CREATE TABLE IF NOT EXISTS hosted_group_message (
    conversation_id UUID NOT NULL,
    gseq BIGINT NOT NULL,
    message_id UUID NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, gseq)
) {{clustered}};
