//! # The demo world
//!
//! Three people and a bakery, so that a newcomer meets a network that lives. The people are real end-to-end encrypted
//! clients inside this process. The bakery is a business like any other: its bot knows nothing but the public HTTP API
//! and its webhook ([`bakery`]).
//!
//! The same at every start: the same numbers, names and first conversations; what is there already is found and not
//! made again. Afterwards a trickle goes on: somebody orders, somebody chats, so that the pages move.

mod bakery;
mod people;

use anyhow::Context as _;
use plaza_server::Running;
use serde_json::json;
use std::path::Path;
use tokio::task::JoinSet;

/// The bakery's number.
const BAKERY: &str = "+4930901820";

/// The running demo; it ends when the value is dropped.
#[derive(Debug)]
pub(crate) struct World {
    _tasks: JoinSet<()>,
}

/// Fills the network, or finds what an earlier start left, and lets it live.
pub(crate) async fn start(running: &Running, data: &Path) -> anyhow::Result<World> {
    let url = format!("http://{}", running.address);
    let folder = data.join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let mut tasks = JoinSet::new();
    let token = running.app.operator_token();
    let bakery = bakery::open(&url, token, &folder, &mut tasks).await;
    running.app.set_demo_business(bakery.context("opening the demo's bakery")?);
    let people = people::open(&url, &folder).await.context("registering the demo's people")?;
    running.app.set_world(json!({
        "people": people.iter().map(people::Resident::card).collect::<Vec<_>>(),
        "businesses": [{
            "name": bakery::NAME, "number": BAKERY,
            "about": "Orders and opening hours; answered by a bot over the public API",
        }],
    }));
    tasks.spawn(people::live(people));
    Ok(World { _tasks: tasks })
}
