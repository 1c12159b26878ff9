//! # The operations
//!
//! One table says what this surface offers: a row for each address and method, with the node that it belongs to, the
//! permission that it asks for, how far it goes, and the function that answers. The router reads it,
//! `docs/cloud-api.md` is written from it, and tests walk through it; there is no other list of addresses.
//!
//! An address is a node and an edge: `/{phone-number-id}/message_qrdls/{code}` is the edge `message_qrdls/{code}` of a
//! phone number, whose last word is an argument ([`Call::argument`]). What belongs to no node stands at [`On::Root`].
//!
//! To add an operation, put its row into [`table`]; a planned one gets a handler and another state.

mod reference;
mod table;

pub use reference::reference;

use super::errors::GraphError;
use super::{Answer, Call};
use axum::http::Method;
use plaza_business::apps::Scope;
use plaza_business::portfolios::NodeKind;
use std::future::Future;
use std::pin::Pin;

/// The answer of a handler, later.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Answer, GraphError>> + Send>>;

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// At an address of its own.
    Root,
    /// At a node.
    Node(NodeKind),
}

/// Who says that the operation exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The published description of the interface.
    OpenApi,
    /// Clients in the field, and the documentation.
    Clients,
}

/// What the token must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// There is no token yet.
    Nothing,
    /// Any token.
    Token,
    /// A token with this permission.
    Scope(Scope),
}

/// How far the operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it is described.
    Done,
    /// With this difference.
    Differs(&'static str),
    /// It makes no sense here, and says why.
    Refused(&'static str),
    /// It is known, and not here yet.
    Planned,
}

/// How its body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Into parameters.
    Parameters,
    /// The handler reads it, piece by piece ([`Call::body`]).
    Stream,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) on: On,
    /// `""`, `messages`, `message_qrdls/{code}`.
    pub(super) edge: &'static str,
    pub(super) source: Source,
    pub(super) needs: Needs,
    pub(super) reading: Reading,
    pub(super) state: State,
    pub(super) run: fn(Call) -> Answering,
}

impl Operation {
    /// The arguments in a path behind the node, if the edge is this one's.
    fn arguments(&self, words: &[&str]) -> Option<Vec<String>> {
        let mut pattern = self.edge.split('/').filter(|word| !word.is_empty());
        let mut arguments = Vec::new();
        for word in words {
            let expected = pattern.next()?;
            if expected.starts_with('{') {
                arguments.push((*word).to_owned());
            } else if expected != *word {
                return None;
            }
        }
        pattern.next().is_none().then_some(arguments)
    }

    /// The address as people write it.
    pub(super) fn address(&self) -> String {
        let node = match self.on {
            On::Root => String::new(),
            On::Node(kind) => format!("/{{{}}}", placeholder(kind)),
        };
        if self.edge.is_empty() { node } else { format!("{node}/{}", self.edge) }
    }
}

/// What stands in an address for the id of a node.
fn placeholder(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Portfolio => "business-id",
        NodeKind::Waba => "waba-id",
        NodeKind::PhoneNumber => "phone-number-id",
        NodeKind::BusinessProfile => "business-profile-id",
        NodeKind::Bot => "bot-id",
        NodeKind::App => "app-id",
        NodeKind::Template => "template-id",
        NodeKind::Flow => "flow-id",
        NodeKind::Media => "media-id",
        NodeKind::Group => "group-id",
        NodeKind::PreverifiedNumber => "preverified-number-id",
        NodeKind::User => "user-id",
        NodeKind::Solution => "solution-id",
        NodeKind::MigrationIntent => "migration-intent-id",
        NodeKind::MobilityIntent => "mobility-intent-id",
        NodeKind::MessageHistory => "message-history-id",
        NodeKind::UploadSession => "upload-session-id",
        NodeKind::Catalog => "catalog-id",
    }
}

/// A row that was asked for, and the arguments in the address.
pub(super) type Found = (&'static Operation, Vec<String>);

/// The operation at `words` of what `on` says.
pub(super) fn find(on: On, method: &Method, words: &[&str]) -> Option<Found> {
    let rows = table::OPERATIONS.iter().filter(|row| row.on == on && row.method == *method);
    rows.filter_map(|row| row.arguments(words).map(|arguments| (row, arguments))).next()
}

/// Whether a path begins with a word that stands at no node: then no id is looked for.
pub(super) fn is_root(first: &str) -> bool {
    let mut rows = table::OPERATIONS.iter().filter(|row| row.on == On::Root);
    rows.any(|row| row.edge.split('/').next() == Some(first))
}

/// Whether the body of this request is for the handler to read. Asked before anything is known of the node.
pub(super) fn is_streamed(method: &Method, segments: &[&str]) -> bool {
    let (first, words) = segments.split_first().unwrap_or((&"", &[]));
    table::OPERATIONS.iter().filter(|row| row.reading == Reading::Stream && row.method == *method).any(
        |row| {
            let is_upload = row.on == On::Node(NodeKind::UploadSession);
            let is_group = row.on == On::Node(NodeKind::Group);
            is_upload == super::path::is_upload(first)
                && is_group == super::path::is_group(first)
                && row.on != On::Root
                && row.arguments(words).is_some()
        },
    )
}

/// All rows.
#[cfg(test)]
pub(super) fn all() -> &'static [Operation] {
    table::OPERATIONS
}

#[cfg(test)]
mod tests;
