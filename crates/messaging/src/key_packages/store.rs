use plaza_db::statements;

statements! {
    /// A new package.
    INSERT = "INSERT INTO key_package (device_id, hash, is_last_resort, body, uploaded_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (device_id, hash) DO NOTHING";
    /// Was it handed out before?
    IS_SPENT = "SELECT CAST(1 AS BIGINT) FROM key_package_spent WHERE device_id = $1 AND hash = $2";
    /// It is handed out.
    INSERT_SPENT = "INSERT INTO key_package_spent (device_id, hash, spent_at) VALUES ($1, $2, $3)";
    /// A new last resort replaces the one before.
    DROP_LAST_RESORT = "DELETE FROM key_package WHERE device_id = $1 AND is_last_resort";
    /// One-time packages.
    STOCK = "SELECT count(*) FROM key_package WHERE device_id = $1 AND NOT is_last_resort";
    /// The claim: the row is gone with the answer.
    TAKE = "DELETE FROM key_package WHERE device_id = $1 AND hash = (
            SELECT hash FROM key_package WHERE device_id = $1 AND NOT is_last_resort
            ORDER BY uploaded_at, hash LIMIT 1)
        RETURNING hash, body";
    /// Where there is no other.
    LAST_RESORT = "SELECT body FROM key_package WHERE device_id = $1 AND is_last_resort LIMIT 1";
}
