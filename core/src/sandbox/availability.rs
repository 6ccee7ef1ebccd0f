//! What the system can do, found out once, by trying.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::plan::{SandboxLayers, SandboxPlan, SandboxRequest};
use crate::SandboxPolicy;
use crate::process::launcher::{Launched, Launcher, Output, Variables};

/// How long a try may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of what a try says.
const LONGEST: u64 = 4 * 1024;

/// What the system can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Everything.
    Full,
    /// No namespaces: commands can be kept from writing, but not from writing anywhere except in some folders.
    WithoutNamespaces {
        /// What is missing, and what the system says.
        missing: String,
    },
    /// Nothing that keeps a promise.
    None {
        /// What is missing, and what the system says.
        missing: String,
    },
}

/// What the system can do. Tries it at the first call; later ones get the same answer.
pub async fn availability() -> &'static Availability {
    static FOUND: OnceCell<Availability> = OnceCell::const_new();
    FOUND.get_or_init(find).await
}

async fn find() -> Availability {
    let all = SandboxLayers::default();
    let Err(missing) = attempt(all).await else {
        return Availability::Full;
    };
    let without = SandboxLayers {
        namespaces: false,
        ..all
    };
    match attempt(without).await {
        Ok(()) => Availability::WithoutNamespaces { missing },
        Err(further) if further == missing => Availability::None { missing },
        Err(further) => Availability::None {
            missing: format!("{missing}; {further}"),
        },
    }
}

/// Starts a launcher that confines itself and executes nothing.
async fn attempt(layers: SandboxLayers) -> Result<(), String> {
    let policy = SandboxPolicy::ReadOnly {
        network_access: false,
    };
    let request = SandboxRequest {
        policy: &policy,
        cwd: Path::new("/"),
        workspace_roots: &[],
        codex_home: Path::new("/nonexistent"),
        home: None,
        tmpdir: None,
        writable: &[],
        readable: &[],
        profile: None,
        network: false,
        layers,
    };
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let plan = SandboxPlan::resolve(&request)
        .map_err(|error| say(&error))?
        .ok_or("no policy")?;
    let nothing: [&str; 0] = [];
    let command = plan
        .wrap(&nothing, Path::new("/"), [], false)
        .map_err(|error| say(&error))?;
    let launched = Launcher::new(
        command.program,
        command.arguments,
        Variables::Only(command.variables),
        Output::Both,
    )
    .spawn();
    let Launched {
        mut child,
        group,
        output,
        ..
    } = launched.map_err(|error| say(&error))?;
    let mut said = String::new();
    let status = timeout(PATIENCE, async {
        let mut output = output.take(LONGEST);
        // What can't be read says nothing.
        let _ = output.read_to_string(&mut said).await;
        child.wait().await
    })
    .await;
    drop(group);
    match status {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => {
            let said = said.trim();
            let said = said.strip_prefix("sandbox: ").unwrap_or(said);
            Err(if said.is_empty() {
                format!("the attempt failed: {status}")
            } else {
                said.to_owned()
            })
        }
        Ok(Err(error)) => Err(say(&error)),
        Err(_) => Err("the attempt took too long".to_owned()),
    }
}
