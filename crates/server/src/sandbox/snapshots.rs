//! # Snapshots
//!
//! A test begins where it wants to: the whole state is kept under a name, and taken again as often as needed. Both mean
//! the same: the server pauses, files are copied, and a new server begins on the same socket, which knows nothing of
//! before. So no cache has to be forgotten one by one, and what was not in the snapshot does not exist.
//!
//! The request is answered when the new server is there. Calls that come meanwhile wait; sockets are told to come back.

use crate::problem::Problem;
use plaza_protocol::ErrorCode;
use serde::Deserialize;
use std::io;
use std::path::Path;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Where snapshots lie in the data folder.
const FOLDER: &str = "snapshots";
/// What belongs to a snapshot: the database with its journal, files, people, and how far the clock is ahead. Keys and
/// the operator's token stay.
const KEPT: [&str; 5] = ["plaza.db", "plaza.db-wal", "blobs", "sandbox", "sandbox-clock"];
const NAME_CHARACTERS_MAX: usize = 64;

/// `POST /_sandbox/snapshot`, `POST /_sandbox/restore`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    #[serde(default = "default_name")]
    name: String,
}

fn default_name() -> String {
    "default".to_owned()
}

impl Named {
    /// A name that is one word of letters, digits, `-` and `_`.
    pub(crate) fn checked(self) -> Result<String, Problem> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=NAME_CHARACTERS_MAX).contains(&self.name.len()) && self.name.bytes().all(is_plain) {
            return Ok(self.name);
        }
        let what = format!("name: 1 to {NAME_CHARACTERS_MAX} letters, digits, - and _ are expected");
        Err(Problem::new(ErrorCode::Invalid, what))
    }
}

/// What is to be done while the server pauses.
#[derive(Debug)]
pub enum Pause {
    /// Keep the state under this name.
    Keep(String),
    /// Take the state of this name.
    Take(String),
}

impl Pause {
    /// Copies the files, between one server and the next.
    ///
    /// # Errors
    /// The files could not be copied; what was there is there still.
    pub fn carry_out(&self, data: &Path) -> io::Result<()> {
        match self {
            Self::Keep(name) => {
                let (new, kept) = (data.join(FOLDER).join(".new"), data.join(FOLDER).join(name));
                remove(&new)?;
                copy_all(data, &new)?;
                remove(&kept)?;
                std::fs::rename(new, kept)
            }
            Self::Take(name) => {
                let kept = data.join(FOLDER).join(name);
                if !kept.is_dir() {
                    let what = format!("there is no snapshot {name}");
                    return Err(io::Error::new(io::ErrorKind::NotFound, what));
                }
                for file in KEPT.into_iter().chain(["plaza.db-shm"]) {
                    remove(&data.join(file))?;
                }
                copy_all(&kept, data)
            }
        }
    }
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    KEPT.iter().try_for_each(|name| copy(&from.join(name), &to.join(name)))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        return std::fs::read_dir(from)?.try_for_each(|entry| {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))
        });
    }
    if from.is_file() { std::fs::copy(from, to).map(|_| ()) } else { Ok(()) }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// A pause that somebody waits for.
#[derive(Debug)]
pub struct Wish {
    /// What for.
    pub pause: Pause,
    answer: oneshot::Sender<Result<(), String>>,
}

impl Wish {
    /// Tells how it went, once the next server is there.
    pub fn done(self, outcome: Result<(), String>) {
        // Whoever asked may have gone.
        let _ = self.answer.send(outcome);
    }
}

/// Hands wishes from the surface to whoever runs the server.
#[derive(Debug)]
pub(crate) struct Wishes {
    sender: mpsc::Sender<Wish>,
    receiver: Mutex<mpsc::Receiver<Wish>>,
}

impl Default for Wishes {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self { sender, receiver: Mutex::new(receiver) }
    }
}

impl Wishes {
    /// Asks for a pause, and waits until it is over.
    pub(crate) async fn ask(&self, pause: Pause) -> Result<(), Problem> {
        let (answer, answered) = oneshot::channel();
        let busy = || Problem::new(ErrorCode::Unavailable, "another snapshot is under way: try again");
        self.sender.try_send(Wish { pause, answer }).map_err(|_| busy())?;
        let outcome = answered.await.map_err(|_| busy())?;
        outcome.map_err(|what| Problem::new(ErrorCode::Invalid, what))
    }

    /// The next wish.
    pub(crate) async fn next(&self) -> Option<Wish> {
        self.receiver.lock().await.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        std::fs::create_dir_all(data.join("blobs/a")).unwrap();
        std::fs::write(data.join("plaza.db"), "one").unwrap();
        std::fs::write(data.join("blobs/a/b"), "file").unwrap();
        Pause::Keep("clean".to_owned()).carry_out(data).unwrap();
        std::fs::write(data.join("plaza.db"), "two").unwrap();
        std::fs::write(data.join("plaza.db-wal"), "journal").unwrap();
        std::fs::write(data.join("blobs/c"), "new").unwrap();
        assert!(Pause::Take("other".to_owned()).carry_out(data).is_err());
        for _ in 0..2 {
            Pause::Take("clean".to_owned()).carry_out(data).unwrap();
            assert_eq!(std::fs::read_to_string(data.join("plaza.db")).unwrap(), "one");
            assert_eq!(std::fs::read_to_string(data.join("blobs/a/b")).unwrap(), "file");
            assert!(!data.join("plaza.db-wal").exists() && !data.join("blobs/c").exists());
        }
    }
}
