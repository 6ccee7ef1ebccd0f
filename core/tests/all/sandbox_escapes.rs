//! Attempts to get out of the sandbox, judged by their effect. Each one is made without the sandbox, too, and has to
//! succeed there: so the test fails when the sandbox is off.
//!
//! To add one, add a line to the table of its kind. Scripts find the folders of [`Ground`] in `$W` (the workspace),
//! `$O` (outside) and `$H` (`CODEX_HOME`), and this program in `$SELF`; `call NAME` makes one of the attempts in
//! `sandbox_escapes/calls.rs`.

mod calls;
mod files;
mod network;
mod protected;
mod system;

use std::fs;

use codex_core::SandboxPolicy;

use crate::sandbox_support::{ATTEMPT, Ended, Ground};

pub(crate) use calls::attempt;

/// An attempt to get out.
pub(crate) struct Escape {
    pub(crate) name: &'static str,
    /// What is done before, by the shell, without the sandbox.
    pub(crate) setup: &'static str,
    /// The attempt, by the shell.
    pub(crate) script: &'static str,
    pub(crate) canary: Canary,
    pub(crate) needs: Needs,
}

/// How to see that an attempt got through.
#[derive(Clone, Copy)]
pub(crate) enum Canary {
    /// There is a file or folder of this name: the path starts with one of `work`, `outside` and `home`.
    Appears(&'static str),
    /// This file has another content, mode or owner, or is gone.
    Changes(&'static str),
    /// The attempt printed this.
    Says(&'static str),
    /// The attempt says that it succeeded.
    Succeeds,
}

/// What an attempt needs to succeed without the sandbox.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// To be root.
    Root,
    /// Something that not every machine has: what fails without the sandbox proves nothing.
    Luck,
}

const PRELUDE: &str = "call() { env SANDBOX_TEST_ATTEMPT=\"$1\" \"$SELF\"; }\ncd \"$W\" || exit 99\n";

/// Makes all attempts of a table, confined and not, and fails with the names of those that got through, and of those
/// that prove nothing.
#[track_caller]
pub(crate) fn refuse_all(escapes: &[Escape]) {
    refuse_all_in(escapes, |_| ());
}

/// As [`refuse_all`], after a change to each ground.
#[track_caller]
pub(crate) fn refuse_all_in(escapes: &[Escape], prepare: fn(&mut Ground)) {
    let root = rustix::process::geteuid().is_root();
    let mut wrong = Vec::new();
    for escape in escapes {
        if escape.needs == Needs::Root && !root {
            continue;
        }
        let free = make(escape, prepare, Some(SandboxPolicy::DangerFullAccess), false);
        if !free.0 {
            if escape.needs != Needs::Luck {
                wrong.push(format!("{} fails without the sandbox: {:?}", escape.name, free.1));
            }
            continue;
        }
        for ahead in [false, true] {
            let confined = make(escape, prepare, None, ahead);
            if confined.0 {
                wrong.push(format!("{} got through: {:?}", escape.name, confined.1));
            } else if confined.1.code() == 125 && confined.1.output.starts_with("sandbox: ") {
                wrong.push(format!("{} did not start: {:?}", escape.name, confined.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether an attempt got through. `ahead`: by a launcher that was started before.
fn make(
    escape: &Escape,
    prepare: fn(&mut Ground),
    policy: Option<SandboxPolicy>,
    ahead: bool,
) -> (bool, Ended) {
    let mut ground = Ground::new();
    ground.ahead = ahead;
    prepare(&mut ground);
    let policy = policy.unwrap_or(ground.policy.clone());
    fs::write(ground.outside().join("file"), "untouched").unwrap();
    fs::write(ground.codex_home().join("auth.json"), "the token").unwrap();
    let run = |ground: &Ground, script: &str| {
        let script = format!("{PRELUDE}{script}");
        let path = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
        let (work, outside, home) = (
            path(ground.work()),
            path(ground.outside()),
            path(ground.codex_home()),
        );
        let own = path(std::env::current_exe().unwrap());
        let (port, folder, name) = network::listeners();
        let others = format!("{port} {} {name}", folder.display());
        let variables = [
            ("SANDBOX_TEST_OTHERS", others.as_str()),
            ("W", work.as_str()),
            ("O", &outside),
            ("H", &home),
            ("SELF", &own),
        ];
        ground.run_with(&["/bin/sh", "-c", &script], &variables)
    };
    let confined = std::mem::replace(&mut ground.policy, SandboxPolicy::DangerFullAccess);
    drop(confined);
    let prepared = run(&ground, escape.setup);
    assert!(prepared.status.success(), "{}: {prepared:?}", escape.name);
    let before = state(&ground, escape.canary);
    ground.policy = policy;
    let ended = run(&ground, escape.script);
    let through = match escape.canary {
        Canary::Appears(_) | Canary::Changes(_) => state(&ground, escape.canary) != before,
        Canary::Says(text) => ended.output.contains(text),
        Canary::Succeeds => ended.status.success(),
    };
    (through, ended)
}

fn state(ground: &Ground, canary: Canary) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let (Canary::Appears(path) | Canary::Changes(path)) = canary else {
        return None;
    };
    let path = ground.work().parent().unwrap().join(path);
    let metadata = path.symlink_metadata().ok()?;
    let text = metadata.is_file().then(|| fs::read(&path));
    Some(format!(
        "{:o} {} {} {} {:?} {text:?}",
        metadata.mode(),
        metadata.uid(),
        metadata.nlink(),
        metadata.mtime(),
        metadata.ino(),
    ))
}

/// An attempt that needs nothing in particular.
pub(crate) const fn escape(
    name: &'static str,
    setup: &'static str,
    script: &'static str,
    canary: Canary,
) -> Escape {
    Escape {
        name,
        setup,
        script,
        canary,
        needs: Needs::Nothing,
    }
}

/// An attempt that only root can make, sandbox or not.
pub(crate) const fn as_root(name: &'static str, script: &'static str, canary: Canary) -> Escape {
    Escape {
        needs: Needs::Root,
        ..escape(name, "", script, canary)
    }
}

/// An attempt that doesn't succeed on every machine.
pub(crate) const fn with_luck(name: &'static str, script: &'static str, canary: Canary) -> Escape {
    Escape {
        needs: Needs::Luck,
        ..escape(name, "", script, canary)
    }
}

#[test]
fn the_variable_of_attempts_is_the_one_that_scripts_use() {
    assert!(PRELUDE.contains(ATTEMPT));
}
