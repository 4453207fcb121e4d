//! Settings as a person writes them into a resource: as they were written, keys in their order.
//!
//! What `run` takes is another matter: `protocol` reads settings as `kwctl run` does.

use anyhow::Result;
use serde::Deserialize;
use yaml_serde::{Mapping, Value};

use crate::error::failure;
use crate::untrusted::printable;
use crate::yaml;

/// Settings in YAML or JSON.
pub(crate) fn read(text: &str) -> Result<Mapping> {
    // Not all JSON is YAML: `"\ud83e\udd80"` is not.
    if let Ok(settings) = serde_json::from_str(text) {
        return for_cluster(settings);
    }
    let mut documents = yaml_serde::Deserializer::from_str(text);
    let settings = documents.next().map_or(Ok(Value::Null), Value::deserialize)?;
    if documents.next().is_some() {
        return Err(failure("there are several documents in it", "leave one of them"));
    }
    for_cluster(settings)
}

/// Settings in JSON.
pub(crate) fn read_json(text: &str) -> Result<Mapping> {
    for_cluster(serde_json::from_str(text)?)
}

/// Settings that a cluster takes: it keeps JSON, and wants a map. Unlike for `run`, `null` is none.
fn for_cluster(settings: Value) -> Result<Mapping> {
    const NO_MAP: &str = "write a name and a value for each setting, such as `denied_names: [a, b]`";
    check_json(&settings, "")?;
    match settings {
        Value::Mapping(settings) => Ok(settings),
        Value::Null => Err(failure("they say nothing", "write `{}` for no settings, or leave them out")),
        Value::Sequence(_) => Err(failure("they must be a map, and are a list", NO_MAP)),
        _ => Err(failure("they must be a map, and are a single value", NO_MAP)),
    }
}

/// Fails for what JSON cannot say, and for what the YAML reader of a cluster takes for something else than ours does.
fn check_json(value: &Value, place: &str) -> Result<()> {
    let shown = printable(place);
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| !number.is_finite()) => Err(failure(
            format!("`{shown}` is `{number}`, which JSON does not have, and so no cluster"),
            "write a number, or a text in quotes",
        )),
        Value::Tagged(tagged) => Err(failure(
            format!("`{shown}` has the tag `{}`, which JSON does not have, and so no cluster", tagged.tag),
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
                    format!("the key `{}` in {around} is no text", printable(key.trim_end())),
                    "put the key in quotes",
                ))
            }
        }),
        _ => Ok(()),
    }
}
