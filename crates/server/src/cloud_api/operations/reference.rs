//! `docs/cloud-api.md`: the table, for people.

use super::{Needs, On, Operation, Source, State, table::OPERATIONS};
use plaza_business::portfolios::NodeKind;
use std::fmt::Write as _;

const HEAD: &str = "\
# The Cloud API: every operation

What a program may ask of Plaza's business interface, and how far each operation goes. Made by `./x gen` from the table
that the router itself works with (`crates/server/src/cloud_api/operations`); read it, do not edit it.

- Any version may stand in front (`/v23.0/…`), or none. Parameters come by query, JSON, form or multipart.
- *done*: as the interface is described, in the published description (*spec*) or by what clients in the field send
  (*clients*). *differs*: with the difference beside it. *refused*: it makes no sense on this network; the answer says
  why. *planned*: it is answered with error 100, \"not supported yet\".
- An object of another business looks exactly like one that does not exist: error 100 with the subcode 33.
";

/// The document.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    let count = |wanted: fn(&State) -> bool| OPERATIONS.iter().filter(|row| wanted(&row.state)).count();
    let _ = writeln!(
        text,
        "\n{} operations: {} done, {} with a difference, {} refused, {} planned.",
        OPERATIONS.len(),
        count(|state| *state == State::Done),
        count(|state| matches!(state, State::Differs(_))),
        count(|state| matches!(state, State::Refused(_))),
        count(|state| *state == State::Planned),
    );
    section(&mut text, "Without a node", On::Root);
    for kind in NodeKind::ALL {
        section(&mut text, title(*kind), On::Node(*kind));
    }
    // A document ends with one line's end, and the program that prints it adds its own.
    text.truncate(text.trim_end().len());
    text
}

fn section(text: &mut String, title: &str, on: On) {
    let rows: Vec<&Operation> = OPERATIONS.iter().filter(|row| row.on == on).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {title}\n\n| operation | from | permission | state |\n|---|---|---|---|");
    for row in rows {
        let source = match row.source {
            Source::OpenApi => "spec",
            Source::Clients => "clients",
        };
        let needs = match row.needs {
            Needs::Nothing => "none",
            Needs::Token => "any token",
            Needs::Scope(scope) => scope.as_str(),
        };
        let state = match row.state {
            State::Done => "done".to_owned(),
            State::Differs(how) => format!("differs: {how}"),
            State::Refused(why) => format!("refused: {why}"),
            State::Planned => "planned".to_owned(),
        };
        let _ = writeln!(text, "| `{} {}` | {source} | {needs} | {state} |", row.method, row.address());
    }
}

fn title(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Portfolio => "Business portfolio",
        NodeKind::Waba => "Business account",
        NodeKind::PhoneNumber => "Phone number",
        NodeKind::BusinessProfile => "Business profile",
        NodeKind::Bot => "Greeting, prompts and commands",
        NodeKind::App => "App",
        NodeKind::Template => "Template",
        NodeKind::Flow => "Flow",
        NodeKind::Media => "Media",
        NodeKind::Group => "Group",
        NodeKind::PreverifiedNumber => "Pre-verified number",
        NodeKind::User => "System user",
        NodeKind::Solution => "Solution",
        NodeKind::MigrationIntent => "Migration intent",
        NodeKind::MobilityIntent => "Mobility intent",
        NodeKind::MessageHistory => "Message history",
        NodeKind::UploadSession => "Upload session",
        NodeKind::Catalog => "Catalog",
    }
}
