# Shortcuts for the commands of CONTRIBUTING.md. `just` lists them; each is one ordinary command that works without just.

_default:
    @just --list --unsorted

# Format the code
fmt:
    cargo fmt

# Check formatting and lints, as CI does
lint:
    cargo fmt --check
    cargo clippy --locked --workspace --all-targets -- -D warnings

# Run all tests, or those whose names contain FILTER
test *FILTER:
    cargo test --locked --workspace {{ FILTER }}

# Run the engine's integration tests, or those whose names contain FILTER
test-core *FILTER:
    cargo test --locked --workspace --test all {{ FILTER }}

# Run end-to-end tests of the daemon, or those whose names contain FILTER
test-e2e *FILTER:
    cargo test --locked --workspace --test e2e {{ FILTER }}

# Regenerate schema/ and docs/protocol.md from the protocol crate
write-app-server-schema:
    UPDATE_SCHEMA=1 cargo test --locked --workspace --test all fresh

# Regenerate the tables of configuration keys in README.md and docs/contract/configuration.md
write-config-keys:
    UPDATE_README=1 cargo test --locked --workspace --lib config

# Show the whole stack at work against the scripted model
demo:
    cargo run --locked --release -- demo

# Run all benchmarks, or one of them: frame, delta, sse, config, history, file_search, sandbox
bench *NAME:
    cargo bench --locked --workspace {{ if NAME == "" { "--benches" } else { "--bench " + NAME } }}

# Regenerate the order of functions at start-up (needs valgrind)
write-startup-order:
    app-server/startup/renew.py

# Everything that must pass before a change lands
ci:
    .ci/run
