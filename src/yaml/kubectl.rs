//! Reads YAML as `kubectl` and Kubernetes do: by the rules of YAML 1.1, in which `0644` is a number and `yes` is
//! true. Kubewarden itself uses the rules of YAML 1.2.
//!
//! Source: `YAMLToJSON` of sigs.k8s.io/yaml, and the numbers of `UnstructuredJSONScheme` of k8s.io/apimachinery, which
//! tests compare this with.

use serde_json::{Map, Value};

use super::scalar::{Scalar, number_of_json};
use super::{MapEntry, Node, NodeContent, ReadError};

/// A key whose maps are copied into the map around it.
const MERGE: &str = "<<";

impl Node {
    /// The value alone, as `kubectl` would send it. Of a repeated key the last one counts.
    ///
    /// # Errors
    ///
    /// For what JSON does not have: infinite numbers, keys that are null, tags that do not fit.
    pub(crate) fn to_kubernetes_json(&self) -> Result<Value, ReadError> {
        let here = |message: String| ReadError { message, line: Some(self.line) };
        match (&self.content, &self.tagged, &self.plain) {
            (NodeContent::List(items), ..) => items.iter().map(Self::to_kubernetes_json).collect(),
            (NodeContent::Map(entries), ..) => {
                let mut map = Map::new();
                copy_into(&mut map, entries)?;
                Ok(Value::Object(map))
            }
            (_, Some(tagged), _) => {
                Scalar::tagged(&tagged.tag, &tagged.text).and_then(Scalar::into_json).map_err(here)
            }
            (_, None, Some(plain)) => Scalar::plain(plain).into_json().map_err(here),
            (NodeContent::Number(number), None, None) => Ok(Value::Number(number_of_json(number))),
            (_, None, None) => Ok(self.to_json()),
        }
    }
}

/// Sets the keys in the order in which they are written, and those of a merge where it is written.
fn copy_into(map: &mut Map<String, Value>, entries: &[MapEntry]) -> Result<(), ReadError> {
    for entry in entries {
        if is_merge(entry) {
            merge_into(map, entry)?;
        } else {
            let key = key_of(entry).map_err(|message| ReadError { message, line: Some(entry.line) })?;
            map.insert(key, entry.value.to_kubernetes_json()?);
        }
    }
    Ok(())
}

fn is_merge(entry: &MapEntry) -> bool {
    let is_meant = match entry.form.tag.as_deref() {
        None => entry.form.is_plain,
        Some(tag) => matches!(tag, "!" | "!!merge"),
    };
    entry.key == MERGE && is_meant
}

fn merge_into(map: &mut Map<String, Value>, entry: &MapEntry) -> Result<(), ReadError> {
    let wrong = |node: &Node| {
        let message = "`<<` takes a map, an alias of one, or a list of these".to_owned();
        ReadError { message, line: Some(node.line) }
    };
    match &entry.value.content {
        NodeContent::Map(defaults) => copy_into(map, defaults),
        // The first one wins.
        NodeContent::List(all) => all.iter().rev().try_for_each(|node| match &node.content {
            NodeContent::Map(defaults) => copy_into(map, defaults),
            _ => Err(wrong(node)),
        }),
        _ => Err(wrong(&entry.value)),
    }
}

/// Keys are resolved like values, and written as strings.
fn key_of(entry: &MapEntry) -> Result<String, String> {
    match (entry.form.tag.as_deref(), entry.form.is_plain) {
        (Some(tag), _) => Scalar::tagged(tag, &entry.key)?.into_key(),
        (None, true) => Scalar::plain(&entry.key).into_key(),
        (None, false) => Ok(entry.key.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse_first;

    fn read(text: &str) -> serde_json::Value {
        parse_first(text, 1).unwrap().to_kubernetes_json().unwrap()
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
                18_446_744_073_709_551_615_f64
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
    fn keys_are_resolved_like_values() {
        let text = "{no: 1, 0644: 2, 1.10: 3, 0x1F: 4, 1_000: 5, 1e3: 6, .5: 7, -012: 8, 1.0: 9, True: 10, 'off': 11, 1e6: 12, 1.5e-5: 13}";
        let expected = json!({
            "false": 1, "420": 2, "1.1": 3, "31": 4, "1000": 6, "0.5": 7, "-10": 8, "1": 9, "true": 10, "off": 11,
            "1e+06": 12, "1.5e-05": 13,
        });
        assert_eq!(read(text), expected);
    }

    #[test]
    fn tags_mean_what_they_mean_to_kubectl() {
        let text = "[!Ref x, !Ref [a, b], !GetAtt {a: b}, ! 0644, !!int 0644, !!int \"0644\", !!bool yes, !!null \"\", !x 1, !!float 0x10, !!binary aGk=, !!str ~]";
        let expected = json!(["x", ["a", "b"], {"a": "b"}, "0644", 420, 420, true, null, "1", 16, "hi", "~"]);
        assert_eq!(read(text), expected);
    }

    #[test]
    fn what_json_does_not_have_is_refused_with_its_line() {
        for text in [
            "a: 1\nb: .inf",
            "a: 1\n~: 2",
            "a: 1\nnull: 2",
            "a: 1\nb: !!int x",
            "a: 1\n<<: 5",
            "a: 1\n18446744073709551615: b",
            "a: 1\nb: !!binary \"?\"",
        ] {
            let error = parse_first(text, 1).unwrap().to_kubernetes_json().unwrap_err();
            assert_eq!(error.line, Some(2), "{text}");
        }
        assert_eq!(parse_first("a: [", 5).unwrap_err().line, Some(6));
    }

    #[test]
    fn defaults_are_merged() {
        let text =
            "a: &a {x: 1, w: 2}\nb: &b {w: 3, z: 4}\nc:\n  w: 5\n  <<: *a\nd:\n  <<: [*a, *b]\n  x: 0\n";
        let read = read(text);
        // As written: the merge is below the key.
        assert_eq!(read["c"], json!({"x": 1, "w": 2}));
        assert_eq!(read["d"], json!({"x": 0, "w": 2, "z": 4}));
    }
}
