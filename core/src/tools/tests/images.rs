//! Images that the model looks at.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Bench, text};
use crate::mcp::McpOffer;
use crate::model::{ContentItem, FunctionOutput, InputModality, ModelInfo};
use crate::tools::{ToolEnd, offered};
use crate::{DynamicTools, Event, ItemBody};

/// One red pixel.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

async fn view(bench: &Bench, path: impl AsRef<Path>) -> ToolEnd {
    bench.call("view_image", &json!({"path": path.as_ref()})).await
}

fn image(end: ToolEnd) -> Value {
    let ToolEnd::Output(FunctionOutput::Parts(parts)) = end else {
        panic!("no parts: {end:?}");
    };
    let [part @ ContentItem::InputImage { .. }] = parts.as_slice() else {
        panic!("not an image alone: {parts:?}");
    };
    serde_json::to_value(part).expect("JSON")
}

/// Nothing was told: no item, no delta.
fn is_silent(bench: &mut Bench) -> bool {
    bench.events.try_recv().is_err()
}

#[tokio::test]
async fn an_image_goes_to_the_model_and_is_shown_as_an_item() {
    let mut bench = Bench::free();
    fs::create_dir(bench.path().join("sub")).expect("a folder");
    fs::write(bench.path().join("a.png"), GIF).expect("written");
    let absolute = bench.path().join("a.png");
    for path in [Path::new("a.png"), Path::new("./sub/../a.png"), &absolute] {
        let seen = image(view(&bench, path).await);
        assert_eq!(
            seen,
            json!({
                "type": "input_image",
                "image_url": "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=",
                "detail": "original",
            })
        );
        let Event::ItemStarted { turn_id, item } = bench.event().await else {
            panic!("the item begins");
        };
        assert_eq!((&*turn_id, item.id.as_str()), ("t1", "c1"));
        let Event::ItemCompleted { item, .. } = bench.event().await else {
            panic!("the item ends");
        };
        assert!(matches!(item.body, ItemBody::ImageView { path } if path == absolute));
        assert!(is_silent(&mut bench));
    }
}

#[tokio::test]
async fn what_can_t_be_viewed_is_said_without_an_item() {
    let mut bench = Bench::free();
    let at = |name: &str| bench.path().join(name);
    fs::write(at("words.png"), "words").expect("written");
    fs::write(at("half.gif"), &GIF[..20]).expect("written");
    fs::write(
        at("bomb.gif"),
        [&b"GIF89a\xff\xff\xff\xff"[..], &GIF[10..]].concat(),
    )
    .expect("written");
    fs::File::create(at("large.png"))
        .and_then(|file| file.set_len(1 << 40))
        .expect("a sparse file");
    std::os::unix::fs::symlink("/dev/zero", at("zero.png")).expect("a link");
    let cases = [
        (
            "none.png",
            "unable to locate image at `{}`: No such file or directory (os error 2)",
        ),
        (
            "words.png/x",
            "unable to locate image at `{}`: Not a directory (os error 20)",
        ),
        (
            "words.png",
            "unable to view image at `{}`: it is no PNG, JPEG, GIF or WebP image",
        ),
        ("half.gif", "unable to view image at `{}`: it can't be decoded"),
        (
            "bomb.gif",
            "unable to view image at `{}`: it has 65535 x 65535 pixels",
        ),
        (
            "large.png",
            "unable to view image at `{}`: it is larger than 20971520 bytes",
        ),
        ("zero.png", "unable to view image at `{}`: it is a device"),
    ];
    for (name, expected) in cases {
        let expected = expected.replace("{}", &at(name).display().to_string());
        let said = text(view(&bench, name).await);
        assert!(said.starts_with(&expected), "{said}");
    }
    let folder = text(view(&bench, ".").await);
    assert!(folder.ends_with("it is a folder, not a regular file"), "{folder}");
    let nothing = text(bench.call("view_image", &json!({})).await);
    assert!(
        nothing.starts_with("failed to parse function arguments: "),
        "{nothing}"
    );
    assert!(is_silent(&mut bench));
}

#[tokio::test]
async fn an_interrupt_ends_the_look() {
    let mut bench = Bench::free();
    fs::write(bench.path().join("a.gif"), GIF).expect("written");
    bench.cx.cancel.cancel();
    assert_eq!(text(view(&bench, "a.gif").await), "aborted by user");
    assert!(is_silent(&mut bench));
}

#[test]
fn only_models_that_take_images_are_offered_the_tool() {
    let home = tempfile::tempdir().expect("a folder");
    let config = super::config(home.path());
    let mut model = ModelInfo::fallback("m");
    let is_offered = |model: &ModelInfo| {
        let tools = offered(
            &config,
            model,
            &DynamicTools::default(),
            None,
            &McpOffer::default(),
            false,
        );
        tools.specs.iter().any(|tool| tool["name"] == "view_image")
    };
    assert!(is_offered(&model));
    model.input_modalities = vec![InputModality::Text];
    assert!(!is_offered(&model));
}
