//! # Servers under measurement
//!
//! Each scenario starts a server process of its own and drives it from this one, over loopback only. What the server
//! costs is read from `/proc`: its CPU time, and its resident memory. A server never outlives its [`Process`]: dropping
//! it kills it.

use crate::http::Http;
use anyhow::{Context as _, bail};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server that does not answer within this time is given up.
const START_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Linux counts CPU time in hundredths of a second for programs, whatever the kernel does inside.
const TICKS_PER_SECOND: f64 = 100.0;
/// What a server writes to its log, of which an error shows the end.
const LOG_TAIL_BYTES: usize = 2000;

/// A process that is killed when this value goes.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn spawn(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("writing {}", log.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
        Ok(Self { child: child.with_context(|| format!("starting {program}"))? })
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL: the process gets no chance to write anything more.
    pub(crate) fn kill(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter { process: self.child.id() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads what a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    process: u32,
}

impl Meter {
    pub(crate) fn of_this_process() -> Self {
        Self { process: std::process::id() }
    }

    /// User and system time so far, in seconds.
    pub(crate) fn cpu_seconds(self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/stat", self.process);
        let stat = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        // The second field is the program's name in brackets, which may hold anything; after it come single words, of
        // which the 12th and 13th are the times.
        let (_, rest) = stat.rsplit_once(')').context("the times of a process have an unknown form")?;
        let mut times = rest.split_whitespace().skip(11).take(2);
        let mut ticks = || times.next()?.parse::<f64>().ok();
        let (user, system) = (ticks(), ticks());
        let total = user.zip(system).context("the times of a process have an unknown form")?;
        Ok((total.0 + total.1) / TICKS_PER_SECOND)
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident_bytes(self) -> anyhow::Result<f64> {
        self.memory("VmRSS:")
    }

    /// The most memory that was resident since [`Meter::forget_peak`], in bytes.
    pub(crate) fn peak_bytes(self) -> anyhow::Result<f64> {
        self.memory("VmHWM:")
    }

    /// Begins to look for the peak anew.
    pub(crate) fn forget_peak(self) -> anyhow::Result<()> {
        let path = format!("/proc/{}/clear_refs", self.process);
        fs::write(&path, "5").with_context(|| format!("writing {path}"))
    }

    fn memory(self, field: &str) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/status", self.process);
        let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse::<f64>().ok())
            .context("the memory of a process has an unknown form")?;
        Ok(kibibytes * 1024.0)
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("asking for a free port")?;
    Ok(socket.local_addr()?.port())
}

/// How many files this process, and so the servers that it starts, may have open.
pub(crate) fn open_files_max() -> anyhow::Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits").context("reading the limits of this process")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let word =
        line.and_then(|line| line.split_whitespace().next()).context("the limits have an unknown form")?;
    Ok(word.parse().unwrap_or(usize::MAX))
}

/// A Plaza server on a port and a folder of its own.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    port: u16,
    database_url: Option<String>,
    data: TempDir,
}

impl Server {
    /// Starts this very program as a server in the sandbox, and waits until it is ready.
    pub(crate) async fn start(database_url: Option<&str>) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("plaza-bench-").tempdir().context("making a folder")?;
        let port = free_port()?;
        let database_url = database_url.map(str::to_owned);
        let process = spawn(data.path(), port, database_url.as_deref())?;
        let mut server = Self { process, port, database_url, data };
        server.ready().await?;
        Ok(server)
    }

    /// SIGKILL, at whatever the server is doing.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts a killed server again on the same port and data, without waiting for it.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        self.process = spawn(self.data.path(), self.port, self.database_url.as_deref())?;
        Ok(())
    }

    /// Waits until the server takes requests.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            if let Ok(mut http) = Http::connect(self.address()).await
                && http.get("/readyz").await.is_ok_and(|answer| answer.status == 200)
            {
                return Ok(());
            }
            if self.process.has_ended() || started.elapsed() > START_WITHIN {
                bail!("the server does not start; the end of its log:\n{}", self.log_tail());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn meter(&self) -> Meter {
        self.process.meter()
    }

    /// Runs `plaza ledger verify --json` on the server's database.
    pub(crate) fn verify_ledger(&self) -> anyhow::Result<serde_json::Value> {
        let mut command = Command::new(std::env::current_exe().context("finding this program")?);
        command.args(["ledger", "verify", "--json"]);
        match &self.database_url {
            Some(url) => command.args(["--database-url", url]),
            None => command.arg("--data").arg(self.data.path()),
        };
        let output = command.stdin(Stdio::null()).output().context("starting the check of the books")?;
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).with_context(|| format!("the check of the books said: {said}"))
    }

    /// The last words of the server.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.data.path().join("log"))
    }
}

/// The end of a log.
pub(crate) fn tail(log: &Path) -> String {
    let log = fs::read(log).unwrap_or_default();
    let tail = log.get(log.len().saturating_sub(LOG_TAIL_BYTES)..).unwrap_or_default();
    String::from_utf8_lossy(tail).into_owned()
}

fn spawn(data: &Path, port: u16, database_url: Option<&str>) -> anyhow::Result<Process> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command
        .args([
            "serve",
            "--sandbox",
            "--messages-per-s",
            "0",
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--data",
        ])
        .arg(data);
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    Process::spawn(command, &data.join("log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_metered_and_does_not_outlive_its_value() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sleep");
        command.arg("60");
        let process = Process::spawn(command, &folder.path().join("log")).expect("it starts");
        let meter = process.meter();
        assert!(meter.resident_bytes().expect("memory is read") > 0.0);
        assert!(meter.cpu_seconds().expect("time is read") < 1.0);
        drop(process);
        assert!(meter.cpu_seconds().is_err());
        assert!(open_files_max().expect("a limit") > 0);
    }
}
