//! The daemon `codex-app-server`: reads its command line, serves, and tells its exit code (docs/contract/configuration.md#command-line):
//! 0 after the end of input or a signal, 1 when it cannot start, 2 for a wrong command line.

mod cli;
mod demo;
mod logging;
mod signals;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::error::ErrorKind;
use codex_app_server::listen::{self, Address, Listener};
use codex_app_server::stdio::{self, Stdio};
use codex_app_server::{new_server, serve_stdio};
use codex_app_server_protocol::schema;
use codex_core::config::{Config, ConfigError, ConfigSource, find_codex_home, strict_problem};
use codex_core::mock_model::{MockModel, Script};
use codex_core::process::{
    ORPHAN_REAPER_ARGUMENT, enable_orphan_reaper, limit_retained_memory, orphan_reaper_main,
};
use codex_core::sandbox::{LAUNCHER_ARGUMENT, launcher_main};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use cli::{Cli, Command, ConfigCommand};
use signals::Signals;

/// Files that may be open at the same time while sockets are served: connections, and what threads need.
const FILES: u64 = 16 * 1024;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if args
        .get(1)
        .is_some_and(|argument| argument == ORPHAN_REAPER_ARGUMENT)
    {
        return orphan_reaper_main();
    }
    if args.get(1).is_some_and(|argument| argument == LAUNCHER_ARGUMENT) {
        return launcher_main(args.into_iter().skip(2).collect());
    }
    match Cli::read(args) {
        Ok(cli) => match run(cli) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Nobody is left to tell if this fails.
                drop(writeln!(io::stderr(), "Error: {error:#}"));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            drop(error.print());
            match error.kind() {
                ErrorKind::DisplayHelp => ExitCode::SUCCESS,
                _ => ExitCode::from(2),
            }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    if cli.version {
        return Ok(writeln!(io::stdout(), "{}", cli::version())?);
    }
    match cli.command {
        None => run_server(&cli.serve),
        Some(Command::Config(ConfigCommand::Explain(options))) => explain(&options),
        Some(Command::Demo) => runtime()?.block_on(demo::run()),
        Some(Command::GenerateJsonSchema(to)) => generate(&to, schema::write_json),
        Some(Command::GenerateTs(to)) => generate(&to, schema::write_typescript),
        Some(Command::MockModel(options)) => run_mock_model(&options),
        Some(Command::Proxy(options)) => run_proxy(options),
    }
}

/// Says for people what holds of a key, and where that comes from.
fn explain(options: &cli::Explain) -> anyhow::Result<()> {
    let config = source(&options.serve)?;
    let cwd = match &options.cwd {
        Some(cwd) => std::path::absolute(cwd)?,
        None => std::env::current_dir()?,
    };
    let text = codex_core::config::explain(&config, &cwd, &options.key)?;
    Ok(write!(io::stdout(), "{text}")?)
}

fn source(options: &cli::Serve) -> anyhow::Result<ConfigSource> {
    Ok(ConfigSource {
        codex_home: find_codex_home()?,
        system_folder: Some(system_folder()),
        profile: options.profile.clone(),
        overrides: options.overrides()?,
        ..ConfigSource::default()
    })
}

fn run_server(options: &cli::Serve) -> anyhow::Result<()> {
    // What our parent left open in us is not for the programs that we start; all that we open ourselves is closed then.
    close_fds::set_fds_cloexec(3, &[]);
    limit_retained_memory();
    logging::start();
    let config = source(options)?;
    check_overrides(&config)?;
    if options.strict_config
        && let Some(problem) = strict_problem(&config)
    {
        anyhow::bail!(problem);
    }
    enable_orphan_reaper();
    let runtime = runtime()?;
    let address = options.address();
    runtime.block_on(async {
        // Who serves sockets belongs to no parent.
        let of_parent = address == Address::Stdio;
        let mut signals = Signals::install(of_parent).context("signals cannot be handled")?;
        let source = if of_parent {
            Source::Stdio(stdio::open().context("standard input or output cannot be used")?)
        } else {
            raise_file_limit();
            Source::Sockets(Listener::bind(address, &options.auth(), &config.codex_home).await?)
        };
        let server = new_server(config);
        let (tell, told) = oneshot::channel();
        // A task of its own: signals count also when the end of input came first.
        tokio::spawn(async move {
            // Not within the macro, which waits for nothing when the level is off.
            let reason = signals.next().await;
            tracing::info!(reason, "ending");
            let _ = tell.send(());
            signals.insisted().await;
            std::process::exit(1);
        });
        let stop = async { told.await.unwrap_or(()) };
        match source {
            // On the heap: what only one of them needs would be part of the stack for all of the daemon's life.
            Source::Stdio(stdio) => Box::pin(serve_stdio(&server, stdio, stop)).await,
            Source::Sockets(listener) => Box::pin(listen::serve(&server, listener, stop)).await,
        }
        anyhow::Ok(())
    })?;
    // A helper thread may sit in a read of standard input for ever.
    runtime.shutdown_background();
    Ok(())
}

/// Where clients come from.
enum Source {
    Stdio(Stdio),
    Sockets(Listener),
}

/// Each connection is an open file, and the usual limit of 1,024 is for programs with few.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |maximum| maximum.min(FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            ..limit
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the number of open files cannot be raised");
        }
    }
}

fn run_proxy(options: cli::Proxy) -> anyhow::Result<()> {
    logging::start();
    let home = match &options.sock {
        Some(_) => PathBuf::new(),
        None => find_codex_home()?,
    };
    let runtime = runtime()?;
    runtime.block_on(async {
        let Stdio { input, output, .. } = stdio::open().context("standard input or output cannot be used")?;
        anyhow::Ok(listen::proxy(options.sock, &home, input, output).await?)
    })?;
    runtime.shutdown_background();
    Ok(())
}

/// Where the administrator's files are. Builds for development, and no others, look elsewhere if a test says so.
fn system_folder() -> PathBuf {
    let elsewhere = std::env::var_os("CODEX_TEST_SYSTEM_FOLDER").filter(|_| cfg!(debug_assertions));
    elsewhere.map_or_else(|| "/etc/codex".into(), PathBuf::from)
}

/// What is wrong with a file is told to clients; what is wrong with the command line is for whoever wrote it.
fn check_overrides(config: &ConfigSource) -> anyhow::Result<()> {
    if config.overrides.is_empty() && config.profile.is_none() {
        return Ok(());
    }
    match Config::load(config, &config.codex_home, &[]) {
        Err(error @ ConfigError::Override(_)) => Err(error.into()),
        _ => Ok(()),
    }
}

fn generate(to: &cli::Generate, write: fn(&Path, bool) -> io::Result<()>) -> anyhow::Result<()> {
    write(&to.out, to.experimental).with_context(|| format!("cannot write to {}", to.out.display()))
}

fn run_mock_model(options: &cli::MockModel) -> anyhow::Result<()> {
    let script = Script::from_file(&options.script)?;
    let model = MockModel::listen(script, options.listen)
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    writeln!(io::stdout(), "{}", model.base_url())?;
    runtime()?.block_on(async {
        let mut signals = Signals::install(true).context("signals cannot be handled")?;
        for index in 0.. {
            tokio::select! {
                _ = signals.next() => break,
                mismatch = model.mismatch(index) => writeln!(io::stderr(), "{mismatch}")?,
            }
        }
        anyhow::Ok(())
    })?;
    match model.mismatches().len() {
        0 => Ok(()),
        count => bail!("{count} requests were not what the script expects"),
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
