//! An ejabberd of its own in a temporary folder, which is killed with the value.

use super::postgres::Postgres;
use crate::process::{Meter, Process, free_port, tail};
use anyhow::{Context as _, bail};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The files that start it. They are in the binary, so that the bench needs no source folder.
const FILES: [(&str, &str); 3] = [
    ("ejabberd.yml", include_str!("../../peers/ejabberd/ejabberd.yml")),
    ("archive.yml", include_str!("../../peers/ejabberd/archive.yml")),
    ("start.sh", include_str!("../../peers/ejabberd/start.sh")),
];
const START_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Ejabberd {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Ejabberd {
    /// Starts it with so many people, `u1` and on, and waits until they are registered.
    pub(super) async fn start(people: usize, archive: Option<&Postgres>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("plaza-bench-ejabberd-").tempdir()?;
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text).with_context(|| format!("writing {name}"))?;
        }
        let port = free_port()?;
        let home = folder.path().join("server");
        std::fs::create_dir(&home)?;
        let mut command = Command::new("sh");
        command.arg(folder.path().join("start.sh")).arg(&home).args([port.to_string(), people.to_string()]);
        if let Some(postgres) = archive {
            command.args([postgres.port().to_string(), postgres.new_database()?]);
        }
        let log = folder.path().join("log");
        let mut process = Process::spawn(command, &log)?;
        wait(&mut process, &home.join("ready"), &log).await?;
        Ok(Self { process, port, _folder: folder })
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The start script becomes the server, so this is the server's own.
    pub(super) fn meter(&self) -> Meter {
        self.process.meter()
    }
}

async fn wait(process: &mut Process, ready: &Path, log: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    while !ready.exists() {
        if process.has_ended() || began.elapsed() > START_WITHIN {
            bail!("ejabberd does not start; the end of its log:\n{}", tail(log));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
