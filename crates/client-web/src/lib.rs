//! # The client core in the browser
//!
//! [`Client`] is the class that the web application's worker uses. It runs in a **dedicated worker**, never on the
//! page, so that the page holds no keys; and the worker takes a Web Lock before it opens the class, because two tabs on
//! one store would use the same keys twice.
//!
//! All methods are asynchronous; what goes in and out is plain values or JSON texts, in the shapes of
//! `web/src/core/types.ts`. A refusal is a JSON text `{"code","message"}`. The callback gets JSON events: `session`,
//! `connection`, `conversation`, `items`, `call`, and `moved` where a draft turned out to be a conversation that was
//! there.
//!
//! For other targets than WebAssembly the crate is empty: its futures stay on their thread.

#![cfg(target_arch = "wasm32")]

mod client;
mod events;
mod idb;
mod js;
mod registration;
mod socket;

pub use client::Client;
