use plaza_db::statements;

statements! {
    /// Codes of a day, codes of the window, and the last wrong try of a number that used them up.
    PACE = "SELECT count(*), CAST(coalesce(sum(CASE WHEN created_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT),
            max(CASE WHEN wrong_tries >= $4 THEN last_try_at END)
        FROM registration WHERE number = $1 AND created_at > $2";
    /// A new attempt.
    INSERT_REGISTRATION = "INSERT INTO registration
        (registration_id, number, code_hash, wrong_tries, last_try_at, expires_at, created_at)
        VALUES ($1, $2, $3, 0, $4, $5, $4)";
    /// The sandbox's outbox.
    INSERT_SANDBOX_CODE = "INSERT INTO sandbox_code (registration_id, number, code, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5)";
    /// An attempt.
    REGISTRATION = "SELECT number, code_hash, wrong_tries, last_try_at, expires_at, device_id, account_id
        FROM registration WHERE registration_id = $1";
    /// A wrong try.
    COUNT_WRONG_TRY = "UPDATE registration SET wrong_tries = wrong_tries + 1, last_try_at = $2
        WHERE registration_id = $1";
    /// The right code.
    SET_VERIFIED = "UPDATE registration SET account_id = $2, token_hash = $3 WHERE registration_id = $1";
    /// The attempt of a registration token.
    BY_TOKEN = "SELECT registration_id, number, account_id, expires_at, device_id FROM registration
        WHERE token_hash = $1";
    /// The token is used.
    SET_REGISTERED = "UPDATE registration SET device_id = $2 WHERE registration_id = $1";
    /// The account of the number: new, or with a new identity key. A business's is left alone.
    UPSERT_ACCOUNT = "INSERT INTO account
        (account_id, number, name, is_business, is_verified, hosted_by, identity_key, created_at)
        VALUES ($1, $2, $3, FALSE, FALSE, '', $4, $5)
        ON CONFLICT (number) DO UPDATE SET name = excluded.name, identity_key = excluded.identity_key
        WHERE account.is_business = FALSE AND account.account_id = excluded.account_id
        RETURNING account_id";
    /// A new token for a device that is there.
    SET_DEVICE_TOKEN = "UPDATE device SET token_hash = $2 WHERE device_id = $1";
    /// The end of a device.
    REVOKE_DEVICE = "UPDATE device SET revoked_at = $2 WHERE device_id = $1";
    /// Nothing is delivered to it any more.
    EMPTY_MAILBOX = "DELETE FROM mailbox WHERE device_id = $1";
    /// Nobody adds it to a group any more.
    DROP_KEY_PACKAGES = "DELETE FROM key_package WHERE device_id = $1";
    /// The next sender in these conversations brings their groups up to date first.
    MARK_CONVERSATIONS = "UPDATE conversation
        SET is_device_list_stale = TRUE, devices_version = devices_version + 1
        WHERE conversation_id IN (SELECT conversation_id FROM conversation_member WHERE account_id = $1)";
    /// Newest first.
    SANDBOX_CODES = "SELECT number, code, created_at, expires_at FROM sandbox_code
        ORDER BY created_at DESC LIMIT 100";
    /// After a day.
    DELETE_OLD_REGISTRATIONS = "DELETE FROM registration WHERE created_at < $1";
    /// After a day.
    DELETE_OLD_SANDBOX_CODES = "DELETE FROM sandbox_code WHERE created_at < $1";
}
