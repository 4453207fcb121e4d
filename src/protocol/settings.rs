//! Settings: the JSON object with which an operator configures a policy.

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::yaml;

/// The settings of a policy. They are always an object, which is empty for no settings and for `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// Reads settings from YAML, which includes JSON. Without a value, there are no settings.
    ///
    /// # Errors
    ///
    /// Fails if the string is not YAML, or is neither an object nor `null`.
    pub(crate) fn from_yaml(text: &str) -> Result<Self> {
        let value = yaml::parse(text).context("the settings are not valid YAML")?.to_json();
        Self::try_from(value)
    }

    /// Reads settings from JSON.
    ///
    /// # Errors
    ///
    /// Fails if the string is not JSON, or is neither an object nor `null`.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("the settings are not valid JSON")?;
        Self::try_from(value)
    }
}

impl TryFrom<Value> for Settings {
    type Error = anyhow::Error;

    fn try_from(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Object(settings) => Ok(Self(settings)),
            _ => bail!("Invalid settings in CRD, not an object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_null_are_no_settings() {
        for yaml in ["", "null", "~", "# a comment\n", "{}"] {
            assert_eq!(Settings::from_yaml(yaml).unwrap(), Settings::default(), "{yaml:?}");
        }
        assert_eq!(Settings::from_json("null").unwrap(), Settings::default());
    }

    #[test]
    fn whatever_is_not_an_object_is_refused() {
        for yaml in ["[1]", "1", "true", "text"] {
            let error = Settings::from_yaml(yaml).unwrap_err();
            assert_eq!(error.to_string(), "Invalid settings in CRD, not an object");
        }
    }

    #[test]
    fn keys_are_sorted_and_numbers_normalized() {
        let settings = Settings::from_json(r#"{"b":2.50,"a":{"d":1e3,"c":1}}"#).unwrap();
        assert_eq!(serde_json::to_string(&settings).unwrap(), r#"{"a":{"c":1,"d":1000.0},"b":2.5}"#);
    }
}
