//! A JSON object whose fields stay as they were written until the policy reads or sets them.
//!
//! So an object can be changed without loss: fields that no type knows of, digits of numbers.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Result;
use serde_json::value::{RawValue, to_raw_value};

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    /// Says whether there is a field `name` that is not null.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|field| field.get() != "null")
    }

    /// Reads the field `name`; the default if there is none.
    pub fn get<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T> {
        match self.0.get(name) {
            Some(field) if self.has(name) => read(field),
            _ => Ok(T::default()),
        }
    }

    /// Sets the field `name`, whether or not there is one.
    pub fn set(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        self.0.insert(name.to_owned(), to_raw_value(value)?);
        Ok(())
    }
}

/// Reads JSON that was left as it was written.
pub fn read<T: DeserializeOwned>(json: &RawValue) -> Result<T> {
    // `from_str` would do, but add a second copy of the parser to the one that reads the request.
    serde_json::from_slice(json.get().as_bytes())
}
