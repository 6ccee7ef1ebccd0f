use super::*;

fn read_one(text: &str) -> Result<Arc<McpServerConfig>, String> {
    let table: Table = format!("[s]\n{text}").parse().expect("TOML");
    let mut servers = read(Some(&table), &Requirements::default());
    servers.remove("s").expect("a server")
}

#[test]
fn what_is_not_given_has_its_default() {
    let config = read_one("command = 'c'").expect("a server");
    assert!(config.enabled && !config.required && !config.parallel);
    assert_eq!((config.startup_timeout, config.tool_timeout), (STARTUP, CALL));
    assert!(config.uses("any"));
    let config = read_one("url = 'https://h/x'\nstartup_timeout_ms = 1500\ntool_timeout_sec = 0.5");
    let config = config.expect("a server");
    assert_eq!(config.startup_timeout, Duration::from_millis(1500));
    assert_eq!(config.tool_timeout, Duration::from_millis(500));
}

#[test]
fn tools_are_switched_and_approved_one_by_one() {
    let config = read_one(
        "command = 'c'\nenabled_tools = ['a', 'b']\ndisabled_tools = ['b']\n\
         default_tools_approval_mode = 'prompt'\n[s.tools.a]\napproval_mode = 'approve'\noutput_token_limit = 5",
    )
    .expect("a server");
    assert!(config.uses("a") && !config.uses("b") && !config.uses("c"));
    assert_eq!(config.approval_of("a"), McpApprovalMode::Approve);
    assert_eq!(config.approval_of("b"), McpApprovalMode::Prompt);
    assert_eq!(config.tools["a"].output_token_limit, Some(5));
}

#[test]
fn what_is_wrong_is_told_with_its_key() {
    for (text, told) in [
        ("", "invalid transport"),
        ("command = 1", "`mcp_servers.s.command` must be"),
        (
            "command = 'c'\nurl = 'http://h'",
            "url is not supported for stdio",
        ),
        (
            "url = 'http://h'\nargs = []",
            "args is not supported for streamable_http",
        ),
        ("url = 'ftp://h'", "`mcp_servers.s.url` must be an address"),
        ("url = 'http://h'\nbearer_token = 'x'", "bearer_token_env_var"),
        (
            "command = 'c'\nenv = { A = 1 }",
            "`mcp_servers.s.env` must be a table of texts",
        ),
        (
            "command = 'c'\nstartup_timeout_sec = -1",
            "must be a positive number",
        ),
        (
            "command = 'c'\ntools = { a = { approval_mode = 'x' } }",
            "`mcp_servers.s.tools.a.approval_mode`",
        ),
        (
            "url = 'http://h'\noauth = { authorization_server_issuer = 'x' }",
            "ema_auth",
        ),
    ] {
        let error = read_one(text).expect_err(text);
        assert!(error.contains(told), "{text}: {error}");
        assert!(!error.contains("'x'"), "{error}");
    }
    let table: Table = "['a b']\ncommand = 'c'\n[ok]\ncommand = 'c'"
        .parse()
        .expect("TOML");
    let servers = read(Some(&table), &Requirements::default());
    assert!(servers["a b"].is_err() && servers["ok"].is_ok());
}

#[test]
fn secrets_are_not_shown() {
    let config = read_one("command = 'c'\nenv = { TOKEN = 'hush' }").expect("a server");
    assert!(!format!("{config:?}").contains("hush"));
}
