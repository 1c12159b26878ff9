//! stub
use crate::{Options, Scenario, report::Report};
pub(crate) async fn run(_: Scenario, _: &Options, _: &mut Report) -> anyhow::Result<()> { Ok(()) }
