//! How the tool is described to the model.

use serde_json::{Value, json};

/// The tool as the API describes it. `permissions`: the model may ask for more than the sandbox allows.
pub(super) fn spec(name: &str, permissions: bool) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let number = |description: &str| json!({"type": "number", "description": description});
    let mut spec = json!({
        "type": "function",
        "name": name,
        "description": "Runs a command in a shell and returns what it printed (stdout and stderr in one) with \
            its exit code. A command that takes longer than `yield_time_ms` keeps running: you get what it has \
            printed so far and a session ID to look again with `write_stdin`. Standard input is empty unless the \
            command gets a terminal (`tty`).",
        "strict": false,
        "parameters": {
            "type": "object",
            "properties": {
                "cmd": text("The shell command to run."),
                "workdir": text("Folder to run it in, absolute or relative to the working folder, which is the \
                    default. Use it instead of `cd`."),
                "shell": text("Shell to run it with. Default: the user's shell."),
                "login": {
                    "type": "boolean",
                    "description": "Whether the shell reads the user's profile (`-lc`) or not (`-c`). Default: true.",
                },
                "tty": {
                    "type": "boolean",
                    "description": "Whether the command gets a terminal, so that `write_stdin` can type at it. Use it \
                        for programs that ask questions or need a terminal. Default: false.",
                },
                "yield_time_ms": number("How long to wait for the command, in milliseconds, from 250 to 30000. \
                    Default: 10000. It returns sooner if the command ends sooner."),
                "max_output_tokens": number("Most tokens of output to return; a longer one loses its middle. \
                    Default: 10000."),
                "sandbox_permissions": {
                    "type": "string",
                    "enum": ["use_default", "require_escalated"],
                    "description": "`require_escalated` asks to run the command without the sandbox's limits; \
                        give a `justification`. Default: `use_default`.",
                },
                "justification": text("With `require_escalated`: one short question to the user that says what \
                    the command is for."),
                "prefix_rule": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "With `require_escalated`: the first words of the command, if similar \
                        commands should be allowed in future, such as [\"cargo\", \"test\"].",
                },
            },
            "required": ["cmd"],
            "additionalProperties": false,
        },
    });
    if permissions {
        let properties = &mut spec["parameters"]["properties"];
        properties["sandbox_permissions"] = json!({
            "type": "string",
            "enum": ["use_default", "with_additional_permissions", "require_escalated"],
            "description": "`with_additional_permissions` asks to run the command in the sandbox with what \
                `additional_permissions` names allowed as well; prefer it. `require_escalated` asks to run it without \
                the sandbox's limits. Give a `justification` with either. Default: `use_default`.",
        });
        properties["additional_permissions"] = super::super::request_permissions::permissions_schema(
            "With `with_additional_permissions`: what the command needs beyond the sandbox.",
        );
    }
    spec
}
