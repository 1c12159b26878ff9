//! # Mails
//!
//! A mail is a row in the transaction of what it tells: it is sent if and only if that happened. A sender takes due rows
//! ([`take_due`]), sends them, and says how it went ([`sent`], [`failed`]); a sender that dies is followed by another
//! after [`TAKEN_FOR`]. What fails is tried again with growing pauses and given up after [`ATTEMPTS_MAX`].
//!
//! What has waited longer than [`AGE_MAX`] is not sent any more ([`give_up_old`]): a server that gets a mail server after
//! months does not tell everybody what was true then. The operator sees how many that were ([`outbox`]).

pub(crate) mod store;

use crate::BillingError;
use crate::funds::{later, require_operator};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{CreditNoteId, Ctx, InvoiceId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// A mail is given up after so many attempts: with the pauses, after about two days.
pub const ATTEMPTS_MAX: i64 = 12;
/// A mail that has waited longer is not sent any more.
pub const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// A taken mail is another sender's after that.
pub const TAKEN_FOR: Duration = Duration::from_secs(300);
/// The first pause; each further one is twice as long.
const PAUSE_FIRST_S: u64 = 60;
/// The longest pause.
const PAUSE_S_MAX: u64 = 12 * 3600;
/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 500;

/// A document that goes along: made when the mail is sent ([`crate::invoices::attached`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    /// The PDF of an invoice.
    Invoice(InvoiceId),
    /// The PDF of a credit note.
    CreditNote(CreditNoteId),
}

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// An address.
    pub to: String,
    /// What it is about, in one line.
    pub subject: String,
    /// What it says.
    pub body_text: String,
    /// The same as HTML.
    pub body_html: Option<String>,
    /// What goes along.
    pub attachments: Vec<Attachment>,
}

/// A mail that a sender has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMail {
    /// Its id.
    pub mail_id: Uuid,
    /// The mail.
    pub mail: Mail,
    /// The attempts before this one.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Puts a mail into the outbox; the answer is its id.
pub async fn enqueue(ctx: &Ctx, tx: &mut Tx, mail: &Mail) -> Result<Uuid, BillingError> {
    let mail_id: Uuid = ctx.ordered_id();
    // A line break would begin another header.
    let one_line: String =
        mail.subject.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let attachments = (!mail.attachments.is_empty()).then(|| serde_json::json!(mail.attachments).to_string());
    let row = params![
        mail_id,
        mail.to.as_str(),
        one_line,
        mail.body_text.as_str(),
        mail.body_html.as_deref(),
        attachments,
        ctx.now(),
        "waiting",
        0_i64,
        ctx.now()
    ];
    tx.execute(store::ENQUEUE, row).await?;
    Ok(mail_id)
}

/// How many mails are in a state, and when the last of them was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailState {
    /// `waiting`, `taken`, `sent`, `failed` or `too_old`.
    pub state: String,
    /// How many.
    pub mails: i64,
    /// When the last one was written.
    pub last_at: Timestamp,
}

/// The mails by their state.
pub async fn outbox(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<MailState>, BillingError> {
    require_operator(ctx)?;
    let rows = tx.query(store::STATES, vec![]).await?;
    let state = |row: &Row| Ok(MailState { state: row.get(0)?, mails: row.get(1)?, last_at: row.get(2)? });
    rows.iter().map(state).collect()
}

/// Gives up the mails that have waited too long; the answer is how many. For housekeeping.
pub async fn give_up_old(ctx: &Ctx, tx: &mut Tx) -> Result<u64, BillingError> {
    require_operator(ctx)?;
    let age = i64::try_from(AGE_MAX.as_micros()).unwrap_or(i64::MAX);
    let written_before = Timestamp(ctx.now().0.saturating_sub(age));
    Ok(tx.execute(store::GIVE_UP_OLD, params![written_before, ctx.now()]).await?)
}

/// Takes mails whose time has come, the oldest first.
pub async fn take_due(ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<Vec<DueMail>, BillingError> {
    give_up_old(ctx, tx).await?;
    let rows = tx.query(store::TAKE_DUE, params![ctx.now(), limit, later(ctx.now(), TAKEN_FOR)]).await?;
    let mut due = rows.iter().map(due_mail).collect::<Result<Vec<_>, _>>()?;
    due.sort_by_key(|due| (due.created_at, due.mail_id));
    Ok(due)
}

fn due_mail(row: &Row) -> Result<DueMail, BillingError> {
    let attachments = match row.get::<Option<String>>(5)? {
        None => Vec::new(),
        Some(ids) => serde_json::from_str(&ids)
            .map_err(|_| BillingError::Damaged("the attachments of a mail cannot be read"))?,
    };
    Ok(DueMail {
        mail_id: row.get(0)?,
        mail: Mail {
            to: row.get(1)?,
            subject: row.get(2)?,
            body_text: row.get(3)?,
            body_html: row.get(4)?,
            attachments,
        },
        attempts: row.get(6)?,
        created_at: row.get(7)?,
    })
}

/// A taken mail was sent.
pub async fn sent(ctx: &Ctx, tx: &mut Tx, mail: Uuid) -> Result<(), BillingError> {
    require_operator(ctx)?;
    tx.execute(store::SENT, params![mail]).await?;
    Ok(())
}

/// A taken mail could not be sent: it is tried again later, or given up; at once if trying again does not help.
pub async fn failed(
    ctx: &Ctx,
    tx: &mut Tx,
    due: &DueMail,
    error: &str,
    is_final: bool,
) -> Result<(), BillingError> {
    require_operator(ctx)?;
    let attempts = due.attempts.saturating_add(1);
    let doubled =
        PAUSE_FIRST_S.saturating_mul(2_u64.saturating_pow(u32::try_from(due.attempts).unwrap_or(u32::MAX)));
    let state = if is_final || attempts >= ATTEMPTS_MAX { "failed" } else { "waiting" };
    let next_at = later(ctx.now(), Duration::from_secs(doubled.min(PAUSE_S_MAX)));
    let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
    tx.execute(store::FAILED, params![due.mail_id, state, attempts, next_at, error]).await?;
    Ok(())
}
