//! A PostgreSQL of its own for the peer's archive, with the settings that it comes with: it syncs each commit.

use crate::process::{Process, free_port, tail};
use anyhow::{Context as _, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian and Ubuntu keep the versions of PostgreSQL.
const INSTALLED: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses to run as root; its package made this account.
const ACCOUNT: &str = "postgres";
const START_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Postgres {
    process: Process,
    port: u16,
    databases: AtomicU32,
    _folder: TempDir,
}

impl Postgres {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let bin = bin()?;
        let folder = tempfile::Builder::new().prefix("plaza-bench-postgres-").tempdir()?;
        let is_root = output(Command::new("id").arg("-u"))?.trim() == "0";
        if is_root {
            output(Command::new("chown").arg(ACCOUNT).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let mut initdb = unprivileged(is_root, &bin.join("initdb"));
        output(initdb.arg("-D").arg(&data).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]))?;
        let port = free_port()?;
        let mut command = unprivileged(is_root, &bin.join("postgres"));
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        let log = folder.path().join("log");
        let process = Process::spawn(command, &log)?;
        let mut postgres = Self { process, port, databases: AtomicU32::new(0), _folder: folder };
        postgres.wait(&log).await?;
        Ok(postgres)
    }

    async fn wait(&mut self, log: &Path) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.psql("SELECT 1").is_err() {
            if self.process.has_ended() || began.elapsed() > START_WITHIN {
                bail!("PostgreSQL does not start; the end of its log:\n{}", tail(log));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database and gives its name.
    pub(super) fn new_database(&self) -> anyhow::Result<String> {
        let name = format!("archive_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    fn psql(&self, sql: &str) -> anyhow::Result<String> {
        let port = self.port.to_string();
        output(Command::new("psql").args([
            "-X",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "postgres",
            "-c",
            sql,
        ]))
    }
}

/// The programs of the newest installed version.
fn bin() -> anyhow::Result<PathBuf> {
    let missing = "PostgreSQL is needed for the peer's archive: apt-get install postgresql";
    let versions = fs::read_dir(INSTALLED).context(missing)?;
    let found = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    found.filter(|bin| bin.join("initdb").exists()).max().context(missing)
}

/// A command under the account of PostgreSQL, if this one is root's. `setpriv` becomes the program, so that a signal
/// reaches it.
fn unprivileged(is_root: bool, program: &Path) -> Command {
    let mut command = Command::new(if is_root { Path::new("setpriv") } else { program });
    if is_root {
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--init-groups", "--"]).arg(program);
    }
    command.current_dir("/");
    command
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
