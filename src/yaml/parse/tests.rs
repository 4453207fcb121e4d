//! What is read, and what the host reads.

use super::*;
use serde_json::{Value, json};

/// `line: path = value` for each scalar, and for each list or map that is empty.
fn lines(text: &str) -> Vec<String> {
    fn walk(node: &Node, path: &str, found: &mut Vec<String>) {
        match &node.content {
            Content::Map(entries) if !entries.is_empty() => {
                for Entry { line, key, value } in entries {
                    found.push(format!("{line}: {path}/{key}"));
                    walk(value, &format!("{path}/{key}"), found);
                }
            }
            Content::List(items) if !items.is_empty() => {
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
fn a_text_without_values_is_null() {
    for text in ["", "\n", "# only this\n  # and that", "~", "---\n"] {
        assert_eq!(parse(text).unwrap().content, Content::Null, "{text:?}");
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
