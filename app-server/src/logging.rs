//! The log: on standard error, as `RUST_LOG` and `LOG_FORMAT` say (docs/contract/configuration.md#environment-variables).

use std::env;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts the log. `RUST_LOG` filters it; unset, only errors are written. `LOG_FORMAT=json` writes one JSON object per
/// line. Panics are written to it, too.
pub(crate) fn start() {
    let json = env::var_os("LOG_FORMAT").is_some_and(|format| format == "json");
    let log = fmt().with_writer(std::io::stderr).with_ansi(false);
    // Reading a filter costs time at the start, which most processes can do without.
    match (env::var_os("RUST_LOG").is_some(), json) {
        (false, false) => log.with_max_level(LevelFilter::ERROR).init(),
        (false, true) => log.json().with_max_level(LevelFilter::ERROR).init(),
        (true, false) => log.with_env_filter(EnvFilter::from_default_env()).init(),
        (true, true) => log.json().with_env_filter(EnvFilter::from_default_env()).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(place, message, "panic");
    }));
}
