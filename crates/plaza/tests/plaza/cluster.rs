//! Two servers on one PostgreSQL and one NATS.

use crate::server::{Person, Server, post};
use crate::stickers::told;
use serde_json::json;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long NATS is away.
const AWAY: Duration = Duration::from_secs(60);
/// A message may take so long without it.
const IN_TIME: Duration = Duration::from_secs(5);

struct Nats(Child, u16);

impl Nats {
    fn start(port: u16) -> Self {
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server is installed: ./x test installs it");
        Self(child, port)
    }

    fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn people_on_two_servers_talk_and_nats_may_be_away() {
    let mut nats = Nats::start(free_port());
    let database = plaza_db::testing::postgres_url().await;
    let arguments: Vec<String> =
        ["--sandbox", "--database-url", &database, "--nats", &format!("nats://127.0.0.1:{}", nats.1)]
            .map(str::to_owned)
            .to_vec();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let one = Server::start_in(folder.clone(), "one", &arguments).await;
    let two = Server::start_in(folder, "two", &arguments).await;
    let mut ana = Person::register(&one, "+999000001", "Ana").await;
    let mut ben = Person::register(&two, "+999000002", "Ben").await;
    ana.write(&ben.number, "across").await;
    assert_eq!(ben.next().await.1, "across");
    ben.write(&ana.number, "and back").await;
    assert_eq!(ana.next().await.1, "and back");

    // What is bought at one server is told where the person's device is connected.
    let mut changes = ana.client.updates();
    let asked = ana.client.with(|machine, _| Ok(machine.store_request("/orders"))).await.unwrap();
    let order = json!({"plan": "plus", "term": "month"});
    let (status, bought) = post(&format!("{}{}", two.url, asked.path), Some(&asked.token), &order).await;
    assert_eq!(status, 201, "{bought}");
    told(&mut changes).await;

    nats.stop();
    // They go on talking for as long as it is away: each message waits for the one before, and is there in time.
    let (stopped, mut count) = (Instant::now(), 0);
    while stopped.elapsed() < AWAY {
        let text = format!("without a bus {count}");
        let written = Instant::now();
        ana.write(&ben.number, &text).await;
        assert_eq!(ben.next().await.1, text);
        assert!(written.elapsed() < IN_TIME, "took {:?}", written.elapsed());
        count += 1;
    }
    assert!(count > 10, "{count} messages in {AWAY:?}");
    nats = Nats::start(nats.1);
    ana.write(&ben.number, "with it again").await;
    assert_eq!(ben.next().await.1, "with it again");
    drop(nats);
}
