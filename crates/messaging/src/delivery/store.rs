use plaza_db::statements;

statements! {
    /// The first answer to a message of this id.
    REPEATED = "SELECT gseq, sent_at FROM sent WHERE device_id = $1 AND message_id = $2";
    /// The next place in a conversation, if the message may have it.
    NEXT_GSEQ = "UPDATE conversation SET gseq = gseq + 1
        WHERE conversation_id = $1 AND epoch >= $3 AND epoch <= $4 AND epoch_min <= $3
            AND NOT is_device_list_stale
            AND EXISTS (SELECT 1 FROM conversation_device d
                WHERE d.conversation_id = $1 AND d.device_id = $2)
        RETURNING gseq, devices_version";
    /// Why it may not.
    STANDING = "SELECT c.epoch, c.is_device_list_stale FROM conversation c
        JOIN conversation_device d ON d.conversation_id = c.conversation_id
        WHERE c.conversation_id = $1 AND d.device_id = $2";
    /// For repeats.
    REMEMBER = "INSERT INTO sent (device_id, message_id, gseq, sent_at) VALUES ($1, $2, $3, $4)";
    /// The next numbers of a mailbox.
    TAKE_SEQ = "UPDATE mailbox_cursor SET seq = seq + $2 WHERE device_id = $1 RETURNING seq";
    /// An envelope.
    INSERT_ENVELOPE = "INSERT INTO mailbox (device_id, seq, sent_at, envelope) VALUES ($1, $2, $3, $4)";
    /// What waits.
    MAILBOX = "SELECT seq, envelope FROM mailbox WHERE device_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    /// The device has them.
    ACKNOWLEDGE = "DELETE FROM mailbox WHERE device_id = $1 AND seq <= $2 RETURNING envelope";
    /// Where a conversation and its reader stand.
    READ_STANDING = "SELECT c.gseq, CAST(coalesce(r.read_up_to, 0) AS BIGINT) FROM conversation_member m
        JOIN conversation c ON c.conversation_id = m.conversation_id
        LEFT JOIN receipt r ON r.conversation_id = m.conversation_id AND r.account_id = m.account_id
        WHERE m.conversation_id = $1 AND m.account_id = $2";
    /// A receipt only rises.
    RAISE = "INSERT INTO receipt (conversation_id, account_id, delivered_up_to, read_up_to, at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (conversation_id, account_id) DO UPDATE SET
            delivered_up_to = CASE WHEN excluded.delivered_up_to > receipt.delivered_up_to
                THEN excluded.delivered_up_to ELSE receipt.delivered_up_to END,
            read_up_to = CASE WHEN excluded.read_up_to > receipt.read_up_to
                THEN excluded.read_up_to ELSE receipt.read_up_to END,
            at = excluded.at
        WHERE excluded.delivered_up_to > receipt.delivered_up_to OR excluded.read_up_to > receipt.read_up_to
        RETURNING delivered_up_to, read_up_to";
    /// For a client that comes back.
    RECEIPTS_SINCE = "SELECT r.conversation_id, r.account_id, r.delivered_up_to, r.read_up_to, r.at
        FROM conversation_member m
        JOIN receipt r ON r.conversation_id = m.conversation_id
        WHERE m.account_id = $1 AND r.account_id <> $1 AND r.at > $2";
    /// After 30 days.
    EXPIRE_ENVELOPES = "DELETE FROM mailbox WHERE (device_id, seq) IN (
        SELECT device_id, seq FROM mailbox WHERE sent_at < $1 LIMIT 1000)";
    /// After seven days.
    EXPIRE_SENT = "DELETE FROM sent WHERE (message_id, device_id) IN (
        SELECT message_id, device_id FROM sent WHERE sent_at < $1 LIMIT 1000)";
}
