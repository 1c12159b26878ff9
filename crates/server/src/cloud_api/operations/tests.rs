use super::*;
use std::collections::BTreeSet;

/// Methods and addresses of the published description (MIT, Meta Platforms), one a line.
const PUBLISHED: &str = include_str!("../../../fixtures/openapi-operations.txt");

/// The node that a name of the published description stands for.
fn on(name: &str) -> Option<NodeKind> {
    Some(match name {
        "Application-ID" => NodeKind::App,
        "Business-ID" => NodeKind::Portfolio,
        "Phone-Number-ID" | "WhatsApp-Account-Number-ID" => NodeKind::PhoneNumber,
        "group_id" => NodeKind::Group,
        "Media-ID" => NodeKind::Media,
        "Message-History-ID" => NodeKind::MessageHistory,
        "Migration-Intent-ID" => NodeKind::MigrationIntent,
        "OBO-Mobility-Intent-ID" => NodeKind::MobilityIntent,
        "Pre-Verified-Phone-Number-ID" => NodeKind::PreverifiedNumber,
        "Solution-ID" => NodeKind::Solution,
        "User-ID" => NodeKind::User,
        "WhatsApp-Business-Account-ID" | "WABA-ID" => NodeKind::Waba,
        "WABA-Bot-ID" => NodeKind::Bot,
        "WhatsApp-Business-Profile-ID" => NodeKind::BusinessProfile,
        "TEMPLATE_ID" => NodeKind::Template,
        "Flow-ID" => NodeKind::Flow,
        _ => return None,
    })
}

fn row_of(method: &Method, path: &str) -> Option<&'static Operation> {
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    // The address of a file is ours to choose.
    let words = if words == ["{Media-URL}"] { vec!["{Media-ID}", "download", "key"] } else { words };
    let (first, rest) = words.split_first()?;
    let found = match first.strip_prefix('{') {
        Some(name) => find(On::Node(on(name.trim_end_matches('}'))?), method, rest),
        None => find(On::Root, method, &words),
    };
    found.map(|(row, _)| row)
}

#[test]
fn every_published_operation_has_its_row() {
    let mut rows = BTreeSet::new();
    let mut count = 0;
    for line in PUBLISHED.lines() {
        let (method, path) = line.split_once(' ').unwrap();
        let row = row_of(&method.parse().unwrap(), path);
        let row = row.unwrap_or_else(|| panic!("{line} has no row in the table"));
        assert_eq!(row.source, Source::OpenApi, "{line}");
        rows.insert(format!("{} {}", row.method, row.address()));
        count += 1;
    }
    assert!(count >= 113);
    let others = table::OPERATIONS.iter().filter(|row| row.source == Source::OpenApi);
    for row in others {
        let shown = format!("{} {}", row.method, row.address());
        assert!(rows.contains(&shown), "{shown} is not published");
    }
}

#[test]
fn every_row_is_found_by_its_address_and_no_other_row_is() {
    for row in table::OPERATIONS {
        let words: Vec<&str> = row.edge.split('/').filter(|word| !word.is_empty()).collect();
        let (found, arguments) = find(row.on, &row.method, &words).unwrap();
        assert!(std::ptr::eq(found, row), "{} {} is there twice", row.method, row.address());
        assert_eq!(arguments.len(), row.edge.matches('{').count());
        let longer = [words.as_slice(), &["more"]].concat();
        assert!(find(row.on, &row.method, &longer).is_none_or(|(found, _)| !std::ptr::eq(found, row)));
    }
    assert!(table::OPERATIONS.len() >= 148);
}

#[test]
fn bodies_are_left_to_the_handlers_that_read_them() {
    for (method, segments, expected) in [
        (Method::POST, vec!["17", "media"], true),
        (Method::POST, vec!["upload:abc"], true),
        (Method::POST, vec!["17"], false),
        (Method::POST, vec!["17", "messages"], false),
        (Method::GET, vec!["upload:abc"], false),
    ] {
        assert_eq!(is_streamed(&method, &segments), expected, "{method} {segments:?}");
    }
}
