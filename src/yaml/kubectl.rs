//! Reads YAML as `kubectl` and Kubernetes do: by the rules of YAML 1.1, in which `0644` is a number and `yes` is
//! true. Kubewarden itself uses the rules of YAML 1.2.
//!
//! Source: sigs.k8s.io/yaml, which tests compare this with.

use serde_json::{Map, Number, Value};

use super::{MapEntry, Node, NodeContent};

/// A key whose maps are the defaults of the map around it.
const MERGE: &str = "<<";

impl Node {
    /// Returns the value as `kubectl` would send it. If a key is repeated, the last one counts.
    pub(crate) fn to_kubernetes_json(&self) -> Value {
        match &self.content {
            NodeContent::Text(text) if self.plain.is_some() => resolve(text),
            NodeContent::Number(number) => Value::Number(without_fraction(number)),
            NodeContent::List(items) => items.iter().map(Self::to_kubernetes_json).collect(),
            NodeContent::Map(entries) => Value::Object(map(entries)),
            NodeContent::Null | NodeContent::Bool(_) | NodeContent::Text(_) => self.to_json(),
        }
    }
}

fn map(entries: &[MapEntry]) -> Map<String, Value> {
    let mut map = Map::new();
    for entry in entries {
        match &entry.value.content {
            NodeContent::Map(defaults) if entry.key == MERGE => add_missing(&mut map, defaults),
            NodeContent::List(all) if entry.key == MERGE => {
                for node in all {
                    if let NodeContent::Map(defaults) = &node.content {
                        add_missing(&mut map, defaults);
                    }
                }
            }
            _ => {}
        }
    }
    let own = entries.iter().filter(|entry| entry.key != MERGE);
    map.extend(own.map(|entry| (entry.key.clone(), entry.value.to_kubernetes_json())));
    map
}

fn add_missing(target: &mut Map<String, Value>, defaults: &[MapEntry]) {
    for (key, value) in map(defaults) {
        target.entry(key).or_insert(value);
    }
}

/// Returns the value of a scalar without quotes that YAML 1.2 reads as a string.
fn resolve(text: &str) -> Value {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return Value::String(text.to_owned());
    }
    let plain = text.replace('_', "");
    match integer(&plain).or_else(|| float(&plain)) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}

/// Parses an integer with a prefix for its base. A zero alone means base eight.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => match rest.as_bytes()[0] {
            b'x' => (16, &rest[1..]),
            b'b' => (2, &rest[1..]),
            b'o' => (8, &rest[1..]),
            _ => (8, rest),
        },
        _ => (10, lower.as_str()),
    };
    // The digits after a base have no sign of their own.
    let absolute = digits.starts_with(|c: char| c.is_ascii_hexdigit()).then_some(digits)?;
    let absolute = u64::from_str_radix(absolute, base).ok()?;
    if !negative {
        return Some(absolute.into());
    }
    Some(0_i64.checked_sub_unsigned(absolute)?.into())
}

/// Parses decimal digits with a point, an exponent, or neither.
fn float(text: &str) -> Option<Number> {
    let is_digit = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let value = text.chars().all(is_digit).then(|| text.parse::<f64>().ok())??;
    Some(without_fraction(&Number::from_f64(value)?))
}

/// Removes a zero fraction, as in JavaScript: `1.0` becomes `1`.
fn without_fraction(number: &Number) -> Number {
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() < 2_f64.powi(63) => {
            Number::from(value as i64)
        }
        _ => number.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;

    fn read(text: &str) -> serde_json::Value {
        parse(text).unwrap().to_kubernetes_json()
    }

    #[test]
    fn scalars_without_quotes_are_those_of_yaml_1_1() {
        let text = "[0644, -012, 08, 0o17, 0b11, 0x1F, 1_000, +12, .5, 5., 1e3, 1.0, 1_0.5, 00, yes, N, Off, TRUE, 18446744073709551615]";
        assert_eq!(
            read(text),
            json!([
                420,
                -10,
                8,
                15,
                3,
                31,
                1000,
                12,
                0.5,
                5,
                1000,
                1,
                10.5,
                0,
                true,
                false,
                false,
                true,
                18_446_744_073_709_551_615_u64
            ])
        );
        let strings =
            "['0644', \"yes\", !!str 0644, 2020-01-01, 1:30, _1, yep, 0x, 0b2, 1e, -, 1.2.3, 1e400]";
        let expected = [
            "0644",
            "yes",
            "0644",
            "2020-01-01",
            "1:30",
            "_1",
            "yep",
            "0x",
            "0b2",
            "1e",
            "-",
            "1.2.3",
            "1e400",
        ];
        assert_eq!(read(strings), json!(expected));
        assert_eq!(read("a: |\n  0644\nb: >-\n  0644\n"), json!({"a": "0644\n", "b": "0644"}));
    }

    #[test]
    fn quotes_are_found_wherever_the_scalar_is() {
        let text = "ä: &x '0644'\nb: *x\nc: &y 0644\nd: *y\n\"e\": [0755,\n  '0755']\nf:\n  \"0755\"\n";
        let expected = json!({
            "ä": "0644", "b": "0644", "c": 420, "d": 420, "e": [493, "0755"], "f": "0755",
        });
        assert_eq!(read(text), expected);
        assert_eq!(read("'0644'"), json!("0644"));
        assert_eq!(read("0644"), json!(420));
    }

    #[test]
    fn defaults_are_merged() {
        let text =
            "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  y: 5\n  <<: *a\nd:\n  <<: [*a, *b]\n  x: 0\n";
        let read = read(text);
        assert_eq!(read["c"], json!({"x": 1, "y": 5}));
        assert_eq!(read["d"], json!({"x": 0, "y": 2, "z": 4}));
    }
}
