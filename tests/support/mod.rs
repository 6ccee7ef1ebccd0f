//! Drives the real program as a child process: a home folder, a client, and turns run to their end.
//!
//! ```ignore
//! let model = MockModel::start("Hello");
//! let home = Home::new(&model);
//! let app = App::start(&home).await;
//! let thread = app.start_thread(json!({})).await;
//! let turn = app.run_turn(&thread, "Hi").await;
//! assert_eq!(turn.status(), "completed");
//! ```

mod app;
pub mod authority;
pub mod browser;
mod fifo;
mod frames;
mod git_server;
mod home;
pub mod mcp;
mod process;
mod socket;
mod turn;

pub use app::{App, Launch, ServerRequest};
pub use fifo::{Ear, Gate};
pub use frames::Frame;
pub use git_server::GitServer;
pub use home::{Config, Home};
pub use process::{alive, wait_until_dead};
pub use socket::{Client, Daemon, Socket};
pub use turn::{RunningTurn, TurnRun};
