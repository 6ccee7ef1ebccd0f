//! What the configuration costs at thread/start: a file of usual size that did not change, with and without overrides,
//! and one that has to be read.
#![expect(clippy::expect_used, reason = "a bench may panic")]

use std::fmt::Write as _;
use std::hint::black_box;

use codex_core::config::{Config, ConfigOverride, ConfigSource};
use criterion::{Criterion, criterion_group, criterion_main};

fn config(c: &mut Criterion) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut text = String::from("model = \"gpt-5.5\"\napproval_policy = \"never\"\n");
    for project in 0..20 {
        let _ = writeln!(
            text,
            "[projects.\"/home/user/project-{project}\"]\ntrust_level = \"trusted\""
        );
    }
    for server in 0..5 {
        let _ = writeln!(
            text,
            "[mcp_servers.s{server}]\ncommand = \"server\"\nargs = [\"--stdio\", \"{server}\"]"
        );
    }
    let file = home.path().join("config.toml");
    std::fs::write(&file, &text).expect("written");
    let source = ConfigSource {
        codex_home: home.path().to_owned(),
        ..ConfigSource::default()
    };
    let over = ["model=other", "features.goals=false"].map(|one| ConfigOverride::parse(one).expect("parses"));

    c.bench_function("config/unchanged", |b| {
        b.iter(|| Config::load(&source, home.path(), &[]).expect("loads"));
    });
    c.bench_function("config/unchanged, overridden", |b| {
        b.iter(|| Config::load(&source, home.path(), black_box(&over)).expect("loads"));
    });
    c.bench_function("config/changed", |b| {
        let mut length = 0;
        b.iter(|| {
            // Another size is another version, whatever the clock of the file system says.
            length = (length + 1) % 2;
            std::fs::write(&file, format!("{text}{}", "\n".repeat(length))).expect("written");
            Config::load(&source, home.path(), &[]).expect("loads")
        });
    });
    c.bench_function("config/override", |b| {
        b.iter(|| {
            ConfigOverride::parse(black_box("model_providers.x.http_headers={a=\"b\"}")).expect("parses")
        });
    });
}

criterion_group!(benches, config);
criterion_main!(benches);
