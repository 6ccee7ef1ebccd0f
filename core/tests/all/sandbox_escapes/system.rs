//! Reaching the kernel, and other processes.

use std::process::{Command, Stdio};

use super::Canary::{Appears, Changes, Says, Succeeds};
use super::{as_root, escape, refuse_all, with_luck};
use crate::sandbox_support::Ground;

#[test]
fn the_kernel_is_not_changed() {
    refuse_all(&[
        as_root("mount", "mount --bind $O $W && touch $O/m", Appears("outside/m")),
        as_root(
            "remount",
            "mount -o remount,rw / && touch $O/m",
            Appears("outside/m"),
        ),
        as_root("own namespaces", "unshare -m true", Succeeds),
        as_root(
            "system settings",
            "cat /proc/sys/kernel/threads-max > /proc/sys/kernel/threads-max",
            Succeeds,
        ),
        as_root("host name", "hostname > $W/h; hostname \"$(cat $W/h)\"", Succeeds),
        as_root("change of root", "chroot / true", Succeeds),
        as_root(
            "device files",
            "mknod $W/null c 1 3 && echo x > $W/null",
            Succeeds,
        ),
        as_root("owner", "chown 1:1 $O/file", Changes("outside/file")),
        as_root("another user", "setpriv --reuid 1 --clear-groups true", Succeeds),
        with_luck("user namespaces", "unshare -U true", Succeeds),
        with_luck("user namespaces by clone", "call clone_user_namespace", Succeeds),
        with_luck(
            "user namespaces by clone3",
            "call clone3_user_namespace",
            Succeeds,
        ),
        escape("keys", "", "call add_key", Succeeds),
        escape("the daemon's keyring", "", "call keyctl", Succeeds),
        with_luck("bpf", "call bpf", Succeeds),
        with_luck("performance counters", "call perf", Succeeds),
        with_luck("page faults", "call userfaultfd", Succeeds),
        with_luck("io_uring", "call io_uring", Succeeds),
        escape("a lease", "", "call lease", Succeeds),
        with_luck("file handles", "call file_handle", Succeeds),
        with_luck("32-bit calls", "call int80", Succeeds),
        with_luck("x32 calls", "call x32", Succeeds),
        escape("personality", "", "call personality", Succeeds),
        with_luck("kernel log", "dmesg | head -1 | grep .", Succeeds),
    ]);
}

#[test]
fn other_processes_are_out_of_reach() {
    let mut other = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .env("SECRET_OF_ANOTHER", "1")
        .spawn()
        .unwrap();
    let number = other.id().to_string();
    let own = std::env::current_exe().unwrap();
    let ground = Ground::new();
    for (name, words) in [
        ("signal", vec!["sh", "-c", "kill -0 $N"]),
        (
            "variables",
            vec!["sh", "-c", "grep -q SECRET_OF_ANOTHER /proc/$N/environ"],
        ),
        ("memory", vec!["sh", "-c", "head -c 1 /proc/$N/maps | grep -q ."]),
        (
            "list",
            vec![
                "sh",
                "-c",
                "test -d /proc/$N/fd && readlink /proc/$N/exe | grep sleep",
            ],
        ),
        (
            "trace",
            vec!["env", "SANDBOX_TEST_ATTEMPT=ptrace", own.to_str().unwrap()],
        ),
        (
            "reading memory",
            vec!["env", "SANDBOX_TEST_ATTEMPT=read_memory", own.to_str().unwrap()],
        ),
        (
            "priority",
            vec!["env", "SANDBOX_TEST_ATTEMPT=priority", own.to_str().unwrap()],
        ),
        (
            "limits",
            vec!["env", "SANDBOX_TEST_ATTEMPT=prlimit", own.to_str().unwrap()],
        ),
    ] {
        let variables = [("N", number.as_str()), ("SANDBOX_TEST_PROCESS", &number)];
        let confined = ground.run_with(&words, &variables);
        assert!(!confined.status.success(), "{name} got through: {confined:?}");
        let mut free = Ground::new();
        free.policy = codex_core::SandboxPolicy::DangerFullAccess;
        let free = free.run_with(&words, &variables);
        assert!(
            free.status.success(),
            "{name} fails without the sandbox: {free:?}"
        );
    }
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn the_terminal_of_others_is_out_of_reach() {
    let ground = Ground::new();
    let ended = ground.sh("(echo x > /dev/tty) 2>&1; ls /dev/pts; call 2>/dev/null; ls /dev");
    for name in ["vda", "sda", "kmsg", "mem", "console", "kvm"] {
        assert!(
            !ended.output.lines().any(|line| line == name),
            "{name}: {ended:?}"
        );
    }
    refuse_all(&[escape("typing", "", "call type_into_terminal", Says("typed"))]);
}
