//! # Documents
//!
//! Much of what a business keeps is small and has a fixed form: a profile, the settings of a number, a greeting, a QR
//! code, a schedule, a payment configuration. Each is a **document**: JSON of one **kind**, attached to a node, with a
//! name where the node has several of the kind. A [`Shape`] says which members there are and what they may hold; what
//! is read from a request has been through it, so that a document at rest is always well-formed.
//!
//! A change names the members to change: the others stay. An empty text takes a member away. Booleans and numbers may
//! come as texts, lists and objects as JSON in a text, words in either case; `null` is as good as absent, and members
//! that the shape does not know are left out.

mod shape;
mod store;

pub(crate) use shape::{Kind, Member, Shape, field, required};
pub(crate) use store::STATEMENTS;

use crate::management::ManageError;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde_json::{Map, Value};

/// Bytes of one document, as JSON.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// Which document: of a node, of a kind, and by its name where there are several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) parent: i64,
    pub(crate) kind: &'static str,
    /// Empty: the node has one of the kind.
    pub(crate) name: &'a str,
}

impl Key<'static> {
    /// The one document of its kind.
    pub(crate) fn only(parent: i64, kind: &'static str) -> Self {
        Self { parent, kind, name: "" }
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its own id.
    pub document_id: i64,
    /// The node that it is attached to.
    pub parent: i64,
    /// Whose it is.
    pub portfolio: PortfolioId,
    /// Its name; empty where the node has one of the kind.
    pub name: String,
    /// What it says.
    pub body: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Document {
    /// A text member.
    pub fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it says, with its id.
    pub fn view(&self) -> Value {
        let mut view = self.body.clone();
        view.insert("id".to_owned(), self.document_id.to_string().into());
        Value::Object(view)
    }
}

/// The document, if there is one.
pub(crate) async fn get(tx: &mut Tx, key: Key<'_>) -> Result<Option<Document>, DbError> {
    store::get(tx, key).await
}

/// What the document says; empty if there is none.
pub(crate) async fn body(tx: &mut Tx, key: Key<'_>) -> Result<Map<String, Value>, DbError> {
    Ok(store::get(tx, key).await?.map(|document| document.body).unwrap_or_default())
}

/// The document with this id, of this kind.
pub(crate) async fn by_id(tx: &mut Tx, kind: &'static str, id: i64) -> Result<Option<Document>, DbError> {
    store::by_id(tx, kind, id).await
}

/// The documents of a kind that have this name, whatever they are attached to.
pub(crate) async fn named(tx: &mut Tx, kind: &'static str, name: &str) -> Result<Vec<Document>, DbError> {
    store::named(tx, kind, name).await
}

/// All documents of a kind of one node, the latest first.
pub(crate) async fn list(tx: &mut Tx, parent: i64, kind: &'static str) -> Result<Vec<Document>, DbError> {
    store::list(tx, parent, kind).await
}

/// How many documents of a kind a node has.
pub(crate) async fn count(tx: &mut Tx, parent: i64, kind: &'static str) -> Result<usize, DbError> {
    store::count(tx, parent, kind).await
}

/// Writes a document in the place of the one before. The answer is its id, which stays.
pub(crate) async fn put(
    ctx: &Ctx,
    tx: &mut Tx,
    key: Key<'_>,
    portfolio: PortfolioId,
    body: &Map<String, Value>,
) -> Result<i64, ManageError> {
    let text = Value::Object(body.clone()).to_string();
    if text.len() > DOCUMENT_BYTES_MAX {
        let what = format!("it comes to more than {DOCUMENT_BYTES_MAX} bytes");
        return Err(ManageError::invalid(key.kind, &what));
    }
    Ok(store::put(ctx, tx, key, portfolio, &text).await?)
}

/// Changes the members that `change` has, and leaves the others. `null` takes one away.
pub(crate) async fn merge(
    ctx: &Ctx,
    tx: &mut Tx,
    key: Key<'_>,
    portfolio: PortfolioId,
    change: Map<String, Value>,
) -> Result<Map<String, Value>, ManageError> {
    let mut whole = body(tx, key).await?;
    merge_into(&mut whole, change);
    put(ctx, tx, key, portfolio, &whole).await?;
    Ok(whole)
}

fn merge_into(whole: &mut Map<String, Value>, change: Map<String, Value>) {
    for (name, value) in change {
        match (whole.get_mut(&name), value) {
            (_, Value::Null) => {
                whole.remove(&name);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge_into(old, new),
            (_, value) => {
                whole.insert(name, value);
            }
        }
    }
}

/// Takes a document away. Whether there was one.
pub(crate) async fn delete(tx: &mut Tx, key: Key<'_>) -> Result<bool, DbError> {
    store::delete(tx, key).await
}
