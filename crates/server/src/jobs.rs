//! Work that nobody asks for: forgetting what is old, expiring what was never delivered, burying webhook events that
//! were tried for seven days, looking for mail that another process stored.

use crate::app::App;
use crate::{attachments, gateway};
use plaza_billing::invoices::{self, InvoiceError};
use plaza_business::management::ManageError;
use plaza_db::{ListSql, Tx, Value, list_statements};
use plaza_messaging::{delivery, registration};
use plaza_protocol::{Actor, Chain, Ctx, DeviceId, Wake};
use std::sync::Arc;
use std::time::Duration;

/// Housekeeping.
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// Steps of plans in one round.
const PLAN_STEPS_MAX: usize = 1000;
/// How often the mailboxes of connected devices are looked at, where other processes store into them too.
const LOOK_EVERY: Duration = Duration::from_secs(2);

list_statements! {
    /// Connected devices for which something waits.
    WITH_MAIL = "SELECT c.device_id FROM mailbox_cursor c WHERE c.device_id IN ({list})
        AND EXISTS (SELECT 1 FROM mailbox m WHERE m.device_id = c.device_id)";
}

/// The list statements of this module, for the test that prepares each.
pub(crate) const LISTS: &[ListSql] = LIST_STATEMENTS;

/// Runs until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(TIDY_EVERY) => tidy(&app).await,
        }
    }
}

/// One round of housekeeping. Each piece stands alone: one that fails keeps no other from its turn.
pub(crate) async fn tidy(app: &Arc<App>) {
    let ctx = app.ctx_for(Actor::System);
    let db = &app.db;
    let registrations = async |ctx: &_, tx: &mut _| registration::forget_old(ctx, tx).await;
    note("registrations", db.transact(&ctx, "jobs.registrations", registrations).await);
    let envelopes = async |ctx: &_, tx: &mut _| delivery::forget_old(ctx, tx).await;
    note("envelopes", db.transact(&ctx, "jobs.envelopes", envelopes).await);
    let hosted = async |ctx: &_, tx: &mut _| gateway::forget_old(ctx, tx).await;
    note("hosted messages", db.transact(&ctx, "jobs.hosted", hosted).await);
    let business = app.business.clone();
    let expired = async move |ctx: &_, tx: &mut _| business.expire_messages(ctx, tx).await;
    note("undelivered messages", db.transact(&ctx, "jobs.expire_messages", expired).await);
    note("calls", gateway::end_due_calls(app, &ctx).await);
    let limits = async |ctx: &_, tx: &mut _| plaza_business::reach::step(ctx, tx).await;
    note("messaging limits", db.transact(&ctx, "jobs.messaging_limits", limits).await);
    let standings = async |ctx: &_, tx: &mut _| plaza_business::standing::step(ctx, tx).await;
    note("standings of accounts", db.transact(&ctx, "jobs.standings", standings).await);
    let quality = async |ctx: &_, tx: &mut _| plaza_business::quality::step(ctx, tx).await;
    note("quality", db.transact(&ctx, "jobs.quality", quality).await);
    note("plans", step_plans(app, &ctx).await);
    note("invoices", invoices(app, &ctx).await);
    let grants = async |ctx: &_, tx: &mut _| plaza_billing::funds::end_grants(ctx, tx).await;
    note("promotional credit", db.transact(&ctx, "jobs.end_grants", grants).await);
    let months = app.settings.unused_balance_months;
    let lapses = async move |ctx: &_, tx: &mut _| plaza_billing::lapses::step(ctx, tx, months).await;
    note("unused balances", db.transact(&ctx, "jobs.lapses", lapses).await);
    let alerts = async |ctx: &_, tx: &mut _| plaza_business::alerts::step(ctx, tx).await;
    note("alerts about money", db.transact(&ctx, "jobs.alerts", alerts).await);
    let prices = async |ctx: &_, tx: &mut _| plaza_business::prices::step(ctx, tx).await;
    note("prices of codes from abroad", db.transact(&ctx, "jobs.prices", prices).await);
    let media = async |ctx: &_, tx: &mut _| plaza_business::media::forget_old(ctx, tx).await;
    note("media", db.transact(&ctx, "jobs.media", media).await);
    note("blobs", attachments::delete_old(app, &ctx).await);
    let calls = async |ctx: &_, tx: &mut _| plaza_business::flows::calls::forget_old(ctx, tx).await;
    note("calls of flows", db.transact(&ctx, "jobs.flow_calls", calls).await);
    let webhooks = async |ctx: &_, tx: &mut _| plaza_business::webhooks::sweep(ctx, tx).await;
    note("webhook events", db.transact(&ctx, "jobs.webhooks", webhooks).await);
}

/// At midnight each plan has a day to be earned: in small transactions, until nothing is left.
async fn step_plans(app: &App, ctx: &Ctx) -> Result<(), ManageError> {
    for _ in 0..PLAN_STEPS_MAX {
        let step = async |ctx: &_, tx: &mut _| plaza_business::verification::step_plans(ctx, tx).await;
        if app.shutdown.is_cancelled() || !app.db.transact(ctx, "jobs.plans", step).await? {
            break;
        }
    }
    Ok(())
}

fn note<T, E: std::error::Error + 'static>(what: &'static str, result: Result<T, E>) {
    if let Err(error) = result {
        tracing::error!(what, error = %Chain(&error), "housekeeping failed");
    }
}

/// Where several processes share a database, a wake-up may be lost on its way: this looks for what it would have told.
pub(crate) async fn look(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let connected: Vec<Value> = app.hub.devices().into_iter().map(Value::from).collect();
        if connected.is_empty() {
            continue;
        }
        let ctx = app.ctx_for(Actor::System);
        let with_mail = app
            .db
            .read(&ctx, "jobs.look", async move |_, tx| tx.query_list(WITH_MAIL, &[], &connected).await)
            .await;
        match with_mail {
            Ok(rows) => {
                for device in rows.iter().filter_map(|row| row.get::<DeviceId>(0).ok()) {
                    app.hub.wake(Wake::Mailbox { device, envelopes: Arc::from([]) });
                }
            }
            Err(error) => tracing::warn!(error = %Chain(&error), "mailboxes could not be looked at"),
        }
    }
}

/// Portfolios whose usage a round sums up.
const GATHER_PORTFOLIOS: u32 = 256;
/// Steps of one portfolio in a round.
const GATHER_STEPS: usize = 16;
/// Invoices that a round marks as overdue.
const OVERDUE_INVOICES: u32 = 256;

/// Sums usage, marks what is overdue, and closes the months that have ended.
async fn invoices(app: &Arc<App>, ctx: &Ctx) -> Result<(), InvoiceError> {
    let behind = async |ctx: &Ctx, tx: &mut Tx| invoices::behind(ctx, tx, GATHER_PORTFOLIOS).await;
    for portfolio in app.db.read(ctx, "jobs.usage_behind", behind).await? {
        for _ in 0..GATHER_STEPS {
            let gather = async move |ctx: &Ctx, tx: &mut Tx| invoices::gather(ctx, tx, portfolio).await;
            if !app.db.transact(ctx, "jobs.gather_usage", gather).await?.is_behind {
                break;
            }
        }
    }
    let overdue = async |ctx: &Ctx, tx: &mut Tx| invoices::mark_overdue(ctx, tx, OVERDUE_INVOICES).await;
    app.db.transact(ctx, "jobs.overdue_invoices", overdue).await?;
    match invoices::close_due(ctx, &app.db, &app.prices).await {
        // Before the operator has said who sends invoices, there are none.
        Ok(_) | Err(InvoiceError::NoSeller) => Ok(()),
        Err(error) => Err(error),
    }
}
