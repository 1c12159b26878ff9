use plaza_db::statements;

statements! {
    /// By its id.
    ACCOUNT = "SELECT number, name, is_business, is_verified, hosted_by, identity_key FROM account
        WHERE account_id = $1";
    /// By its number.
    ACCOUNT_BY_NUMBER = "SELECT account_id FROM account WHERE number = $1";
    /// Its present devices.
    DEVICES = "SELECT device_id FROM device WHERE account_id = $1 AND revoked_at IS NULL ORDER BY device_id";
    /// Whose token is this?
    DEVICE_BY_TOKEN = "SELECT account_id, device_id, revoked_at FROM device WHERE token_hash = $1";
    /// Do two accounts share a conversation?
    SHARES_CONVERSATION = "SELECT CAST(1 AS BIGINT) FROM conversation_member mine
        JOIN conversation_member theirs ON theirs.conversation_id = mine.conversation_id
        WHERE mine.account_id = $1 AND theirs.account_id = $2 LIMIT 1";
    /// A new name.
    SET_NAME = "UPDATE account SET name = $2 WHERE account_id = $1";
    /// Whether the operator has checked it; only where that is new.
    SET_VERIFIED = "UPDATE account SET is_verified = $2 WHERE account_id = $1 AND is_verified <> $2";
    /// Who talks with an account: the latest first.
    TALKS_WITH = "SELECT DISTINCT theirs.account_id FROM conversation_member mine
        JOIN conversation_member theirs ON theirs.conversation_id = mine.conversation_id
        WHERE mine.account_id = $1 AND theirs.account_id <> $1 LIMIT $2";
    /// A new account.
    INSERT_ACCOUNT = "INSERT INTO account
        (account_id, number, name, is_business, is_verified, hosted_by, identity_key, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// A new device.
    INSERT_DEVICE = "INSERT INTO device (device_id, account_id, certificate, token_hash, is_hosted, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// Its empty mailbox.
    INSERT_CURSOR = "INSERT INTO mailbox_cursor (device_id, seq) VALUES ($1, 0)";
    /// People and businesses.
    COUNT_ACCOUNTS = "SELECT CAST(coalesce(sum(CASE WHEN is_business THEN 0 ELSE 1 END), 0) AS BIGINT),
        CAST(coalesce(sum(CASE WHEN is_business THEN 1 ELSE 0 END), 0) AS BIGINT) FROM account";
}
