use std::cell::Cell;
use std::fs;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::document::edited;
use super::replace_file::replace;
use super::*;

struct Home(TempDir);

impl Home {
    fn new(config: Option<&str>) -> Self {
        let home = Self(tempfile::tempdir().expect("a folder"));
        if let Some(config) = config {
            fs::write(home.file(), config).expect("written");
        }
        home
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("config.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).expect("read")
    }

    /// As an editor that writes another file and puts it in place.
    fn save(&self, text: &str) {
        let draft = self.0.path().join("draft");
        fs::write(&draft, text).expect("written");
        fs::rename(draft, self.file()).expect("renamed");
    }

    /// Adds `mine = 1`; `meanwhile` happens each time between reading and replacing.
    fn add(&self, meanwhile: impl Fn(usize)) -> Result<(), ConfigWriteError> {
        let calls = Cell::new(0);
        replace(self.0.path(), &self.file(), &mut |text| {
            let edit = Edit {
                path: vec!["mine".into()],
                value: Some(json!(1)),
                upsert: false,
            };
            let new = edited(text, &[edit]).map_err(ConfigWriteError::Validation);
            meanwhile(calls.replace(calls.get() + 1));
            new
        })
    }

    fn leftovers(&self) -> usize {
        let entries = fs::read_dir(self.0.path()).expect("a folder");
        entries
            .filter(|entry| {
                entry
                    .as_ref()
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .ends_with(".tmp")
            })
            .count()
    }
}

#[test]
fn what_an_editor_saves_between_reading_and_replacing_is_kept() {
    for in_place in [false, true] {
        let home = Home::new(Some("a = 1\n"));
        let save = |call: usize| {
            if call < 3 {
                let text = format!("a = 1 # edited {call}\n");
                if in_place {
                    fs::write(home.file(), text).expect("written");
                } else {
                    home.save(&text);
                }
            }
        };
        home.add(save).expect("written");
        assert_eq!(home.text(), "a = 1 # edited 2\nmine = 1\n");
        assert_eq!(home.leftovers(), 0);
    }
}

#[test]
fn a_file_that_appears_or_goes_meanwhile_is_seen() {
    let home = Home::new(None);
    home.add(|call| {
        if call == 0 {
            home.save("b = 2\n");
        }
    })
    .expect("written");
    assert_eq!(home.text(), "b = 2\nmine = 1\n");
    let home = Home::new(Some("b = 2\n"));
    home.add(|call| {
        if call == 0 {
            fs::remove_file(home.file()).expect("removed");
        }
    })
    .expect("written");
    assert_eq!(home.text(), "mine = 1\n");
}

#[test]
fn what_an_editor_broke_meanwhile_comes_back_as_it_was() {
    let home = Home::new(Some("a = 1\n"));
    let refused = home.add(|call| {
        if call == 0 {
            home.save("a = = 1\n");
        }
    });
    assert!(refused.is_err());
    assert_eq!(home.text(), "a = = 1\n");
    assert_eq!(home.leftovers(), 0);
}

#[test]
fn a_file_that_is_no_text_is_not_touched() {
    let home = Home::new(None);
    fs::write(home.file(), b"a = 1\n# \xff\n").expect("written");
    let error = home.add(|_| ()).expect_err("refused").to_string();
    assert!(error.contains("UTF-8"), "{error}");
    assert_eq!(fs::read(home.file()).expect("read"), b"a = 1\n# \xff\n");
}

fn set(text: &str, path: &[&str], value: Json) -> String {
    let edit = Edit {
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        value: Some(value).filter(|value| !value.is_null()),
        upsert: false,
    };
    edited(text, &[edit]).expect("fits")
}

#[test]
fn new_sections_go_to_the_end_behind_the_comments_there() {
    assert_eq!(
        set(
            "[a]\nx = 1\n[b]\ny = 1\n[a.c]\nz = 1\n# end\n",
            &["d", "e"],
            json!({"f": 1})
        ),
        "[a]\nx = 1\n[b]\ny = 1\n[a.c]\nz = 1\n# end\n\n[d.e]\nf = 1\n"
    );
    assert_eq!(
        set("a.b = 1\n", &["a", "c"], json!({"d": 1})),
        "a.b = 1\na.c = { d = 1 }\n"
    );
    assert_eq!(set("# only\n", &["a"], json!(1)), "# only\na = 1\n");
}

#[test]
fn comments_above_what_is_removed_stay() {
    assert_eq!(
        set("# head\na = 1\n# b\nb = 2\n", &["a"], Json::Null),
        "# head\n# b\nb = 2\n"
    );
    assert_eq!(
        set("[x]\n# about a\na = 1\n\n# y\n[y]\n", &["x", "a"], Json::Null),
        "[x]\n# about a\n\n# y\n[y]\n"
    );
    assert_eq!(
        set("[x]\na = 1\n# about y\n[y]\nb = 1\n", &["y"], Json::Null),
        "[x]\na = 1\n# about y\n"
    );
}

#[test]
fn lists_of_tables_change_one_by_one() {
    let text = "# one\n[[s.c]]\np = \"a\" # a\non = true\n\n[[s.c]]\np = \"b\"\non = true\n";
    let value = json!([{"p": "a", "on": false}, {"p": "b", "on": true}, {"p": "c", "on": true}]);
    assert_eq!(
        set(text, &["s", "c"], value),
        "# one\n[[s.c]]\np = \"a\" # a\non = false\n\n[[s.c]]\np = \"b\"\non = true\n\n[[s.c]]\non = true\np = \"c\"\n"
    );
}

/// JSON that TOML has, too.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1e9..1e9f64).prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn any_edit() -> impl Strategy<Value = Edit> {
    (
        prop::collection::vec("[a-c]", 1..4),
        prop::option::weighted(0.8, any_json()),
        any::<bool>(),
    )
        .prop_map(|(path, value, upsert)| Edit { path, value, upsert })
}

/// What an edit does to a table, in few words. `None`: it can't be done.
fn expected(table: &mut Json, path: &[String], value: Option<&Json>, upsert: bool) -> Option<()> {
    let (name, rest) = path.split_first()?;
    let members = table.as_object_mut()?;
    match (rest, value) {
        ([], None) => drop(members.remove(name)),
        ([], Some(value)) => match (members.get_mut(name), value) {
            (Some(present @ Json::Object(_)), Json::Object(new)) if upsert => {
                for (name, value) in new {
                    expected(present, std::slice::from_ref(name), Some(value), true)?;
                }
            }
            _ => drop(members.insert(name.clone(), value.clone())),
        },
        (_, None) => {
            if let Some(below @ Json::Object(_)) = members.get_mut(name) {
                expected(below, rest, None, upsert)?;
            }
        }
        (_, Some(_)) => {
            let below = members.entry(name.clone()).or_insert_with(|| json!({}));
            expected(below, rest, value, upsert)?;
        }
    }
    Some(())
}

/// Without tables that have nothing in them: a table that is only a part of others' names goes with the last of them.
fn pruned(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, pruned(value)));
            Json::Object(members.filter(|(_, value)| *value != json!({})).collect())
        }
        other => other,
    }
}

fn parsed(text: &str) -> Json {
    to_json(&Value::Table(
        text.parse().unwrap_or_else(|error| panic!("{error}\n{text}")),
    ))
}

proptest! {
    #[test]
    fn edits_do_what_they_say_in_any_document(edits in prop::collection::vec(any_edit(), 1..8)) {
        let mut text = String::from("# top\na = 1 # one\n\n[b]\nc = { a = [1,\n 2] } # two\n\n[b.b.c]\na = 'x'\n[[c]]\na = 1\n# end\n");
        for edit in edits {
            let mut model = parsed(&text);
            let done = expected(&mut model, &edit.path, edit.value.as_ref(), edit.upsert);
            match edited(&text, std::slice::from_ref(&edit)) {
                Ok(new) => {
                    prop_assert!(done.is_some(), "{edit:?}\n{text}");
                    prop_assert_eq!(pruned(parsed(&new)), pruned(model), "{:?}\n{}\n{}", edit, text, new);
                    text = new;
                }
                Err(error) => prop_assert!(done.is_none(), "{edit:?}: {error}\n{text}"),
            }
        }
    }

    #[test]
    fn ends_of_lines_stay_as_they_are(edits in prop::collection::vec(any_edit(), 1..4)) {
        let text = "# top\r\na = 1 # one\r\n\r\n[b]\r\nc = 2\r\n";
        if let Ok(new) = edited(text, &edits) {
            for line in new.split_inclusive('\n').filter(|line| line.starts_with('#')) {
                prop_assert!(line.ends_with("\r\n"), "{new:?}");
            }
        }
    }
}
