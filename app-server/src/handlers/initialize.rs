//! The first request of a connection (docs/contract/connection.md#initialize).

use std::env;
use std::time::Duration;

use codex_app_server_protocol::{
    AbsolutePathBuf, ConfigWarning, ConfigWarningNotification, Initialize, InitializeParams,
    InitializeResponse, TextPosition, TextRange, experimental,
};
use codex_core::config::{self, ConfigProblem, ConfigReport};
use serde_json::{Value, json};

use super::remote_control;
use crate::client::handle::ClientProfile;
use crate::convert::rules;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};
use crate::sessions::{EXTENSION, WINDOW_MS};
use crate::user_agent::{as_header_value, is_header_value, user_agent};

/// Names the originator in place of the client, for programs that start us on behalf of another.
const ORIGINATOR_OVERRIDE: &str = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE";

/// How long later requests of the connection wait for the files of the home.
const FILES_PATIENCE: Duration = Duration::from_millis(250);

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<Initialize, _, _>(initialize);
}

async fn initialize(cx: RequestContext, params: InitializeParams, responder: Responder<Initialize>) {
    let opened = open(&cx, params);
    let is_open = opened.is_ok();
    let may_come_back = opened.as_ref().is_ok_and(|opened| opened.extensions.is_some());
    responder.send(opened);
    if may_come_back {
        cx.client.outgoing.keep_journal();
    }
    let Some(profile) = cx.client.profile().filter(|_| is_open) else {
        return;
    };
    cx.server.backend.identify(&profile.user_agent);
    // The client need not wait for the files that are read now.
    tokio::task::yield_now().await;
    let told = cx.server.runtime.spawn(tell_of_files(cx.clone()));
    // What they say comes before the answers to later requests, unless their file system hangs.
    if let Ok(Err(error)) = tokio::time::timeout(FILES_PATIENCE, told).await {
        tracing::error!(%error, "the configuration could not be looked at");
    }
}

async fn tell_of_files(cx: RequestContext) {
    for report in config::report(&cx.server.config).await {
        match report {
            ConfigReport::Problem(problem) => {
                tracing::error!(%problem, "the configuration cannot be used");
                cx.client.notify::<ConfigWarning>(&config_warning(problem));
            }
            ConfigReport::KeyWarnings(summary) | ConfigReport::Warning(summary) => {
                cx.client.notify::<ConfigWarning>(&key_warnings(summary));
            }
        }
    }
    for problem in cx.server.engine.check_rules().await {
        tracing::error!(%problem, "a file of rules about commands cannot be used");
        cx.client
            .notify::<ConfigWarning>(&rules::problem_to_wire(&problem));
    }
    remote_control::announce(&cx).await;
    super::account::announce_stored(&cx);
}

fn open(cx: &RequestContext, params: InitializeParams) -> RpcResult<InitializeResponse> {
    let client = params.client_info;
    if !is_header_value(&client.name) {
        return Err(RpcError::invalid(format!(
            "Invalid clientInfo.name: '{}'. Must be a valid HTTP header value.",
            client.name
        )));
    }
    // The first client names the process.
    let originator = env::var(ORIGINATOR_OVERRIDE)
        .ok()
        .filter(|name| !name.is_empty() && is_header_value(name))
        .unwrap_or_else(|| cx.server.originator.get_or_init(|| client.name.clone()).clone());
    let user_agent = user_agent(&originator, &client.name, &client.version);
    let capabilities = params.capabilities.unwrap_or_default();
    let withheld = if capabilities.experimental_api {
        &[][..]
    } else {
        &experimental::NOTIFICATIONS
    };
    let not_wanted = capabilities.opt_out_notification_methods.into_iter().flatten();
    let opened = cx.client.set_profile(ClientProfile {
        originator,
        user_agent: as_header_value(&user_agent),
        experimental: capabilities.experimental_api,
        attests: capabilities.request_attestation,
        opt_out: not_wanted
            .chain(withheld.iter().map(|method| (*method).to_owned()))
            .collect(),
    });
    if !opened {
        return Err(RpcError::invalid("Already initialized"));
    }
    tracing::info!(
        client = cx.client.id,
        name = client.name,
        version = client.version,
        dialect = ?cx.client.outgoing.dialect(),
        "client initialized"
    );
    let announced = capabilities.extensions.unwrap_or_default();
    let extension = (cx.client.identity.is_some() && announced.contains_key(EXTENSION)).then(|| {
        let token = cx.server.sessions.open(&cx.client);
        json!({"token": token, "resumed": false, "cursor": 0, "windowMs": WINDOW_MS})
    });
    Ok(response(cx, user_agent, extension))
}

/// The answer to `initialize`; `extension`: what it says about coming back.
pub(crate) fn response(
    cx: &RequestContext,
    user_agent: String,
    extension: Option<Value>,
) -> InitializeResponse {
    InitializeResponse {
        codex_home: AbsolutePathBuf::from_path(&cx.server.config.codex_home),
        platform_family: env::consts::FAMILY.to_owned(),
        platform_os: env::consts::OS.to_owned(),
        user_agent,
        extensions: extension.map(|extension| [(EXTENSION.to_owned(), extension)].into()),
    }
}

/// Tells of keys that are unknown or have no effect.
pub(super) fn key_warnings(summary: String) -> ConfigWarningNotification {
    ConfigWarningNotification {
        summary,
        details: None,
        path: None,
        range: None,
    }
}

fn config_warning(problem: ConfigProblem) -> ConfigWarningNotification {
    let position = |at: config::TextPosition| TextPosition {
        line: at.line as u64,
        column: at.column as u64,
    };
    ConfigWarningNotification {
        summary: "Invalid configuration; using defaults.".to_owned(),
        details: Some(problem.to_string()),
        path: problem.path.map(|path| path.to_string_lossy().into_owned()),
        range: problem.range.map(|range| TextRange {
            start: position(range.start),
            end: position(range.end),
        }),
    }
}
