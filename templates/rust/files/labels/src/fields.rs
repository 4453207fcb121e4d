//! A JSON object whose fields stay as they were written until the policy reads or sets them.
//!
//! This way, an object can be changed without losing unknown fields or digits of numbers.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{self, RawValue};

/// A list instead of a map, since objects have few fields and a map would make the policy larger.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Returns whether the field `name` exists and is not null.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some_and(|field| field.get() != "null")
    }

    /// Reads the field `name`, or returns the default if it is missing.
    pub fn get<T: DeserializeOwned + Default>(&self, name: &str) -> serde_json::Result<T> {
        match self.find(name) {
            Some(field) if self.has(name) => read(field),
            _ => Ok(T::default()),
        }
    }

    /// Sets the field `name`, whether or not it exists.
    pub fn set(&mut self, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
        let value = value::to_raw_value(value)?;
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, field)) => *field = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&RawValue> {
        let field = self.0.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| &**value)
    }
}

/// Parses JSON that was kept as it was written.
pub fn read<T: DeserializeOwned>(json: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(json.get())
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A>(self, mut map: A) -> Result<Fields, A::Error>
            where
                A: MapAccess<'de>,
            {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
