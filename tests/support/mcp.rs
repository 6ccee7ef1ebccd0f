//! A scripted server of the Model Context Protocol: this test program, run as a child with one ignored test, which speaks
//! over its standard input and output. What the test harness prints around it is noise that clients must bear.

use std::io::{BufRead, Write};
use std::path::Path;

use serde_json::{Value, json};

/// The table of a server that writes down what happens to it in a file of the home, `<name>.log`.
pub fn table(name: &str, home: &Path, more: &str) -> String {
    table_with(name, home, more, "")
}

/// The same, in a mode that says what it does beside.
pub fn table_with(name: &str, home: &Path, more: &str, mode: &str) -> String {
    let server = server(name, home);
    let (program, args) = (&server["command"], &server["args"]);
    let log = &server["env"]["MCP_LOG"];
    format!(
        "[mcp_servers.{name}]\ncommand = {program}\nargs = {args}\n{more}\n[mcp_servers.{name}.env]\nMCP_LOG = \
         {log}\nMCP_SECRET = \"hush\"\nMCP_MODE = {mode:?}\n"
    )
}

/// The same as JSON, without a mode.
pub fn server(name: &str, home: &Path) -> Value {
    json!({
        "command": std::env::current_exe().unwrap(),
        "args": ["mcp_server::serve", "--exact", "--ignored", "--nocapture"],
        "env": {"MCP_LOG": home.join(format!("{name}.log")), "MCP_SECRET": "hush", "MCP_MODE": ""},
    })
}

/// The table of a server that does not end when it is asked to before there is a file `go` in the home. Each call gives
/// `echo`. Its log has `start`, `term` and `end`, each with the process.
pub fn slow_to_end(name: &str, home: &Path) -> String {
    let log = home.join(format!("{name}.log"));
    let script = format!(
        r#"echo "start $$" >> {log}
trap 'echo "term $$" >> {log}; while [ ! -e {go} ]; do :; done; echo "end $$" >> {log}; exit 0' TERM
n=0
while read -r line; do
  case "$line" in *'"id"'*) ;; *) continue;; esac
  case $n in
    0) r='{{"protocolVersion":"2025-06-18","capabilities":{{}}}}';;
    1) r='{{"tools":[{{"name":"echo","inputSchema":{{"type":"object"}},"annotations":{{"readOnlyHint":true}}}}]}}';;
    *) r='{{"content":[{{"type":"text","text":"echo"}}]}}';;
  esac
  echo '{{"jsonrpc":"2.0","id":'$n',"result":'"$r"'}}'
  n=$((n+1))
done
"#,
        log = log.display(),
        go = home.join("go").display(),
    );
    format!("[mcp_servers.{name}]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\n")
}

/// Lines of a server's file that begin with this word, without it.
pub fn logged(name: &str, home: &Path, word: &str) -> Vec<String> {
    let text = std::fs::read_to_string(home.join(format!("{name}.log"))).unwrap_or_default();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    lines.map(str::to_owned).collect()
}

/// Numbers of the processes that a server has been, in order.
pub fn processes(name: &str, home: &Path) -> Vec<i32> {
    logged(name, home, "start")
        .iter()
        .map(|line| line.parse().unwrap())
        .collect()
}

/// Speaks as a server until its input ends.
pub fn serve() {
    let Some(path) = std::env::var_os("MCP_LOG") else {
        return;
    };
    let mut server = Server {
        log: std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap(),
        asked: None,
        mode: std::env::var("MCP_MODE").unwrap_or_default(),
    };
    server.note(&format!("start {}", std::process::id()));
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        server.note(&format!("got {line}"));
        server.take(&serde_json::from_str(&line).unwrap());
    }
    std::process::exit(0);
}

struct Server {
    log: std::fs::File,
    /// The call that waits for an answer of the user.
    asked: Option<Value>,
    mode: String,
}

impl Server {
    fn note(&mut self, line: &str) {
        writeln!(self.log, "{line}").unwrap();
    }

    fn take(&mut self, message: &Value) {
        let id = &message["id"];
        let result = match message["method"].as_str() {
            Some("initialize") => {
                let wordy = format!("\n  {}\nMore.", "w".repeat(5000));
                json!({
                    "protocolVersion": "2025-06-18",
                    "capabilities": {"tools": {}, "resources": {}},
                    "serverInfo": {"name": "scripted", "version": "1.0"},
                    "instructions": (self.mode == "wordy").then_some(wordy),
                })
            }
            Some("tools/list") => {
                answer(id, &self.list(&message["params"]["cursor"]));
                if self.mode == "storm" {
                    // Each list is out of date at once.
                    let method = "notifications/tools/list_changed";
                    send(&json!({"jsonrpc": "2.0", "method": method}));
                }
                return;
            }
            Some("resources/list") => json!({"resources": [{"uri": "mem://a", "name": "A"}]}),
            Some("resources/templates/list") => {
                json!({"resourceTemplates": [{"uriTemplate": "mem://{x}", "name": "T"}]})
            }
            Some("resources/read") => {
                let uri = &message["params"]["uri"];
                let text = if uri == "mem://long" {
                    "x".repeat(60_000)
                } else {
                    "hello".to_owned()
                };
                json!({"contents": [{"uri": uri, "text": text}]})
            }
            Some("tools/call") => return self.call(id, &message["params"]),
            Some(_) => return,
            None => {
                let answered = json!({"answer": message["result"]});
                let call = self.asked.take().unwrap_or_default();
                return answer(&call, &text(&answered.to_string()));
            }
        };
        answer(id, &result);
    }

    /// A page of tools.
    fn list(&self, cursor: &Value) -> Value {
        if self.mode == "more" {
            let names = ["ask-script", "many-blocks", "long", "long-data", "lying-image"];
            let annotations = json!({"readOnlyHint": true});
            let schema = json!({"type": "object"});
            let tools =
                names.map(|name| json!({"name": name, "inputSchema": schema, "annotations": annotations}));
            return json!({"tools": tools});
        }
        if self.mode == "twins" {
            // The last one is called as the first is named by a client that tells the first two apart.
            let names = ["x.y", "x-y", "x_y_8d9ad63d6bb6"];
            let tools = names.map(|name| json!({"name": name, "inputSchema": {"type": "object"}}));
            return json!({"tools": tools});
        }
        if self.mode != "many" {
            return json!({"tools": tools()});
        }
        let page: usize = cursor.as_str().map_or(0, |cursor| cursor.parse().unwrap());
        let schema = json!({"type": "object"});
        let mut tools: Vec<_> = (0..1000)
            .map(|number| json!({"name": format!("t{page}_{number}"), "inputSchema": schema}))
            .collect();
        if page == 0 {
            let long = "x".repeat(300 << 10);
            tools
                .push(json!({"name": "long_schema", "inputSchema": {"type": "object", "description": long}}));
            tools.push(json!({"name": "long_words", "description": long, "inputSchema": schema}));
        }
        json!({"tools": tools, "nextCursor": (page + 1).to_string()})
    }

    fn call(&mut self, id: &Value, params: &Value) {
        let result = match params["name"].as_str().unwrap() {
            "echo" => text(&format!("echo {}", params["arguments"])),
            "write-it" => text("written"),
            "data" => json!({"content": [], "structuredContent": {"n": 1}}),
            "fail" => json!({"content": [{"type": "text", "text": "it failed"}], "isError": true}),
            "hang" => return,
            "die" => std::process::exit(9),
            "long-line" => text(&"x".repeat(33 << 20)),
            "many-values" => json!({"content": [], "structuredContent": {"n": vec![0; 600_000]}}),
            "many-blocks" => json!({"content": vec![json!({"type": "text", "text": "x"}); 3_000]}),
            "long" => {
                let text = |text: &str| json!({"type": "text", "text": text});
                json!({"content": [text(""), text(&"a".repeat(60_000)), text("b"), text("c")]})
            }
            "long-data" => json!({"content": [], "structuredContent": {"n": "d".repeat(60_000)}}),
            // A picture of another kind than is said, and one of no kind.
            "lying-image" => {
                let data = "R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=";
                json!({"content": [{"type": "image", "data": data, "mimeType": "image/webp"},
                                   {"type": "image", "data": data}]})
            }
            "steps" => {
                for step in 0..3 {
                    let params = json!({"progressToken": params["_meta"]["progressToken"], "progress": step,
                                        "message": format!("step {step}")});
                    send(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}));
                }
                text("done")
            }
            "ask-script" => {
                self.asked = Some(id.clone());
                let params = json!({"message": "Look", "mode": "url", "url": "javascript:alert(1)", "elicitationId": "e"});
                let message =
                    json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": params});
                return send(&message);
            }
            "ask" => {
                self.asked = Some(id.clone());
                let age = json!({"type": "integer", "minimum": 0, "maximum": 150});
                let schema =
                    json!({"type": "object", "properties": {"name": {"type": "string"}, "age": age}});
                let meta = json!({"hint": [1], "codex_approval_kind": "mcp_tool_call", "persist": "always"});
                let params = json!({"message": "Your name?", "requestedSchema": schema, "_meta": meta});
                let message =
                    json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": params});
                return send(&message);
            }
            _ => {
                let error = json!({"code": -32050, "message": "refused", "data": {"x": 1}});
                return send(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
            }
        };
        answer(id, &result);
    }
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

fn tools() -> Vec<Value> {
    let mut tools: Vec<Value> = ["echo", "data", "fail", "hang", "die", "steps", "ask", "refuse"]
        .into_iter()
        .map(|name| {
            json!({"name": name, "description": format!("Does {name}."), "inputSchema": {"type": "object"},
                   "annotations": {"readOnlyHint": true}})
        })
        .collect();
    tools.push(json!({"name": "write-it", "description": "Writes.", "inputSchema": {"type": "object"}}));
    // Tools that can't be read cost themselves only.
    tools.extend([
        json!({"name": 7, "inputSchema": {}}),
        json!({"name": "no schema"}),
        json!({"name": "array", "inputSchema": {"type": "array"}}),
        json!({"name": "list", "inputSchema": {"type": "object", "properties": []}}),
        json!({"name": "two\nlines", "inputSchema": {"type": "object"}}),
        json!({"name": "n".repeat(300), "inputSchema": {"type": "object"}}),
        json!("x"),
    ]);
    tools
}

fn send(message: &Value) {
    let mut out = std::io::stdout().lock();
    // A mark and a line that is no message must not matter.
    writeln!(out, "\u{feff}{message}\n[noise").unwrap();
    out.flush().unwrap();
}

fn answer(id: &Value, result: &Value) {
    send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
}
