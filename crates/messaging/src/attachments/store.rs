use plaza_db::statements;

statements! {
    /// A blob that is in the store. The same one twice is one.
    INSERT_ATTACHMENT = "INSERT INTO attachment (blob_id, account_id, bytes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (blob_id) DO NOTHING";
    /// Is it there, and for how long?
    IS_KNOWN = "SELECT bytes FROM attachment WHERE blob_id = $1 AND expires_at > $2";
    /// Longer than before, never shorter.
    KEEP = "UPDATE attachment SET expires_at = $2 WHERE blob_id = $1 AND expires_at < $2";
    /// Their time is over.
    EXPIRED = "SELECT blob_id FROM attachment WHERE expires_at <= $1 ORDER BY expires_at LIMIT 100";
    /// They are gone.
    FORGET = "DELETE FROM attachment WHERE blob_id = $1";
}
