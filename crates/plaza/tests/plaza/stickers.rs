//! Packs of stickers: who may see and send what, as it changes under people's hands; the operator's own packs; and what a
//! business receives.

use crate::endpoint::Endpoint;
use crate::server::{PATIENCE, Person, Server, get, post};
use plaza_client::machine::Event;
use plaza_client_native::Update;
use plaza_protocol::content::{Body, Content, Media, MediaForm};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

const ANA: &str = "+999000001";
const BEN: &str = "+999000002";
const TULIP: &str = "+4930901820";
const SUNFLOWER: &[u8] = include_bytes!("../../../billing/data/stickers/market-day/sunflower.webp");
const HELLO: &[u8] = include_bytes!("../../../billing/data/stickers/pigeon/hello.webp");
const YES: &[u8] = include_bytes!("../../../billing/data/stickers/pigeon/yes.webp");

async fn on_each_engine<F: AsyncFn(Server)>(test: F) {
    test(Server::start().await).await;
    let database = plaza_db::testing::postgres_url().await;
    let arguments = ["--sandbox", "--database-url", &database].map(str::to_owned);
    test(Server::start_in(Arc::new(tempfile::tempdir().unwrap()), "server", &arguments).await).await;
}

impl Person {
    /// The packs, and from which one may send.
    async fn packs(&self) -> Vec<(String, bool)> {
        let packs = self.client.stickers().await.unwrap();
        let one =
            |pack: &Value| (pack["key"].as_str().unwrap().to_owned(), pack["may_use"].as_bool().unwrap());
        packs["packs"].as_array().unwrap().iter().map(one).collect()
    }

    async fn sees(&self, pack: &str, name: &str) -> Result<Vec<u8>, String> {
        self.client.sticker(pack, name).await.map_err(|error| error.to_string())
    }

    /// Buys something in the built-in store: its id.
    async fn buys(&self, plan: &str, term: &str) -> String {
        let order = json!({"plan": plan, "term": term});
        let bought = self.client.ask_store("/orders", Some(&order)).await.unwrap();
        bought["purchase_id"].as_str().unwrap().to_owned()
    }
}

/// Waits until the server says that what was bought changed.
pub(crate) async fn told(updates: &mut Receiver<Update>) {
    let told = timeout(PATIENCE, async {
        while !matches!(updates.recv().await.unwrap(), Update::Event(Event::Entitlements)) {}
    });
    told.await.expect("the server says so");
}

/// The next sticker that comes.
async fn next_sticker(updates: &mut Receiver<Update>) -> (Content, Media) {
    let come = timeout(PATIENCE, async {
        loop {
            if let Update::Event(Event::Received { message, .. }) = updates.recv().await.unwrap()
                && let Some(Body::Media(media)) = message.content.body.clone()
            {
                return (message.content, media);
            }
        }
    });
    come.await.expect("a sticker comes")
}

#[tokio::test]
async fn a_pack_is_theirs_who_bought_it_and_as_long_as_they_did() {
    on_each_engine(async |server| {
        let ana = Person::register(&server, ANA, "Ana").await;
        let ben = Person::register(&server, BEN, "Ben").await;
        let mine = |plus: bool| vec![("pigeon".to_owned(), true), ("market-day".to_owned(), plus)];
        let cem = Person::register(&server, "+999000003", "Cem").await;
        let (mut changes, mut others) = (ana.client.updates(), cem.client.updates());
        assert_eq!(ana.packs().await, mine(false));
        assert_eq!(ana.sees("pigeon", "yes").await.unwrap(), YES);
        assert!(!ana.sees("market-day", "tomato").await.unwrap().is_empty(), "the cover is for everybody");
        let refused = ana.sees("market-day", "sunflower").await.unwrap_err();
        assert!(refused.contains("was not bought"), "{refused}");
        for (pack, name) in [("pigeon", "maybe"), ("magpie", "hello")] {
            assert!(ana.sees(pack, name).await.unwrap_err().contains("does not exist"));
        }
        for path in ["", "/pigeon/hello"] {
            assert_eq!(get(&format!("{}/v1/stickers{path}", server.url), None).await.0, 401);
        }
        let sold = ana.client.stickers().await.unwrap()["packs"][1]["plans"].clone();
        assert_eq!(sold, json!(["plus", "market-day"]));

        // A subscription to all of them, given back by the operator.
        let plus = ana.buys("plus", "month").await;
        told(&mut changes).await;
        assert_eq!((ana.packs().await, ben.packs().await), (mine(true), mine(false)));
        assert_eq!(ana.sees("market-day", "sunflower").await.unwrap(), SUNFLOWER);
        assert!(ben.sees("market-day", "sunflower").await.is_err());
        assert_eq!(server.post_operator(&format!("purchases/{plus}/refund"), &json!({})).await.0, 200);
        told(&mut changes).await;
        assert_eq!(ana.packs().await, mine(false));
        assert!(ana.sees("market-day", "sunflower").await.is_err());

        // Bought alone, it stays; a subscription that was cancelled ends by itself.
        ben.buys("market-day", "once").await;
        let renewal = format!("/purchases/{}/renewal", ana.buys("plus", "year").await);
        told(&mut changes).await;
        ana.client.ask_store(&renewal, Some(&json!({"renews": false}))).await.unwrap();
        told(&mut changes).await;
        let shop = ana.client.ask_store("", None).await.unwrap();
        assert!(shop["changes_in_s"].as_u64().unwrap() > 86_400, "{shop}");
        assert_eq!((ana.packs().await, ben.packs().await), (mine(true), mine(true)));
        let clock = format!("{}/_sandbox/clock", server.url);
        assert_eq!(post(&clock, None, &json!({"advance_s": 400 * 86_400})).await.0, 200);
        told(&mut changes).await;
        assert_eq!((ana.packs().await, ben.packs().await), (mine(false), mine(true)));
        assert_eq!(ben.client.ask_store("", None).await.unwrap()["changes_in_s"], Value::Null);
        while let Ok(update) = others.try_recv() {
            let is_change = matches!(update, Update::Event(Event::Entitlements));
            assert!(!is_change, "what somebody bought is told to nobody else");
        }
    })
    .await;
}

fn plaza(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plaza")).args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> Value {
    let output = plaza(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaint(arguments: &[&str]) -> String {
    let output = plaza(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Ana, on the command line.
fn register_ana(server: &Server, home: &str) {
    let who = ["--url", &server.url, "--home", home, "--number", ANA, "--name", "Ana", "--json"];
    printed(&[&["person", "register"], who.as_slice()].concat());
}

#[tokio::test]
async fn on_the_command_line_one_buys_and_sends_and_the_other_person_needs_nothing() {
    let server = Server::start().await;
    let (homes, ben) = (tempfile::tempdir().unwrap(), Person::register(&server, BEN, "Ben").await);
    let home = homes.path().join("ana").to_str().unwrap().to_owned();
    register_ana(&server, &home);
    let ana = |rest: &[&str]| {
        let mut arguments = vec!["person", rest[0], "--home", &home];
        arguments.extend(&rest[1..]);
        arguments.iter().map(|each| (*each).to_owned()).collect::<Vec<_>>()
    };
    let says = |rest: &[&str]| {
        let arguments = ana(rest);
        printed(&arguments.iter().map(String::as_str).chain(["--json"]).collect::<Vec<_>>())
    };
    let refused = |rest: &[&str]| complaint(&ana(rest).iter().map(String::as_str).collect::<Vec<_>>());

    // What there is.
    let store = says(&["store"]);
    assert_eq!(
        (&store["purchases"], &store["entitlements"]),
        (&json!([]), &json!({"pinned_conversations": 3}))
    );
    let listed = plaza(&ana(&["stickers"]).iter().map(String::as_str).collect::<Vec<_>>());
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("Pigeon of the square (yours)\n  pigeon/hello 👋 A pigeon waves hello"),
        "{listed}"
    );
    assert!(listed.contains("Market day (in plus or market-day)"), "{listed}");

    // What cannot be sent says why.
    for (sticker, expected) in [
        ("hello", "a sticker is written PACK/NAME"),
        ("magpie/hello", "there is no pack \"magpie\""),
        ("pigeon/maybe", "has no sticker \"maybe\""),
        ("market-day/sunflower", "is not yours: plus or market-day has it"),
    ] {
        let said = refused(&["send", "--to", BEN, "--sticker", sticker]);
        assert!(said.contains(expected), "{said}");
    }

    // A pack of one's own, and one that is bought.
    let mut updates = ben.client.updates();
    assert!(says(&["send", "--to", BEN, "--sticker", "pigeon/yes"])["message_id"].is_string());
    let (content, yes) = next_sticker(&mut updates).await;
    assert_eq!((yes.form(), yes.is_animated, yes.filename.as_str()), (MediaForm::Sticker, false, ""));
    assert_eq!(content.body.unwrap().summary(), "Sticker: A pigeon holds up a sign: yes");
    let bought = says(&["store", "--buy", "plus", "--term", "month"]);
    let purchase = &bought["purchases"][0];
    assert_eq!(
        (&purchase["plan"], &purchase["state"], &purchase["renews"]),
        (&json!("plus"), &json!("active"), &json!(true))
    );
    assert_eq!(bought["entitlements"]["sticker_packs"], json!(true));
    assert!(refused(&["store", "--buy", "plus", "--term", "month"]).contains("you have this already"));
    says(&["send", "--to", BEN, "--sticker", "market-day/sunflower"]);
    let (content, sunflower) = next_sticker(&mut updates).await;
    assert!(sunflower.is_animated);
    let (kind, file) = ben.client.fetch_file(&content).await.unwrap().unwrap();
    assert_eq!((kind.as_str(), file.as_slice()), ("image/webp", SUNFLOWER));
    assert!(ben.sees("market-day", "sunflower").await.is_err(), "who receives one has not bought the pack");

    // Cancelled, kept, cancelled; what one has is shown each time.
    let id = purchase["purchase_id"].as_str().unwrap();
    assert_eq!(says(&["store", "--cancel", id])["purchases"][0]["renews"], json!(false));
    assert_eq!(says(&["store", "--keep", id])["purchases"][0]["renews"], json!(true));
    says(&["store", "--cancel", id]);
    let lines = plaza(&ana(&["store"]).iter().map(String::as_str).collect::<Vec<_>>());
    let lines = String::from_utf8(lines.stdout).unwrap();
    assert!(lines.contains(&format!("plus: active, not renewed ({id})")), "{lines}");
    assert!(
        lines.contains("market-day: The sticker pack Market day, bought once. (2.00 USD once)"),
        "{lines}"
    );
    assert!(refused(&["store", "--buy", "verified", "--term", "month"]).contains("does not exist"));
    assert!(refused(&["store", "--buy", "plus"]).contains("--term"));
}

/// A folder with a pack of two stickers.
fn cats(folder: &Path) -> String {
    let pack = folder.join("cats");
    std::fs::create_dir(&pack).unwrap();
    let manifest = "key = \"cats\"\ntitle = \"Cats\"\naccess = \"plus\"\n\
        [[sticker]]\nfile = \"nap.webp\"\nemoji = \"😴\"\ntext = \"A cat naps\"\n\
        [[sticker]]\nfile = \"wave.webp\"\nemoji = \"👋\"\ntext = \"A cat waves\"\n";
    std::fs::write(pack.join("pack.toml"), manifest).unwrap();
    std::fs::write(pack.join("nap.webp"), YES).unwrap();
    std::fs::write(pack.join("wave.webp"), HELLO).unwrap();
    pack.to_str().unwrap().to_owned()
}

/// Files in the store of files.
fn stored(server: &Server) -> usize {
    let folders = std::fs::read_dir(server.data().join("blobs")).unwrap();
    folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

#[tokio::test]
async fn the_operator_adds_packs_and_removes_them() {
    on_each_engine(async |server| {
        let ana = Person::register(&server, ANA, "Ana").await;
        let folders = tempfile::tempdir().unwrap();
        let pack = cats(folders.path());
        let stickers = |rest: &[&str]| [&["stickers"], rest, &["--url", &server.url]].concat().join("\n");
        let run = |rest: &[&str]| {
            let arguments = stickers(rest);
            printed(&arguments.lines().chain(["--json"]).collect::<Vec<_>>())
        };
        let refused = |rest: &[&str]| complaint(&stickers(rest).lines().collect::<Vec<_>>());

        // A fault names the file, and nothing is left of it: neither found by the command nor by the server.
        let wave = Path::new(&pack).join("wave.webp");
        std::fs::write(&wave, b"\x89PNG\r\n\x1a\n").unwrap();
        assert!(refused(&["add", &pack]).contains("wave.webp: it is no WebP picture"));
        std::fs::remove_file(&wave).unwrap();
        assert!(refused(&["add", &pack]).contains("wave.webp"));
        let manifest = std::fs::read_to_string(Path::new(&pack).join("pack.toml")).unwrap();
        let (status, problem) = server
            .post_operator(
                "sticker-packs",
                &json!({"manifest": manifest, "images": {"nap.webp": "UklGRg=="}}),
            )
            .await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("nap.webp: it is no WebP"), "{problem}");
        assert_eq!((stored(&server), ana.packs().await.len()), (0, 2));

        std::fs::write(&wave, HELLO).unwrap();
        let added = run(&["add", &pack]);
        assert_eq!((&added["key"], &added["stickers"][1]["is_animated"]), (&json!("cats"), &json!(true)));
        assert_eq!(stored(&server), 2);
        assert!(refused(&["add", &pack]).contains("there is a pack \"cats\" already"));
        assert_eq!(stored(&server), 2, "what was refused is not kept");
        let listed = run(&["list"]);
        let keys: Vec<_> =
            listed["data"].as_array().unwrap().iter().map(|each| each["key"].clone()).collect();
        assert_eq!(keys, ["pigeon", "market-day", "cats"]);
        assert_eq!(listed["data"][2]["plans"], json!(["plus"]));

        // It is in the plan at once, for who has that.
        assert_eq!(ana.packs().await[2], ("cats".to_owned(), false));
        assert_eq!(ana.sees("cats", "nap").await.unwrap(), YES);
        assert!(ana.sees("cats", "wave").await.is_err());
        ana.buys("plus", "month").await;
        assert_eq!(ana.sees("cats", "wave").await.unwrap(), HELLO);

        assert!(refused(&["remove", "pigeon"]).contains("is part of Plaza"));
        assert!(refused(&["remove", "dogs"]).contains("there is no pack \"dogs\""));
        assert!(refused(&["remove", "../purchases"]).contains("there is no pack"));
        assert_eq!(run(&["remove", "cats"]), json!({"removed": true}));
        assert!(ana.sees("cats", "nap").await.unwrap_err().contains("does not exist"));
        assert_eq!((stored(&server), ana.packs().await.len()), (0, 2));
        assert_eq!(run(&["add", &pack])["title"], json!("Cats"), "its key is free again");
        let open = format!("{}/operator/api/sticker-packs", server.url);
        assert_eq!((get(&open, None).await.0, post(&open, None, &json!({})).await.0), (401, 401));
    })
    .await;
}

#[tokio::test]
async fn a_business_receives_a_sticker_that_moves() {
    let server = Server::start().await;
    let (business, endpoint) = (server.business(TULIP).await, Endpoint::open().await);
    let callback = json!({"override_callback_uri": endpoint.url(), "verify_token": "t"});
    assert_eq!(business.post(&format!("{}/subscribed_apps", business.waba), &callback).await.0, 200);
    let homes = tempfile::tempdir().unwrap();
    let home = homes.path().join("ana").to_str().unwrap().to_owned();
    register_ana(&server, &home);
    printed(&["person", "send", "--home", &home, "--to", TULIP, "--sticker", "pigeon/hello", "--json"]);
    endpoint.told_until(|told| told.iter().any(|each| each.body.contains("\"sticker\"")), "a sticker").await;
    let told = endpoint.told();
    let told = told.iter().find(|each| each.body.contains("\"sticker\"")).unwrap();
    let body: Value = serde_json::from_str(&told.body).unwrap();
    let message = &body["entry"][0]["changes"][0]["value"]["messages"][0];
    assert_eq!(message["type"], json!("sticker"));
    let sticker = &message["sticker"];
    let (animated, mime_type) = (&sticker["animated"], &sticker["mime_type"]);
    assert_eq!((animated, mime_type), (&json!(true), &json!("image/webp")));
    use base64::Engine as _;
    let sha256 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(HELLO));
    assert_eq!(sticker["sha256"], json!(sha256));
    assert!(sticker.get("caption").is_none(), "stickers have none: {sticker}");

    let id = sticker["id"].as_str().unwrap();
    let (status, media) = get(&format!("{}/v23.0/{id}", server.url), Some(&business.token)).await;
    assert_eq!(status, 200, "{media}");
    let request = reqwest::Client::new().get(media["url"].as_str().unwrap()).bearer_auth(&business.token);
    let file = request.send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/webp");
    assert_eq!(file.bytes().await.unwrap(), HELLO);
}
