//! Tests what is read, and compares it with what the host reads.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// Returns `line: path = value` for each scalar, and for each list or map that is empty.
fn lines(text: &str) -> Vec<String> {
    fn walk(node: &Node, path: &str, found: &mut Vec<String>) {
        match &node.content {
            NodeContent::Map(entries) if !entries.is_empty() => {
                for MapEntry { line, key, value, .. } in entries {
                    found.push(format!("{line}: {path}/{key}"));
                    walk(value, &format!("{path}/{key}"), found);
                }
            }
            NodeContent::List(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{index}"), found);
                }
            }
            _ => found.push(format!("{}: {path} = {}", node.line, node.to_json())),
        }
    }
    let mut found = Vec::new();
    walk(&parse(text).unwrap(), "", &mut found);
    found
}

#[test]
fn every_value_has_its_line() {
    let text = "a: 1\n\n# note\nb:\n  - x\n  - {c: ~, d: []}\n  -\n    - true\n? e\n: >\n  long\n  text\nf:\n  \"g\"\n";
    assert_eq!(
        lines(text),
        [
            "1: /a",
            "1: /a = 1",
            "4: /b",
            "5: /b/0 = \"x\"",
            "6: /b/1/c",
            "6: /b/1/c = null",
            "6: /b/1/d",
            "6: /b/1/d = []",
            "8: /b/2/0 = true",
            "9: /e",
            "10: /e = \"long text\\n\"",
            "13: /f",
            "14: /f = \"g\"",
        ]
    );
}

#[test]
fn an_alias_is_where_its_anchor_is() {
    assert_eq!(
        lines("a: &x\n  b: 1\nc: *x\n"),
        ["1: /a", "2: /a/b", "2: /a/b = 1", "3: /c", "2: /c/b", "2: /c/b = 1"]
    );
}

#[test]
fn values_are_those_the_host_reads() {
    let text = "{a: yes, b: 0x10, c: 1.50, d: .nan, e: 'x', 1: -3, ~: 18446744073709551615, f: null, g: \"at line 7 column 2\"}";
    let own = parse(text).unwrap().to_json();
    assert_eq!(own, yaml_serde::from_str::<Value>(text).unwrap());
    assert_eq!(own["1"], json!(-3));
}

#[test]
fn text_that_names_a_line_does_not_mislead() {
    assert_eq!(lines("\na: b at line 9 column 1\n"), ["2: /a", "2: /a = \"b at line 9 column 1\""]);
}

#[test]
fn an_empty_document_is_null() {
    for text in ["", "\n", "# only this\n  # and that", "~", "---\n"] {
        assert_eq!(parse(text).unwrap().content, NodeContent::Null, "{text:?}");
    }
}

#[test]
fn what_is_not_one_document_for_json_is_an_error_with_its_line() {
    for (text, line) in [
        ("a: 1\nb: [", Some(3)),
        ("a: 1\nb: !thing 2", Some(2)),
        ("a: 1\n[x]: 2", Some(2)),
        ("a: *b", Some(1)),
        ("a: 1\n---\nb: 2", Some(3)),
    ] {
        assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
    }
    assert!(parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn repeated_keys_are_found_at_any_depth() {
    let node = parse("a: 1\nb:\n  - c: 1\n    d: 2\n    c: 3\n").unwrap();
    let repeated = node.repeated_key().unwrap();
    assert_eq!((repeated.key.as_str(), repeated.line), ("c", 5));
    assert_eq!(node.to_json(), json!({"a": 1, "b": [{"c": 3, "d": 2}]}));
    assert_eq!(parse("a: {b: 1}\nc: {b: 2}").unwrap().repeated_key(), None);
}

/// Generates documents from pieces that mean something in YAML, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn document(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a",
            "b: ",
            "- ",
            "? ",
            ": ",
            "\n",
            "\n  ",
            "\n- ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "'",
            "\"",
            "#",
            " ",
            "&x ",
            "*x",
            "!!str ",
            "!!int ",
            "!t ",
            "|\n  ",
            ">-\n ",
            "~",
            "null",
            "0x1F",
            "-0o17",
            "+1",
            "1.50",
            "1e3",
            "-.inf",
            ".nan",
            "007",
            "18446744073709551616",
            "true",
            "yes",
            "---\n",
            "...\n",
            "\t",
            "\u{85}",
            "é",
            "%",
            "\\n",
            "<<: ",
            "key: value\n",
            "list:\n- 1\n- two\n",
            "map: {a: 1, b: [x, y]}\n",
        ];
        (0..=self.roll(12)).map(|_| PIECES[self.roll(PIECES.len())]).collect()
    }
}

#[test]
fn whatever_is_written_is_read_as_the_host_reads_it() {
    let mut dice = Dice(7);
    let mut read = 0;
    for _ in 0..20_000 {
        let text = dice.document();
        let own = parse(&text).map(|node| node.to_json());
        match (own, yaml_serde::from_str::<Value>(&text)) {
            (Ok(own), Ok(host)) => {
                assert_eq!(own, host, "{text:?}");
                read += 1;
            }
            (Err(_), Err(_)) => {}
            (own, host) => panic!("{text:?}: {own:?}, but the host {host:?}"),
        }
    }
    assert!(read > 3_000, "{read}");
}

/// Reads each scalar as a string, as the host does if it expects a string.
struct AsStrings<'a>(&'a Node);

impl<'de> DeserializeSeed<'de> for AsStrings<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match &self.0.content {
            NodeContent::List(_) => deserializer.deserialize_seq(self),
            NodeContent::Map(_) => deserializer.deserialize_map(self),
            content => {
                let host = String::deserialize(deserializer)?;
                match (&self.0.plain, content) {
                    (Some(plain), _) => assert_eq!(*plain, host),
                    (None, NodeContent::Text(text)) => assert_eq!(*text, host),
                    (None, _) => {}
                }
                Ok(())
            }
        }
    }
}

impl<'de> Visitor<'de> for AsStrings<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.content)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let NodeContent::List(list) = &self.0.content else { unreachable!("checked by the caller") };
        list.iter().try_for_each(|node| items.next_element_seed(AsStrings(node)).map(drop))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let NodeContent::Map(entries) = &self.0.content else { unreachable!("checked by the caller") };
        entries.iter().try_for_each(|entry| {
            assert_eq!(map.next_key::<String>()?.as_ref(), Some(&entry.key));
            map.next_value_seed(AsStrings(&entry.value))
        })
    }
}

#[test]
fn what_was_written_without_quotes_is_kept() {
    let mut dice = Dice(8);
    for _ in 0..20_000 {
        let text = dice.document();
        if let Ok(node) = parse(&text)
            && !(node.is_null() || text.contains("&x"))
        {
            AsStrings(&node)
                .deserialize(yaml_serde::Deserializer::from_str(&text))
                .unwrap_or_else(|error| panic!("{text:?}: {error}"));
        }
    }
    let plain = |text: &str| parse(text).unwrap().plain;
    assert_eq!(plain("1.10").as_deref(), Some("1.10"));
    assert_eq!(plain("&x # note\n # another\n  0x10 # note").as_deref(), Some("0x10"));
    assert_eq!(plain("!!str 1"), None);
    assert_eq!(plain("'1'"), None);
}

#[test]
fn aliases_repeat_within_limits() {
    let repeat = |value: &str, count: usize| format!("a: &a {value}\nb: [{}]", "*a, ".repeat(count));
    assert!(parse(&repeat("[1, 2, 3]", 1000)).is_ok());
    assert!(parse(&repeat(&format!("[{}]", "1, ".repeat(10_000)), 10_000)).is_err());
    assert!(parse(&repeat(&"x".repeat(1 << 20), 1000)).is_err());
    let level = |n: usize| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10));
    assert!(parse(&format!("a0: &a0 [x]\n{}", (1..=9).map(level).collect::<String>())).is_err());
    let long_key = format!("? {}\n: [{}]", "k".repeat(1 << 20), "1, ".repeat(100_000));
    assert!(parse(&long_key).is_err());
}
