//! Lines, envelopes and connections: what may come in, and what goes out (docs/contract/connection.md).

mod command_line;
mod garbage;
mod hostile;
mod initialize;
mod lines;
mod samples;
mod streams;
mod threads;

use serde_json::json;

use crate::support::{App, Home};

/// A program that has a thread and a model behind it.
async fn ready(home: &Home) -> (App, String) {
    let app = App::start(home).await;
    let thread = app.start_thread(json!({})).await;
    (app, thread)
}
