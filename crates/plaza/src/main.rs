//! # `plaza`
//!
//! The one binary: the server, and the tools that talk to one. It reads flags, environment and configuration, wires the
//! parts, and prints; everything else is in the crates. Scripts rely on the names of commands, flags and JSON members.

mod business;
mod config;
mod demo;
mod generated;
mod invoice;
mod ledger;
mod output;
mod payment;
mod person;
mod prices;
mod serve;
mod stickers;
mod webhook;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Many small objects of many threads: this allocator halves the server's memory beside the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An open messaging network that pays for itself.
#[derive(Debug, Parser)]
#[command(name = "plaza", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(config::Flags),
    /// Businesses of a running server.
    #[command(subcommand)]
    Business(business::BusinessCommand),
    /// Message templates of a running server.
    #[command(subcommand)]
    Template(business::TemplateCommand),
    /// Webhook deliveries of a running server, and its webhooks for a machine that cannot be called.
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Price books of a running server: what messages and calls cost, from when.
    #[command(subcommand)]
    Prices(prices::PricesCommand),
    /// Packs of stickers of a running server, which people send from.
    #[command(subcommand)]
    Stickers(stickers::StickersCommand),
    /// A person on the command line, with keys of their own.
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// The books.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Invoices of a running server: close a month, list, show, credit, take a payment.
    #[command(subcommand)]
    Invoice(invoice::InvoiceCommand),
    /// Payments of a running server: read a statement of the bank.
    #[command(subcommand)]
    Payment(payment::PaymentCommand),
    /// Measure: relay, idle, cloud-api, webhooks, ledger, rating, offline, kill.
    Bench(plaza_bench::BenchArguments),
    /// Print a generated file of the repository: schema or config.
    #[command(hide = true)]
    Gen {
        /// Which.
        file: generated::File,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::fail(&error.into()),
    };
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Serve(flags) => serve::run(flags).await,
            Command::Business(command) => business::run(command).await,
            Command::Template(command) => business::run_template(command).await,
            Command::Webhook(command) => webhook::run(command).await,
            Command::Prices(command) => prices::run(command).await,
            Command::Stickers(command) => stickers::run(command).await,
            Command::Person(command) => person::run(command).await,
            Command::Ledger(command) => ledger::run(command).await,
            Command::Invoice(command) => invoice::run(command).await,
            Command::Payment(command) => payment::run(command).await,
            Command::Bench(arguments) => plaza_bench::run(arguments).await,
            Command::Gen { file } => generated::run(file).await,
        }
    });
    match result {
        Ok(code) => code,
        Err(error) => output::fail(&error),
    }
}
