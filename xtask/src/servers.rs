//! # The servers of a test run
//!
//! PostgreSQL, NATS and Plaza itself, each on a free port of the loopback address with its files in one temporary
//! folder; all end and the folder goes when the value is dropped. What the developer runs on the usual ports is left
//! alone.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, command};
use crate::{env, paths};

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A folder that goes when the run ends.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("plaza-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_for_the_system = fs::remove_dir_all(&self.0);
    }
}

/// A running server; dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// What tests connect to.
    pub(crate) url: String,
    pub(crate) log: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        process::stop(&mut self.child);
    }
}

impl Server {
    fn start(name: &str, mut command: Command, url: String) -> Result<Self> {
        let log = process::log_file(name)?;
        let file = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        command.stdout(file.try_clone().context("sharing the log")?).stderr(file);
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self { child, url, log })
    }

    /// Waits until `answers` says so.
    fn ready(mut self, name: &str, answers: impl Fn() -> bool) -> Result<Self> {
        let started = Instant::now();
        while !answers() {
            if let Some(status) = self.child.try_wait().context("looking at a server")? {
                process::show_tail(&self.log);
                bail!("{name} ended with {status} before it answered");
            }
            if started.elapsed() > START_LIMIT {
                process::show_tail(&self.log);
                bail!("{name} did not answer within {} s", START_LIMIT.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(self)
    }
}

/// A PostgreSQL of its own. It does not sync to the disk: these tests kill Plaza, never the database.
pub(crate) fn postgres(scratch: &Scratch) -> Result<Server> {
    let bin = paths::postgres()?;
    let data = scratch.path("postgres");
    fs::create_dir_all(&data).with_context(|| format!("creating {}", data.display()))?;
    let account = unprivileged(&data)?;
    let folder = data.display().to_string();
    let initdb = ["-D", &folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    process::must("PostgreSQL's data folder", as_account(account, &bin.join("initdb"), &initdb))?;
    let port = free_port()?;
    let mut command = as_account(account, &bin.join("postgres"), &["-D", &folder, "-p", &port.to_string()]);
    let settings = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "full_page_writes=off",
        "max_connections=400",
        "shared_buffers=128MB",
    ];
    for setting in settings {
        command.args(["-c", setting]);
    }
    let server =
        Server::start("postgres", command, format!("postgres://postgres@127.0.0.1:{port}/postgres"))?;
    let psql = bin.join("psql");
    let url = server.url.clone();
    server.ready("PostgreSQL", || {
        process::output(process::command(&psql, &["-w", "-X", "-q", "-c", "SELECT 1", &url])).is_ok()
    })
}

/// Makes a database and gives its address.
pub(crate) fn database(postgres: &Server, name: &str) -> Result<String> {
    let psql = paths::postgres()?.join("psql");
    let create = format!("CREATE DATABASE {name}");
    process::output(command(psql, &["-w", "-X", "-q", "-c", &create, &postgres.url]))
        .with_context(|| format!("making the database {name}"))?;
    let (server, _) = postgres.url.rsplit_once('/').context("an address has a database")?;
    Ok(format!("{server}/{name}"))
}

/// A NATS server of its own.
pub(crate) fn nats() -> Result<Server> {
    let program = paths::program("nats-server").context("no nats-server found; ./x test installs it")?;
    let port = free_port()?;
    let command = command(program, &["-a", "127.0.0.1", "-p", &port.to_string()]);
    let server = Server::start("nats", command, format!("nats://127.0.0.1:{port}"))?;
    server.ready("NATS", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
}

/// Plaza with its demo world and the sandbox, on the embedded database in `data`.
pub(crate) fn plaza(name: &str, data: &Path) -> Result<Server> {
    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let folder = data.display().to_string();
    let arguments = ["serve", "--demo", "--sandbox", "--data", &folder, "--listen", &listen];
    let server = Server::start(name, command(paths::plaza("debug"), &arguments), format!("http://{listen}"))?;
    server.ready(name, || is_ready(port))
}

/// Whether `GET /readyz` answers 200.
fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        socket.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.take(64 * 1024).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn free_port() -> Result<u16> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("asking for a free port")?;
    Ok(socket.local_addr().context("reading a port")?.port())
}

/// PostgreSQL refuses to run as root: then the folder is given to the account that its package made.
fn unprivileged(data: &Path) -> Result<Option<&'static str>> {
    let is_root = process::output(command("id", &["-u"]))?.trim() == "0";
    if !is_root {
        return Ok(None);
    }
    process::output(command("chown", &["postgres", &data.display().to_string()]))
        .context("giving a folder away")?;
    Ok(Some("postgres"))
}

/// A command as another account. `setpriv` becomes the program, so that a signal reaches it.
fn as_account(account: Option<&str>, program: &Path, arguments: &[&str]) -> Command {
    let mut command = match account {
        None => command(program, &[]),
        Some(account) => {
            let mut command =
                command("setpriv", &["--reuid", account, "--regid", account, "--init-groups", "--"]);
            command.arg(program);
            command
        }
    };
    command.args(arguments).current_dir("/");
    // PostgreSQL takes defaults from these; the run is to be the same everywhere.
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGDATA"] {
        if env::variable(name).is_some() {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_of_a_run_answer_and_leave_nothing() {
        let scratch = Scratch::new().expect("a folder");
        let folder = scratch.path("");
        let postgres = postgres(&scratch).expect("PostgreSQL starts");
        let url = database(&postgres, "one").expect("a database is made");
        assert!(url.ends_with("/one"), "{url}");
        let again = database(&postgres, "one").expect_err("the same name a second time");
        assert!(format!("{again:#}").contains("already exists"), "{again:#}");
        let nats = nats().expect("NATS starts");
        let port =
            nats.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("an address has a port");
        drop((postgres, nats, scratch));
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "NATS has ended");
        assert!(!folder.exists(), "the folder is gone");
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_log() {
        let server = Server::start("short-lived", command("false", &[]), String::new()).expect("it starts");
        let error = server.ready("short-lived", || false).expect_err("it has ended");
        assert!(error.to_string().contains("before it answered"), "{error}");
    }
}
