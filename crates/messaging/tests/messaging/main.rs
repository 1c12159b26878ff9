//! The operations of messaging, on both engines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod delivery;
mod groups;
mod keys;
mod registration;
mod world;

#[tokio::test]
async fn both_engines_understand_every_statement() {
    plaza_db::testing::prepare_all(&plaza_messaging::statements()).await;
}
