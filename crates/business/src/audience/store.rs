//! The SQL of audiences: what a business knows of a number, in one row.

use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{PhoneNumber, PhoneNumberId, PortfolioId, Timestamp};

statements! {
    /// A contact by its number; people of the network whom the business never met are not looked at.
    KNOWN = "
        SELECT (SELECT max(w.expires_at) FROM customer_window w
                WHERE w.phone_number_id = $2 AND w.account_id = c.account_id AND w.kind = 'customer_service'),
               (SELECT max(w.expires_at) FROM customer_window w
                WHERE w.phone_number_id = $2 AND w.account_id = c.account_id AND w.kind = 'free_entry_point'),
               CAST(CASE WHEN EXISTS (SELECT 1 FROM business_block b
                WHERE b.phone_number_id = $2 AND b.account_id = c.account_id) THEN 1 ELSE 0 END AS BIGINT),
               CAST(CASE WHEN EXISTS (SELECT 1 FROM marketing_stop s
                WHERE s.portfolio_id = $1 AND s.account_id = c.account_id) THEN 1 ELSE 0 END AS BIGINT),
               CAST(CASE WHEN EXISTS (SELECT 1 FROM reached_person r
                WHERE r.portfolio_id = $1 AND r.account_id = c.account_id AND r.is_counted AND r.reached_at > $4)
                THEN 1 ELSE 0 END AS BIGINT)
        FROM business_contact c WHERE c.portfolio_id = $1 AND c.number = $3
        ORDER BY c.created_at DESC LIMIT 1";
}

/// Numbers that are looked up in one exchange.
const NUMBERS_AT_ONCE: usize = 1000;

/// What a business knows of somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) customer_service_until: Option<Timestamp>,
    pub(super) free_entry_point_until: Option<Timestamp>,
    pub(super) is_blocked: bool,
    /// They want no advertising of this business.
    pub(super) has_stopped: bool,
    /// They take a place of the messaging limit.
    pub(super) has_place: bool,
}

/// What is known of numbers, in their order; `None`: the business never met them. `since`: who was reached later takes a
/// place.
pub(super) async fn known(
    tx: &mut Tx,
    (portfolio, phone): (PortfolioId, PhoneNumberId),
    numbers: &[&PhoneNumber],
    since: Timestamp,
) -> Result<Vec<Option<Known>>, DbError> {
    let mut found = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(NUMBERS_AT_ONCE) {
        let asked = chunk.iter().map(|number| params![portfolio, phone, *number, since]).collect();
        for rows in tx.query_many(KNOWN, asked).await? {
            let Some(row) = rows.first() else {
                found.push(None);
                continue;
            };
            let is = |column| Ok::<_, DbError>(row.get::<i64>(column)? != 0);
            found.push(Some(Known {
                customer_service_until: row.get(0)?,
                free_entry_point_until: row.get(1)?,
                is_blocked: is(2)?,
                has_stopped: is(3)?,
                has_place: is(4)?,
            }));
        }
    }
    Ok(found)
}
