//! Settings in a resource, exactly as a person wrote them, with keys in their order.
//!
//! The settings for `run` are read by `protocol`, in the way of `kwctl run`.

use anyhow::Result;
use serde::Deserialize;
use yaml_serde::{Mapping, Value};

use crate::error::failure;
use crate::untrusted::printable;
use crate::yaml;

/// Reads settings in YAML or JSON.
pub(crate) fn read(text: &str) -> Result<Mapping> {
    // Not all JSON is YAML: `"\ud83e\udd80"` is not.
    if let Ok(settings) = serde_json::from_str(text) {
        return for_cluster(settings);
    }
    let mut documents = yaml_serde::Deserializer::from_str(text);
    let settings = documents.next().map_or(Ok(Value::Null), Value::deserialize)?;
    if documents.next().is_some() {
        return Err(failure("it has several YAML documents", "keep one of them"));
    }
    for_cluster(settings)
}

/// Reads settings in JSON.
pub(crate) fn read_json(text: &str) -> Result<Mapping> {
    for_cluster(serde_json::from_str(text)?)
}

/// Fails unless a cluster accepts the settings: a map that JSON can hold. Unlike in `run`, `null` is refused.
fn for_cluster(settings: Value) -> Result<Mapping> {
    const NOT_A_MAP: &str = "write a name and a value for each setting, such as `denied_names: [a, b]`";
    check_json(&settings, "")?;
    match settings {
        Value::Mapping(settings) => Ok(settings),
        Value::Null => Err(failure("they are empty", "write `{}` for no settings, or leave them out")),
        Value::Sequence(_) => Err(failure("they must be a map, but are a list", NOT_A_MAP)),
        _ => Err(failure("they must be a map, but are a single value", NOT_A_MAP)),
    }
}

/// Fails for what JSON cannot hold, and for what a cluster reads differently.
fn check_json(value: &Value, place: &str) -> Result<()> {
    let shown = printable(place);
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| !number.is_finite()) => Err(failure(
            format!("`{shown}` is `{number}`, which JSON, and so a cluster, cannot hold"),
            "write a number, or a string in quotes",
        )),
        Value::Tagged(tagged) => Err(failure(
            format!("`{shown}` has the tag `{}`, which JSON, and so a cluster, cannot hold", tagged.tag),
            "leave out the tag",
        )),
        Value::Sequence(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_json(item, &format!("{place}[{index}]"))),
        Value::Mapping(map) => map.iter().try_for_each(|(key, value)| match key {
            Value::String(key) if place.is_empty() => check_json(value, key),
            Value::String(key) => check_json(value, &format!("{place}.{key}")),
            key => {
                let key = yaml::to_string(key).unwrap_or_default();
                let around = if place.is_empty() { "them".to_owned() } else { format!("`{shown}`") };
                Err(failure(
                    format!("the key `{}` in {around} is not a string", printable(key.trim_end())),
                    "put the key in quotes",
                ))
            }
        }),
        _ => Ok(()),
    }
}
