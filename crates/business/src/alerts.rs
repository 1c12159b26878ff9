//! # Alerts about money
//!
//! What billing has to tell (a cap that fills up, a balance that runs low, credit that has ended) goes to the webhooks of
//! all accounts of the portfolio as `account_alerts`. The types are Plaza's own; the form is that of the Cloud API.

use crate::is_operator;
use crate::management::ManageError;
use crate::portfolios;
use crate::webhooks::{self, Event};
use plaza_billing::BillingError;
use plaza_billing::alerts::{Alert, take_untold};
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

/// Tells what was not told yet. For housekeeping: the answer is how many alerts went out.
pub async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<usize, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let alerts = take_untold(ctx, tx).await.map_err(|error| match error {
        BillingError::Db(error) => ManageError::Db(error),
        _ => ManageError::NotFound,
    })?;
    let mut events = Vec::new();
    for alert in &alerts {
        for waba in portfolios::wabas_of(ctx, tx, alert.portfolio).await? {
            events.push(Event {
                portfolio: alert.portfolio,
                waba: waba.waba_id,
                phone: None,
                field: "account_alerts",
                lane: waba.waba_id.0,
                value: value(alert),
            });
        }
    }
    webhooks::emit(ctx, tx, events).await?;
    Ok(alerts.len())
}

fn value(alert: &Alert) -> Value {
    let is_full = alert.details["percent"] == 100 && alert.details["action"] == "block";
    let (severity, kind) = match alert.kind.as_str() {
        "cap" if is_full => ("CRITICAL", "SPENDING_CAP"),
        "cap" => ("WARNING", "SPENDING_CAP"),
        "low_balance" => ("WARNING", "LOW_BALANCE"),
        "overdue" if alert.details["action"] == "suspend" => ("CRITICAL", "OVERDUE_INVOICE"),
        "overdue" => ("WARNING", "OVERDUE_INVOICE"),
        "balance_lapses" => ("WARNING", "UNUSED_BALANCE"),
        "balance_lapsed" => ("INFORMATIONAL", "UNUSED_BALANCE_LAPSED"),
        _ => ("INFORMATIONAL", "PROMOTIONAL_CREDIT_ENDED"),
    };
    json!({
        "entity_type": "BUSINESS",
        "entity_id": alert.portfolio.to_string(),
        "alert_info": {
            "alert_severity": severity,
            "alert_status": if severity == "INFORMATIONAL" { "NONE" } else { "ACTIVE" },
            "alert_type": kind,
            "alert_description": alert.text,
        },
    })
}
