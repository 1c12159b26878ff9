//! The binary, as its users meet it: real processes, sockets, databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod bad_input;
mod business;
mod calls;
mod cluster;
mod endpoint;
mod groups;
mod invoices;
mod ledger;
mod manager;
mod money;
mod plans;
mod prices;
mod repeat;
mod replay;
mod rerating;
mod sandbox;
mod server;
mod stickers;
mod store;
mod talk;
mod webhook_command;
mod webhook_tls;
mod webhooks;
