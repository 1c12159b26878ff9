//! `plaza webhook`: deliveries for scripts, and webhooks for a machine that cannot be called.

use crate::endpoint::Endpoint;
use crate::server::{Business, PATIENCE, Server, get, post};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::time::timeout;

const TULIP: &str = "+4930901820";
const ROSE: &str = "+4930901821";

/// Runs a command of `plaza webhook` with `--json`: whether it went well, and what it printed.
pub(crate) fn webhook(server: &Server, token: Option<&str>, arguments: &[&str]) -> (bool, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plaza"));
    command.arg("webhook").args(arguments).args(["--url", &server.url, "--json"]);
    command.env_remove("PLAZA_ACCESS_TOKEN").env_remove("PLAZA_OPERATOR_TOKEN");
    if let Some(token) = token {
        command.args(["--token", token]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!(said)))
}

/// A `plaza webhook listen` that runs.
struct Listening {
    child: Child,
    lines: mpsc::Receiver<Value>,
}

impl Listening {
    fn start(server: &Server, token: &str, to: &Endpoint, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plaza"))
            .args(["webhook", "listen", "--json", "--url", &server.url, "--token", token])
            .args(["--forward-to", &to.url()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel(1000);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if tell.blocking_send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line of this event.
    async fn next(&mut self, event: &str) -> Value {
        timeout(PATIENCE, async {
            loop {
                let line = self.lines.recv().await.expect("it still runs");
                if line["event"] == event {
                    return line;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("no {event}"))
    }

    /// SIGTERM: it finishes, says its last words, and ends well.
    async fn stop(mut self) -> Option<Value> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        let mut last = None;
        while let Some(line) = timeout(PATIENCE, self.lines.recv()).await.expect("it ends") {
            last = Some(line);
        }
        assert!(self.child.wait().unwrap().success());
        last
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct World {
    server: Server,
    business: Business,
    program: Endpoint,
    ana: String,
}

impl World {
    async fn open() -> Self {
        let server = Server::start().await;
        let (business, program) = (server.business(TULIP).await, Endpoint::open().await);
        let url = format!("{}/_sandbox/people", server.url);
        let ana = post(&url, None, &json!({"name": "Ana"})).await.1;
        Self { server, business, program, ana: ana["number"].as_str().unwrap().to_owned() }
    }

    fn listen(&self, arguments: &[&str]) -> Listening {
        let waba: &[&str] =
            if arguments.contains(&"--listener") { &[] } else { &["--waba", &self.business.waba] };
        Listening::start(&self.server, &self.business.token, &self.program, &[waba, arguments].concat())
    }

    /// The business writes to Ana; the id of the message.
    async fn send(&self) -> String {
        let path = format!("{}/messages", self.business.phone);
        let (status, sent) = self.business.post(&path, &self.business.template_to(&self.ana)).await;
        assert_eq!(status, 200, "{sent}");
        sent["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the program was told of a message in all its states, in their order and once.
    async fn told_of(&self, id: &str) {
        let of = |what: &str| (id.to_owned(), what.to_owned());
        let is_read = |told: &[crate::endpoint::Told]| told.iter().any(|told| told.event() == of("read"));
        self.program.told_until(is_read, "it is read").await;
        let told = self.program.told();
        let mine: Vec<_> = told.iter().filter(|told| told.event().0 == id).collect();
        let events: Vec<_> = mine.iter().map(|told| told.event()).collect();
        assert_eq!(events, ["sent", "delivered", "read"].map(of));
        assert!(mine.iter().all(|told| told.is_signed_with(&self.business.app_secret)), "{mine:?}");
    }

    async fn listeners(&self) -> Value {
        let url = format!("{}/manager/api/webhook-listeners", self.server.url);
        get(&url, Some(&self.business.token)).await.1["data"].clone()
    }
}

#[tokio::test]
async fn webhooks_come_to_a_machine_that_cannot_be_called() {
    let mut world = World::open().await;
    // Whoever is subscribed hears everything too.
    let subscribed = Endpoint::open().await;
    let callback = json!({"override_callback_uri": subscribed.url(), "verify_token": "t"});
    let path = format!("{}/subscribed_apps", world.business.waba);
    assert_eq!(world.business.post(&path, &callback).await.0, 200);
    let mut listening = world.listen(&[]);
    let ready = listening.next("ready").await;
    assert_eq!(ready["waba_id"].as_str(), Some(world.business.waba.as_str()), "{ready}");
    assert_eq!(world.listeners().await[0]["listener_id"], ready["listener_id"]);
    let first = world.send().await;
    world.told_of(&first).await;
    for what in ["status sent", "status delivered", "status read"] {
        let line = listening.next("delivery").await;
        assert_eq!(
            (&line["what"], &line["status"], &line["attempt"]),
            (&json!(what), &json!(200), &json!(1))
        );
        assert!(line["ms"].is_u64() && line["error"].is_null(), "{line}");
    }

    // The program is away, and comes back.
    world.program.go().await;
    let second = world.send().await;
    assert!(listening.next("waiting").await["error"].as_str().unwrap().contains("nobody listens"));
    world.program.come_back().await;
    world.told_of(&second).await;
    // It fails, and is mended.
    world.program.answer(500);
    let before = world.program.calls();
    let third = world.send().await;
    world.program.called(before + 2).await;
    world.program.answer(200);
    world.told_of(&third).await;
    // The server is killed, and comes back.
    world.server.kill_and_restart().await;
    let fourth = world.send().await;
    world.told_of(&fourth).await;

    let ended = listening.stop().await.unwrap();
    assert_eq!((&ended["event"], &ended["given_up"]), (&json!("ended"), &json!(0)), "{ended}");
    assert_eq!(world.listeners().await, json!([]));
    let (before, fifth) = (world.program.told().len(), world.send().await);
    let is_read = |told: &[crate::endpoint::Told]| {
        told.iter().any(|told| told.event() == (fifth.clone(), "read".to_owned()))
    };
    subscribed.told_until(is_read, "the other endpoint hears it").await;
    assert_eq!(world.program.told().len(), before, "it hears no more");
    for id in [first, second, third, fourth] {
        let read = (id, "read".to_owned());
        assert!(subscribed.told().iter().any(|told| told.event() == read), "nothing was taken from it");
    }
}

#[tokio::test]
async fn a_listener_that_was_left_is_taken_up_again() {
    let mut world = World::open().await;
    let mut listening = world.listen(&["--keep", "--field", "messages"]);
    let id = listening.next("ready").await["listener_id"].as_str().unwrap().to_owned();
    assert_ne!(listening.stop().await.unwrap_or_default()["event"], "ended");
    let meanwhile = world.send().await;
    let listeners = world.listeners().await;
    assert_eq!((&listeners[0]["is_kept"], &listeners[0]["fields"]), (&json!(true), &json!(["messages"])));
    let mut listening = world.listen(&["--listener", &id, "--count", "3"]);
    listening.next("ready").await;
    world.told_of(&meanwhile).await;
    assert_eq!(listening.next("ended").await["given_up"], 0);

    // What nobody took before the end is among the dead letters, and is not lost.
    let mut listening = world.listen(&[]);
    let id = listening.next("ready").await["listener_id"].as_str().unwrap().to_owned();
    world.program.go().await;
    let missed = world.send().await;
    listening.next("waiting").await;
    let ended = listening.stop().await.unwrap();
    assert_eq!(ended["event"], "ended");
    let (is_ok, dead) = webhook(&world.server, Some(&world.business.token), &["dead-letters"]);
    assert!(is_ok && dead["data"].as_array().unwrap().len() as u64 == ended["given_up"].as_u64().unwrap());
    assert!(dead.to_string().contains(&missed) && dead["data"][0]["last_error"].is_string(), "{dead}");
    world.program.come_back().await;
    let mut listening = world.listen(&["--listener", &id, "--keep"]);
    listening.next("ready").await;
    assert!(webhook(&world.server, Some(&world.business.token), &["replay"]).0);
    let is_sent = |told: &[crate::endpoint::Told]| {
        told.iter().any(|told| told.event() == (missed.clone(), "sent".to_owned()))
    };
    world.program.told_until(is_sent, "it comes after all").await;
}

#[tokio::test]
async fn nobody_listens_to_another_business() {
    let world = World::open().await;
    let rose = world.server.business(ROSE).await;
    let url = |path: &str| format!("{}/manager/api/{path}", world.server.url);
    let (status, opened) = post(
        &url("webhook-listeners"),
        Some(&world.business.token),
        &json!({"waba_id": world.business.waba}),
    )
    .await;
    assert_eq!((status, &opened["app_id"]), (201, &json!(world.business.app)), "{opened}");
    let id = opened["listener_id"].as_str().unwrap();
    let foreign = [
        ("webhook-listeners".to_owned(), json!({"waba_id": world.business.waba})),
        ("webhook-listeners".to_owned(), json!({"waba_id": rose.waba, "app_id": world.business.app})),
        (format!("webhook-listeners/{id}/take"), json!({"limit": 1})),
        (format!("webhook-listeners/{id}/open"), json!({})),
        (format!("webhook-listeners/{id}/outcomes"), json!({})),
    ];
    for (path, body) in foreign {
        let (status, problem) = post(&url(&path), Some(&rose.token), &body).await;
        assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")), "{path}: {problem}");
    }
    let end = reqwest::Client::new().delete(url(&format!("webhook-listeners/{id}")));
    assert_eq!(crate::server::answer(end, Some(&rose.token)).await.0, 404);
    assert_eq!(get(&url("webhook-listeners"), Some(&rose.token)).await.1["data"], json!([]));
    // What is not its own delivery is nothing that a listener can speak of.
    world.send().await;
    let (_, taken) = post(
        &url(&format!("webhook-listeners/{id}/take")),
        Some(&world.business.token),
        &json!({"limit": 1, "timeout_s": 10}),
    )
    .await;
    let theirs = taken["data"][0]["delivery_id"].clone();
    let (_, opened) =
        post(&url("webhook-listeners"), Some(&rose.token), &json!({"waba_id": rose.waba})).await;
    let other = format!("webhook-listeners/{}/outcomes", opened["listener_id"].as_str().unwrap());
    let lie =
        json!({"outcomes": [{"delivery_id": theirs, "status": 200, "duration_ms": 1}], "untried": [theirs]});
    assert_eq!(post(&url(&other), Some(&rose.token), &lie).await.0, 200);
    let path = format!("webhook-deliveries/{}", theirs.as_str().unwrap());
    let (_, still) = get(&url(&path), Some(&world.business.token)).await;
    assert_eq!((&still["state"], &still["attempts"]), (&json!("pending"), &json!(0)), "{still}");
    // Bounded.
    for (body, member) in [
        (json!({"waba_id": rose.waba, "fields": ["a,b"]}), "fields"),
        (json!({"waba_id": rose.waba, "fields": vec!["a"; 51]}), "fields"),
    ] {
        let (status, problem) = post(&url("webhook-listeners"), Some(&rose.token), &body).await;
        assert!(status == 400 && problem["detail"].as_str().unwrap().contains(member), "{problem}");
    }
    for body in [json!({"limit": 101}), json!({"timeout_s": 31})] {
        let (status, _) =
            post(&url(&format!("webhook-listeners/{id}/take")), Some(&world.business.token), &body).await;
        assert_eq!(status, 400, "{body}");
    }
    for more in 2..=11 {
        let body = json!({"waba_id": rose.waba});
        let (status, _) = post(&url("webhook-listeners"), Some(&rose.token), &body).await;
        assert_eq!(status, if more <= 10 { 201 } else { 400 }, "listener {more}");
    }
}

#[tokio::test]
async fn deliveries_are_listed_shown_and_sent_again() {
    let world = World::open().await;
    let callback = json!({"override_callback_uri": world.program.url(), "verify_token": "t"});
    let path = format!("{}/subscribed_apps", world.business.waba);
    assert_eq!(world.business.post(&path, &callback).await.0, 200);
    let rose = world.server.business(ROSE).await;
    let id = world.send().await;
    world.told_of(&id).await;
    let token = Some(world.business.token.as_str());
    let (waba, app) = (world.business.waba.as_str(), world.business.app.as_str());
    // What the endpoint heard is written down a moment later.
    let began = Instant::now();
    while webhook(&world.server, token, &["list", "--state", "delivered"]).1["data"].as_array().unwrap().len()
        < 3
    {
        assert!(began.elapsed() < PATIENCE, "{}", webhook(&world.server, token, &["list"]).1);
    }
    for (token, arguments, found) in [
        (token, &["list", "--state", "delivered", "--limit", "2"][..], 2),
        (token, &["list", "--waba", waba, "--app", app, "--field", "messages"], 3),
        (token, &["list", "--waba", &rose.waba], 0),
        (token, &["list", "--app", &rose.app], 0),
        (token, &["dead-letters"], 0),
        (Some(rose.token.as_str()), &["list"], 0),
        (None, &["list", "--field", "messages"], 3),
    ] {
        let (is_ok, listed) = webhook(&world.server, token, arguments);
        assert!(is_ok, "{listed}");
        assert_eq!(listed["data"].as_array().unwrap().len(), found, "{arguments:?}: {listed}");
    }
    let (_, listed) = webhook(&world.server, token, &["list"]);
    let delivery = listed["data"][2]["delivery_id"].as_str().unwrap();
    let (_, shown) = webhook(&world.server, token, &["show", delivery]);
    assert_eq!((&shown["state"], &shown["tries"][0]["answer"]), (&json!("delivered"), &json!("thank you")));
    let (is_ok, replayed) = webhook(&world.server, token, &["replay", delivery]);
    assert_eq!((is_ok, &replayed), (true, &json!({"replayed": 1})));
    let is_twice =
        |told: &[crate::endpoint::Told]| told.iter().filter(|told| told.delivery == delivery).count() == 2;
    world.program.told_until(is_twice, "it comes again").await;
    for (token, arguments, said) in [
        (Some(rose.token.as_str()), &["show", delivery][..], "does not exist"),
        (Some("PLZwrong"), &["list"], "access token"),
        (token, &["show", "../session"], "is no id"),
        (token, &["list", "--waba", "x"], "waba_id"),
    ] {
        let (is_ok, why) = webhook(&world.server, token, arguments);
        assert!(!is_ok && why.as_str().unwrap().contains(said), "{arguments:?}: {why}");
    }
}
