//! Folders with skills that a client chooses for a thread.

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use super::{expanded, sections, skill};
use crate::support::{App, Home};

fn root(environment: &str, path: impl serde::Serialize) -> Value {
    json!({"id": "r", "location": {"type": "environment", "environmentId": environment, "path": path}})
}

#[tokio::test]
async fn a_thread_has_the_skills_of_the_folders_that_were_chosen_for_it() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let chosen = home.path().join("chosen");
    skill(chosen.join("skills/one"), "one", "The first");
    skill(home.path().join("elsewhere/two"), "two", "The second");
    let app = App::start(&home).await;
    let roots = json!([
        root("local", &chosen),
        root("remote", home.path().join("elsewhere")),
        root("local", "/no/such/folder"),
    ]);
    let thread = app.start_thread(json!({"selectedCapabilityRoots": roots})).await;
    app.run_turn(&thread, "Use $one and $two").await;
    let request = model.requests()[0].clone();
    let section = sections(&request).remove(0);
    assert!(
        section.contains("- one: The first") && !section.contains("two"),
        "{section}"
    );
    assert_eq!(expanded(&request).len(), 1);
    // Other threads have not.
    let other = app.start_thread(json!({})).await;
    app.run_turn(&other, "Use $one").await;
    let request = model.requests()[1].clone();
    assert!(sections(&request).is_empty() && expanded(&request).is_empty());
}

#[tokio::test]
async fn folders_that_cannot_be_meant_are_refused() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let many: Vec<_> = (0..65).map(|_| root("local", "/x")).collect();
    for (roots, words) in [
        (json!([root("local", "rel")]), "path `rel` is not absolute"),
        (json!(many), "at most 64 entries"),
    ] {
        let error = app
            .call_err("thread/start", json!({"selectedCapabilityRoots": roots}))
            .await;
        assert_eq!(error.code, -32602);
        assert!(error.message.contains(words), "{}", error.message);
    }
}
