//! Requests made of the schema, and what a hostile client makes of them.

use serde_json::{Map, Value, json};

use crate::numbers::Numbers;

/// Texts that a line gets in place of these words when it is written: not everything can be said in a [`Value`].
const DEEP: &str = "@deep@";
const HUGE: &str = "@huge@";
const LONE: &str = "@lone@";
const DOTS: &str = "@dots@";

/// Makes requests.
#[derive(Debug)]
pub(super) struct Samples {
    schema: Value,
    /// Values for identifiers of threads and turns.
    pub(super) ids: Vec<String>,
    /// A folder that exists.
    pub(super) folder: String,
}

impl Samples {
    pub(super) fn new(ids: Vec<String>, folder: String) -> Self {
        let schema = serde_json::from_str(include_str!("../../../schema/openrpc.json")).unwrap();
        Self { schema, ids, folder }
    }

    /// Number of methods.
    pub(super) fn methods(&self) -> usize {
        self.schema["methods"].as_array().unwrap().len()
    }

    /// A line with a request of the method of this number: as the schema says, or hostile.
    pub(super) fn line(&self, id: &str, method: usize, hostile: bool, numbers: &mut Numbers) -> String {
        let method = &self.schema["methods"][method];
        let mut params = Map::new();
        for param in method["params"].as_array().unwrap() {
            if param["required"] == true || numbers.one_in(3) {
                let name = param["name"].as_str().unwrap();
                params.insert(name.to_owned(), self.sample(name, &param["schema"], 0, numbers));
            }
        }
        let mut params = match params.remove("params") {
            // The parameters of this method are one of several kinds of object.
            Some(whole) => whole,
            None => Value::Object(params),
        };
        let mut name = method["name"].as_str().unwrap().to_owned();
        if hostile {
            for _ in 0..=numbers.below(3) {
                spoil(&mut params, numbers);
            }
            if numbers.one_in(50) {
                name.push_str(HUGE);
            }
        }
        let line = json!({"method": name, "params": params, "id": id}).to_string();
        // Logging in by a browser would start a server and leave the machine.
        let mut line = line.replace("\"chatgpt", "\"apiKey");
        if name.starts_with("fs/") {
            // What is made and removed must not be the folder that the program works in, nor anything outside of it.
            let below = format!("{}/", self.folder);
            line = line.replace("\"/nonexistent/", &format!("\"{below}nonexistent/"));
            line = line.replace(&format!("\"{}\"", self.folder), &format!("\"{below}files\""));
        }
        say(line, numbers)
    }

    fn sample(&self, name: &str, schema: &Value, depth: usize, numbers: &mut Numbers) -> Value {
        if depth > 8 {
            return Value::Null;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let kind = reference.rsplit('/').next().unwrap();
            return self.sample(
                name,
                &self.schema["components"]["schemas"][kind],
                depth + 1,
                numbers,
            );
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(choices) = schema[choice].as_array() {
                return self.sample(name, &choices[numbers.below(choices.len())], depth + 1, numbers);
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[numbers.below(values.len())].clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[numbers.below(kinds.len())].as_str().unwrap_or_default(),
            kind => kind.as_str().unwrap_or_default(),
        };
        match kind {
            "object" => self.object(schema, depth, numbers),
            "array" => (0..numbers.below(3))
                .map(|_| self.sample(name, &schema["items"], depth + 1, numbers))
                .collect(),
            "string" => self.text(name, numbers).into(),
            "integer" | "number" => json!(numbers.below(100)),
            "boolean" => numbers.one_in(2).into(),
            "null" => Value::Null,
            _ => json!({"any": [1, "x"]}),
        }
    }

    fn object(&self, schema: &Value, depth: usize, numbers: &mut Numbers) -> Value {
        let mut object = Map::new();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&json!(name)) || numbers.one_in(3) {
                object.insert(name.clone(), self.sample(name, schema, depth + 1, numbers));
            }
        }
        if schema["additionalProperties"].is_object() || schema["additionalProperties"] == true {
            let value = self.sample("value", &schema["additionalProperties"], depth + 1, numbers);
            object.insert("model_verbosity".to_owned(), value);
        }
        object.into()
    }

    fn text(&self, name: &str, numbers: &mut Numbers) -> String {
        let one_of = |texts: &[&str], numbers: &mut Numbers| texts[numbers.below(texts.len())].to_owned();
        if name.ends_with("Id") || name.ends_with("Ids") {
            self.ids[numbers.below(self.ids.len())].clone()
        } else if matches!(name, "cwd" | "path") {
            self.folder.clone()
        } else if name.contains("ursor") {
            one_of(&["", "0", "eyJ9", "zz"], numbers)
        } else {
            one_of(
                &["x", "low", "some text", "gpt-5.2-codex", "äöü😀", "a/b"],
                numbers,
            )
        }
    }
}

/// Makes something hostile of one part of a value.
fn spoil(value: &mut Value, numbers: &mut Numbers) {
    let deeper = !numbers.one_in(4);
    match value {
        Value::Object(members) if deeper && !members.is_empty() => {
            let at = numbers.below(members.len());
            let name = members.keys().nth(at).unwrap().clone();
            match numbers.below(8) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert([HUGE, LONE, DOTS, ""][numbers.below(4)].to_owned(), Value::Null)),
                _ => spoil(&mut members[&name], numbers),
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = numbers.below(items.len());
            if numbers.one_in(4) {
                let item = items[at].clone();
                items.extend(std::iter::repeat_n(item, 500));
            } else {
                spoil(&mut items[at], numbers);
            }
        }
        other => *other = hostile(numbers),
    }
}

fn hostile(numbers: &mut Numbers) -> Value {
    const TEXTS: [&str; 10] = [
        "",
        HUGE,
        LONE,
        DOTS,
        "\0",
        "../../../../../../etc/passwd",
        "/nonexistent/\u{202e}folder",
        "00000000-0000-0000-0000-000000000000",
        "\u{feff}\u{7f}\u{1b}[2J\r\n",
        "'; DROP TABLE threads; --%s%n{}",
    ];
    match numbers.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!([[], {}, null, -1.5]),
        3 => json!({"type": "none", "": {"": []}}),
        4 => json!([0, -1, i64::MIN, i64::MAX][numbers.below(4)]),
        5 => json!([u64::MAX, 1 << 53][numbers.below(2)]),
        6 => json!([f64::MAX, f64::MIN_POSITIVE, -0.0, 0.5][numbers.below(4)]),
        7 => json!(DEEP),
        _ => json!(TEXTS[numbers.below(TEXTS.len())]),
    }
}

/// Puts what the words stand for into a line.
fn say(mut line: String, numbers: &mut Numbers) -> String {
    if line.contains(DEEP) {
        let depth = [100, 200, 20_000][numbers.below(3)];
        let (open, close) = [("[", "]"), ("{\"a\":", "}")][numbers.below(2)];
        let deep = format!("{}0{}", open.repeat(depth), close.repeat(depth));
        line = line.replace(&format!("\"{DEEP}\""), &deep);
    }
    if line.contains(HUGE) {
        let length = [300, 20_000, 500_000][numbers.below(3)];
        line = line.replacen(HUGE, &"x".repeat(length), 1).replace(HUGE, "y");
    }
    if line.contains(DOTS) {
        line = line
            .replacen(DOTS, &format!("{}a", "a.".repeat(20_000)), 1)
            .replace(DOTS, "b.");
    }
    line.replace(LONE, "half \\ud83d")
}
