//! # Who may what
//!
//! The one question that the rest of Plaza asks of plans. Grants follow each step of a subscription or purchase in its own
//! transaction and carry their end, so that the answer is one indexed read and true to the second.

use super::{DAMAGED, Entitlement, Holder, PlanError, store};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Timestamp};

/// How much of an entitlement somebody has; `None`: nothing. Of what is no limit, one has 1.
pub async fn entitled(
    ctx: &Ctx,
    tx: &mut Tx,
    holder: Holder,
    entitlement: Entitlement,
) -> Result<Option<i64>, PlanError> {
    let asked = params![holder.to_string(), entitlement.as_str(), ctx.now()];
    let row = tx.query_one(store::ENTITLED, asked).await?.ok_or(DAMAGED)?;
    Ok(row.get(0)?)
}

/// Everything that somebody has.
pub async fn entitlements(
    ctx: &Ctx,
    tx: &mut Tx,
    holder: Holder,
) -> Result<Vec<(Entitlement, i64)>, PlanError> {
    super::may_act(ctx, holder)?;
    let mut found = Vec::new();
    for row in tx.query(store::ENTITLED_TO, params![holder.to_string(), ctx.now()]).await? {
        if let Some(entitlement) = Entitlement::parse(&row.get::<String>(0)?) {
            found.push((entitlement, row.get(1)?));
        }
    }
    Ok(found)
}

/// When the first of what somebody has ends, unless it is renewed.
pub async fn next_lapse(ctx: &Ctx, tx: &mut Tx, holder: Holder) -> Result<Option<Timestamp>, PlanError> {
    super::may_act(ctx, holder)?;
    let row =
        tx.query_one(store::NEXT_LAPSE, params![holder.to_string(), ctx.now()]).await?.ok_or(DAMAGED)?;
    Ok(row.get(0)?)
}

/// Gives somebody what a plan gives, until a time or for good.
pub(super) async fn grant(
    tx: &mut Tx,
    holder: Holder,
    source: &str,
    plan: &str,
    until: Option<Timestamp>,
) -> Result<(), PlanError> {
    tx.execute(store::PUT_GRANT, params![holder.to_string(), source, plan, until]).await?;
    Ok(())
}

/// Takes what a source gave away.
pub(super) async fn revoke(tx: &mut Tx, holder: Holder, source: &str) -> Result<(), PlanError> {
    tx.execute(store::DELETE_GRANT, params![holder.to_string(), source]).await?;
    Ok(())
}
