//! Rows that an earlier version stored are read: what a device has on its disk outlives the program that wrote it.
//!
//! `fixtures/rows-1.txt` is a device's whole store, written through ciborium by the first version: a group in its
//! second epoch with one epoch behind it, a message key that waits for a message that was overtaken, and a last-resort
//! key package. A change of these values is a change of the format: add a fixture, and never make one anew.

#![expect(clippy::unwrap_used, reason = "a step that fails is the failure of the test")]

use plaza_crypto::{Device, Group, KEY_PACKAGES, Keystore, Processed};
use plaza_protocol::ConversationId;

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect()
}

#[test]
fn the_first_versions_rows_are_read() {
    let text = include_str!("fixtures/rows-1.txt");
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        bytes(lines.next().unwrap())
    };
    let rows = text.lines().filter_map(|line| line.strip_prefix("row ")?.split_once(' '));
    let conversation = ConversationId::from_slice(&value("conversation")).unwrap();
    let device = Device::from_bytes(&value("device")).unwrap();
    let keystore = Keystore::new();
    keystore.rows().load(rows.map(|(key, value)| (bytes(key), bytes(value))));

    let mut group = Group::load(&keystore, conversation).unwrap().unwrap();
    assert_eq!(group.epoch_authenticator(), value("authenticator"));
    assert_eq!(group.members().len(), 3);
    match group.process(&keystore, &value("message")).unwrap() {
        Processed::Message { content, .. } => assert_eq!(content, b"hello from before"),
        other => panic!("not a message: {other:?}"),
    }
    group.encrypt(&keystore, &device, b"and back", b"id").unwrap();
    assert!(keystore.rows().any(KEY_PACKAGES));
    let changed: Vec<_> = keystore.rows().take_changes().into_iter().map(|(key, _)| key).collect();
    assert!(changed.iter().all(|key| keystore.rows().get(key).is_some()), "the same keys are written again");
}
