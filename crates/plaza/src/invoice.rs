//! `plaza invoice`: what the operator does with the invoices of a running server, over its HTTP surface.

use crate::business::Server;
use crate::output;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum InvoiceCommand {
    /// Close a month: sum, draft, and issue what has waited long enough. Doing it twice changes nothing.
    Close(Close),
    /// Rate a portfolio's month again, in the order of its deliveries. Doing it twice changes nothing.
    Rerate(Rerate),
    /// List invoices, the newest months first.
    List(List),
    /// Show one, with its lines.
    Show(Show),
    /// Take from a final invoice by a credit note.
    Credit(Credit),
    /// Note a bank transfer that came in for one.
    Pay(Pay),
    /// Say who sends the invoices: a JSON file with name, street, postal_code, city, country, tax_id, email and so on.
    Seller(Seller),
    /// Say whom the invoices of a portfolio name: a JSON file with the same members.
    Buyer(Buyer),
}

#[derive(Debug, Args)]
pub(crate) struct Close {
    #[command(flatten)]
    server: Server,
    /// The month. Default: of every portfolio the one that ended last.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// Do not wait for late receipts.
    #[arg(long)]
    early: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rerate {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long, value_name = "ID")]
    portfolio: String,
    /// The month.
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    server: Server,
    /// draft, final, overdue, paid or void.
    #[arg(long)]
    status: Option<String>,
    /// Only of this month.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// Only of this portfolio.
    #[arg(long, value_name = "ID")]
    portfolio: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    server: Server,
    /// Its id, as `list` says it.
    invoice: String,
}

#[derive(Debug, Args)]
pub(crate) struct Credit {
    #[command(flatten)]
    server: Server,
    /// Its id, as `list` says it.
    invoice: String,
    /// In the smallest unit of its currency, tax included. Default: all that is left.
    #[arg(long, value_name = "MINOR")]
    amount: Option<i64>,
    /// Stands on the credit note.
    #[arg(long)]
    reason: String,
    /// Repeating the same key credits once.
    #[arg(long)]
    key: String,
}

#[derive(Debug, Args)]
pub(crate) struct Pay {
    #[command(flatten)]
    server: Server,
    /// Its id, as `list` says it.
    invoice: String,
    /// In the smallest unit of its currency.
    #[arg(long, value_name = "MINOR")]
    amount: i64,
    /// What the bank calls it. The same reference pays once.
    #[arg(long)]
    reference: String,
}

#[derive(Debug, Args)]
pub(crate) struct Seller {
    #[command(flatten)]
    server: Server,
    /// The file.
    file: std::path::PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Buyer {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long, value_name = "ID")]
    portfolio: String,
    /// The file.
    file: std::path::PathBuf,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Minor units as a decimal with the currency.
fn money(invoice: &Value, member: &str) -> String {
    let minor = invoice[member].as_i64().unwrap_or_default();
    let digits = usize::try_from(invoice["minor_digits"].as_u64().unwrap_or(2)).unwrap_or(2);
    let all = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = all.split_at(all.len() - digits);
    let (sign, point) = (if minor < 0 { "-" } else { "" }, if digits > 0 { "." } else { "" });
    format!("{sign}{whole}{point}{fraction} {}", text(&invoice["currency"]))
}

fn row(invoice: &Value) -> String {
    let number = invoice["number"].as_str().unwrap_or("(draft)");
    format!(
        "{number:18} {:8} {:8} {:>18} open {:>18}  {}  {}",
        text(&invoice["period"]),
        text(&invoice["status"]),
        money(invoice, "total_minor"),
        money(invoice, "open_minor"),
        text(&invoice["invoice_id"]),
        invoice["buyer"].as_str().unwrap_or_default()
    )
}

fn show(server: &Server, invoice: &Value) {
    if server.is_json() {
        return output::line(invoice);
    }
    output::line(row(invoice));
    for line in invoice["lines"].as_array().into_iter().flatten() {
        let amount = json!({"net_minor": line["net_minor"], "minor_digits": invoice["minor_digits"],
            "currency": invoice["currency"]});
        output::line(format!(
            "  {:52} {:>12} {:>18} {}",
            text(&line["text"]),
            text(&line["quantity"]),
            money(&amount, "net_minor"),
            text(&line["note"])
        ));
    }
    for (label, member) in [
        ("Subtotal", "subtotal_minor"),
        ("Tax", "tax_minor"),
        ("Total", "total_minor"),
        ("Paid in advance", "prepaid_minor"),
        ("Paid", "paid_minor"),
        ("Credited", "credited_minor"),
        ("Open", "open_minor"),
    ] {
        output::line(format!("  {label:65} {:>18}", money(invoice, member)));
    }
}

/// Micros as a decimal with the currency.
fn micros(found: &Value, member: &Value) -> String {
    let micros = member.as_i64().unwrap_or_default();
    let (sign, whole) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs() / 1_000_000);
    format!("{sign}{whole}.{:06} {}", micros.unsigned_abs() % 1_000_000, text(&found["currency"]))
}

fn show_rerating(found: &Value) {
    for changed in found["changed"].as_array().into_iter().flatten() {
        let rating = |name: &str| {
            let rating = &changed[name];
            format!("{} {}", text(&rating["pricing_type"]), micros(found, &rating["amount_micros"]))
        };
        output::line(format!(
            "  {} {}: {} × {} → {}: {}",
            text(&changed["market"]),
            text(&changed["category"]),
            text(&changed["messages"]),
            rating("before"),
            rating("after"),
            micros(found, &changed["difference_micros"])
        ));
    }
    for document in found["documents"].as_array().into_iter().flatten() {
        output::line(format!(
            "  {} to invoice {}: {} before tax",
            text(&document["kind"]).replace('_', " "),
            text(&document["invoice_id"]),
            micros(found, &document["difference_micros"])
        ));
    }
    let done = match (found["run"].as_i64(), found["dry_run"].as_bool()) {
        (_, Some(true)) => "A dry run: nothing was changed.".to_owned(),
        (Some(run), _) => format!("Run {run} is booked."),
        _ => "Nothing had to be changed.".to_owned(),
    };
    output::line(format!(
        "{}: {} messages, {} before, {} after. {done}",
        text(&found["period"]),
        text(&found["messages"]),
        micros(found, &found["before_micros"]),
        micros(found, &found["after_micros"])
    ));
}

fn read(file: &std::path::Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

pub(crate) async fn run(command: InvoiceCommand) -> anyhow::Result<ExitCode> {
    match command {
        InvoiceCommand::Close(close) => {
            let body = json!({"period": close.month, "early": close.early});
            let closed = close.server.post("invoices/close", &body).await?;
            if close.server.is_json() {
                output::line(closed);
            } else {
                let issued = closed["issued"].as_array().map_or(0, Vec::len);
                let (portfolios, drafts) = (text(&closed["portfolios"]), text(&closed["drafts"]));
                output::line(format!("{issued} issued, {drafts} drafts wait, {portfolios} portfolios."));
                for waiting in closed["waiting"].as_array().into_iter().flatten() {
                    output::line(format!("  {}: {}", text(&waiting["portfolio_id"]), text(&waiting["why"])));
                }
            }
        }
        InvoiceCommand::Rerate(rerate) => {
            let body = json!({
                "portfolio_id": rerate.portfolio, "period": rerate.month, "dry_run": rerate.dry_run,
            });
            let found = rerate.server.post("invoices/rerate", &body).await?;
            if rerate.server.is_json() { output::line(found) } else { show_rerating(&found) }
        }
        InvoiceCommand::List(list) => {
            let wanted =
                [("status", &list.status), ("period", &list.month), ("portfolio_id", &list.portfolio)];
            let mut query = reqwest::Url::parse("http://localhost/")?;
            query
                .query_pairs_mut()
                .extend_pairs(wanted.iter().filter_map(|(name, value)| Some((name, (*value).as_ref()?))));
            let found = list.server.get(&format!("invoices?{}", query.query().unwrap_or_default())).await?;
            if list.server.is_json() {
                output::line(found);
            } else {
                found["data"].as_array().into_iter().flatten().map(row).for_each(output::line);
            }
        }
        InvoiceCommand::Show(wanted) => {
            let invoice = wanted.server.get(&format!("invoices/{}", wanted.invoice)).await?;
            show(&wanted.server, &invoice);
        }
        InvoiceCommand::Credit(credit) => {
            let body = json!({"amount_minor": credit.amount, "reason": credit.reason, "key": credit.key});
            let invoice = credit.server.post(&format!("invoices/{}/credit", credit.invoice), &body).await?;
            show(&credit.server, &invoice);
        }
        InvoiceCommand::Pay(pay) => {
            let body = json!({"amount_minor": pay.amount, "reference": pay.reference, "key": pay.reference});
            let invoice = pay.server.post(&format!("invoices/{}/payments", pay.invoice), &body).await?;
            show(&pay.server, &invoice);
        }
        InvoiceCommand::Seller(seller) => {
            let body = read(&seller.file)?;
            output::line(seller.server.send(Method::PUT, "legal-entity", Some(&body)).await?);
        }
        InvoiceCommand::Buyer(buyer) => {
            let body = read(&buyer.file)?;
            let path = format!("portfolios/{}/invoice-profile", buyer.portfolio);
            output::line(buyer.server.send(Method::PUT, &path, Some(&body)).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
