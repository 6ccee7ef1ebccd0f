use std::fs;

use proptest::prelude::*;

use super::*;

fn keys(value: &Value) -> Vec<&str> {
    let table = value.as_table().into_iter().flatten();
    table.map(|(key, _)| key.as_str()).collect()
}

/// Tables within tables, with few names so that layers meet.
fn any_table() -> impl Strategy<Value = Table> {
    let leaf = prop_oneof![
        any::<i8>().prop_map(|number| Value::Integer(number.into())),
        any::<bool>().prop_map(Value::Boolean),
        prop::collection::vec(any::<i8>().prop_map(|number| Value::Integer(number.into())), 0..3)
            .prop_map(Value::Array),
    ];
    let value = leaf.prop_recursive(3, 20, 4, |inner| {
        prop::collection::btree_map("x_[a-d]", inner, 0..4)
            .prop_map(|members| Value::Table(members.into_iter().collect()))
    });
    prop::collection::btree_map("x_[a-d]", value, 0..4).prop_map(|members| members.into_iter().collect())
}

/// What holds of values that lie upon each other, the highest first, and the number of the layer that each leaf comes
/// from: the highest one, unless it is a table; then, name by name, what holds of all tables down to the first value that
/// is none.
fn model(
    stack: &[(usize, &Value)],
    path: &mut Vec<String>,
    origins: &mut BTreeMap<Vec<String>, usize>,
) -> Value {
    let (number, top) = stack[0];
    if !top.is_table() {
        leaves(top, number, path, origins);
        return top.clone();
    }
    let tables: Vec<_> = stack
        .iter()
        .map_while(|(number, value)| Some((*number, value.as_table()?)))
        .collect();
    let names: std::collections::BTreeSet<_> = tables.iter().flat_map(|(_, table)| table.keys()).collect();
    let mut all = Table::new();
    for name in names {
        let below: Vec<_> = tables
            .iter()
            .filter_map(|(number, table)| Some((*number, table.get(name)?)))
            .collect();
        path.push(name.clone());
        all.insert(name.clone(), model(&below, path, origins));
        path.pop();
    }
    Value::Table(all)
}

fn leaves(value: &Value, number: usize, path: &[String], origins: &mut BTreeMap<Vec<String>, usize>) {
    if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            leaves(item, number, &[path, &[index.to_string()]].concat(), origins);
        }
    } else {
        origins.insert(path.to_vec(), number);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn values_and_origins_of_random_stacks_are_those_of_the_model(tables in prop::collection::vec(any_table(), 5)) {
        let root = tempfile::tempdir().expect("a folder");
        let (home, system, project) = (root.path().join("home"), root.path().join("etc"), root.path().join("p"));
        for folder in [&home, &system, &project.join(".codex")] {
            fs::create_dir_all(folder).expect("made");
        }
        let write = |path: PathBuf, table: &Table| fs::write(path, table.to_string()).expect("written");
        let mut user = tables[1].clone();
        user.insert(
            "projects".to_owned(),
            Value::Table(Table::from_iter([(
                project.display().to_string(),
                Value::Table(Table::from_iter([("trust_level".to_owned(), Value::from("trusted"))])),
            )])),
        );
        write(system.join("config.toml"), &tables[0]);
        write(home.join("config.toml"), &user);
        write(project.join(".codex/config.toml"), &tables[2]);
        write(system.join("managed_config.toml"), &tables[4]);
        let overrides = tables[3].iter().map(|(key, value)| ConfigOverride { key: key.clone(), value: value.clone() });
        let source = ConfigSource {
            codex_home: home,
            system_folder: Some(system),
            // A layer of flags that says nothing is no layer.
            overrides: overrides.chain([ConfigOverride { key: "y".into(), value: 1.into() }]).collect(),
            ..ConfigSource::default()
        };
        let layers = Layers::load(&source, Some(&WorkingFolder::new(&project)), &[], Wanted::Enabled).expect("loads");
        prop_assert_eq!(layers.0.len(), 5);
        let mut flags = tables[3].clone();
        flags.insert("y".to_owned(), 1.into());
        let stack: Vec<Value> = [&tables[0], &user, &tables[2], &flags, &tables[4]].map(|table| Value::Table(table.clone())).into();
        let stack: Vec<_> = stack.iter().enumerate().rev().collect();
        let mut origins = BTreeMap::new();
        let effective = model(&stack, &mut Vec::new(), &mut origins);
        prop_assert_eq!(Value::Table(layers.merged()), effective);
        let merged = layers.merged();
        let names = ["projects"].into_iter().chain(stack.iter().flat_map(|(_, table)| keys(table)));
        for key in names {
            let whole = merged.get(key).filter(|value| !value.is_table());
            prop_assert_eq!(layers.value(&[key]).filter(|value| !value.is_table()), whole);
            for below in merged.get(key).map(keys).unwrap_or_default() {
                let value = merged[key].get(below).filter(|value| !value.is_table());
                prop_assert_eq!(layers.value(&[key, below]).filter(|value| !value.is_table()), value);
            }
            prop_assert_eq!(layers.value(&[key, "none"]), None);
        }
        prop_assert_eq!(layers.origins(), origins);
    }
}
