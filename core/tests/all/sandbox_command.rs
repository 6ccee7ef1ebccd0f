//! How a command in the sandbox starts, behaves and ends, and what becomes of its folders.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use codex_core::sandbox::LeftOut;

use crate::sandbox_support::{Ground, put, workspace_write};

#[test]
fn exit_codes_are_those_of_the_command() {
    let ground = Ground::new();
    for (words, code) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -TERM $$"], 143),
        (&["sh", "-c", "kill -KILL $$"], 137),
        (&["/nonexistent/program"], 127),
        (&["no-such-program-anywhere"], 127),
        (&["/etc/passwd"], 126),
    ] {
        let ended = ground.run_with(words, &[("PATH", "/usr/bin:/bin")]);
        assert_eq!(ended.code(), code, "{words:?}: {ended:?}");
    }
}

#[test]
fn a_million_lines_come_through() {
    let ground = Ground::new();
    let output = ground.succeeds("seq 1 1000000");
    assert_eq!(output.len(), 6_888_896);
}

#[test]
fn what_a_command_left_running_ends_with_it() {
    let ground = Ground::new();
    let begin = Instant::now();
    ground.succeeds("setsid sleep 500 & (sleep 500 &) ; sleep 500 & echo done");
    // It held the pipe that is read to its end.
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn signals_reach_the_command() {
    let ground = Ground::new();
    let script = "trap 'echo told; n=1$n' TERM; echo ready; while test \"$n\" = \"\"; do sleep 0.01; done; sleep 0.1; exit 3";
    let mut child = ground
        .command(&["/bin/sh", "-c", script], &[], false)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut ready = [0; 6];
    output.read_exact(&mut ready).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    // Once, although it is told to the whole group.
    rustix::process::kill_process_group(id, rustix::process::Signal::TERM).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "told\n");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn killing_the_launcher_ends_a_bomb_of_forks() {
    let ground = Ground::new();
    let script =
        "echo ready; b() { b | b & b; }; (setsid sleep 500 &); ulimit -u 200; b 2>/dev/null; sleep 500";
    let mut child = ground
        .command(&["/bin/sh", "-c", script], &[], false)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut ready = [0; 6];
    output.read_exact(&mut ready).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let begin = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    // Every process holds the pipe.
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn signals_do_not_make_a_call_twice() {
    let ground = Ground::new();
    // A file that is there although its creation failed was created, and then once more.
    let script = "trap : USR1; (i=0; while test $i -lt 300; do kill -USR1 $$; i=$((i+1)); done) & set -C; i=0; \
                  while test $i -lt 300; do (: > f$i) 2> /dev/null || { test ! -e f$i || exit 1; }; i=$((i+1)); done; \
                  wait; exit 0";
    ground.succeeds(script);
}

#[test]
fn a_terminal_is_the_command_s_own() {
    let ground = Ground::new();
    let script = "tty; test -t 0 && echo typed > /dev/tty; stty size; ps -o tty= -p $$ > /dev/null; set -m; sleep 0.01 & fg; set +m; \
                  trap 'echo told; exit 4' INT; echo ready; while :; do sleep 0.01; done";
    let command = ground.command(&["/bin/bash", "-c", script], &[], true);
    let (mut terminal, child) = pty_process::blocking::open().unwrap();
    terminal.resize(pty_process::Size::new(33, 77)).unwrap();
    let mut spawned = pty_process::blocking::Command::new(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .spawn(child)
        .unwrap();
    let mut said = String::new();
    let mut buffer = [0; 1024];
    // Interrupts as a person does, once.
    let mut interrupted = false;
    while let Ok(length) = terminal.read(&mut buffer) {
        if length == 0 {
            break;
        }
        said.push_str(&String::from_utf8_lossy(&buffer[..length]));
        if said.contains("ready") && !interrupted {
            interrupted = true;
            terminal.write_all(b"\x03").unwrap();
        }
    }
    assert_eq!(spawned.wait().unwrap().code(), Some(4), "{said}");
    for text in ["/dev/console", "typed", "33 77", "told"] {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn input_reaches_the_command() {
    let ground = Ground::new();
    let mut child = ground
        .command(&["cat"], &[], false)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"hello").unwrap();
    drop(input);
    assert_eq!(child.wait_with_output().unwrap().stdout, b"hello");
}

#[test]
fn variables_that_act_at_start_reach_the_command_and_not_the_launcher() {
    let ground = Ground::new();
    let variables = [
        ("LD_PRELOAD", "/nonexistent.so"),
        ("MALLOC_ARENA_MAX", "1"),
        ("A", "b"),
    ];
    let ended = ground.run_with(
        &["/bin/sh", "-c", "echo $LD_PRELOAD $MALLOC_ARENA_MAX $A; env"],
        &variables,
    );
    assert!(ended.output.contains("/nonexistent.so 1 b\n"), "{ended:?}");
    assert!(!ended.output.contains("CODEX_SANDBOX_HELD"), "{ended:?}");
    let complaints = ended.output.matches("cannot be preloaded").count();
    assert!(complaints <= 2, "one of the shell and one of env: {ended:?}");
}

#[test]
fn roots_given_as_links_work_by_their_links() {
    let mut ground = Ground::new();
    let link = ground.codex_home().join("link");
    std::os::unix::fs::symlink(ground.outside(), &link).unwrap();
    ground.roots = vec![link.clone()];
    ground.succeeds(&format!("echo x > {}/a", link.display()));
    assert!(ground.outside().join("a").exists());
}

#[test]
fn roots_that_commands_could_turn_elsewhere_are_left_out() {
    let mut ground = Ground::new();
    let link = ground.work().join("link");
    std::os::unix::fs::symlink(ground.outside(), &link).unwrap();
    let missing = ground.work().join("missing");
    ground.roots = vec![link.clone(), missing.clone()];
    let plan = ground.plan().unwrap();
    let expected = [
        LeftOut::Missing(missing),
        LeftOut::CrossesLink {
            path: link.clone(),
            link: ground.work().canonicalize().unwrap().join("link"),
        },
    ];
    assert_eq!(plan.left_out(), expected);
    assert!(!plan.is_writable(&ground.outside()));
    assert!(plan.is_writable(&ground.work().join("new/file")));
    assert!(plan.is_writable(&link), "it can be turned elsewhere");
    assert!(!plan.is_writable(&ground.work().join(".git")) || !ground.work().join(".git").exists());
}

#[test]
fn a_root_that_was_replaced_since_is_refused() {
    let ground = Ground::new();
    let mut command = ground.command(&["true"], &[], false);
    fs::rename(ground.work(), ground.outside().join("old")).unwrap();
    fs::create_dir(ground.work()).unwrap();
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(125), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("no longer the folder"), "{said}");
}

#[test]
fn what_is_protected_may_be_replaced_by_the_user() {
    let ground = Ground::new();
    put(ground.work().join(".git"), "gitdir: a\n");
    put(ground.work().join(".codex/config.toml"), "");
    let mut command = ground.command(
        &[
            "sh",
            "-c",
            "! echo x > .git; ! mkdir .codex; ! mkdir .agents; echo x > a",
        ],
        &[],
        false,
    );
    fs::remove_file(ground.work().join(".git")).unwrap();
    put(ground.work().join(".git"), "gitdir: b\n");
    fs::remove_dir_all(ground.work().join(".codex")).unwrap();
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(
        fs::read_to_string(ground.work().join(".git")).unwrap(),
        "gitdir: b\n"
    );
    assert!(!ground.work().join(".codex").exists());
}

#[tokio::test]
async fn this_system_can_do_everything() {
    use codex_core::sandbox::{Availability, availability};
    assert_eq!(availability().await, &Availability::Full);
}

#[test]
fn with_network_the_policy_still_holds() {
    let mut ground = Ground::new();
    ground.policy = workspace_write(true);
    ground.succeeds("echo x > a; ls /sys/class/net > /dev/null");
    assert!(!ground.sh("mkdir .git").status.success());
}
