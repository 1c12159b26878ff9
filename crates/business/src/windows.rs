//! # Windows
//!
//! A person's message opens a **customer-service window** of 24 hours, in which the business may write freely; outside
//! it only approved templates go out. The window belongs to the pair (business phone number, person). It is extended by
//! each further message, never shortened, and its history is kept, so that a charge can be explained and rated again
//! later.
//!
//! A **free entry point** is a window of its own kind: 72 hours in which nothing is charged, for a person who came
//! through an advertisement. Nothing opens one yet; what prices a message already asks for it.

mod store;

pub(crate) use store::STATEMENTS;

use plaza_db::{DbError, Tx};
use plaza_protocol::{AccountId, BusinessMessageId, Ctx, PhoneNumberId, Timestamp, limits};

/// The kinds of window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// The person wrote.
    CustomerService,
    /// The person came through an advertisement.
    FreeEntryPoint,
}

impl WindowKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::CustomerService => "customer_service",
            Self::FreeEntryPoint => "free_entry_point",
        }
    }
}

/// The windows of a pair at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Windows {
    /// When the last customer-service window ended or will end; `None`: there never was one.
    pub customer_service_until: Option<Timestamp>,
    /// The same for a free entry point.
    pub free_entry_point_until: Option<Timestamp>,
}

impl Windows {
    /// Whether the business may write freely.
    pub fn is_customer_service_open(&self, now: Timestamp) -> bool {
        self.customer_service_until.is_some_and(|until| now < until)
    }

    /// Whether everything is free.
    pub fn is_free_entry_point_open(&self, now: Timestamp) -> bool {
        self.free_entry_point_until.is_some_and(|until| now < until)
    }
}

/// The windows of a pair.
pub async fn windows(tx: &mut Tx, phone: PhoneNumberId, account: AccountId) -> Result<Windows, DbError> {
    store::windows(tx, phone, account).await
}

/// The person wrote at `at`: opens the customer-service window or extends the open one.
pub(crate) async fn person_wrote(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    message: BusinessMessageId,
) -> Result<(), DbError> {
    let now = ctx.now();
    let until = now + limits::CUSTOMER_SERVICE_WINDOW;
    let kind = WindowKind::CustomerService;
    if !store::extend(tx, phone, account, kind, now, until).await? {
        store::open(tx, phone, account, kind, now, until, message).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_db::testing::{ctx, each_engine};
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_window_opens_is_extended_and_leaves_its_history() {
        each_engine(async |db| {
            let (ctx, clock) = ctx();
            let (phone, person) = (PhoneNumberId(1), ctx.uuid::<AccountId>());
            let start = ctx.now();
            let wrote = async || {
                db.transact(&ctx, "test", async move |ctx, tx| {
                    person_wrote(ctx, tx, phone, person, ctx.ordered_id()).await?;
                    windows(tx, phone, person).await
                })
                .await
                .unwrap()
            };
            assert_eq!(wrote().await.customer_service_until, Some(start + 24 * HOUR));
            clock.advance(23 * HOUR);
            assert_eq!(wrote().await.customer_service_until, Some(start + 47 * HOUR), "extended");
            clock.advance(24 * HOUR - Duration::from_micros(1));
            let seen =
                db.read(&ctx, "test", async move |_, tx| windows(tx, phone, person).await).await.unwrap();
            assert!(seen.is_customer_service_open(ctx.now()), "to the last microsecond");
            clock.advance(Duration::from_micros(1));
            assert!(!seen.is_customer_service_open(ctx.now()));
            assert_eq!(wrote().await.customer_service_until, Some(start + 71 * HOUR), "a new one");
            let other = db.read(&ctx, "test", async move |_, tx| windows(tx, PhoneNumberId(2), person).await);
            assert_eq!(other.await.unwrap(), Windows::default(), "another number has its own");
        })
        .await;
    }
}
