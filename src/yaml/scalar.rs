//! Scalars as go-yaml resolves them, by the rules of YAML 1.1, and as Kubernetes writes them into JSON.
//!
//! Source: resolve.go of go.yaml.in/yaml/v2; encoding/json and strconv of Go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

/// The value of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Only what is too large for [`Self::Int`].
    Unsigned(u64),
    Float(f64),
    Text(String),
}

impl Scalar {
    /// A scalar without quotes and tag.
    pub(super) fn plain(text: &str) -> Self {
        match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                return Self::Bool(true);
            }
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
                return Self::Bool(false);
            }
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            ".nan" | ".NaN" | ".NAN" => return Self::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Self::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => return Self::Float(f64::NEG_INFINITY),
            _ => {}
        }
        let number = match text.as_bytes().first() {
            Some(b'.') => float(text),
            Some(b'0'..=b'9' | b'+' | b'-') => {
                let plain = text.replace('_', "");
                integer(&plain).or_else(|| float(&plain)).or_else(|| signed_binary(&plain))
            }
            _ => None,
        };
        number.unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// A scalar with a tag, with or without quotes.
    ///
    /// # Errors
    ///
    /// When the tag is one of YAML's own, and the scalar is not of that type.
    pub(super) fn tagged(tag: &str, text: &str) -> Result<Self, String> {
        let core = |name: &str| {
            tag.strip_prefix("!!") == Some(name)
                || tag.strip_prefix("!<tag:yaml.org,2002:").and_then(|tag| tag.strip_suffix('>'))
                    == Some(name)
        };
        let wrong = |what: &str| Err(format!("the tag `{tag}` is for {what}, and this is another value"));
        let resolved = Self::plain(text);
        match resolved {
            Self::Null if core("null") => Ok(Self::Null),
            _ if core("null") => wrong("null"),
            Self::Bool(_) if core("bool") => Ok(resolved),
            _ if core("bool") => wrong("`true` and `false`"),
            Self::Int(_) | Self::Unsigned(_) if core("int") => Ok(resolved),
            _ if core("int") => wrong("whole numbers"),
            Self::Float(_) if core("float") => Ok(resolved),
            Self::Int(number) if core("float") => Ok(Self::Float(number as f64)),
            _ if core("float") => wrong("numbers"),
            _ if core("timestamp") && !is_date(text) => wrong("dates"),
            _ if core("binary") => match STANDARD.decode(text.replace(['\n', '\r'], "")) {
                Ok(bytes) => Ok(Self::Text(replace_invalid(&bytes))),
                Err(_) => wrong("base64"),
            },
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    /// The value in JSON, with numbers as Kubernetes keeps them: 64 bits with a sign, or a floating point number.
    ///
    /// # Errors
    ///
    /// When it is a number that JSON does not have.
    pub(super) fn into_json(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Number(value.into()),
            Self::Unsigned(value) => Value::Number(rounded(value as f64)),
            Self::Float(value) if value.is_finite() => Value::Number(rounded(value)),
            Self::Float(_) => {
                return Err("JSON has no infinite numbers and no `.nan`: write it in quotes".to_owned());
            }
            Self::Text(text) => Value::String(text),
        })
    }

    /// The value as a key.
    ///
    /// # Errors
    ///
    /// When it is null, or a whole number of more than 63 bits.
    pub(super) fn into_key(self) -> Result<String, String> {
        match self {
            Self::Bool(value) => Ok(value.to_string()),
            Self::Int(value) => Ok(value.to_string()),
            Self::Float(value) => Ok(float_key(value as f32)),
            Self::Text(text) => Ok(text),
            Self::Null => Err("a key cannot be null: write it in quotes".to_owned()),
            Self::Unsigned(value) => {
                Err(format!("the key {value} is too large for a number: write it in quotes"))
            }
        }
    }
}

/// A number of JSON as Kubernetes keeps it.
pub(super) fn number_of_json(number: &Number) -> Number {
    match (number.as_i64(), number.as_f64()) {
        (None, Some(value)) => rounded(value),
        _ => number.clone(),
    }
}

/// A finite number as Go writes it, which is without a fraction if it has none, and with all digits below 10²¹.
fn rounded(value: f64) -> Number {
    if value.fract() != 0.0 || value.abs() >= 1e21 {
        return Number::from_f64(value).expect("the caller has checked that it is finite");
    }
    let digits = format!("{value}");
    let whole = digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
    whole.unwrap_or_else(|_| Number::from_f64(value).expect("the caller has checked that it is finite"))
}

/// With a base in front: a zero alone means eight.
fn integer(text: &str) -> Option<Scalar> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (Some(false), &text[1..]),
        b'+' => (Some(true), &text[1..]),
        _ => (None, text),
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
    match (sign, i64::try_from(absolute)) {
        (Some(false), _) => Some(Scalar::Int(0_i64.checked_sub_unsigned(absolute)?)),
        (_, Ok(value)) => Some(Scalar::Int(value)),
        (None, Err(_)) => Some(Scalar::Unsigned(absolute)),
        (Some(true), Err(_)) => None,
    }
}

/// `0b-101`: Go takes the sign after the base.
fn signed_binary(text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Scalar::Int)
}

/// Decimal digits with a point, an exponent, or neither.
fn float(text: &str) -> Option<Scalar> {
    let is_digit = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let value = text.chars().all(is_digit).then(|| text.parse::<f64>().ok())??;
    value.is_finite().then_some(Scalar::Float(value))
}

/// As Go does: each byte that is not part of a character becomes one.
fn replace_invalid(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Dates begin with a year of four digits. What follows is left to whoever reads the string.
fn is_date(text: &str) -> bool {
    let (year, rest) = text.split_once('-').unwrap_or_default();
    year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) && rest.contains('-')
}

/// As Go's `strconv.FormatFloat(value, 'g', -1, 32)` writes it.
fn float_key(value: f32) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("it is in scientific notation");
    let exponent: i32 = exponent.parse().expect("it is an exponent");
    // Below a million, and down to 0.0001, without an exponent.
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
