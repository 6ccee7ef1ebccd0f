use std::path::Path;

use serde_json::json;

use super::*;
use crate::mcp::stdio::StdioLaunch;
use crate::secret::Secret;

/// A server that writes down when it starts and ends, which takes it a moment.
fn server(folder: &Path) -> Arc<McpServer> {
    let script = r#"trap 'sleep 0.2; echo end >> log; exit 0' TERM
echo start >> log
n=0
while read -r line; do
  case "$line" in *'"id"'*) ;; *) continue;; esac
  case $n in
    0) r='{"protocolVersion":"2025-06-18","capabilities":{}}';;
    *) r='{"tools":[],"content":[]}';;
  esac
  echo '{"jsonrpc":"2.0","id":'$n',"result":'"$r"'}'
  n=$((n+1))
done"#;
    let path = std::env::var("PATH").unwrap_or_default();
    McpServer::new(
        "x",
        Launch::Stdio(StdioLaunch {
            program: "/bin/sh".to_owned(),
            args: vec!["-c".to_owned(), script.to_owned()],
            variables: vec![("PATH".to_owned(), Secret::new(path))],
            cwd: folder.to_owned(),
        }),
    )
}

const WITHIN: Duration = Duration::from_secs(30);

async fn call(server: &Arc<McpServer>) -> Result<Value, CallError> {
    server.request(WITHIN, "tools/call", Map::new(), None).await
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).expect("a log")
}

#[tokio::test]
async fn a_call_right_after_a_stop_waits_and_starts_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path());
    assert_eq!(call(&server).await, Ok(json!({"tools": [], "content": []})));
    server.stop(false);
    let (first, second) = tokio::join!(call(&server), call(&server));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(log(folder.path()), "start\nend\nstart\n");
    // A start that is given up, too.
    server.stop(false);
    server.stopped().await;
    assert!(server.begin(WITHIN));
    tokio::task::yield_now().await;
    server.stop(false);
    assert!(call(&server).await.is_ok());
    server.stop(true);
    assert!(call(&server).await.is_err());
    server.stopped().await;
    let log = log(folder.path());
    assert!(!log.contains("start\nstart") && log.ends_with("end\n"), "{log}");
}

#[tokio::test]
async fn one_that_is_in_use_is_not_idle() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path());
    assert!(call(&server).await.is_ok());
    {
        let _in_use = InUse::new(&server);
        assert!(!server.stop_if_idle(Duration::ZERO));
    }
    assert!(!server.stop_if_idle(WITHIN) && server.stop_if_idle(Duration::ZERO));
    assert!(server.is_running(), "it has not ended yet");
    server.stopped().await;
    assert_eq!(log(folder.path()), "start\nend\n");
}
