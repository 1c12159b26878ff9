//! `plaza prices`: the price books of a running server, over the operator's surface.

use crate::business::Server;
use crate::output;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum PricesCommand {
    /// The books; with --book, its versions and drafts.
    List(List),
    /// A version, or all versions of a book, as CSV.
    Export(Export),
    /// Hand in a CSV as a draft of a version.
    Import(Import),
    /// What a draft changes, or what differs between two versions of a book.
    Diff(Diff),
    /// What a month would have cost if a draft had been in force.
    Preview(Preview),
    /// Publish a draft: from its first day on it counts, and it never changes again.
    Publish(Publish),
    /// Make the book of what is agreed with a business.
    Contract(Contract),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    server: Server,
    /// The book.
    #[arg(long)]
    book: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    server: Server,
    /// The book.
    #[arg(long)]
    book: String,
    /// Only this version.
    #[arg(long, value_name = "ID")]
    price_version: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    server: Server,
    /// The book.
    #[arg(long)]
    book: String,
    /// The file.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    server: Server,
    /// The draft.
    #[arg(long, conflicts_with_all = ["book", "from", "to"], required_unless_present = "book")]
    draft: Option<String>,
    /// The book of two versions.
    #[arg(long, requires_all = ["from", "to"])]
    book: Option<String>,
    /// The earlier version.
    #[arg(long)]
    from: Option<String>,
    /// The later version.
    #[arg(long)]
    to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Preview {
    #[command(flatten)]
    server: Server,
    /// The draft.
    #[arg(long)]
    draft: String,
    /// The month, for example 202610.
    #[arg(long)]
    period: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    server: Server,
    /// The draft.
    #[arg(long)]
    draft: String,
}

#[derive(Debug, Args)]
pub(crate) struct Contract {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
    /// What the book is called.
    #[arg(long)]
    name: String,
}

pub(crate) async fn run(command: PricesCommand) -> anyhow::Result<ExitCode> {
    match command {
        PricesCommand::List(List { server, book: None }) => {
            rows(&server, "price-books", &["price_book_id", "kind", "currency", "name"]).await?;
        }
        PricesCommand::List(List { server, book: Some(book) }) => {
            let answer = ask(&server, Method::GET, &format!("price-books/{book}")).await?;
            server.print(&answer);
        }
        PricesCommand::Export(Export { server, book, price_version }) => {
            let version = price_version.map(|version| format!("?version={version}")).unwrap_or_default();
            let text = server.ask(Method::GET, &format!("price-books/{book}/export{version}"), None).await?;
            if server.is_json() {
                output::line(json!({"csv": text}));
            } else {
                output::line(text.trim_end());
            }
        }
        PricesCommand::Import(Import { server, book, file }) => {
            let bytes =
                tokio::fs::read(&file).await.with_context(|| format!("reading {}", file.display()))?;
            let text = String::from_utf8(bytes).context("the file is not UTF-8: save it as such")?;
            let path = format!("price-books/{book}/drafts");
            server.print(&parse(&server.ask(Method::POST, &path, Some(text)).await?)?);
        }
        PricesCommand::Diff(Diff { server, draft, book, from, to }) => {
            let path = match (draft, book, from, to) {
                (Some(draft), ..) => format!("price-drafts/{draft}/compare"),
                (None, Some(book), Some(from), Some(to)) => {
                    format!("price-books/{book}/compare?from={from}&to={to}")
                }
                _ => anyhow::bail!("say what is compared: --draft, or --book with --from and --to"),
            };
            rows(&server, &path, &["market", "category", "tier_from", "before_micros", "after_micros"])
                .await?;
        }
        PricesCommand::Preview(Preview { server, draft, period }) => {
            let path = format!("price-drafts/{draft}/preview?period={period}");
            let columns = ["category", "market", "messages", "billable", "before_micros", "after_micros"];
            rows(&server, &path, &columns).await?;
        }
        PricesCommand::Publish(Publish { server, draft }) => {
            server.print(&ask(&server, Method::POST, &format!("price-drafts/{draft}/publish")).await?);
        }
        PricesCommand::Contract(Contract { server, business, name }) => {
            let body = json!({"portfolio_id": business, "name": name});
            let text = server.ask(Method::POST, "price-books/contracts", Some(body.to_string())).await?;
            server.print(&parse(&text)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(server: &Server, method: Method, path: &str) -> anyhow::Result<Value> {
    parse(&server.ask(method, path, None).await?)
}

fn parse(text: &str) -> anyhow::Result<Value> {
    serde_json::from_str(text).context("the server's answer cannot be read")
}

/// Prints a list: for people a line each, with these members.
async fn rows(server: &Server, path: &str, columns: &[&str]) -> anyhow::Result<()> {
    let answer = ask(server, Method::GET, path).await?;
    if server.is_json() {
        output::line(answer);
        return Ok(());
    }
    output::line(columns.join("\t"));
    for row in answer["data"].as_array().into_iter().flatten() {
        let cells = columns.iter().map(|column| match &row[*column] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            value if column.ends_with("_micros") => {
                plaza_protocol::Micros(value.as_i64().unwrap_or_default()).to_string()
            }
            value => value.to_string(),
        });
        output::line(cells.collect::<Vec<_>>().join("\t"));
    }
    Ok(())
}
