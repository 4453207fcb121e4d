//! Writes YAML that every reader understands in the same way.
//!
//! Kubernetes and Artifact Hub read YAML 1.1 with Go, in which `yes`, `1_000` and `0o7` are not strings, and `<<` is
//! not an ordinary key; Kubewarden reads YAML 1.2 with Rust, in which they are. So a string is written without quotes
//! only if all readers read it as a string. As in `kwctl` and `kubectl`, lists are not indented below their key.
//!
//! Sources: YAML 1.1, "Language-Independent Types"; the resolver of gopkg.in/yaml.v2.

use std::fmt::Write;

use serde::Serialize;
use yaml_serde::{Mapping, Number, Value};

use crate::untrusted::is_obeyed;

/// Writes a value as one YAML document, without `---`.
///
/// # Errors
///
/// Fails if YAML cannot hold the value, or if the value has a tag.
pub(crate) fn to_string(value: &impl Serialize) -> Result<String, yaml_serde::Error> {
    let mut text = String::new();
    block(&yaml_serde::to_value(value)?, 0, &mut text)?;
    Ok(text)
}

/// Writes a value on lines of its own, indented by this many spaces.
fn block(value: &Value, indent: usize, text: &mut String) -> Result<(), yaml_serde::Error> {
    match value {
        Value::Mapping(map) if !map.is_empty() => entries(map, indent, false, text),
        Value::Sequence(list) if !list.is_empty() => items(list, indent, false, text),
        _ => after_key(value, indent, text),
    }
}

/// Writes the entries of a map. If a line is `begun`, the first entry continues it.
fn entries(map: &Mapping, indent: usize, begun: bool, text: &mut String) -> Result<(), yaml_serde::Error> {
    /// The length of a key after which a reader may stop looking for the `:`.
    const LONG_KEY: usize = 500;
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 || !begun {
            spaces(indent, text);
        }
        let key = scalar(key)?;
        if key.len() > LONG_KEY {
            *text += "? ";
            *text += &key;
            text.push('\n');
            spaces(indent, text);
        } else {
            *text += &key;
        }
        text.push(':');
        match value {
            Value::Mapping(map) if !map.is_empty() => {
                text.push('\n');
                entries(map, indent + 2, false, text)?;
            }
            Value::Sequence(list) if !list.is_empty() => {
                text.push('\n');
                items(list, indent, false, text)?;
            }
            value => {
                text.push(' ');
                after_key(value, indent + 2, text)?;
            }
        }
    }
    Ok(())
}

/// Writes the items of a list. If a line is `begun`, the first item continues it.
fn items(list: &[Value], indent: usize, begun: bool, text: &mut String) -> Result<(), yaml_serde::Error> {
    for (index, item) in list.iter().enumerate() {
        if index > 0 || !begun {
            spaces(indent, text);
        }
        *text += "- ";
        match item {
            Value::Mapping(map) if !map.is_empty() => entries(map, indent + 2, true, text)?,
            Value::Sequence(list) if !list.is_empty() => items(list, indent + 2, true, text)?,
            item => after_key(item, indent + 2, text)?,
        }
    }
    Ok(())
}

/// Writes a value that begins on a line, up to the end of its last line. Further lines are indented by this many
/// spaces.
fn after_key(value: &Value, indent: usize, text: &mut String) -> Result<(), yaml_serde::Error> {
    match value {
        Value::Mapping(_) => *text += "{}",
        Value::Sequence(_) => *text += "[]",
        Value::String(lines) if can_be_lines(lines) => {
            text.push('|');
            match lines.strip_suffix('\n') {
                None => text.push('-'),
                Some(rest) if rest.ends_with('\n') => text.push('+'),
                Some(_) => {}
            }
            for line in lines.strip_suffix('\n').unwrap_or(lines).split('\n') {
                text.push('\n');
                if !line.is_empty() {
                    spaces(indent.max(2), text);
                    *text += line;
                }
            }
        }
        scalar_value => *text += &scalar(scalar_value)?,
    }
    text.push('\n');
    Ok(())
}

fn spaces(count: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', count));
}

/// Formats a value on one line.
fn scalar(value: &Value) -> Result<String, yaml_serde::Error> {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) if !text.chars().any(|c| c == '\n' || c == '\t' || needs_escape(c)) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Value::String(text) => escaped(text),
        Value::Mapping(_) | Value::Sequence(_) => {
            return Err(serde::ser::Error::custom("a list or a map cannot be a key"));
        }
        Value::Tagged(tagged) => {
            return Err(serde::ser::Error::custom(format!("JSON cannot hold the tag `{}`", tagged.tag)));
        }
    })
}

/// Formats a number, and keeps its fraction: for some readers, `1.0` and `1` have different types.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() && value.is_finite() => format!("{value:?}"),
        _ => number.to_string(),
    }
}

/// Whether the string can be written line by line below its key. Its first line must not look like deeper
/// indentation.
fn can_be_lines(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.chars().any(|c| !matches!(c, '\n' | '\t') && needs_escape(c))
}

/// Whether all readers take this for the same string without quotes.
fn is_plain(text: &str) -> bool {
    let first = |c: char| c.is_alphanumeric() || matches!(c, '/' | '_');
    text.starts_with(first)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(|c| c == '\n' || c == '\t' || needs_escape(c))
        && !is_word(text)
        && !is_like_a_number(text)
}

/// Whether the string is a special word of YAML 1.1 or 1.2, in any letter case.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "yes", "n", "no", "on", "off", "true", "false", "null"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether the string may be a number, a date or a time, in any form. Too many quotes do no harm. A version of three
/// parts is not one of them, because release scripts look for it without quotes.
fn is_like_a_number(text: &str) -> bool {
    let of_numbers = |c: char| c.is_ascii_hexdigit() || "xXoO_.:+-TtZz ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit() || c == '_')
        && text.chars().all(of_numbers)
        && text.matches('.').count() < 2
}

/// Whether a reader refuses this character, reads it as the end of a line, or drops it, or a terminal obeys it.
fn needs_escape(c: char) -> bool {
    is_obeyed(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            c if needs_escape(c) => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(value: serde_json::Value) -> String {
        let text = to_string(&value).unwrap();
        assert_eq!(yaml_serde::from_str::<serde_json::Value>(&text).unwrap(), value, "{text}");
        text
    }

    fn one(text: &str) -> String {
        yaml(serde_json::json!({ "a": text })).strip_prefix("a: ").unwrap().trim_end().to_owned()
    }

    #[test]
    fn strings_are_unquoted_unless_they_would_be_read_as_another_type() {
        for text in [
            "pods",
            "pods/exec",
            "v1",
            "0.1.0",
            "0.1.0-rc.1",
            "ghcr.io/acme/demo:v1",
            "Jane <a@b.c>, Bob",
            "é a",
        ] {
            assert_eq!(one(text), text);
        }
        for text in [
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "N",
            "true",
            "NULL",
            "1",
            "1.10",
            "1_000",
            "0b1",
            "0o7",
            "0x1f",
            "010",
            "1e3",
            "1:30",
            "2001-01-01",
            "2001-01-01T00:00:00Z",
            "_1",
            "+1",
            "-1",
            "-a",
            "- a",
            ".5",
            ".inf",
            ".nan",
            "~",
            "<<",
            "=",
            "",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "*",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "? a",
            "|",
            ">",
            "it's",
        ] {
            let quoted = format!("'{}'", text.replace('\'', "''"));
            assert_eq!(one(text), if text == "it's" { text } else { &quoted });
        }
    }

    #[test]
    fn what_a_line_cannot_hold_is_escaped() {
        assert_eq!(one("a\tb"), r#""a\tb""#);
        assert_eq!(one("\u{1b}[0m\"\\"), r#""\u001b[0m\"\\""#);
        assert_eq!(one("a\u{85}\u{2028}\u{feff}\u{7f}"), r#""a\u0085\u2028\ufeff\u007f""#);
        assert_eq!(one("a\r\nb"), r#""a\u000d\nb""#);
        assert_eq!(one("\n"), r#""\n""#);
        assert_eq!(one(" a\nb"), r#"" a\nb""#);
    }

    #[test]
    fn several_lines_stay_lines() {
        assert_eq!(one("a\nb"), "|-\n  a\n  b");
        assert_eq!(
            yaml(serde_json::json!({"a": "x\n\n y\n", "b": ["x\n\n", "z\n"]})),
            "\
a: |
  x

   y
b:
- |+
  x

- |
  z
"
        );
    }

    #[test]
    fn lists_and_maps_nest() {
        let value = serde_json::json!({"a": [], "b": {}, "c": [[1, [2.0]], {"d": null, "e": [true]}, {}], "f": {"1": -5}});
        assert_eq!(
            yaml(value),
            "\
a: []
b: {}
c:
- - 1
  - - 2.0
- d: null
  e:
  - true
- {}
f:
  '1': -5
"
        );
        let long = "k".repeat(2000);
        assert_eq!(yaml(serde_json::json!({ "a": { long.clone(): 1 } })), format!("a:\n  ? {long}\n  : 1\n"));
    }
}
