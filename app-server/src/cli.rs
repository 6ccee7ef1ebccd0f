//! The command line (docs/contract/configuration.md#command-line).

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use codex_app_server::listen::{Address, AuthMode, AuthOptions};
use codex_core::CONTRACT_VERSION;
use codex_core::config::{ConfigOverride, OverrideError};

/// A coding agent for other programs: speaks JSON-RPC, one message per line, over standard input and output.
#[derive(Debug, Default, Parser)]
#[command(
    name = "codex-app-server",
    after_help = concat!("codex-app-server ", env!("CARGO_PKG_VERSION")),
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) serve: Serve,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print the release of the contract: `codex-cli <release>`
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
}

/// How to serve.
#[derive(Debug, Default, Args)]
pub(crate) struct Serve {
    /// Override a setting of config.toml: dotted key, value in TOML or as it is; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    config: Vec<String>,
    /// Switch a feature on; the same as -c features.FEATURE=true
    #[arg(long, value_name = "FEATURE")]
    enable: Vec<String>,
    /// Switch a feature off; the same as -c features.FEATURE=false
    #[arg(long, value_name = "FEATURE")]
    disable: Vec<String>,
    /// Lay the file NAME.config.toml of the home over config.toml
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Refuse to start if the configuration has settings that are unknown
    #[arg(long)]
    pub(crate) strict_config: bool,
    /// Where to listen: stdio:// (default), ws://IP:PORT, unix://PATH, unix:// (control socket of the home), off
    #[arg(long, value_name = "URL")]
    listen: Option<Address>,
    /// The same as --listen stdio://
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    #[command(flatten)]
    auth: Auth,
    /// Passed by editors; there are no analytics
    #[arg(long, hide = true)]
    analytics_default_enabled: bool,
}

/// Who may connect to a WebSocket listener.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_field_names, reason = "they are the names of the options")]
struct Auth {
    /// How WebSocket clients authenticate: capability-token or signed-bearer-token
    #[arg(long, value_name = "MODE", value_parser = auth_mode)]
    ws_auth: Option<AuthMode>,
    /// File with the capability token
    #[arg(long, value_name = "PATH")]
    ws_token_file: Option<PathBuf>,
    /// SHA-256 of the capability token, in hexadecimal digits
    #[arg(long, value_name = "HEX")]
    ws_token_sha256: Option<String>,
    /// File with the secret that bearer tokens (JWT, HS256) are signed with
    #[arg(long, value_name = "PATH")]
    ws_shared_secret_file: Option<PathBuf>,
    /// Issuer that signed tokens must have
    #[arg(long, value_name = "ISSUER")]
    ws_issuer: Option<String>,
    /// Audience that signed tokens must be for
    #[arg(long, value_name = "AUDIENCE")]
    ws_audience: Option<String>,
    /// Seconds by which clocks may differ; 30 unless given
    #[arg(long, value_name = "SECONDS")]
    ws_max_clock_skew_seconds: Option<u64>,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub(crate) enum Command {
    /// Say what is configured, and where
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the whole stack at work, against a scripted model: no key, no network
    Demo,
    /// Write the protocol as JSON Schema
    GenerateJsonSchema(Generate),
    /// Write the protocol as TypeScript
    GenerateTs(Generate),
    /// Run a scripted model server
    MockModel(MockModel),
    /// Connect standard input and output to the control socket of a running daemon
    Proxy(Proxy),
}

/// Where to connect to.
#[derive(Debug, Args)]
pub(crate) struct Proxy {
    /// Path of the socket; the control socket of the home unless given
    #[arg(long, value_name = "PATH")]
    pub(crate) sock: Option<PathBuf>,
}

/// What to say of the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print what holds of a key, and each layer that sets it with file and line
    Explain(Explain),
}

/// Which key to explain.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Dotted key; names with dots in double quotes
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// Folder whose project counts; the working folder unless given
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// What to generate.
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Folder to write to; made if missing
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Include what is experimental
    #[arg(long)]
    pub(crate) experimental: bool,
}

/// How to run the model server.
#[derive(Debug, Args)]
pub(crate) struct MockModel {
    /// File with its answers, in JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) script: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

impl Cli {
    /// Reads the arguments of the process, the name of the program first.
    pub(crate) fn read(args: Vec<OsString>) -> Result<Self, clap::Error> {
        let args = without_app_server(args);
        if args.len() <= 1 {
            // What editors do, and there is nothing to be read.
            return Ok(Self::default());
        }
        Self::try_parse_from(args)
    }
}

impl Serve {
    /// Where to listen.
    pub(crate) fn address(&self) -> Address {
        self.listen.clone().unwrap_or_default()
    }

    /// Who may connect.
    pub(crate) fn auth(&self) -> AuthOptions {
        let auth = &self.auth;
        AuthOptions {
            mode: auth.ws_auth,
            token_file: auth.ws_token_file.clone(),
            token_sha256: auth.ws_token_sha256.clone(),
            shared_secret_file: auth.ws_shared_secret_file.clone(),
            issuer: auth.ws_issuer.clone(),
            audience: auth.ws_audience.clone(),
            max_clock_skew_seconds: auth.ws_max_clock_skew_seconds,
        }
    }

    /// What lies on top of config.toml: first `-c` in order, then `--enable` and `--disable`.
    pub(crate) fn overrides(&self) -> Result<Vec<ConfigOverride>, OverrideError> {
        let config = self.config.iter().map(|text| ConfigOverride::parse(text));
        let enable = self.enable.iter().map(|name| ConfigOverride::feature(name, true));
        let disable = self
            .disable
            .iter()
            .map(|name| ConfigOverride::feature(name, false));
        config.chain(enable).chain(disable).collect()
    }
}

/// What `--version` prints: the release of the contract, as clients look for it under whatever name the program has.
pub(crate) fn version() -> String {
    format!("codex-cli {CONTRACT_VERSION}")
}

fn auth_mode(mode: &str) -> Result<AuthMode, String> {
    match mode {
        "capability-token" => Ok(AuthMode::CapabilityToken),
        "signed-bearer-token" => Ok(AuthMode::SignedBearerToken),
        _ => Err("expected `capability-token` or `signed-bearer-token`".to_owned()),
    }
}

/// Options whose value is the next argument.
const WITH_VALUE: [&str; 13] = [
    "-c",
    "--config",
    "--enable",
    "--disable",
    "--listen",
    "--profile",
    "--ws-auth",
    "--ws-token-file",
    "--ws-token-sha256",
    "--ws-shared-secret-file",
    "--ws-issuer",
    "--ws-audience",
    "--ws-max-clock-skew-seconds",
];

/// Drops a leading `app-server`, so that a link named `codex` can be called as `codex app-server`. Options may stand
/// before it.
fn without_app_server(mut args: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        match arg.to_str() {
            Some("app-server") => {
                args.remove(at);
                break;
            }
            Some(option) if WITH_VALUE.contains(&option) => at += 2,
            Some(option) if option.starts_with('-') && option != "--" => at += 1,
            _ => break,
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split_whitespace().map(OsString::from).collect())
    }

    fn overrides(line: &str) -> Vec<(String, String)> {
        let overrides = read(line).unwrap().serve.overrides().unwrap();
        overrides
            .into_iter()
            .map(|o| (o.key, o.value.to_string()))
            .collect()
    }

    #[test]
    fn the_word_app_server_may_stand_anywhere_among_the_options() {
        for line in [
            "codex",
            "codex app-server",
            "codex app-server --stdio",
            "codex --stdio app-server",
        ] {
            assert!(read(line).unwrap().command.is_none(), "{line}");
        }
        assert!(read("codex app-server app-server").is_err());
    }

    #[test]
    fn later_overrides_and_features_come_last() {
        let found =
            overrides("codex -c model=root --enable shell_tool app-server --config=model=sub -c a.b=1");
        let keys: Vec<_> = found
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            keys,
            [
                "model=\"root\"",
                "model=\"sub\"",
                "a.b=1",
                "features.shell_tool=true"
            ]
        );
    }

    #[test]
    fn an_address_is_read_and_stdio_is_the_default() {
        let address = |line: &str| read(line).unwrap().serve.address();
        assert_eq!(address("codex app-server"), Address::Stdio);
        assert_eq!(address("codex app-server --listen off"), Address::Off);
        let line = "codex --ws-auth capability-token app-server --listen unix:///a --ws-token-file t";
        assert_eq!(address(line), Address::Unix(Some("/a".into())));
        let auth = read(line).unwrap().serve.auth();
        assert_eq!(
            (auth.mode, auth.token_file),
            (Some(AuthMode::CapabilityToken), Some("t".into()))
        );
        let error = read("codex-app-server --listen tcp://127.0.0.1:0").unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error
                .to_string()
                .contains("unsupported --listen URL `tcp://127.0.0.1:0`")
        );
        assert_eq!(read("codex app-server --ws-auth no").unwrap_err().exit_code(), 2);
        assert_eq!(
            read("codex-app-server --listen stdio:// --stdio")
                .unwrap_err()
                .exit_code(),
            2
        );
    }

    #[test]
    fn types_and_engine_follow_the_same_contract_release() {
        assert_eq!(codex_app_server_protocol::schema::RELEASE, CONTRACT_VERSION);
    }
}
