//! The SQL of mails.

use plaza_db::statements;

statements! {
    /// A mail to be sent.
    ENQUEUE = "
        INSERT INTO mail_outbox
            (mail_id, to_address, subject, body_text, body_html, attachments, created_at, state, attempts, next_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Mails whose time has come: whoever gets one sends it.
    TAKE_DUE = "
        UPDATE mail_outbox SET state = 'taken', next_at = $3
        WHERE state IN ('waiting', 'taken') AND next_at <= $1 AND mail_id IN
            (SELECT mail_id FROM mail_outbox WHERE state IN ('waiting', 'taken') AND next_at <= $1
             ORDER BY next_at, mail_id LIMIT $2)
        RETURNING mail_id, to_address, subject, body_text, body_html, attachments, attempts, created_at";
    /// Gives up what was written before $1, and is not being sent now.
    GIVE_UP_OLD = "
        UPDATE mail_outbox SET state = 'too_old'
        WHERE state IN ('waiting', 'taken') AND created_at < $1 AND next_at <= $2";
    /// The mails by their state.
    STATES = "
        SELECT state, CAST(count(*) AS BIGINT), max(created_at) FROM mail_outbox GROUP BY state ORDER BY state";
    /// A mail was sent.
    SENT = "UPDATE mail_outbox SET state = 'sent', last_error = NULL WHERE mail_id = $1 AND state = 'taken'";
    /// A mail was not sent.
    FAILED = "
        UPDATE mail_outbox SET state = $2, attempts = $3, next_at = $4, last_error = $5
        WHERE mail_id = $1 AND state = 'taken'";
}
