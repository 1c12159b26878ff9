//! A `plaza serve` of a test: on a free port, in a folder of its own, killed with the value.

use plaza_client::machine::Event;
use plaza_client_native::{Client, Home, MachineClock, Options, SqliteStore, Update, register};
use plaza_protocol::content::Body;
use plaza_protocol::{ConversationId, Ctx, RandomIds};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

/// Nothing in these tests takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn ctx() -> Ctx {
    Ctx::system(Arc::new(MachineClock), Arc::new(RandomIds::default()))
}

pub(crate) struct Server {
    pub(crate) url: String,
    folder: Arc<TempDir>,
    name: String,
    arguments: Vec<String>,
    child: Child,
}

impl Server {
    /// A sandbox with the embedded database.
    pub(crate) async fn start() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::start_in(folder, "server", &["--sandbox".to_owned()]).await
    }

    /// With these arguments, in a folder that several may share.
    pub(crate) async fn start_in(folder: Arc<TempDir>, name: &str, arguments: &[String]) -> Self {
        Self::start_at("127.0.0.1:0", folder, name, arguments).await
    }

    /// The same, at an address.
    pub(crate) async fn start_at(
        listen: &str,
        folder: Arc<TempDir>,
        name: &str,
        arguments: &[String],
    ) -> Self {
        let (child, url) = launch(&folder.path().join(name), listen, arguments);
        Self { url, folder, name: name.to_owned(), arguments: arguments.to_vec(), child }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// kill -9, then the same again on the same data and the same port.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let address = self.url.trim_start_matches("http://").to_owned();
        let (child, url) = launch(&self.data(), &address, &self.arguments);
        self.child = child;
        assert_eq!(self.url, url);
    }

    /// SIGTERM; whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap().success()
    }

    /// Everything that the server has written: its database and its logs.
    pub(crate) fn everything_written(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut folders = vec![self.data()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { all.extend(std::fs::read(path).unwrap()) }
            }
        }
        all
    }

    pub(crate) async fn operator(&self, path: &str) -> Value {
        let session: Value = get(&format!("{}/_sandbox/session", self.url), None).await.1;
        let token = session["operator_token"].as_str().unwrap();
        get(&format!("{}/operator/api/{path}", self.url), Some(token)).await.1
    }

    pub(crate) async fn post_operator(&self, path: &str, body: &Value) -> (u16, Value) {
        let session: Value = get(&format!("{}/_sandbox/session", self.url), None).await.1;
        let token = session["operator_token"].as_str().unwrap();
        post(&format!("{}/operator/api/{path}", self.url), Some(token), body).await
    }

    /// A business with a template `ready` that takes one name.
    pub(crate) async fn business(&self, number: &str) -> Business {
        let (status, made) = self
            .post_operator("businesses", &json!({"name": "Tulip", "number": number, "country": "DE"}))
            .await;
        assert_eq!(status, 201, "{made}");
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        let business = Business {
            url: self.url.clone(),
            waba: text("waba_id"),
            phone: text("phone_number_id"),
            token: text("access_token"),
            app: text("app_id"),
            app_secret: text("app_secret"),
        };
        let template = json!({"name": "ready", "language": "en", "category": "UTILITY", "components": [
            {"type": "BODY", "text": "Hello {{1}}, your bread is ready.", "example": {"body_text": [["Ana"]]}}]});
        let path = format!("wabas/{}/templates", business.waba);
        assert_eq!(self.post_operator(&path, &template).await.0, 201);
        business
    }

    /// What `plaza ledger verify --json` says of the data.
    pub(crate) fn verify(&self) -> Value {
        serde_json::from_slice(&self.ledger(&["verify", "--json"])).unwrap()
    }

    /// What `plaza ledger` prints about the data.
    pub(crate) fn ledger(&self, arguments: &[&str]) -> Vec<u8> {
        self.ledger_output(arguments).stdout
    }

    /// The same, with the exit code.
    pub(crate) fn ledger_output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaza"));
        command.arg("ledger").args(arguments);
        match self.arguments.iter().position(|argument| argument == "--database-url") {
            Some(at) => command.args(["--database-url", &self.arguments[at + 1]]),
            None => command.arg("--data").arg(self.data()),
        };
        command.output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(data: &Path, listen: &str, arguments: &[String]) -> (Child, String) {
    std::fs::create_dir_all(data).unwrap();
    let log = std::fs::File::options().create(true).append(true).open(data.join("log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_plaza"))
        .args(["serve", "--listen", listen, "--data"])
        .arg(data)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let page = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("front page")));
    let page =
        page.unwrap_or_else(|| panic!("no start: {}", std::fs::read_to_string(data.join("log")).unwrap()));
    // What it prints later is read and dropped, or it would wait for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    let url = page.unwrap().split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
    (child, url)
}

/// What a developer has.
pub(crate) struct Business {
    pub(crate) url: String,
    pub(crate) waba: String,
    pub(crate) phone: String,
    pub(crate) token: String,
    pub(crate) app: String,
    pub(crate) app_secret: String,
}

impl Business {
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        post(&format!("{}/v23.0/{path}", self.url), Some(&self.token), body).await
    }

    pub(crate) fn template_to(&self, number: &str) -> Value {
        json!({"messaging_product": "whatsapp", "to": number, "type": "template", "template": {
            "name": "ready", "language": {"code": "en"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]}})
    }
}

pub(crate) async fn get(url: &str, token: Option<&str>) -> (u16, Value) {
    answer(reqwest::Client::new().get(url), token).await
}

pub(crate) async fn post(url: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
    answer(reqwest::Client::new().post(url).json(body), token).await
}

pub(crate) async fn answer(request: reqwest::RequestBuilder, token: Option<&str>) -> (u16, Value) {
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// A person with a client that runs.
pub(crate) struct Person {
    pub(crate) number: String,
    pub(crate) client: Client<SqliteStore>,
    updates: Receiver<Update>,
    _home: Home,
    _folder: TempDir,
}

impl Person {
    pub(crate) async fn register(server: &Server, number: &str, name: &str) -> Self {
        let (ctx, folder) = (ctx(), tempfile::tempdir().unwrap());
        let home = Home::open(&ctx, folder.path()).await.unwrap();
        let code = async || Some("000000".to_owned());
        let mut machine = register(&ctx, &server.url, number, name, code).await.unwrap();
        home.keep(&server.url, &mut machine).await.unwrap();
        let (machine, url) = home.machine().await.unwrap();
        let options = Options {
            reconnect_first: Duration::from_millis(50),
            reconnect_last: Duration::from_millis(500),
            ..Options::new(&url)
        };
        let client = Client::start(&ctx, options, machine, Arc::new(home.store().clone()));
        let updates = client.updates();
        Self { number: number.to_owned(), client, updates, _home: home, _folder: folder }
    }

    /// Writes to a number and waits until the server has it.
    pub(crate) async fn write(&self, number: &str, text: &str) -> ConversationId {
        let conversation = timeout(PATIENCE, self.client.open_number(number)).await.unwrap().unwrap();
        self.client.send_text_and_wait(conversation, text, PATIENCE).await.unwrap();
        conversation
    }

    /// The next message that comes.
    pub(crate) async fn next(&mut self) -> (ConversationId, String) {
        timeout(PATIENCE, async {
            loop {
                if let Update::Event(Event::Received { conversation, message }) =
                    self.updates.recv().await.unwrap()
                {
                    let text = match message.content.body {
                        Some(Body::Text(text)) => text.body,
                        Some(Body::Template(template)) => template.body,
                        // The manager of a group has named it: that is no message of anybody.
                        Some(Body::GroupChange(_)) => continue,
                        other => panic!("{other:?}"),
                    };
                    return (conversation, text);
                }
            }
        })
        .await
        .expect("a message comes")
    }

    /// Waits until the ticks of all own messages of a conversation are these.
    pub(crate) async fn ticks(&mut self, conversation: ConversationId, wanted: plaza_client::view::Ticks) {
        timeout(PATIENCE, async {
            loop {
                let page = self.client.timeline(conversation, None, 50).await.unwrap();
                let mut own = page.items.iter().filter(|item| item.mine);
                if own.all(|item| item.ticks == Some(wanted)) {
                    return;
                }
                let _ = self.updates.recv().await;
            }
        })
        .await
        .expect("the ticks come");
    }
}
