//! How the program is started.

use std::process::Stdio;

use crate::support::{Home, Launch};

#[tokio::test]
async fn the_command_line_names_its_mistakes() {
    let home = Home::empty();
    let run = async |args: &[&str]| {
        let mut command = Launch::new(&home).args(args).into_command();
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    assert_eq!(
        run(&["app-server", "--stdio"]).await,
        (Some(0), String::new(), String::new())
    );
    // Clients look for it, whatever the program is called.
    let (code, stdout, _) = run(&["--version"]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "codex-cli 0.171.0\n"));
    let (code, stdout, _) = run(&["--help"]).await;
    let own = concat!("codex-app-server ", env!("CARGO_PKG_VERSION"), "\n");
    assert!(code == Some(0) && stdout.ends_with(own), "{stdout}");
    let mistakes: [(&[&str], i32, &str); 6] = [
        (
            &["--listen", "tcp://127.0.0.1:0"],
            2,
            "unsupported --listen URL `tcp://127.0.0.1:0`",
        ),
        (&["--no-such-flag"], 2, "--no-such-flag"),
        (&["-c", "nokey"], 1, "Invalid override (missing '='): nokey"),
        (&["-c", "=x"], 1, "Empty key in override: =x"),
        (
            &["--enable", "no_such_feature"],
            1,
            "Unknown feature flag: no_such_feature",
        ),
        (&["-c", "approval_policy=5"], 1, "approval_policy"),
    ];
    for (args, expected, words) in mistakes {
        let (code, stdout, stderr) = run(args).await;
        assert_eq!(
            (code, stdout.as_str()),
            (Some(expected), ""),
            "{args:?}: {stderr}"
        );
        assert!(stderr.contains(words), "{args:?}: {stderr}");
    }
}

#[tokio::test]
async fn a_home_that_is_missing_is_an_error_at_start() {
    let home = Home::empty();
    let missing = home.path().join("missing");
    let mut command = Launch::new(&home).env("CODEX_HOME", &missing).into_command();
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("that path does not exist"), "{stderr}");
}
