//! People talk.

use crate::server::{Person, Server};
use plaza_client::view::Ticks;

#[tokio::test]
async fn two_people_talk_and_the_server_learns_nothing() {
    let mut server = Server::start().await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let mut ben = Person::register(&server, "+999000002", "Ben").await;
    let conversation = ana.write(&ben.number, "xylophone at the fountain").await;
    let (bens, text) = ben.next().await;
    assert_eq!(text, "xylophone at the fountain");
    assert_eq!(bens, conversation);
    ana.ticks(conversation, Ticks::Delivered).await;
    ben.client.mark_read(bens).await.unwrap();
    ana.ticks(conversation, Ticks::Read).await;
    ben.write(&ana.number, "zeppelin over the square").await;
    assert_eq!(ana.next().await.1, "zeppelin over the square");
    assert!(server.stop(), "SIGTERM ends it well");
    let written = server.everything_written();
    for word in ["xylophone", "zeppelin"] {
        assert!(
            !written.windows(word.len()).any(|window| window == word.as_bytes()),
            "{word} was written down"
        );
    }
}

#[tokio::test]
async fn a_message_waits_for_who_is_away_and_for_a_server_that_died() {
    let mut server = Server::start().await;
    let ana = Person::register(&server, "+999000001", "Ana").await;
    let mut ben = Person::register(&server, "+999000002", "Ben").await;
    ana.write(&ben.number, "one").await;
    assert_eq!(ben.next().await.1, "one");
    server.kill_and_restart().await;
    ana.write(&ben.number, "two").await;
    assert_eq!(ben.next().await.1, "two");
    ben.write(&ana.number, "three").await;
}

#[tokio::test]
async fn a_number_that_registers_again_is_reached_on_its_new_device() {
    let server = Server::start().await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let mut ben = Person::register(&server, "+999000002", "Ben").await;
    ana.write(&ben.number, "old device").await;
    assert_eq!(ben.next().await.1, "old device");
    let mut ben_again = Person::register(&server, "+999000002", "Ben").await;
    let conversation = ana.write(&ben.number, "new device").await;
    assert_eq!(ben_again.next().await, (conversation, "new device".to_owned()));
    ben_again.write(&ana.number, "got it").await;
    assert_eq!(ana.next().await.1, "got it");
}
